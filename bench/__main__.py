"""``make bench``: every row as a table and as ``bench/latest.json``; ``ONLY=name`` runs some."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.acknowledgement import acknowledgement, redis_away, redis_slow
from bench.audit import audit
from bench.bed import Bed
from bench.dying import dying
from bench.memory import memory
from bench.pickup import pickup
from bench.pushing import pushing
from bench.row import Row
from bench.scanning import scanning
from bench.size import size
from bench.slack_calls import slack_calls
from bench.tagging import tagging

_LATEST = Path(__file__).parent / "latest.json"

MEASUREMENTS: dict[str, Callable[[Bed], Iterable[Row]]] = {
    "acknowledgement": acknowledgement,
    "redis-away": redis_away,
    "redis-slow": redis_slow,
    "pickup": pickup,
    "dying": dying,
    "tag": tagging,
    "push": pushing,
    "slack-calls": slack_calls,
    "scan": scanning,
    "memory": memory,
    "audit": audit,
    "size": size,
}


def main() -> int:
    """0 when every row that was measured meets its target."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=MEASUREMENTS, help="measure one of them")
    only = parser.parse_args().only
    rows: list[Row] = []
    with Bed.made() as bed:
        for name, measure in MEASUREMENTS.items():
            if only in (None, name):
                began = time.monotonic()
                measured = list(measure(bed))
                rows += measured
                print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                for row in measured:
                    print(_line(row), flush=True)
    if only is None:
        _LATEST.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    missed = [row for row in rows if not row.ok]
    print(f"\n{len(rows) - len(missed)} met, {len(missed)} missed")
    return 1 if missed else 0


def _line(row: Row) -> str:
    mark = "ok    " if row.ok else "MISSED"
    value = f"{row.value:.3g} {row.unit}"
    aim = row.aim + (f" beside {row.peer}" if row.peer else "")
    return f"{mark} {row.name:58} {value:>14}  {aim}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
