"""The one place that starts git.

Fixed argument lists, an environment built from nothing, a deadline that ends the whole process
group, and no output of git in an exception before it is scrubbed.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from gitops.errors import Cause, DeliveryError
from gitops.git.environment import child_environment
from gitops.git.failures import DeadlinePassed, GitFailed, scrub

_GRACE = 1.0  # seconds between TERM, on which git takes its lock files away, and KILL


@dataclass(frozen=True, kw_only=True)
class Completed:
    """What a git process left: its exit status, raw standard output, scrubbed standard error."""

    status: int
    stdout: bytes = field(repr=False)
    stderr: str

    @property
    def text(self) -> str:
        """Standard output as text, without white space around it."""
        return self.stdout.decode("utf-8", "replace").strip()


class RunOptions(TypedDict, total=False):
    """What `GitRunner.run` takes beside the arguments; see there."""

    deadline: float
    stdin: bytes | None
    config: Sequence[tuple[str, str]]
    protocols: str
    env_extra: Mapping[str, str] | None
    secrets: Iterable[str]
    accept: Iterable[int]
    pass_fds: Sequence[int]


class GitRunner:
    """Starts git. One instance may serve any number of threads.

    `executable` and `search_path` are for tests and unusual machines; by default git is found on
    our own PATH.
    """

    def __init__(self, *, executable: str = "git", search_path: str | None = None) -> None:
        self._executable = executable
        self._search_path = search_path

    def run(
        self,
        args: Sequence[str],
        *,
        deadline: float = 60.0,
        git_dir: Path | None = None,
        stdin: bytes | None = None,
        config: Iterable[tuple[str, str]] = (),
        protocols: str = "",
        env_extra: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        accept: Iterable[int] = (0,),
        pass_fds: Sequence[int] = (),
    ) -> Completed:
        """Run `git <args>` to its end and return what it left.

        `deadline` is in seconds from now. `config` are settings for this process alone, kept out
        of the argument list; `protocols` what GIT_ALLOW_PROTOCOL allows (nothing by default);
        `secrets` what must not appear in the scrubbed stderr; `accept` the exit statuses that are
        answers. `pass_fds` stay open in the child: a lock whose descriptor is passed is held until
        the child has ended too, even when we die first.

        Raises GitFailed on any other status, DeadlinePassed when time is up.
        """
        process = self._start(
            args,
            git_dir=git_dir,
            config=config,
            protocols=protocols,
            env_extra=env_extra,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
        )
        try:
            stdout, raw = process.communicate(stdin, timeout=deadline)
        except subprocess.TimeoutExpired:
            _end_group(process)
            raise DeadlinePassed(_subcommand(args), deadline) from None
        except BaseException:  # a time limit or Ctrl-C in our own thread: leave nothing behind
            _end_group(process)
            raise
        stderr = scrub(raw, secrets)
        if process.returncode not in tuple(accept):
            raise GitFailed(_subcommand(args), process.returncode, stderr)
        return Completed(status=process.returncode, stdout=stdout, stderr=stderr)

    def open(
        self, args: Sequence[str], *, git_dir: Path, env_extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a git that is talked to over its pipes. The caller ends it with `end`."""
        return self._start(
            args,
            git_dir=git_dir,
            env_extra=env_extra,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _start(
        self,
        args: Sequence[str],
        *,
        git_dir: Path | None,
        stdin: int,
        stderr: int,
        config: Iterable[tuple[str, str]] = (),
        protocols: str = "",
        env_extra: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        place = {} if git_dir is None else {"GIT_DIR": str(git_dir.absolute())}
        try:
            return subprocess.Popen(
                [self._executable, *args],
                env=child_environment(
                    config=config,
                    protocols=protocols,
                    extra={**place, **(env_extra or {})},
                    search_path=self._search_path,
                ),
                cwd=place.get("GIT_DIR", "/"),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        except OSError as error:
            raise DeliveryError(
                f"git could not be started: {error.strerror}", cause=_cause_of(error, git_dir)
            ) from error


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that `GitRunner.open` started, with everything it started itself."""
    _end_group(process)


def _cause_of(error: OSError, git_dir: Path | None) -> Cause:
    """A mirror that is being made again is back in a moment; a missing git is not."""
    gone = isinstance(error, FileNotFoundError) and git_dir is not None and not git_dir.exists()
    lacking = isinstance(error, FileNotFoundError | PermissionError)
    return Cause.BUG if lacking and not gone else Cause.TRANSIENT


def _subcommand(args: Sequence[str]) -> str:
    return next((word for word in args if not word.startswith("-")), "")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """TERM to the group, a moment's grace, KILL to the group, and reap the leader.

    The leader is not reaped before the last signal: until then its number cannot be given to
    somebody else's process group.
    """
    if process.returncode is None:
        _signal_group(process, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        while time.monotonic() < until and not _has_ended(process):
            time.sleep(0.01)
        _signal_group(process, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True
