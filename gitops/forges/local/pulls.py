"""Pull requests of the local forge: open, find, read, change, close, reopen; and their branches.

Functions over a repository. `by` is the plain name of who acts. All of them first follow what
plain git did meanwhile (see `following`).
"""

from collections.abc import Callable, Iterator

from gitops.forges.base import (
    AlreadyExists,
    Archived,
    Invalid,
    Missing,
    NotPermitted,
    PullRequestDraft,
    PullRequestState,
)
from gitops.forges.local.bare import ZERO, Bare, Move, branch_ref
from gitops.forges.local.documents import (
    REPOSITORY,
    STATE,
    Action,
    Pull,
    heads_path,
    pull_path,
)
from gitops.forges.local.following import branch_deleted, close_in, follow_all, follow_in, look
from gitops.forges.local.meta import Change, mutate, read, read_pull

BODY_LIMIT = 1_000_000  # characters
TITLE_LIMIT = 255
_CHUNK = 100


def open_pull(bare: Bare, draft: PullRequestDraft, *, by: str) -> Pull:
    """Open a pull request. Raises `AlreadyExists`, `Missing` (a branch), `Invalid`, `Archived`."""
    return mutate(
        bare,
        lambda change: open_in(change, draft, by=by),
        by=by,
        loads=[heads_path(draft.head)],
    )


def open_in(change: Change, draft: PullRequestDraft, *, by: str) -> Pull:
    """`open_pull` as a part of a larger change."""
    _check(draft.title, draft.body)
    head, base = _ends(change.bare, draft)
    already, _ = change.numbers(draft.head, draft.base)
    if already is not None and follow_in(change, change.pull(already)).is_open:
        raise AlreadyExists(f"#{already} from {draft.head} into {draft.base} is open already.")
    pull = Pull(
        number=change.next_number(),
        title=draft.title,
        body=draft.body,
        state=PullRequestState.OPEN,
        head=draft.head,
        head_commit=head,
        base=draft.base,
        base_commit=base,
        author=by,
        labels=draft.labels,
        created_at=change.now,
        updated_at=change.now,
    )
    return change.store(pull.record(Action.OPENED, by=by, at=change.now), Action.OPENED, by=by)


def get(bare: Bare, number: int) -> Pull:
    """Raises `Missing`."""
    return look(bare, number)


def find(bare: Bare, *, head: str, base: str) -> Pull | None:
    """The open one between exactly these branches, else the newest, else None."""
    branch_ref(head)
    [document] = read(bare, [heads_path(head)])
    entry = (document or {}).get(base)
    if entry is None:
        return None
    pull = look(bare, entry["open"] or entry["newest"])
    return pull if pull.is_open or pull.number == entry["newest"] else look(bare, entry["newest"])


def listed(
    bare: Bare, *, state: PullRequestState | None = None, before: int | None = None, limit: int = 50
) -> tuple[Pull, ...]:
    """Up to `limit` pull requests, newest first, with numbers below `before`.

    Open ones are brought up to date first.
    """
    follow_all(bare)
    found: list[Pull] = []
    for pull in _backwards(bare, before):
        if state in (None, pull.state):
            found.append(pull)
            if len(found) >= limit:
                break
    return tuple(found)


def update(bare: Bare, number: int, *, title: str, body: str, by: str) -> Pull:
    """New title and body. Raises `Missing`, `Invalid`, `Archived`."""
    _check(title, body)

    def change(draft: Change) -> Pull:
        pull = follow_in(draft, draft.pull(number))
        if (pull.title, pull.body) == (title, body):
            return pull
        edited = pull.record(Action.EDITED, by=by, at=draft.now, title=title, body=body)
        return draft.store(edited, Action.EDITED, by=by)

    return _mutate_pull(bare, number, change, by=by)


def comment(bare: Bare, number: int, body: str, *, by: str) -> Pull:
    """Raises `Missing`, `Invalid`, `Archived`."""
    _check_body(body)
    if not body.strip():
        raise Invalid("A comment needs a text.")
    return _mutate_pull(
        bare, number, lambda draft: _comment_in(draft, draft.pull(number), body, by=by), by=by
    )


def close(bare: Bare, number: int, *, comment: str = "", by: str) -> Pull:
    """Close without merging. What is closed or merged already stays so, and nothing is said."""
    _check_body(comment)

    def change(draft: Change) -> Pull:
        pull = follow_in(draft, draft.pull(number))
        if not pull.is_open:
            return pull
        if comment.strip():
            pull = _comment_in(draft, pull, comment, by=by)
        return close_in(draft, pull, by=by)

    return _mutate_pull(bare, number, change, by=by)


