"""A commit to be made, as a value, and what stands in its way. PURE but for reading objects."""

from dataclasses import dataclass

from gitops.changes import blob_id
from gitops.errors import Cause, DeliveryError
from gitops.git.objects import DIRECTORY, REGULAR, Entry, ObjectReader, TreeWalker
from gitops.git.paths import PathConflict, ancestors, check_id, check_paths

_KINDS = {"120000": "a symbolic link", "160000": "a submodule", "100755": "an executable file"}


class BadDraft(DeliveryError):
    """A draft that can be no commit, whatever the repository holds."""

    cause = Cause.BUG


class BaseMissing(DeliveryError):
    """The draft's parent is not in the mirror; fetching brings it, if it still exists."""

    cause = Cause.TRANSIENT


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a commit is by. Both go into the commit as they are, so they must be one plain line."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class CommitDraft:
    """Everything a commit's id depends on; the same draft always gives the same id.

    `changes` are paths with their whole new text, or None to delete; `when` is seconds since the
    epoch, recorded as UTC for author and committer alike.
    """

    parent: str
    changes: tuple[tuple[str, str | None], ...]
    message: str
    author: Identity
    when: int


@dataclass(frozen=True, kw_only=True)
class CommitResult:
    """What became of one draft: its commit's id, or the error that stopped this draft alone."""

    commit: str | None = None
    error: DeliveryError | None = None

    def unwrap(self) -> str:
        """The commit's id. Raises the draft's error."""
        if self.commit is None:
            raise self.error or BadDraft("the draft has neither commit nor error")
        return self.commit


def check_draft(draft: CommitDraft) -> None:
    """What can be said without looking at a repository. Raises BadDraft or PathConflict."""
    check_id(draft.parent)
    if not draft.changes or draft.when < 0 or not draft.message.strip():
        raise BadDraft("a commit needs changes, a message and a date after 1970")
    person = draft.author.name + draft.author.email
    if not draft.author.name.strip() or set(person) & set("<>\n\r\0"):
        raise BadDraft("the author's name and address must be one plain line")
    if "\0" in draft.message:
        raise BadDraft("a commit message cannot contain a NUL")
    check_paths(path for path, _ in draft.changes)
    try:
        for text in (person, draft.message, *(text or "" for _, text in draft.changes)):
            text.encode()
    except UnicodeEncodeError as error:
        raise BadDraft("the draft contains text that is not Unicode") from error


def check_against(draft: CommitDraft, reader: ObjectReader, walker: TreeWalker) -> None:
    """Hold the draft against its parent, looking at its own paths and their ancestors only.

    Each ancestor must be a directory or absent; each target a plain file or absent, and different
    from what the draft would make of it. Raises BaseMissing or PathConflict.
    """
    if reader.kind(draft.parent, deadline=walker.deadline) != "commit":
        raise BaseMissing(f"the commit {draft.parent} is not in the mirror")
    for path, text in draft.changes:
        _check_way(path, text, list(walker.way(draft.parent, path)))


def _check_way(path: str, text: str | None, way: list[Entry | None]) -> None:
    for above, entry in zip(ancestors(path), way, strict=False):
        if entry is not None and entry.mode != DIRECTORY:
            kind = _KINDS.get(entry.mode, "a file")
            raise PathConflict(path, f"{above!r} is {kind}, and would have to be a directory")
    reached = len(way) == len(ancestors(path)) + 1
    _check_target(path, text, way[-1] if reached else None)


def _check_target(path: str, text: str | None, target: Entry | None) -> None:
    if target is not None and target.mode != REGULAR:
        kind = "a directory" if target.mode == DIRECTORY else _KINDS.get(target.mode, "no file")
        raise PathConflict(path, f"is {kind} in the repository, not a plain file")
    if text is None and target is None:
        raise PathConflict(path, "cannot be deleted, as it is not there")
    if text is not None and target is not None and target.id == blob_id(text):
        raise PathConflict(path, "is already exactly so in the repository")
