"""Reading objects of the mirror through GitPython's `Repo` and its long-lived `cat-file --batch`.

GitPython would start git with the whole of our environment and with any words it is handed.
Neither happens here: its command class is replaced by one that starts the two reading commands,
through our runner, and nothing else.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from gitops.errors import Cause, DeliveryError
from gitops.git.paths import check_id
from gitops.git.runner import GitRunner


@contextlib.contextmanager
def _no_first_run() -> Iterator[None]:
    """GitPython's import runs `git version` with all of os.environ: give it no git to run."""
    words = {"GIT_PYTHON_GIT_EXECUTABLE": "/nonexistent/git", "GIT_PYTHON_REFRESH": "quiet"}
    before = {name: os.environ.get(name) for name in words}
    os.environ.update(words)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


with _no_first_run():
    import git
    from git.db import GitCmdObjectDB

_READING = (["cat-file", "--batch"], ["cat-file", "--batch-check"])
_LARGEST = 32 * 1024 * 1024  # bytes; a manifest is a few KB, and this is held in memory


class ObjectUnreadable(DeliveryError):
    """An object could not be read: too slowly, too large, or no mirror to read from."""

    cause = Cause.TRANSIENT


class ObjectMissing(ObjectUnreadable):
    """An object that others refer to is not in the mirror, or broken. Then the mirror is."""


class Entry(NamedTuple):
    """One name in a directory: git's mode (100644, 040000, …) and the object's id."""

    mode: str
    id: str


class _ReadingGit(git.Git):
    """GitPython's command class, able to start a long-lived reader and nothing else."""

    runner: ClassVar[GitRunner]
    git_dir: ClassVar[Path]

    def execute(self, command: Any, *args: Any, **kwargs: Any) -> Any:
        """Start one of the two reading commands; refuse all else."""
        words = list(command)[1:]
        if words not in _READING or not kwargs.get("as_process"):
            raise ValueError("GitPython is for reading objects here")
        return self.AutoInterrupt(self.runner.open(words, git_dir=self.git_dir), command)


class ObjectReader:
    """Reads objects of one repository. For one thread at a time; `close` ends its processes."""

    def __init__(self, git_dir: Path, runner: GitRunner) -> None:
        bound = type("_BoundGit", (_ReadingGit,), {"runner": runner, "git_dir": git_dir})
        opened = type("_BoundRepo", (git.Repo,), {"GitCommandWrapperType": bound})
        try:
            self._repo: git.Repo = opened(git_dir, odbt=GitCmdObjectDB, expand_vars=False)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise ObjectUnreadable("the mirror is not there (yet); fetch first") from error

    def close(self) -> None:
        """End the long-lived processes. Reading again starts new ones."""
        self._repo.git.clear_cache()

    def kind(self, object_id: str, *, deadline: float) -> str | None:
        """commit, tree, blob or tag; None when the object is not here."""
        with self._watched(deadline):
            try:
                return str(self._repo.odb.info(bytes.fromhex(check_id(object_id))).type.decode())
            except ValueError as error:
                if "missing" in str(error):
                    return None
                raise

    def contents(self, ids: Iterable[str], *, kind: str, deadline: float) -> dict[str, bytes]:
        """The raw bytes of each object. Raises ObjectUnreadable when one is missing or too large.

        All share one `deadline`, in seconds.
        """
        with self._watched(deadline):
            return {object_id: self._content(object_id, kind) for object_id in ids}

    def _content(self, object_id: str, kind: str) -> bytes:
        stream = self._repo.odb.stream(bytes.fromhex(check_id(object_id)))
        if stream.size > _LARGEST:
            raise ObjectUnreadable(f"{object_id} is too large to read", cause=Cause.CONFLICT)
        data = bytes(stream.read())
        if len(data) != stream.size:
            raise ObjectUnreadable("git stopped while an object was read")
        if stream.type.decode() != kind:
            raise ObjectUnreadable(f"{object_id} is no {kind}", cause=Cause.BUG)
        return data

    @contextlib.contextmanager
    def _watched(self, deadline: float) -> Iterator[None]:
        """End the readers when time is up; on any failure end them too, as they may be mid-answer.

        GitPython tells failures of its readers apart by text alone, so all become one kind here.
        """
        timer = threading.Timer(deadline, self._kill)
        timer.start()
        try:
            yield
        except (ValueError, OSError, AttributeError) as error:
            self.close()
            if timer.finished.is_set():
                raise ObjectUnreadable(f"reading objects took over {deadline:g} s") from error
            raise ObjectMissing(f"an object could not be read: {error}") from error
        except BaseException:
            self._kill()
            self.close()
            raise
        finally:
            timer.cancel()

    def _kill(self) -> None:
        for reader in (self._repo.git.cat_file_all, self._repo.git.cat_file_header):
            process: subprocess.Popen[bytes] | None = getattr(reader, "proc", None)
            if process is not None:
                process.kill()


class TreeWalker:
    """Looks paths up in commits, directory by directory, reading each directory once.

    What it costs depends on how deep the paths are and how large the directories on the way,
    not on how large the repository is.
    """

    def __init__(self, reader: ObjectReader, *, deadline: float) -> None:
        self._reader, self.deadline = reader, deadline
        self._roots: dict[str, str] = {}
        self._directories: dict[str, dict[str, Entry]] = {}

    def way(self, commit: str, path: str) -> Sequence[Entry | None]:
        """What stands at each ancestor of `path`, outermost first, and at `path` itself.

        Ends with the first None: below what is absent, or no directory, nothing can stand.
        """
        found: list[Entry | None] = []
        directory = self._root(commit)
        for name in path.split("/"):
            entry = self._directory(directory).get(name)
            found.append(entry)
            if entry is None or entry.mode != DIRECTORY:
                break
            directory = entry.id
        return found

    def _root(self, commit: str) -> str:
        if commit not in self._roots:
            data = self._read(commit, "commit")
            self._roots[commit] = data.partition(b"\n")[0].removeprefix(b"tree ").decode()
        return self._roots[commit]

    def _directory(self, tree: str) -> dict[str, Entry]:
        if tree not in self._directories:
            self._directories[tree] = parse_tree(self._read(tree, "tree"))
        return self._directories[tree]

    def _read(self, object_id: str, kind: str) -> bytes:
        return self._reader.contents([object_id], kind=kind, deadline=self.deadline)[object_id]


DIRECTORY, REGULAR = "040000", "100644"


def parse_tree(data: bytes) -> dict[str, Entry]:
    """A raw tree object (mode, space, name, NUL, 20 bytes of id; repeated) by name."""
    entries: dict[str, Entry] = {}
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        end_of_name = data.index(b"\0", space)
        name = data[space + 1 : end_of_name].decode("utf-8", "backslashreplace")
        mode = data[position:space].decode().zfill(6)
        position = end_of_name + 21
        entries[name] = Entry(mode, data[end_of_name + 1 : position].hex())
    return entries
