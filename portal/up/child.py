"""One child program: started in a session of its own, tied to our life by a pipe."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from portal.up.backoff import Backoff
from portal.up.parent import PIPE


class Child:
    """`python -m <module>`, and when to start it next."""

    def __init__(self, name: str, module: str, *, folder: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self.backoff = Backoff()
        self._module = module
        self._folder = folder
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, pipe: int) -> None:
        """Start it. `pipe` is the reading end whose other end only this process holds.

        The kernel ties it to the thread that starts it, so that must be the main one.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=self._folder,
            env={**self._environ, PIPE: str(pipe)},
            stdin=subprocess.DEVNULL,
            pass_fds=(pipe,),
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
        )
        self._started = time.monotonic()

    def ended(self) -> str | None:
        """How it ended, in words, once; None while it runs or waits for its next start."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self.kill()  # what it may have left behind
        self._process = None
        now = time.monotonic()
        self._start_at = now + self.backoff.ended(lived=now - self._started)
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def is_due(self) -> bool:
        """Whether it does not run and may be started."""
        return self._process is None and time.monotonic() >= self._start_at

    def terminate(self) -> None:
        """Ask it to finish."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within this time."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and every process of its session's group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
