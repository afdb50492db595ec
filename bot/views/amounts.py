"""Sizes, times and shares, as short as a phone wants them."""

from bot.views.parts import cleaned
from quaymaster.findings import Severity
from quaymaster.image_ref import Digest
from quaymaster.platforms import Member
from quaymaster.quantities import in_units

BAR_CELLS = 20
_UNITS = ("B", "KB", "MB", "GB", "TB")

ICONS = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.UNKNOWN: "⚪",
}


def size(count: float) -> str:
    """Bytes in decimal units, as registries and ``docker images`` count: ``210 MB``, ``1.2 GB``."""
    return in_units(count, 1000, _UNITS)


def size_change(before: int, after: int) -> str:
    """``1.2 MB larger``, ``40 MB smaller``, ``same size``."""
    if after == before:
        return "same size"
    return f"{size(abs(after - before))} {'larger' if after > before else 'smaller'}"


def duration(seconds: float) -> str:
    """``0.11 s``, ``3.4 s``, ``34 s``, ``2 min 5 s``, ``1 h 12 min``, ``3 d 4 h``."""
    if seconds < 0.995:
        return f"{max(0.0, seconds):.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, large, small, small_unit in (("d", 86_400, 3_600, "h"), ("h", 3_600, 60, "min")):
        if whole >= large:
            return _two(whole // large, unit, whole % large // small, small_unit)
    return _two(whole // 60, "min", whole % 60, "s") if whole >= 60 else f"{whole} s"


def bar(share: float) -> str:
    """Twenty cells; only a whole share fills the last one."""
    full = min(BAR_CELLS, max(0, int(share * BAR_CELLS)))
    return "█" * full + "░" * (BAR_CELLS - full)


def counted(number: int, one: str, several: str = "") -> str:
    """``1 layer``, ``3 layers``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def digest_word(*, is_image_id: bool) -> str:
    """What a digest is called: an image ID is a host's own, and no registry knows it."""
    return "Image ID" if is_image_id else "Digest"


def short(digest: Digest | None) -> str:
    """Twelve digits of a digest, or a dash."""
    return digest.short if digest is not None else "–"


def of_index(member: Member | None) -> str:
    """``linux/arm64 of 4f1a92c07d3b``: which image of an index; nothing where there is none."""
    if member is None or member.index is None:
        return ""
    return f"{cleaned(member.platform)[:40] or 'one image'} of {member.index.short}"


def severities(counts: tuple[tuple[Severity, int], ...]) -> str:
    """``🔴 2 critical · 🟠 5 high``, worst first."""
    ordered = sorted(counts, key=lambda pair: -pair[0].rank)
    return " · ".join(f"{ICONS[name]} {count:,} {name}" for name, count in ordered if count)


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large} {unit} {small} {small_unit}" if small else f"{large} {unit}"
