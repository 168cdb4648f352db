"""No process of the tree outlives the one that started it, however that one ended.

Two nets: on Linux the kernel kills us (PR_SET_PDEATHSIG); everywhere a thread waits for the end of
a pipe whose other side only the supervisor holds. Without a supervisor, both are off.
"""

import ctypes
import os
import signal
import sys
import threading

PIPE = "GATEHOUSE_PARENT_PIPE"
"""Environment variable: the number of the inherited file descriptor."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_pipe: int | None = None


def follow() -> None:
    """First statement of a child program. Call it from the main thread."""
    global _pipe
    number = os.environ.pop(PIPE, "")
    if number:
        _pipe = int(number)
        follow_in_fork()


def follow_in_fork(*_: object, **__: object) -> None:
    """The same, in a process that a child program forked: neither net survives a fork."""
    if _pipe is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with, args=(_pipe,), name="parent-pipe", daemon=True).start()


def _end_with(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
