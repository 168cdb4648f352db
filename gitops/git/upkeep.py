"""Making a mirror's directory, throwing it away, and telling that it has to be.

Everything here but `mark_damaged` is called with the mirror's lock held.
"""

import contextlib
import shutil
import time
from pathlib import Path
from uuid import uuid4

from gitops.git import locks
from gitops.git.runner import GitRunner

_MARKER = "gatehouse-damaged"
_REBUILD_EVERY = 600.0  # seconds; the remote may be what is broken, and fetching all is dear
_DEADLINE = 60.0  # seconds


def exists(path: Path) -> bool:
    """Whether there is a whole mirror: it gets its name only when it is."""
    return (path / "HEAD").exists()


def mark_damaged(path: Path) -> None:
    """Have the next `prepare` make the mirror again. Needs no lock."""
    with contextlib.suppress(OSError):
        (path / _MARKER).touch()


def prepare(path: Path, runner: GitRunner) -> bool:
    """A mirror that is there, whole as far as is known, and free of dead processes' locks.

    Answers whether it is a new and empty one.
    """
    if exists(path) and not ((path / _MARKER).exists() and _age(path) > _REBUILD_EVERY):
        locks.remove_stale_locks(path)
        return False
    _create(path, runner)
    return True


def _age(path: Path) -> float:
    """Seconds since the mirror was made: nothing touches its description of itself later."""
    try:
        return time.time() - (path / "config").stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _create(path: Path, runner: GitRunner) -> None:
    discard(path)
    fresh = path.with_name(f".{path.name}.{uuid4().hex}.new")
    runner.run(
        ["init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--", str(fresh)],
        deadline=_DEADLINE,
    )
    fresh.rename(path)


def discard(path: Path) -> None:
    """Take away the mirror, and what is left of earlier attempts to make or take one away."""
    if path.exists():
        path.rename(path.with_name(f".{path.name}.{uuid4().hex}.old"))
    for kind in ("new", "old"):
        for leftover in path.parent.glob(f".{path.name}.*.{kind}"):
            shutil.rmtree(leftover, ignore_errors=True)
