"""One question to a service: does it answer? Over any connection that an engine can dial."""

import ssl
from contextlib import closing
from dataclasses import dataclass
from functools import cache

from quaymaster.limits import HEALTH_BYTES, HEALTH_SECONDS
from workers.outside.exchange import Check, go_on
from workers.outside.http_client import ExchangeLimits, HttpClient, HttpFailure, HttpRequest, Kind
from workers.outside.http_wires import Dial


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Whether the service is healthy, and how it answered, in the past tense."""

    is_fine: bool
    subject: str
    deed: str

    @property
    def words(self) -> str:
        """The answer as a part of a sentence."""
        return f"{self.subject} {self.deed}"

    def words_after(self, seconds: float) -> str:
        """A sentence about a service that was asked repeatedly for this long."""
        subject = f"{self.subject[0].upper()}{self.subject[1:]}"
        return f"{subject} still {self.deed} after {seconds:g} s."


def ask_http(
    dial: Dial, path: str, seconds: float = HEALTH_SECONDS, check: Check = go_on
) -> ProbeResult:
    """GET the path: 200 to 399 is fine, whatever the body. Raises nothing but what ``check`` does.

    ``seconds`` are for the whole answer, however it is sent; a body without end is not read.
    """
    question = HttpRequest("GET", f"http://localhost{path}")
    limits = ExchangeLimits(seconds, HEALTH_BYTES, reads_body=False)
    with HttpClient(_no_tls(), lambda _host, _port: True, dial=dial) as client:
        try:
            status = client.ask(question, limits, check=check).status
        except HttpFailure as failure:
            return ProbeResult(False, path, f"did not answer ({_reason(failure)})")
    return ProbeResult(200 <= status < 400, path, f"returned {status}")


def ask_tcp(dial: Dial, port: int, stands: float = 0.05) -> ProbeResult:
    """Connect: fine when the connection still stands after so many seconds. Raises nothing.

    The engine's proxy accepts for a container that does not listen, and hangs up at once.
    """
    try:
        with closing(dial()) as connection:
            connection.settimeout(stands)
            try:
                if connection.recv(1) == b"":
                    return ProbeResult(False, f"port {port}", "closed the connection")
            except TimeoutError:
                pass
    except OSError as error:
        return ProbeResult(False, f"port {port}", f"did not answer ({_in_words(error)})")
    return ProbeResult(True, f"port {port}", "answered")


def _reason(failure: HttpFailure) -> str:
    match failure.kind:
        case Kind.TOO_SLOW:
            return "no answer in time"
        case Kind.TOO_LONG:
            return "its answer did not end"
        case Kind.NO_ADDRESS:
            return "the path is not valid"
        case _:
            words = failure.words.rstrip(".") or "the connection broke"
            return words[0].lower() + words[1:]


def _in_words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or type(error).__name__


@cache
def _no_tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
