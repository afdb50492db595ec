"""Every limit on what comes from outside: bytes, seconds, numbers. No other file defines one.

Foreign is whatever a registry, an image, an engine, a service, a scanner or a client of the bot
sends. The README shows these numbers (``ROWS``). What a record keeps of it is in ``bounds``.
"""

KIB, MIB = 1024, 1024 * 1024

# Every exchange over HTTP.
TICK_SECONDS = 0.25
"""So long a cancel, or a deadline, may go unnoticed while nothing arrives."""
ANSWER_SECONDS = 60.0
"""For one question, with every redirect and with the whole answer."""
HEAD_BYTES = 256 * KIB
"""Of an answer without its body: headers, interim answers, the frames of chunks."""
ERROR_BYTES = 64 * KIB
REDIRECTS = 5
HEADER_CHARACTERS = 4 * KIB
"""Of a header that is taken apart here."""

# A registry.
MANIFEST_BYTES = 4 * MIB
"""https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests"""
CONFIGURATION_BYTES = 8 * MIB
LEAST_RATE = 64 * KIB
"""Bytes a second that a blob has to arrive with."""
TAGS = 100_000
TAG_PAGES = 1_000
LISTING_SECONDS = 60.0

# The health check of a service.
HEALTH_SECONDS = 5.0
HEALTH_BYTES = 64 * KIB

# A Docker engine.
ENGINE_SECONDS = 15.0
"""A single call with its whole answer: less than the lease of a service lasts."""
ENGINE_BYTES = 64 * MIB
LINE_BYTES = MIB
"""One event of a pull or push."""
EVENTS_WAITING = 1_000
LAYERS = 1_000
TRANSFER_SECONDS = 6 * 3600.0
QUIET_SECONDS = 600.0
"""A push that compresses one large layer is quiet for minutes; an engine that is gone, forever."""
LEAST_TRANSFERRED = MIB
"""What has to move within ``QUIET_SECONDS``, or a layer has to get on."""
LOG_READ_BYTES = 4 * MIB
LOG_KEPT_BYTES = 256 * KIB

# Trivy.
SCAN_SECONDS = 600.0
REPORT_BYTES = 64 * MIB
SCANNER_LOG_BYTES = 16 * MIB
METADATA_BYTES = 64 * KIB

# The bot's server.
CONNECTIONS = 500
REQUEST_SECONDS = 10.0
"""From the connection, or the first byte, to the last byte of the body; and for the answer."""
IDLE_SECONDS = 75
REQUEST_HEAD_BYTES = 64 * KIB
REQUEST_BYTES = 1_000_000
"""Slack's own requests are far smaller."""

# Slack's answers.
SLACK_BYTES = 16 * MIB


def _mib(size: int) -> str:
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


ROWS = (
    (
        "a request to a registry",
        f"{ANSWER_SECONDS:.0f} s for everything; {REDIRECTS} redirects; "
        f"{_mib(MANIFEST_BYTES)}, of an error {_mib(ERROR_BYTES)}, of headers {_mib(HEAD_BYTES)}",
    ),
    (
        "an image's configuration",
        f"its declared size, at most {_mib(CONFIGURATION_BYTES)}; {_mib(LEAST_RATE)} a second",
    ),
    ("a list of tags", f"{TAGS:,} in {LISTING_SECONDS:.0f} s"),
    ("an answer about health", f"{HEALTH_SECONDS:.0f} s, {_mib(HEALTH_BYTES)}"),
    ("a call to an engine", f"{ENGINE_SECONDS:.0f} s, {_mib(ENGINE_BYTES)}"),
    (
        "a pull or push",
        f"{TRANSFER_SECONDS / 3600:.0f} h; {_mib(LEAST_TRANSFERRED)} or a layer in "
        f"{QUIET_SECONDS / 60:.0f} minutes; {_mib(LINE_BYTES)} an event; {LAYERS:,} layers",
    ),
    ("a container's log", f"{_mib(LOG_READ_BYTES)} read, the last {_mib(LOG_KEPT_BYTES)} kept"),
    (
        "a scan",
        f"{SCAN_SECONDS / 60:.0f} minutes; report {_mib(REPORT_BYTES)}, "
        f"other output {_mib(SCANNER_LOG_BYTES)}",
    ),
    (
        "a request to `--http`",
        f"{REQUEST_SECONDS:.0f} s; {REQUEST_BYTES:,} bytes, headers {_mib(REQUEST_HEAD_BYTES)}; "
        f"{CONNECTIONS} connections",
    ),
    ("an answer of Slack", _mib(SLACK_BYTES)),
)
"""For people: what is limited, and to how much."""
