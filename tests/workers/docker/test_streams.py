"""Folding what engines send while they transfer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import (
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from quaymaster.image_ref import Digest
from quaymaster.progress import Progress
from workers.docker.failures import Phase
from workers.docker.streams import TransferFold

DIGEST = "sha256:" + "ab" * 32


def _layer(name: str, status: str, current: object = None, total: object = None) -> dict[str, Any]:
    detail = {
        key: value for key, value in (("current", current), ("total", total)) if value is not None
    }
    return {"id": name, "status": status, "progressDetail": detail}


def _folded(*events: object) -> TransferFold:
    fold = TransferFold("shop/web:1.4", "build1", Phase.PUSH, ("hunter2-secret",))
    for event in events:
        fold = fold.after(event)
    return fold


def _progress(*events: object) -> Progress:
    return _folded(*events).progress("pushing", 2.0)


def test_all_layers_of_a_push_are_one_bar() -> None:
    progress = _progress(
        _layer("a", "Preparing"),
        _layer("b", "Preparing"),
        _layer("a", "Pushing", 50, 100),
        _layer("b", "Pushing", 100, 300),
        _layer("a", "Pushed"),
    )
    assert (progress.done_bytes, progress.total_bytes) == (200, 400)
    assert (progress.done_layers, progress.total_layers) == (1, 2)
    assert progress.share == 0.5


def test_a_layer_of_unknown_size_counts_as_the_mean_of_the_known() -> None:
    progress = _progress(_layer("a", "Waiting"), _layer("b", "Downloading", 50, 100))
    assert (progress.done_bytes, progress.total_bytes) == (50, 200)


@pytest.mark.parametrize("total", [0, None, -1, "many", float("nan"), True])
def test_a_total_that_says_nothing_gives_no_share(total: object) -> None:
    assert _progress(_layer("a", "Pushing", 512, total)).share is None


def test_more_bytes_than_the_total_is_the_total() -> None:
    assert _progress(_layer("a", "Pushing", 2048, 1024)).share == 1.0


@pytest.mark.parametrize(
    "status", ["Layer already exists", "Layer already exist", "Mounted from shop/base"]
)
def test_a_layer_that_is_there_already_is_done_and_moved_nothing(status: str) -> None:
    fold = _folded(_layer("a", "Preparing"), _layer("a", status))
    progress = fold.progress("pushing", 1.0)
    assert (progress.done_layers, progress.done_bytes) == (1, 0)
    assert fold.layers_already_there == 1


def test_a_retry_does_not_move_the_bar_back() -> None:
    progress = _progress(
        _layer("a", "Pushing", 80, 100),
        _layer("a", "Retrying in 5 seconds"),
        _layer("a", "Pushing", 10, 100),
    )
    assert progress.share == 0.8


def test_the_name_of_what_is_pulled_is_no_layer() -> None:
    assert _progress({"status": "Pulling from shop/web", "id": "1.4"}).total_layers == 0


def test_unpacking_begins_when_all_bytes_are_there() -> None:
    down = (_layer("a", "Pulling fs layer"), _layer("a", "Downloading", 5, 9))
    assert not _folded(*down).is_unpacking
    unpacking = (*down, _layer("a", "Download complete"), _layer("a", "Extracting", 1, 9))
    assert _folded(*unpacking).is_unpacking
    assert _progress(*unpacking).share == 1.0
    assert not _folded(*unpacking, _layer("a", "Pull complete")).is_unpacking


def test_the_digest_of_a_push_comes_as_aux() -> None:
    aux = {"progressDetail": {}, "aux": {"Tag": "1.4", "Digest": DIGEST, "Size": 1234}}
    fold = _folded(aux)
    assert (fold.digest, fold.size) == (Digest(DIGEST), 1234)


def test_the_digest_of_a_push_comes_as_its_last_line_where_containerd_keeps_the_images() -> None:
    """Seen with Docker 26; later ones tell besides which member of an index they have pushed."""
    fold = _folded(
        _layer("a", "Pushed"),
        {"status": f"1.4: digest: {DIGEST} size: 579"},
        {"aux": {"manifestPushedInsteadOfIndex": True, "selectedManifest": {"digest": "x"}}},
    )
    assert (fold.digest, fold.size) == (Digest(DIGEST), 579)


@pytest.mark.parametrize(
    "status",
    ["1.4: digest: sha256:abc size: 579", f"1.4: digest: sha512:{'ab' * 32} size: 1", "digest: "],
)
def test_a_last_line_without_a_digest_tells_none(status: str) -> None:
    assert _folded({"status": status}).digest is None


def test_the_digest_of_a_pull_comes_as_status() -> None:
    fold = _folded(
        {"status": f"Digest: {DIGEST}"},
        {"status": "Status: Image is up to date for shop/web:1.4"},
    )
    assert fold.digest == Digest(DIGEST)
    assert fold.up_to_date


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no basic auth credentials", LoginRefused),
        ("unauthorized: authentication required", LoginRefused),
        ("denied: requested access to the resource is denied", OutsideFailure),
        ("write /var/lib/docker/tmp/x: no space left on device", DiskFull),
        ("manifest for shop/web:9 not found: manifest unknown: manifest unknown", NotFound),
        ("An image does not exist locally with the tag: shop/web", NotFound),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", OutsideFailure),
        ("x509: certificate signed by unknown authority", OutsideFailure),
        ("http: server gave HTTP response to HTTPS client", OutsideFailure),
        ("something nobody has seen", OutsideFailure),
    ],
)
def test_an_error_in_the_stream_raises_what_it_means(
    text: str, kind: type[QuaymasterError]
) -> None:
    with pytest.raises(kind) as raised:
        _folded({"errorDetail": {"message": text}, "error": text})
    assert type(raised.value) is kind
    assert raised.value.problem.next_step


def test_a_refused_connection_may_be_tried_again() -> None:
    with pytest.raises(OutsideFailure) as raised:
        _folded({"error": "dial tcp: connect: connection refused"})
    assert raised.value.trying_again_can_help


def test_secrets_do_not_leave_with_the_error() -> None:
    with pytest.raises(OutsideFailure) as raised:
        _folded({"error": "GET https://ci:hunter2-secret@reg/v2: hunter2-secret was wrong"})
    assert "hunter2" not in str(raised.value)


def test_null_is_no_error() -> None:
    event = {"status": "Pushed", "id": "a1", "error": None, "errorDetail": None, "aux": None}
    assert TransferFold().after({**event, "progressDetail": None}).layers == 1


@pytest.mark.parametrize("event", [{"error": ""}, {"errorDetail": {"code": 1}}])
def test_an_error_without_words_is_still_an_error(event: dict[str, Any]) -> None:
    with pytest.raises(OutsideFailure):
        _folded(event)


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner)
)
_statuses = st.sampled_from(
    [
        *("Preparing", "Waiting", "Pushing", "Pushed", "Layer already exists", "Mounted from x"),
        *("Pulling fs layer", "Downloading", "Download complete", "Extracting", "Pull complete"),
        *("Retrying in 1 second", "Verifying Checksum", "Already exists", "Loading layer"),
    ]
)
_numbers = st.one_of(_scalars, st.integers(0, 1000))
_layer_events = st.builds(_layer, st.sampled_from("abcd"), _statuses, _numbers, _numbers)
_likely = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("id", "status", "progressDetail", "aux", "error", "errorDetail"), _json)
    },
)


@given(st.lists(st.one_of(_json, _likely, _layer_events), max_size=30))
def test_whatever_comes_only_the_products_errors_leave(events: list[object]) -> None:
    fold = TransferFold("shop/web:1.4")
    for event in events:
        try:
            fold = fold.after(event)
        except QuaymasterError:
            return
        progress = fold.progress("pushing", 1.0)
        assert progress.share is None or 0 <= progress.share <= 1
        assert progress.seconds_left is None or progress.seconds_left >= 0


@given(st.lists(_layer_events, max_size=40))
def test_the_bar_never_moves_back(events: list[object]) -> None:
    fold, earlier = TransferFold(), Progress("pushing")
    for event in events:
        fold = fold.after(event)
        later = fold.progress("pushing", 1.0)
        assert (later.share or 0.0) >= (earlier.share or 0.0)
        assert later.done_bytes >= earlier.done_bytes
        assert later.done_layers >= earlier.done_layers
        earlier = later
