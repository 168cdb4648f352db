"""One bare mirror of one repository: a cache of its objects, and the way commits get out.

Several processes may use the same directory at once. Only what changes references is under its
lock (`locks`); whatever breaks is thrown away and fetched again, since nothing in here is the only
copy of anything.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self, Unpack

from gitops.errors import Cause, DeliveryError
from gitops.git import fast_import, locks, push, snapshot, upkeep
from gitops.git.drafts import CommitDraft, CommitResult, Identity
from gitops.git.failures import GitFailed
from gitops.git.objects import ObjectMissing, ObjectReader
from gitops.git.paths import check_branch, check_id, check_pattern
from gitops.git.push import PushResult, RefUpdate
from gitops.git.refusals import PushOutcome
from gitops.git.remote import Remote
from gitops.git.runner import Completed, GitRunner, RunOptions
from gitops.git.snapshot import TreeItem

__all__ = [
    "BranchMissing", "CommitDraft", "CommitResult", "Deadlines", "Identity", "Mirror",
    "PushOutcome", "PushResult", "RefUpdate", "Remote", "TreeItem",
]  # fmt: skip

_BASE = "refs/gatehouse/base/"
_MANY = 100  # objects; from here on one process for all is faster than the long-lived one
_LEFTOVER_AGE = 3600.0  # seconds


class BranchMissing(DeliveryError):
    """The remote has no such branch; an empty repository has none at all."""

    cause = Cause.MISSING


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long each kind of step may take, in seconds."""

    local: float = 60.0
    network: float = 120.0
    fetch: float = 600.0
    lock: float = 60.0
    housekeeping: float = 900.0


