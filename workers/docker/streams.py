"""Docker's stream of a pull, a push or a load, folded into one progress over all layers.

What engines send: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image and moby's
pkg/jsonmessage. A failure arrives inside the stream of an answer that began with 200.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Self

from quaymaster.image_ref import Digest
from quaymaster.limits import LAYERS, LEAST_TRANSFERRED
from quaymaster.progress import Progress
from workers.docker.failures import Phase, refusal

_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
# The last line of a push: the only word of the digest where containerd keeps the images, and said
# besides ``aux`` where it does not (moby/daemon/containerd/image_push.go, distribution/push_v2.go).
_PUSHED = re.compile(r"\S+: digest: (sha256:[a-f0-9]{64})(?: size: (\d{1,18}))?")


class _Phase(Enum):
    WAITING = auto()
    MOVING = auto()
    MOVED = auto()
    """All its bytes are here; a pulled layer has still to be unpacked."""
    DONE = auto()
    SKIPPED = auto()
    """It was there before, so none of its bytes moved."""


_PHASES = {
    # Pull: moby/distribution/pull_v2.go and xfer/download.go
    "pulling fs layer": _Phase.WAITING,
    "waiting": _Phase.WAITING,
    "downloading": _Phase.MOVING,
    "verifying checksum": _Phase.MOVED,
    "download complete": _Phase.MOVED,
    "extracting": _Phase.MOVED,
    "pull complete": _Phase.DONE,
    "already exists": _Phase.SKIPPED,
    # Push: moby/distribution/push_v2.go
    "preparing": _Phase.WAITING,
    "pushing": _Phase.MOVING,
    "pushed": _Phase.DONE,
    "layer already exists": _Phase.SKIPPED,
    "layer already exist": _Phase.SKIPPED,
    "skipped foreign layer": _Phase.SKIPPED,
    # Load: moby/image/tarexport/load.go
    "loading layer": _Phase.MOVING,
}
_MOUNTED = "mounted from"
_RETRYING = "retrying in"
_MOST = 2**63 - 1
"""Go's int64, in which engines count bytes."""


@dataclass(frozen=True, slots=True)
class _Layer:
    phase: _Phase = _Phase.WAITING
    current: int = 0
    total: int = 0
    unpacked: int = 0
    """The highest number that was said of what is unpacked; only that it grows is asked."""

    @property
    def worked(self) -> int:
        """Grows with every byte and every phase."""
        return self.current + self.unpacked + self.phase.value * LEAST_TRANSFERRED

    @property
    def is_done(self) -> bool:
        return self.phase in (_Phase.DONE, _Phase.SKIPPED)

    def after(self, phase: _Phase, current: int, total: int) -> "_Layer":
        """Bytes only grow: a retry starts at 0 again, and totals are corrected upwards."""
        if self.is_done:
            return self
        total = max(self.total, total)
        if phase is _Phase.SKIPPED:
            return _Layer(phase, self.current, self.current, self.unpacked)
        if phase is _Phase.DONE or (phase is _Phase.MOVED and total):
            return _Layer(phase, total, total, self.unpacked)
        return _Layer(phase, max(self.current, min(current, total)), total, self.unpacked)


