"""An engine, or what answers at its address, neither holds nor fills a worker."""

import gzip
import json
import os
import signal
import socket
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quaymaster.errors import Cancelled, OutsideFailure, QuaymasterError, ScannerBroken
from quaymaster.limits import LAYERS
from testing.engines.waiting import wait_until
from tests.misbehaving import OK, Script, answer, asked, misbehaving, once, repeated, silent
from workers.docker.client import BoundedClient
from workers.docker.engine import Engine
from workers.docker.event_lines import EventLines
from workers.docker.streams import TransferFold
from workers.docker.transfers import transfer
from workers.outside.exchange import Check, ExchangeTooLarge, go_on
from workers.scanner import trivy_process
from workers.scanner.trivy_report import TrivyReport
from workers.targets.docker_host.container_log import LogTail, log_tail

pytestmark = pytest.mark.timeout(60)

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SLOW = {
    "nothing at all": silent,
    "endless 100 Continue": repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    "a header byte by byte": repeated(OK + b"X: ", b"x", 0.02),
    "a body byte by byte": repeated(OK + b"Content-Length: 9000\r\n\r\n", b" ", 0.02),
}


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the engine of the test is; of TCP only the kind."""
    return f"{tmp_path}/docker.sock" if request.param == "unix" else ""


def url_of(at: tuple[str, int]) -> str:
    return f"tcp://{at[0]}:{at[1]}"


def engine(address: str, at: tuple[str, int], timeout: float = 3600.0) -> Engine:
    """Connected without the question for its version."""
    url = f"unix://{address}" if address else url_of(at)
    return Engine("app1", url, BoundedClient(url, "1.41", timeout), None)


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
def test_a_call_has_one_deadline_for_all_of_it(address: str, script: Script) -> None:
    with misbehaving(script, address) as at:
        client = engine(address, at, 0.6)
        with pytest.raises(OutsideFailure, match="app1 did not answer in time"):
            client.information()
        client.api.close()


def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.docker.client.ENGINE_BYTES", 100_000)
    with misbehaving(repeated(OK + b"\r\n", b" " * 60_000), address) as at:
        client = engine(address, at)
        with pytest.raises(OutsideFailure, match="more than a Docker engine should"):
            client.information()
        client.api.close()


def test_a_packed_answer_is_not_unpacked(address: str) -> None:
    packed = answer(gzip.compress(b"{}"), b"Content-Encoding: gzip")
    with misbehaving(once(packed), address) as at:
        client = engine(address, at)
        with pytest.raises(OutsideFailure):
            client.information()
        client.api.close()


def test_a_redirect_is_not_followed(address: str) -> None:
    with misbehaving(once(answer(b"{}"))) as (_, elsewhere):
        place = f"Location: http://127.0.0.1:{elsewhere}/info".encode()
        with misbehaving(once(answer(b"no", place, status=b"302 X")), address) as at:
            client = engine(address, at)
            with pytest.raises(OutsideFailure):
                client.information()
            client.api.close()


def test_an_answer_nested_without_end_is_not_understood() -> None:
    with misbehaving(once(answer(b"[" * 200_000))) as at:
        client = engine("", at)
        with pytest.raises(OutsideFailure, match="does not understand"):
            client.information()
        client.api.close()


class TestALog:
    def said(self, frames: Script, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
        """The tail of a log that is sent like this."""
        monkeypatch.setattr("workers.targets.docker_host.container_log.LOG_READ_BYTES", 300_000)

        def script(connection: socket.socket, over: threading.Event) -> None:
            while request := connection.recv(65536, socket.MSG_PEEK):
                if b"/logs" in request:
                    frames(connection, over)
                    break
                asked(connection)
                connection.sendall(answer(b'{"Config": {"Tty": false}}'))

        with misbehaving(script) as at:
            client = engine("", at)
            lines = log_tail(client, "c1", 3)
            client.api.close()
        return lines

    def test_of_endless_lines_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = _frame(b"x" * 9_000)
        chunk = b"%x\r\n%s\r\n" % (len(frame), frame)
        lines = self.said(repeated(CHUNKED, chunk), monkeypatch)
        assert sum(map(len, lines)) <= 300_000

    def test_in_a_frame_of_four_gigabytes_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        head = b"8\r\n\x01\x00\x00\x00\xff\xff\xff\xff\r\n"
        endless = repeated(CHUNKED + head, b"%x\r\n%s\r\n" % (9_000, b"x" * 9_000))
        assert self.said(endless, monkeypatch) == ()

    def test_is_its_last_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frames = b"".join(_frame(b"line %d\n" % number) for number in range(9))
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(frames), frames)
        assert self.said(once(CHUNKED + body), monkeypatch) == ("line 6", "line 7", "line 8")


def _nobody_reads() -> bool:
    return not any(one.name == "transfer" for one in threading.enumerate())


def _frame(content: bytes) -> bytes:
    return b"\x01\x00\x00\x00" + len(content).to_bytes(4, "big") + content


class _Soon:
    def __init__(self) -> None:
        self.left = 3

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled("It was cancelled.")


class TestATransfer:
    def moved(self, script: Script, check: Check = go_on) -> TransferFold:
        """What is moved; whoever reads has ended before the engine hangs up."""
        with misbehaving(script) as at, closing(BoundedClient(url_of(at), "1.41", 3_600)) as api:
            client = Engine("app1", url_of(at), api, None)
            fold = TransferFold()
            try:
                return transfer(client, "/x", {}, None, fold, "pulling", lambda _: None, check)
            finally:
                wait_until(_nobody_reads, within=30, what="the end of the transfer")

    @pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
    def test_is_cancelled_also_before_it_has_begun(self, script: Script) -> None:
        with pytest.raises(Cancelled):
            self.moved(script, _Soon())

    def test_with_an_event_without_end_is_given_up(self) -> None:
        endless = repeated(CHUNKED, b"%x\r\n%s\r\n" % (60_000, b"x" * 60_000))
        with pytest.raises(OutsideFailure, match="more than a Docker engine should"):
            self.moved(endless)

    def test_that_does_not_get_on_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("workers.docker.transfers.QUIET_SECONDS", 0.5)
        event = json.dumps(
            {"id": "a", "status": "Downloading", "progressDetail": {"current": 9, "total": 99}}
        ).encode()
        same = repeated(CHUNKED, b"%x\r\n%s\n\r\n" % (len(event) + 1, event), 0.01)
        with pytest.raises(OutsideFailure, match="made no progress"):
            self.moved(same)

    def test_waits_for_whoever_folds_its_events(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("workers.docker.transfers.EVENTS_WAITING", 2)
        events = b'{"status": "x"}\n' * 500
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(events), events)
        assert self.moved(once(CHUNKED + body)).layers == 0


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"\n", b'{"a": 1}\n', b"[" * 50])))
def test_lines_hold_no_more_than_one_of_them(chunks: list[bytes]) -> None:
    lines = EventLines(most=100)
    given = 0
    try:
        for chunk in chunks:
            given += sum(1 for _ in lines.after(chunk))
            assert lines.held <= 100
        given += sum(1 for _ in lines.end())
    except ExchangeTooLarge:
        assert max(map(len, b"".join(chunks).split(b"\n"))) > 100
    assert given <= b"".join(chunks).count(b"\n") + 1


@given(st.lists(st.binary(max_size=60)), st.integers(1, 100))
def test_a_tail_is_the_end_and_says_whether_it_is_cut(pieces: list[bytes], most: int) -> None:
    tail = LogTail(most)
    for piece in pieces:
        tail.add(piece)
        assert tail.held <= most
    whole = b"".join(pieces)
    assert tail.content() == whole[-most:]
    assert tail.is_cut == (len(whole) > most)


@pytest.mark.parametrize("count", [3, LAYERS + 5])
def test_layers_without_end_are_not_counted_without_end(count: int) -> None:
    fold = TransferFold()
    for number in range(count):
        fold = fold.after({"id": str(number), "status": "Waiting"})
    assert fold.layers == min(count, LAYERS)


def _anything() -> st.SearchStrategy[object]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    names = st.sampled_from(
        [*("SchemaVersion", "Metadata", "Results", "Vulnerabilities", "ImageID", "OS", "Packages")]
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(names | st.text(), inner)
    )


@given(st.binary() | _anything().map(lambda value: json.dumps(value).encode()))
@settings(deadline=None)
def test_whatever_the_scanner_writes_is_a_report_or_an_error(content: bytes) -> None:
    try:
        report = TrivyReport.read(content, "name")
        for finding in report.findings():
            assert len(finding.title) <= 300
    except QuaymasterError:
        pass


def test_a_report_nested_without_end_is_an_error() -> None:
    with pytest.raises(ScannerBroken):
        TrivyReport.read(b'{"Results":' + b"[" * 500_000, "name")


@pytest.mark.parametrize("where", ["1>&2", "> report.json"])
def test_a_scanner_that_writes_without_end_is_killed(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trivy_process, "SCANNER_LOG_BYTES", 1_000)
    monkeypatch.setattr(trivy_process, "REPORT_BYTES", 1_000)
    program = tmp_path / "program"
    program.write_text(
        "#!/bin/sh\necho $$ > pid\n{ head -c 2000 /dev/zero; exec sleep 1000; } " + where + "\n"
    )
    program.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin"}
    with pytest.raises(ScannerBroken, match="output is too large"):
        trivy_process.run([program], environment, tmp_path, timedelta(hours=1), lambda: None, ())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)
