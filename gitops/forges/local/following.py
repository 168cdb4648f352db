"""Follow what plain git did: pushes to a source branch, merges and deletions by `git push`.

No hook runs when somebody pushes; a look at the refs tells the same. A pull request is looked at
when it is read, and all open ones by `follow_all`, which the worker calls now and then.
"""

from dataclasses import replace

from gitops.forges.base import PullRequestState
from gitops.forges.local.bare import Bare, branch_ref
from gitops.forges.local.documents import OPEN, Action, Pull, heads_path, pull_path
from gitops.forges.local.meta import META, Change, mutate, read, read_pull

BRANCH_GONE = "The source branch was deleted."
BASE_GONE = "The target branch was deleted."
EMPTIED = "The source branch has no commits left that the target branch does not have."


def look(bare: Bare, number: int) -> Pull:
    """The pull request as it is now; writes only if git moved on. Raises `Missing`."""
    pull = read_pull(bare, number)
    return pull if _is_current(bare, pull) else follow(bare, number)


def follow(bare: Bare, number: int) -> Pull:
    """Bring one pull request up to date with the refs. Raises `Missing`."""
    return mutate(
        bare,
        lambda change: follow_in(change, change.pull(number)),
        by="",
        loads=[pull_path(number)],
    )


def follow_all(bare: Bare) -> tuple[Pull, ...]:
    """Bring every open pull request up to date; those that changed.

    As many git processes for one open pull request as for a thousand, plus some for each that
    changed.
    """
    pulls = open_pulls(bare)
    heads = bare.branches()
    landed = {
        base: bare.branches(merged_into=branch_ref(base))
        for base in {pull.base for pull in pulls}
        if base in heads
    }
    return tuple(
        follow(bare, pull.number)
        for pull in pulls
        if pull.intent
        or heads.get(pull.head) != pull.head_commit
        or pull.head in landed.get(pull.base, {pull.head: ""})
    )


def open_numbers(bare: Bare) -> list[int]:
    """The numbers of the open pull requests, in order."""
    listed = bare.git("ls-tree", "-r", "--name-only", META, OPEN).text
    return sorted(int(path.rpartition("/")[2]) for path in listed.splitlines())


def open_pulls(bare: Bare) -> list[Pull]:
    """Open pull requests as last recorded, in order of their numbers."""
    found = read(bare, map(pull_path, open_numbers(bare)))
    return [Pull.from_json(document) for document in found if document]


def follow_in(change: Change, pull: Pull, *, by: str = "") -> Pull:
    """What became of `pull`, stored in `change`; the same if nothing did.

    `by` names who just deleted its source branch on the forge itself.

    1. A merge that was begun here and reached the target branch: merged.
    2. Its commits are in the target branch: merged, by somebody with plain git.
    3. The source or target branch is gone, or the source has nothing left to give: closed.
    4. The source branch moved: followed.
    """
    if not pull.is_open:
        return pull
    bare = change.bare
    refs = _refs(bare, pull)
    head, base = refs.get(branch_ref(pull.head)), refs.get(branch_ref(pull.base))
    if base is None:
        return close_in(change, pull, text=BASE_GONE)
    if pull.intent and bare.is_ancestor(pull.intent.commit, base):
        return merged_in(change, pull, commit=pull.intent.commit, by=pull.intent.by)
    landed = _landed(bare, pull, head=head, base=base)
    if landed:
        commit, before = _landing(bare, landed, base)
        pull = replace(pull, head_commit=landed, base_commit=before or pull.base_commit)
        return merged_in(change, pull, commit=commit, by="")
    if head is None:
        return close_in(change, pull, text=BRANCH_GONE, by=by)
    if head != pull.head_commit and bare.is_ancestor(head, base):
        return close_in(change, pull, text=EMPTIED)
    if head != pull.head_commit:
        moved = pull.record(
            Action.PUSHED, by="", at=change.now, text=head, head_commit=head, base_commit=base
        )
        return change.store(moved, Action.PUSHED)
    return pull


def merged_in(change: Change, pull: Pull, *, commit: str, by: str) -> Pull:
    """Record that `commit` on the target branch brought the pull request in."""
    merged = pull.record(
        Action.MERGED,
        by=by,
        at=change.now,
        text=commit,
        state=PullRequestState.MERGED,
        merge_commit=commit,
        intent=None,
    )
    return change.store(merged, Action.MERGED, by=by)


def close_in(change: Change, pull: Pull, *, text: str = "", by: str = "") -> Pull:
    """Record that the pull request is closed; `text` says why when the forge itself did it."""
    closed = pull.record(
        Action.CLOSED, by=by, at=change.now, text=text, state=PullRequestState.CLOSED, intent=None
    )
    return change.store(closed, Action.CLOSED, by=by)


def branch_deleted(bare: Bare, branch: str, *, by: str) -> None:
    """After `branch` was deleted on the forge: bring the pull requests from it up to date."""

    def change(draft: Change) -> None:
        for entry in (draft.get(heads_path(branch)) or {}).values():
            if entry["open"] is not None:
                follow_in(draft, draft.pull(entry["open"]), by=by)

    mutate(bare, change, by=by, loads=[heads_path(branch)])


def _refs(bare: Bare, pull: Pull) -> dict[str, str]:
    return bare.refs(branch_ref(pull.head), branch_ref(pull.base))


def _is_current(bare: Bare, pull: Pull) -> bool:
    if not pull.is_open:
        return True
    refs = _refs(bare, pull)
    base = refs.get(branch_ref(pull.base))
    return (
        pull.intent is None
        and base is not None
        and refs.get(branch_ref(pull.head)) == pull.head_commit
        and not bare.is_ancestor(pull.head_commit, base)
    )


def _landed(bare: Bare, pull: Pull, *, head: str | None, base: str) -> str | None:
    """The source commit that `base` contains, when that is a merge of this pull request.

    A source branch that was moved back onto the target branch is contained in it as well. That is
    a merge only if what was proposed is there too.
    """
    recorded = bare.is_ancestor(pull.head_commit, base)
    moved = head is not None and head != pull.head_commit and bare.is_ancestor(head, base)
    if head and moved and (recorded or _brings(bare, pull, head)):
        return head
    return pull.head_commit if recorded else None


def _brings(bare: Bare, pull: Pull, commit: str) -> bool:
    """Whether `commit` has every file as the pull request, when last seen, proposed it."""
    start = bare.merge_base(pull.base_commit, pull.head_commit)
    if start is None:
        return False
    listed = bare.git("diff-tree", "-r", "-z", "--name-only", start, pull.head_commit).stdout
    paths = [path for path in listed.decode("utf-8", "surrogateescape").split("\0") if path]
    compare = ("--literal-pathspecs", "diff-tree", "--quiet", pull.head_commit, commit, "--")
    return bool(paths) and bare.git(*compare, *paths, accept=(0, 1)).status == 0


def _landing(bare: Bare, commit: str, base: str) -> tuple[str, str | None]:
    """(commit on the target branch that brought `commit` in, the target branch before it).

    The second is None after a fast-forward, where `commit` itself is on the target branch.
    """
    listed = bare.git(
        "rev-list", "--first-parent", "--ancestry-path", "--reverse", "--parents",
        f"{commit}..{base}",
    ).text  # fmt: skip
    if not listed:
        return commit, None
    first, before, *_ = listed.splitlines()[0].split()
    return (commit, None) if before == commit else (first, before)
