"""The one image that a name means on a host: chosen once, and proved to be what it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Conflict, NotFound
from quaymaster.image_ref import ImageRef, PinnedImage
from quaymaster.plans import Resolved
from quaymaster.platforms import EnginePlatform, IndexEntry, Member, Platform, fitting, may_run
from workers.docker.engine import Engine
from workers.registry.client import Registry
from workers.registry.manifests import ImageIndex, ImageManifest, not_an_image
from workers.work.toolbox import Toolbox

_INDEX_DEPTH = 3
_USUAL = Platform("linux", "amd64")
# What the kernel calls the machine, for engines of 32-bit ARM; v8 runs there as well.
_ARM = {"armv5tel": "v5", "armv6l": "v6", "armv7l": "v7", "armv8l": "v8", "aarch64": "v8"}


@dataclass(frozen=True, slots=True)
class ImageSelection:
    """Which image is meant. Both raise what there is to say where it is none."""

    of_index: Callable[[ImageIndex], IndexEntry]
    """One image of it."""
    accept: Callable[[Platform], None] | None = None
    """Takes the platform of an image that no index says it of, by its own configuration. None
    where every platform will do.
    """


def resolve_member(image: ImageRef, registry: Registry, choice: ImageSelection) -> Resolved:
    """Pin a name to the manifest of one image; of an index, to the member that is chosen.

    Raises NotFound and other OutsideFailures, and what the choice raises.
    """
    named = manifest = registry.manifest(image)
    platform: Platform | None = None
    for _ in range(_INDEX_DEPTH):
        match manifest:
            case ImageManifest():
                if platform is None and choice.accept is not None:
                    choice.accept(registry.configuration_of(manifest, image).platform)
                index = named.digest if named is not manifest else None
                member = Member(manifest.config.digest, index, str(platform or ""))
                return Resolved(image.pinned(manifest.digest), manifest.size, member)
            case ImageIndex():
                entry = choice.of_index(manifest)
                platform = entry.platform or platform
                manifest = registry.manifest(PinnedImage(image.repository, None, entry.digest))
    raise not_an_image(str(image), "Its indexes are nested too deeply.")


def for_host(image: ImageRef, host: str, tools: Toolbox) -> ImageSelection:
    """The image that the engine of a host runs; Conflict where nobody can tell which that is."""
    name = tools.familiar(image)

    def choose(index: ImageIndex) -> IndexEntry:
        return _only(index, _runs(host, tools), name, host)

    def accept(platform: Platform) -> None:
        told = tools.configuration.host(host).platform
        # Whoever says a platform of a host may have it emulate that one beside its own.
        if told is not None and may_run(platform, EnginePlatform(told)):
            return
        runs = platform_of(tools.engine(host))
        if not may_run(platform, runs):
            raise _none_fits((platform,), str(told or runs.platform), name, host)

    return ImageSelection(choose, accept)


def for_people(image: ImageRef, configuration: Configuration) -> ImageSelection:
    """The member to show where no host is named: that of the hosts, where the configuration says
    one platform for them, else that of linux/amd64, else the first.
    """

    def choose(index: ImageIndex) -> IndexEntry:
        offers = _entries(index)
        if not offers:
            raise _none_fits(index.platforms, "any platform", str(image), "")
        told = {one.platform for one in configuration.hosts.values() if one.platform}
        wanted = next(iter(told)) if len(told) == 1 else _USUAL
        return (*fitting(offers, EnginePlatform(wanted)), *offers)[0]

    return ImageSelection(choose)


def _runs(host: str, tools: Toolbox) -> EnginePlatform:
    """What a host runs: what the configuration says, else what its engine says."""
    platform = tools.configuration.host(host).platform
    return EnginePlatform(platform) if platform is not None else platform_of(tools.engine(host))


def platform_of(engine: Engine) -> EnginePlatform:
    """What an engine says that it runs. Of amd64 and arm64 it does not tell the variant."""
    with engine.calling() as api:
        version = api.version()
        system, architecture = _field(version, "Os"), _field(version, "Arch")
    if architecture != "arm":
        return EnginePlatform(Platform(system, architecture), or_later=True)
    variant = _ARM.get(str(engine.information().get("Architecture")), "")
    return EnginePlatform(Platform(system, architecture, variant), or_later=not variant)


def _field(version: Mapping[str, object], name: str) -> str:
    word = version.get(name)
    if not isinstance(word, str) or not word:
        raise ValueError(f"no {name}")
    return word


def _entries(index: ImageIndex) -> tuple[IndexEntry, ...]:
    return tuple(IndexEntry(one.digest, one.platform) for one in index.images)


def _only(index: ImageIndex, runs: EnginePlatform, name: str, host: str) -> IndexEntry:
    entries = fitting(_entries(index), runs)
    if not entries:
        raise _none_fits(index.platforms, str(runs.platform), name, host)
    if len(entries) > 1:
        raise _several_fit(entries, name, host)
    return entries[0]


def _none_fits(platforms: tuple[Platform, ...], wanted: str, name: str, host: str) -> NotFound:
    offered = ", ".join(map(str, platforms))
    if not offered:
        return NotFound(f"{name} has no image at all.", why="Its index is empty.")
    emulated = (
        f" If {host} can run {'it' if len(platforms) == 1 else 'one of them'} anyway, say so "
        f"under hosts in quaymaster.yml: `{host}: {{platform: {platforms[0]}}}`."
        if host
        else ""
    )
    return NotFound(
        f"{name} has no image for {wanted}{f', which {host} runs' if host else ''}.",
        why=f"It is made for: {offered}.",
        next_step=f"Build it for that platform too.{emulated}",
    )


def _several_fit(entries: tuple[IndexEntry, ...], name: str, host: str) -> Conflict:
    platforms = tuple(dict.fromkeys(str(one.platform) for one in entries if one.platform))
    if len(platforms) < len(entries):
        return Conflict(
            f"{name} has several images for {' and '.join(platforms) or 'no named platform'}.",
            why=f"It is not clear which of them is meant for {host}.",
            next_step="Name one of them by its digest, or push an index that has one for each "
            "platform.",
        )
    return Conflict(
        f"{name} has several images that {host} may run: {', '.join(platforms)}.",
        why="Its engine does not report which variant of the processor it has.",
        next_step="Your Quaymaster administrator can set it under hosts in quaymaster.yml: "
        f"`{host}: {{platform: {platforms[-1]}}}`, or another of them.",
    )
