"""Files that people write and every program reads; they contain no secrets."""

from pathlib import Path


def way_out(error: OSError, path: Path, missing: str) -> str:
    """What to do about a file that cannot be read; ``missing`` where there is none."""
    match error:
        case PermissionError():
            return (
                f"Let the user that this program runs as read it: `chmod 644 {path.name}`, and its "
                "folder too. It contains no secrets."
            )
        case IsADirectoryError():
            return (
                "Docker makes a directory in place of a missing file that it should mount: remove "
                f"it (`rmdir {path.name}`) and put the file there."
            )
        case _:
            return missing
