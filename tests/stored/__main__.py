"""``python -m tests.stored``: write the golden files of today's versions that are not there yet.

Of earlier versions it renews what is read from them, and never their texts: look at what changed.
"""

import sys

from tests.stored.golden import FOLDER, Golden, of_today, stored


def main() -> int:
    """Write what is missing."""
    for golden in of_today():
        if not golden.path.exists():
            golden.save()
            print(f"written: {golden.path.relative_to(FOLDER)}")
    current = {golden.path for golden in of_today()}
    for path in stored():
        before = Golden.load(path)
        after = before.as_read_today()
        if path not in current and after != before:
            after.save()
            print(f"reads differently now: {path.relative_to(FOLDER)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
