"""Runs the local Slack as a process of its own: ``python -m local_slack --port 8065``.

The first line on standard output is a JSON object with the addresses, tokens and the signing
secret.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from local_slack.history import HistoryError
from local_slack.server import bind
from local_slack.settings import Settings


def main() -> None:
    """Parse the arguments, print the addresses, and serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m local_slack", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--no-rate-limits", action="store_true")
    parser.add_argument("--speed", type=float, default=1.0, help="60: a minute in a second")
    parser.add_argument("--request-url", help="deliver here instead of over Socket Mode")
    parser.add_argument("--history", type=Path, metavar="FILE", help="keep what is said here")
    options = parser.parse_args()
    settings = Settings(rate_limits=not options.no_rate_limits, speed=options.speed)
    try:
        bound = bind(
            settings=settings, host=options.host, port=options.port, history=options.history
        )
    except HistoryError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(bound.place.as_json()) + "\n")
    sys.stdout.flush()
    bound.run(options.request_url)


if __name__ == "__main__":
    main()
