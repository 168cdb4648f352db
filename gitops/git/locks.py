"""The mirror's one lock, and the lock files that a killed git leaves behind.

Only what changes a mirror's references runs under the lock: making it, the fetch, housekeeping.
Commits and pushes touch no reference of the mirror and run side by side.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from gitops.errors import Cause, DeliveryError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05  # seconds


class LockBusy(DeliveryError):
    """Somebody else held the mirror's lock for all the time we were ready to wait."""

    cause = Cause.TRANSIENT


@contextlib.contextmanager
def hold(path: Path, *, wait: float) -> Iterator[int]:
    """Hold the lock at `path` and give its file descriptor; wait at most `wait` seconds.

    flock belongs to the open file, not to the process: handed to a child (`pass_fds`), the lock
    is free only when the child has ended as well. So a git that outlives a killed worker still
    keeps others out, and whoever gets the lock knows that no git of ours is at work under it.
    Raises LockBusy.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, path, wait)
        yield descriptor
    finally:
        # Closing is enough, and an explicit unlock would also free it for a child at work.
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait: float) -> None:
    until, pause = time.monotonic() + wait, _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise LockBusy(f"the lock {path.name} was held for {wait:g} s") from None
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return


def remove_stale_locks(git_dir: Path) -> list[str]:
    """Remove git's own lock files; to be called with the mirror's lock held.

    Every git that takes one of them does so under our lock, so one that is here now belongs to
    a git that is dead. Returns what was removed.
    """
    found = [*git_dir.glob("*.lock"), *git_dir.glob("objects/info/**/*.lock")]
    for folder, _, names in os.walk(git_dir / "refs"):
        found += [Path(folder, name) for name in names if name.endswith(".lock")]
    if (git_dir / "gc.pid").exists():
        found.append(git_dir / "gc.pid")
    for path in found:
        path.unlink(missing_ok=True)
    return [str(path.relative_to(git_dir)) for path in found]


def remove_leftovers(git_dir: Path, *, older_than: float) -> int:
    """Remove half-written objects and crash reports untouched for `older_than` seconds.

    Young ones may belong to a commit that is being written, which needs no lock. Returns how many.
    """
    before, count = time.time() - older_than, 0
    patterns = ("objects/??/tmp_obj_*", "objects/pack/tmp_*", "objects/pack/*.keep")
    for pattern in (*patterns, "objects/tmp_*", "objects/incoming-*", "fast_import_crash_*"):
        for path in git_dir.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    count += 1
    return count
