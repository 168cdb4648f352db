"""Plumbing on one bare repository of the local forge: objects in, refs moved, nothing checked out.

Everything the store writes goes through here, under one advisory lock per repository. Plain `git
push` does not take that lock; it cannot reach the hidden refs, and on branches git's own
compare-and-swap decides between it and us.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gitops.forges.base import Invalid, Unreachable
from gitops.git import locks
from gitops.git.paths import UnsafeName, check_branch, check_path
from gitops.git.runner import Completed, GitRunner

ZERO = "0" * 40
DEADLINE = 30.0  # seconds for one git process; usual is under 0.01
LOCK_PATIENCE = 30.0  # seconds to wait for another writer of the same repository
HIDDEN = ("refs/gatehouse/", "refs/pull/")  # from every client, by transfer.hideRefs
SCRATCH = "refs/gatehouse/scratch"  # where fast-import wants to put what it wrote last
# Seconds after which git's own lock on a ref was left by a git that is dead: a living one holds it
# for a millisecond. On hidden refs only we write, and a git of ours keeps our lock while it lives.
STALE_OURS, STALE_OTHERS = 1.0, 10.0


def branch_ref(name: str) -> str:
    """The branch's full ref name. Raises `Invalid`."""
    try:
        return f"refs/heads/{check_branch(name)}"
    except UnsafeName as error:
        raise Invalid(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class Move:
    """One ref to move. `new` None deletes it; `old` None moves it from wherever it is."""

    ref: str
    new: str | None
    old: str | None = None

    def line(self) -> str:
        verb = "delete" if self.new is None else "update"
        return " ".join(filter(None, (verb, self.ref, self.new, self.old))) + "\n"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who made a commit, and when. Local accounts have no addresses that anybody could mail."""

    name: str
    at: datetime

    def __str__(self) -> str:
        name = re.sub(r"[\x00-\x1f<>]", "", self.name).strip(" .,;:") or "somebody"
        account = re.sub(r"[^A-Za-z0-9._-]", "-", name)
        return f"{name} <{account}@users.gatehouse.invalid> {int(self.at.timestamp())} +0000"


class Bare:
    """One bare repository at `directory`. Every method may raise `gitops.git`'s `GitFailed`."""

    def __init__(
        self, directory: Path, *, runner: GitRunner | None = None, held: Sequence[int] = ()
    ) -> None:
        self.directory = directory
        self.runner = runner or GitRunner()
        self._held = held  # descriptors of the writer lock, which our gits then hold as well

    def git(
        self,
        *args: str,
        stdin: bytes = b"",
        accept: Iterable[int] = (0,),
        deadline: float = DEADLINE,
    ) -> Completed:
        """Run git here; an exit status outside `accept` raises `GitFailed`."""
        return self.runner.run(
            args,
            git_dir=self.directory,
            stdin=stdin,
            deadline=deadline,
            accept=accept,
            pass_fds=self._held,
        )

    # Reading

    def refs(self, *names: str) -> dict[str, str]:
        """The commits of those of `names` (full ref names) that exist."""
        found = self.git("for-each-ref", "--format=%(objectname) %(refname)", *names)
        pairs = (line.split(" ", 1) for line in found.stdout.decode().splitlines())
        wanted = set(names)
        return {name: commit for commit, name in pairs if name in wanted}

    def branches(self, *, merged_into: str = "") -> dict[str, str]:
        """Branch names and commits; with `merged_into`, only those it already contains."""
        merged = [f"--merged={merged_into}"] if merged_into else []
        found = self.git(
            "for-each-ref", *merged, "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"
        )
        pairs = (line.split(" ", 1) for line in found.stdout.decode().splitlines())
        return {name: commit for commit, name in pairs}

    def objects(self, names: Iterable[str]) -> list[tuple[str, bytes] | None]:
        """(id, content) per name, None where it is missing. One process for all of them."""
        wanted = list(names)
        if not wanted:
            return []
        stdin = "".join(f"{name}\n" for name in wanted).encode()
        return list(_batch(self.git("cat-file", "--batch", stdin=stdin).stdout, len(wanted)))

    def sizes(self, names: Iterable[str]) -> list[int]:
        """Bytes per object; -1 where it is missing."""
        stdin = "".join(f"{name}\n" for name in names).encode()
        lines = self.git("cat-file", "--batch-check", stdin=stdin).stdout.decode().splitlines()
        return [-1 if line.endswith(" missing") else int(line.split()[2]) for line in lines]

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` contains `ancestor` (also when they are the same)."""
        done = self.git("merge-base", "--is-ancestor", ancestor, commit, accept=(0, 1))
        return done.status == 0

    def merge_base(self, one: str, other: str) -> str | None:
        done = self.git("merge-base", one, other, accept=(0, 1))
        return done.text or None

    # Writing

    @contextmanager
    def lock(self) -> Iterator["Bare"]:
        """Hold the repository's writer lock, and get the repository as its holder.

        A dead process gives the lock up once the gits it started are dead too. Not re-entrant.
        Raises `LockBusy` when others hold it for longer than `LOCK_PATIENCE`.
        """
        with locks.hold(self.directory / "gatehouse.flock", wait=LOCK_PATIENCE) as descriptor:
            yield Bare(self.directory, runner=self.runner, held=(descriptor,))

    def write_commit(
        self,
        files: Mapping[str, bytes | None],
        *,
        parent: str | None,
        message: str,
        signature: Signature,
    ) -> str:
        """Store one commit that changes `files` (None deletes) on top of `parent`; its id."""
        text = message.encode()
        head = f"commit {SCRATCH}\nmark :1\ncommitter {signature}\ndata {len(text)}\n".encode()
        stream = [b"feature done\n", head, text, b"\n"]
        if parent:
            stream.append(f"from {parent}\n".encode())
        for path, content in files.items():
            if content is None:
                stream.append(f"D {_quoted(path)}\n".encode())
            else:
                stream.append(f"M 100644 inline {_quoted(path)}\ndata {len(content)}\n".encode())
                stream += [content, b"\n"]
        stream.append(b"\nget-mark :1\ndone\n")
        args = ("fast-import", "--quiet", "--force", "--date-format=raw")
        done = self._unlocking(
            [SCRATCH], lambda: self.git(*args, stdin=b"".join(stream), accept=range(256))
        )
        commit = done.text
        if done.status or len(commit) != len(ZERO):
            raise Unreachable(f"git could not write a commit: {done.stderr[:200]}")
        return commit

    def commit_tree(
        self, tree: str, *, parents: Sequence[str], message: str, signature: Signature
    ) -> str:
        """Store a commit of a tree that is already there; its id."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {signature}", f"committer {signature}", "", message]
        commit = "\n".join(lines).encode()
        done = self.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=commit)
        return done.text

    def move_refs(self, *moves: Move) -> bool:
        """Move refs in one transaction, in this order. False when one was not where expected."""
        stdin = "".join(move.line() for move in moves).encode()
        names = [move.ref for move in moves]
        args = ("update-ref", "--no-deref", "--stdin")
        done = self._unlocking(names, lambda: self.git(*args, stdin=stdin, accept=range(256)))
        if done.status == 0:
            return True
        now = self.refs(*names)
        if any(move.old is not None and now.get(move.ref, ZERO) != move.old for move in moves):
            return False
        raise Invalid(f"{self.directory.name}: git refuses to move {', '.join(names)}.")

    def _unlocking(self, refs: Sequence[str], attempt: Callable[[], Completed]) -> Completed:
        """Try again while git's own lock files are in the way; take stale ones away."""
        give_up = time.monotonic() + 2 * STALE_OTHERS
        while True:
            done = attempt()
            if done.status == 0 or time.monotonic() > give_up:
                return done
            if not _locked(self.directory, refs):
                return done
            time.sleep(0.02)


def _locked(directory: Path, refs: Sequence[str]) -> bool:
    """Whether a git lock file was in the way. Removes those that outlived any living git."""
    seen = False
    for name in (*refs, "packed-refs"):
        path = directory / f"{name}.lock"
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        seen = True
        if age > (STALE_OURS if name.startswith(HIDDEN) else STALE_OTHERS):
            path.unlink(missing_ok=True)
    return seen


def _quoted(path: str) -> str:
    """A path as fast-import reads it. Raises `PathConflict` for what must not be in a tree."""
    return '"' + check_path(path).replace('"', '\\"') + '"'


def _batch(output: bytes, count: int) -> Iterator[tuple[str, bytes] | None]:
    """Read the answer of `git cat-file --batch`: a header line, the content, a line feed."""
    position = 0
    for _ in range(count):
        end = output.index(b"\n", position)
        header = output[position:end]
        position = end + 1
        if header.endswith(b" missing"):
            yield None
            continue
        oid, _kind, size = header.decode().split(" ")
        yield oid, output[position : position + int(size)]
        position += int(size) + 1
