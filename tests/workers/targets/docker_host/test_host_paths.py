"""What a service mounts of its host is where its name says: no link leads out of what is allowed.

On the real engine, with real directories and links.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from quaymaster.errors import NotAllowed, NotFound, OutsideFailure
from quaymaster.image_ref import PinnedImage
from quaymaster.services import Volume
from testing.images.catalogue import LocalImages
from tests.workers.services import UNDISTURBED, Service
from workers.targets.docker_host.host_paths import expect_within

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Look:
    """Asks about directories under ``root``, which is allowed."""

    service: Service
    image: PinnedImage
    root: Path

    def __call__(self, *paths: str, allowed: tuple[str, ...] = ()) -> None:
        volumes = [Volume(str(self.root / path), "/data") for path in paths]
        expect_within(
            self.service.host,
            self.service.ref,
            self.image,
            volumes,
            (str(self.root), *allowed),
            UNDISTURBED,
        )

    def left(self) -> list[str]:
        """Containers of the service, whatever they are for."""
        label = {"label": f"quaymaster.environment={self.service.environment}"}
        return [one.name for one in self.service.client.containers.list(all=True, filters=label)]


@pytest.fixture
def look(service: Service, images: LocalImages, tmp_path: Path) -> Look:
    root = tmp_path / "allowed"
    root.mkdir()
    return Look(service, service.image(images.web_v1, "1"), root)


def links(look: Look) -> dict[str, str]:
    """Names under the allowed directory that lead somewhere else, and what is asked for."""
    outside = look.root.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    (look.root / "real").mkdir()
    made = {
        "absolute": "/etc",
        "relative": "../outside",
        "far": "../../../../../../../../etc",
        "inside": "real",
        "dangling": "/nowhere/at/all",
        "socket": "/var/run/docker.sock",
    }
    for name, target in made.items():
        (look.root / name).symlink_to(target)
    (look.root / "real" / "nested").symlink_to(outside)
    (look.root / "chain").symlink_to("absolute")
    asked = {name: name for name in (*made, "chain", "real/nested")}
    return asked | {
        "within absolute": "absolute/ssl",
        "within nested": "real/nested/deep",
        "missing within": "absolute/none/at/all",
    }


def test_a_link_is_refused_wherever_it_stands_and_wherever_it_leads(look: Look) -> None:
    for name, asked in links(look).items():
        with pytest.raises(NotAllowed, match="is a symbolic link on build1"):
            look(asked)
        assert look.left() == [], name


def test_directories_are_mounted_that_are_what_they_say(look: Look) -> None:
    (look.root / "shop" / "web").mkdir(parents=True)
    (look.root / "file").write_text("text")
    look("", "shop", "shop/web", "file")
    assert look.left() == []


def test_a_directory_that_is_not_there_is_refused_and_not_made(look: Look) -> None:
    """Nor is anything mounted where an engine would not show what is there."""
    (look.root / "shop").mkdir()
    for missing in ("none", "shop/none", "none/at/all"):
        with pytest.raises(NotFound, match="does not exist on build1"):
            look(missing)
    assert [one.name for one in look.root.rglob("*")] == ["shop"]
    assert look.left() == []


def test_the_outermost_allowed_directory_is_where_the_look_begins(look: Look) -> None:
    """Who may write into it could have replaced the inner one, which is allowed too."""
    (look.root / "inner").symlink_to("/etc")
    with pytest.raises(NotAllowed, match="is a symbolic link"):
        look("inner", allowed=(str(look.root / "inner"),))
    with pytest.raises(NotAllowed, match="is a symbolic link"):
        look("inner/ssl", allowed=(str(look.root / "inner"),))


def test_what_is_not_allowed_by_name_is_not_looked_at(look: Look) -> None:
    for path in ("../outside", "/etc", "a/../../outside"):
        with pytest.raises(NotAllowed, match="not within the `allow_paths`"):
            look(path)


@pytest.mark.parametrize("name", ["loop", "loop/data", "file/data"])
def test_what_leads_nowhere_is_refused_by_the_name_that_it_has_on_the_host(
    look: Look, name: str
) -> None:
    (look.root / "loop").symlink_to("loop")
    (look.root / "file").write_text("text")
    with pytest.raises((NotAllowed, OutsideFailure)) as caught:
        look(name)
    assert str(look.root) in str(caught.value)
    assert "quaymaster-" not in str(caught.value)
    assert look.left() == []


def test_an_allowed_directory_that_is_not_there_is_not_made(look: Look) -> None:
    look.root.rmdir()
    with pytest.raises(OutsideFailure):
        look("shop")
    assert not look.root.exists()
    assert look.left() == []


def test_what_a_worker_left_that_died_while_it_looked_is_removed(look: Look) -> None:
    (look.root / "shop").mkdir()
    api = look.service.host.api
    made = api.create_container(
        look.image.by_digest,
        entrypoint=["/never-started"],
        labels={
            "quaymaster.role": "look-at-paths",
            "quaymaster.environment": look.service.environment,
            "quaymaster.service": "web",
        },
    )
    assert made
    assert len(look.left()) == 1
    look("shop")
    assert look.left() == []