def reopen(bare: Bare, number: int, *, by: str) -> Pull:
    """Open a closed one again; open already is success.

    Raises `Invalid` when it is merged or has nothing left to merge, `Missing` when a branch is gone
    (see `restore_branch`), `AlreadyExists` when another one took its place.
    """

    def change(draft: Change) -> Pull:
        pull = follow_in(draft, draft.pull(number))
        if pull.is_open:
            return pull
        if pull.state is PullRequestState.MERGED:
            raise Invalid(f"#{number} is merged.")
        head, base = _ends(draft.bare, pull)
        reopened = pull.record(
            Action.REOPENED,
            by=by,
            at=draft.now,
            state=PullRequestState.OPEN,
            head_commit=head,
            base_commit=base,
        )
        return draft.store(reopened, Action.REOPENED, by=by)

    return _mutate_pull(bare, number, change, by=by)


def delete_branch(bare: Bare, branch: str, *, by: str) -> None:
    """Delete a branch, which closes the pull requests from it. Absent is success.

    Raises `NotPermitted` for the default branch, `Archived`.
    """
    [document] = read(bare, [REPOSITORY])
    if (document or {}).get("default_branch") == branch:
        raise NotPermitted(f"{branch} is the default branch.")
    if (document or {}).get("archived"):
        raise Archived("The repository is archived.")
    ref = branch_ref(branch)
    while commit := bare.refs(ref).get(ref):
        with bare.lock() as held:
            if held.move_refs(Move(ref=ref, new=None, old=commit)):
                break
    branch_deleted(bare, branch, by=by)


def has_branch(bare: Bare, pull: Pull) -> bool:
    """Whether the source branch is there."""
    return bool(bare.refs(branch_ref(pull.head)))


def restore_branch(bare: Bare, number: int, *, by: str) -> Pull:
    """Make the deleted source branch again, at its last known commit. There already is success."""

    def change(draft: Change) -> Pull:
        pull = draft.pull(number)
        move = Move(ref=branch_ref(pull.head), new=pull.head_commit, old=ZERO)
        if has_branch(draft.bare, pull) or not draft.bare.move_refs(move):
            return pull
        restored = pull.record(Action.BRANCH_RESTORED, by=by, at=draft.now, text=pull.head_commit)
        return draft.store(restored)

    return _mutate_pull(bare, number, change, by=by)


def _mutate_pull(bare: Bare, number: int, change: Callable[[Change], Pull], *, by: str) -> Pull:
    pull = read_pull(bare, number)  # its branches never change, so this may be read ahead
    return mutate(bare, change, by=by, loads=[pull_path(number), heads_path(pull.head)])


def _comment_in(change: Change, pull: Pull, body: str, *, by: str) -> Pull:
    said = pull.record(Action.COMMENTED, by=by, at=change.now, text=body)
    return change.store(said, Action.COMMENTED, by=by)


def _ends(bare: Bare, pull: PullRequestDraft | Pull) -> tuple[str, str]:
    """The commits of both branches. Raises `Missing`, or `Invalid` with nothing to merge."""
    head_ref, base_ref = branch_ref(pull.head), branch_ref(pull.base)
    refs = bare.refs(head_ref, base_ref)
    for branch, ref in ((pull.head, head_ref), (pull.base, base_ref)):
        if ref not in refs:
            raise Missing(f"There is no branch {branch}.")
    if bare.is_ancestor(refs[head_ref], refs[base_ref]):
        raise Invalid(f"{pull.base} has everything that is in {pull.head}.")
    return refs[head_ref], refs[base_ref]


def _check(title: str, body: str) -> None:
    if not title.strip():
        raise Invalid("A pull request needs a title.")
    if len(title) > TITLE_LIMIT:
        raise Invalid(f"The title is longer than {TITLE_LIMIT} characters.")
    _check_body(body)


def _check_body(body: str) -> None:
    if len(body) > BODY_LIMIT:
        raise Invalid(f"The text is longer than {BODY_LIMIT} characters.")


def _backwards(bare: Bare, before: int | None) -> Iterator[Pull]:
    """All pull requests from the newest to the oldest, read a hundred at a time."""
    [state] = read(bare, [STATE])
    last = (state or {"next_pull_request": 1})["next_pull_request"] - 1
    top = last if before is None else min(last, before - 1)
    for start in range(top, 0, -_CHUNK):
        numbers = range(start, max(0, start - _CHUNK), -1)
        for document in read(bare, map(pull_path, numbers)):
            if document:
                yield Pull.from_json(document)