@dataclass(frozen=True, slots=True)
class TransferFold:
    """What is known of a transfer after the events so far. A value: ``after`` gives the next."""

    subject: str = ""
    """What is transferred, for the words of an error."""
    host: str = ""
    phase: Phase = Phase.ITSELF
    secrets: tuple[str, ...] = field(default=(), repr=False)
    digest: Digest | None = None
    """The manifest's digest, once the engine has said it."""
    size: int | None = None
    """The manifest's own size, at the end of a push."""
    up_to_date: bool = False
    """A pull found that the host has this image already."""
    _layers: Mapping[str, _Layer] = field(default_factory=dict)
    _shown: tuple[int, int] = (0, 0)

    def after(self, event: object) -> Self:
        """Take in one event of the stream, whatever it is.

        Raises the product's error for a failure that the event reports.
        """
        if not isinstance(event, Mapping):
            return self
        self._raise_failure(event)
        folded = self._with_result(event)
        name, status = event.get("id"), event.get("status")
        if not isinstance(name, str) or not isinstance(status, str):
            return folded
        phase = _phase(status)
        if phase is None:
            return folded
        if name not in folded._layers and len(folded._layers) >= LAYERS:
            return folded
        detail = event.get("progressDetail")
        current, total = _detail(detail, status)
        layer = folded._layers.get(name, _Layer()).after(phase, current, total)
        layer = replace(layer, unpacked=max(layer.unpacked, _unpacked(detail)))
        changed = replace(folded, _layers={**folded._layers, name: layer})
        return replace(changed, _shown=changed._bytes())

    @property
    def worked(self) -> int:
        """What was done so far, in bytes of work; a layer that gets on counts for some."""
        return sum(layer.worked for layer in self._layers.values())

    @property
    def layers(self) -> int:
        """How many layers the engine has mentioned."""
        return len(self._layers)

    @property
    def layers_already_there(self) -> int:
        """How many of them did not have to be moved."""
        return sum(layer.phase is _Phase.SKIPPED for layer in self._layers.values())

    @property
    def is_unpacking(self) -> bool:
        """All bytes have arrived, and the engine is still at work on them."""
        layers = self._layers.values()
        return any(layer.phase is _Phase.MOVED for layer in layers) and not any(
            layer.phase in (_Phase.WAITING, _Phase.MOVING) for layer in layers
        )

    def progress(self, step: str, elapsed: float) -> Progress:
        """One bar over all layers; its share never falls from one event to the next.

        A layer whose size is not known yet counts as large as the mean of those that are known.
        """
        done, total = self._shown
        return Progress(
            step=step,
            done_bytes=done,
            total_bytes=total,
            done_layers=sum(layer.is_done for layer in self._layers.values()),
            total_layers=len(self._layers),
            elapsed_seconds=elapsed,
        )

    def _bytes(self) -> tuple[int, int]:
        """Done and total. A total that grows would move the bar back; it is held until the bytes
        have caught up with it."""
        layers = self._layers.values()
        done = sum(layer.current for layer in layers)
        sizes = [layer.total for layer in layers if layer.total]
        unsized = sum(not layer.total and not layer.is_done for layer in layers)
        total = sum(sizes) + (unsized * sum(sizes) // len(sizes) if sizes else 0)
        done_before, total_before = self._shown
        if done_before and total_before and done * total_before < done_before * total:
            total = max(done, done * total_before // done_before)
        return done, total

    def _with_result(self, event: Mapping[object, object]) -> Self:
        aux = event.get("aux")
        if isinstance(aux, Mapping):
            digest, size = _digest(aux.get("Digest")), aux.get("Size")
            if digest is not None:
                return replace(self, digest=digest, size=_whole(size) or None)
        status = event.get("status")
        if not isinstance(status, str):
            return self
        if status.startswith("Digest: "):
            return replace(self, digest=_digest(status.removeprefix("Digest: ")) or self.digest)
        if (pushed := _PUSHED.fullmatch(status.strip())) is not None:
            size = int(pushed[2]) if pushed[2] else None
            return replace(self, digest=Digest(pushed[1]), size=size)
        if status.startswith("Status: Image is up to date"):
            return replace(self, up_to_date=True)
        return self

    def _raise_failure(self, event: Mapping[object, object]) -> None:
        detail = event.get("errorDetail")
        message = detail.get("message") if isinstance(detail, Mapping) else detail
        text = message or event.get("error")
        if text or event.get("error") is not None or detail:
            code = detail.get("code") if isinstance(detail, Mapping) else None
            raise refusal(
                str(text or ""),
                phase=self.phase,
                status=code if isinstance(code, int) else None,
                subject=self.subject,
                host=self.host,
                secrets=self.secrets,
            )


def _phase(status: str) -> _Phase | None:
    """None for texts that are not the state of a layer, such as ``Pulling from shop/web``."""
    words = status.strip().lower()
    if words.startswith(_MOUNTED):
        return _Phase.SKIPPED
    if words.startswith(_RETRYING):
        return _Phase.MOVING
    return _PHASES.get(words)


def _detail(detail: object, status: str) -> tuple[int, int]:
    """Current and total. What is unpacked is counted by the bytes that were moved."""
    if not isinstance(detail, Mapping) or status.strip().lower() == "extracting":
        return 0, 0
    return _whole(detail.get("current")), _whole(detail.get("total"))


def _unpacked(detail: object) -> int:
    return _whole(detail.get("current")) if isinstance(detail, Mapping) else 0


def _whole(value: object) -> int:
    """Bytes; engines also send null, negative totals, and floats from other languages' proxies."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    try:
        return min(max(0, int(value)), _MOST)
    except (ValueError, OverflowError):  # not a number, infinity
        return 0


def _digest(value: object) -> Digest | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    return Digest(text) if _DIGEST.fullmatch(text) else None