class Mirror:
    """The mirror in the directory `path` of what `remote` names.

    For one thread at a time; make one per use, as a context manager or with `close`, so that its
    long-lived reader ends. The lock is a file beside the directory, which may come and go.
    All methods raise DeliveryError with a cause.
    """

    def __init__(
        self,
        path: Path,
        remote: Remote,
        *,
        runner: GitRunner | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.path, self.remote = path, remote
        self._runner = runner or GitRunner()
        self._deadlines = deadlines or Deadlines()
        self._reader: ObjectReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the long-lived reader. The mirror can be used again; a new one starts then."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    # -- looking at the remote

    def fetch(self, branch: str) -> str:
        """The commit at the remote's `branch`, with all its objects in the mirror.

        Makes the mirror when there is none. Raises BranchMissing.
        """
        check_branch(branch)
        spec = f"+refs/heads/{branch}:{_BASE}{branch}"
        with self._locked() as descriptor:
            self._prepare()
            try:
                self._network(
                    [
                        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                        "--no-auto-maintenance", "--no-show-forced-updates", "--no-prune",
                        "--", self.remote.address(), spec,
                    ],
                    deadline=self._deadlines.fetch,
                    pass_fds=(descriptor,),
                )  # fmt: skip
            except GitFailed as error:
                if "couldn't find remote ref" in error.stderr:
                    raise BranchMissing(f"the repository has no branch {branch!r}") from error
                raise
            return self._base(branch)

    def remote_refs(self, pattern: str) -> dict[str, str]:
        """What the remote's references that match `pattern` (refs/heads/x*) point to, by name."""
        self._ensure()
        done = self._network(
            ["ls-remote", "--refs", "--quiet", "--", self.remote.address(), check_pattern(pattern)]
        )
        lines = (line.split("\t") for line in done.text.splitlines())
        return {name: commit for commit, name in lines if fnmatchcase(name, pattern)}

    # -- looking into the mirror

    def tree(self, commit: str, prefixes: Sequence[str] = ("",)) -> dict[str, TreeItem]:
        """Every file of the commit below the prefixes, by path.

        A prefix is "" for all, a directory with a "/" at its end, or one file's path. What is no
        plain file is in here too; its mode says so.
        """
        found: dict[str, TreeItem] = {}
        everything = "" in prefixes
        for start in range(0, 1 if everything else len(prefixes), _MANY):
            wanted = [] if everything else prefixes[start : start + _MANY]
            words = ["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree"]
            done = self._git([*words, check_id(commit), "--", *wanted])
            found.update(snapshot.parse_ls_tree(done.stdout))
        return found

    def changed_items(self, old: str, new: str) -> list[tuple[str, TreeItem | None]]:
        """The paths that differ from `old` to `new`, with what is there in `new` (None: gone)."""
        words = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]
        done = self._git([*words, check_id(old), check_id(new)])
        return snapshot.parse_raw_diff(done.stdout)

    def changed_paths(self, old: str, new: str) -> list[tuple[str, str | None]]:
        """As `changed_items`, with the blob's id alone, for callers that look at no modes."""
        return [(path, item.blob if item else None) for path, item in self.changed_items(old, new)]

    def read_blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The contents of each blob, by id. Raises ObjectMissing when one is not here."""
        wanted = [check_id(blob) for blob in dict.fromkeys(ids)]
        try:
            if len(wanted) <= _MANY:
                return self._open().contents(wanted, kind="blob", deadline=self._deadlines.local)
            done = self._git(["cat-file", "--batch"], stdin="\n".join([*wanted, ""]).encode())
            return snapshot.parse_batch(done.stdout)
        except ObjectMissing:
            upkeep.mark_damaged(self.path)
            raise

    def has_commit(self, commit: str) -> bool:
        """Whether the mirror holds this commit."""
        if not upkeep.exists(self.path):
            return False
        return self._open().kind(check_id(commit), deadline=self._deadlines.local) == "commit"

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` contains `ancestor`. One the mirror never saw is in nothing it holds."""
        if not self.has_commit(ancestor):
            return False
        done = self._git(["merge-base", "--is-ancestor", ancestor, check_id(commit)], accept=(0, 1))
        return done.status == 0

    # -- writing

    def commit_many(self, drafts: Sequence[CommitDraft]) -> list[CommitResult]:
        """Make a commit of each draft, in one stream; an answer for each, in order.

        See `fast_import` for what is proven. Nothing refers to the commits; push them soon.
        """
        errors = fast_import.obstacles(drafts, self._open(), deadline=self._deadlines.local)
        if any(isinstance(error, ObjectMissing) for error in errors):
            upkeep.mark_damaged(self.path)
        good = [draft for draft, error in zip(drafts, errors, strict=True) if error is None]
        made = iter(self._import(good) if good else ())
        return [CommitResult(error=error) if error else next(made) for error in errors]

    def _import(self, drafts: Sequence[CommitDraft]) -> list[CommitResult]:
        done = self._git(fast_import.FAST_IMPORT, stdin=fast_import.stream(drafts))
        ids = fast_import.parse_ids(done.stdout, expected=len(drafts))
        proof = self._git(fast_import.DIFF_TREE, stdin=fast_import.pairs(drafts, ids))
        diffs = snapshot.parse_raw_diffs(proof.stdout)
        return [
            fast_import.proven(draft, commit, diffs.get(commit, {}))
            for draft, commit in zip(drafts, ids, strict=True)
        ]

    def push(self, updates: Sequence[RefUpdate]) -> list[PushResult]:
        """Bring the remote's branches to the updates, in one push; an answer for each, in order.

        Raises when the remote could not be asked at all; what it says about single branches is in
        the answers. Safe to repeat: what an earlier try did is UP_TO_DATE.
        """
        self._ensure()
        lost = {u.branch for u in updates if u.commit and not self.has_commit(u.commit)}
        answers = {
            name: PushResult(
                branch=name,
                outcome=PushOutcome.FAILED,
                cause=Cause.TRANSIENT,
                detail="the commit is not in the mirror; make it again",
            )
            for name in lost
        }
        present = [update for update in updates if update.branch not in lost]
        for result in push.push_all(present, self._push_once) if present else ():
            answers[result.branch] = result
        return [answers[update.branch] for update in updates]

    def _push_once(self, updates: Sequence[RefUpdate]) -> list[PushResult]:
        words = push.arguments(self.remote.address(), updates)
        # Asking first what the server has spares sending the whole tree when its base has moved.
        # A file remote shares our disk, and a deletion gives nothing to ask about.
        negotiate = self.remote.is_http and all(update.commit for update in updates)
        done = self._network(
            words, config=[("push.negotiate", str(negotiate).lower())], accept=(0, 1, 128)
        )
        answers = push.parse(done.stdout.decode("utf-8", "replace"), done.stderr)
        if not answers:
            raise self._noted(GitFailed("push", done.status, done.stderr))
        return [answers.get(u.branch) or push.unanswered(u.branch, done.stderr) for u in updates]

    # -- keeping house

    def housekeeping(self) -> None:
        """Pack the mirror and sweep what killed processes left. Keeps fetches waiting meanwhile."""
        with self._locked() as descriptor:
            self._prepare()
            locks.remove_leftovers(self.path, older_than=_LEFTOVER_AGE)
            self._git(
                ["gc", "--quiet", "--cruft"],
                deadline=self._deadlines.housekeeping,
                pass_fds=(descriptor,),
            )

    def _locked(self) -> contextlib.AbstractContextManager[int]:
        return locks.hold(self.path.with_name(self.path.name + ".lock"), wait=self._deadlines.lock)

    def _ensure(self) -> None:
        if not upkeep.exists(self.path):
            with self._locked():
                self._prepare()

    def _prepare(self) -> None:
        if upkeep.prepare(self.path, self._runner):
            self.close()  # a reader of what was there before

    # -- starting git

    def _open(self) -> ObjectReader:
        if self._reader is None:
            self._reader = ObjectReader(self.path, self._runner)
        return self._reader

    def _base(self, branch: str) -> str:
        """What the fetch left in the private reference: mostly a file, so mostly no process."""
        with contextlib.suppress(OSError):
            return check_id((self.path / _BASE / branch).read_text().strip())
        return self._git(["rev-parse", "--verify", "--quiet", f"{_BASE}{branch}"]).text

    def _network(self, args: Sequence[str], **options: Unpack[RunOptions]) -> Completed:
        """A git that talks to the remote: with its settings, its protocol, and its time."""
        options["config"] = (*self.remote.config, *options.get("config", ()))
        options.setdefault("deadline", self._deadlines.network)
        options["protocols"] = self.remote.protocol
        options["secrets"] = self.remote.secrets()
        return self._git(args, **options)

    def _git(self, args: Sequence[str], **options: Unpack[RunOptions]) -> Completed:
        options.setdefault("deadline", self._deadlines.local)
        try:
            return self._runner.run(args, git_dir=self.path, **options)
        except GitFailed as error:
            raise self._noted(error) from error.__cause__

    def _noted(self, error: GitFailed) -> GitFailed:
        if error.damaged:
            upkeep.mark_damaged(self.path)
        return error
