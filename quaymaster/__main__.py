"""The console script: it hides before it imports what takes a while."""

from quaymaster.hidden import hide


def main() -> None:
    """Hide, then be the command line."""
    hide()
    from quaymaster.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
