"""The log files of the tree."""

from pathlib import Path

LARGE = 10 * 1024 * 1024


def rotate(folder: Path) -> None:
    """Before a start: set a file above 10 MB aside as `<name>.1`, over the one before.

    The programs notice when somebody else, such as logrotate, moves a file while they run.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > LARGE:
            path.replace(path.with_name(f"{path.name}.1"))
