"""The console script: it hides before it imports what takes a while."""

import sys

from programs.hidden import hide


def main() -> None:
    """Hide, then be the command line; without most of it for what is asked every few seconds."""
    hide()
    if sys.argv[1:] == ["healthy"]:
        import os

        from quaymaster.signs_of_life import tell

        sys.exit(tell(os.environ))
    from programs.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
