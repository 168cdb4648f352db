"""The merge button: what a person does on the far side, without a work tree.

1. Under the writer lock, the pull request is followed: it must be open and free of conflicts.
2. The commit is made: nothing points to it yet.
3. The intent (that commit, by whom) is recorded with the pull request.
4. The target branch moves to the commit by compare-and-swap; a push in between sends us back to 1.
5. The pull request becomes merged.

Killed between 4 and 5: whoever looks next finds the intended commit on the target branch and
does 5. Killed before 4: the intent is harmless, and the next merge replaces it.
"""

from dataclasses import replace
from datetime import UTC, datetime

from gitops.errors import Cause
from gitops.forges.base import ForgeError
from gitops.forges.local.bare import Bare, Move, Signature, branch_ref
from gitops.forges.local.documents import Intent, Pull, heads_path, pull_path
from gitops.forges.local.following import follow_in, merged_in
from gitops.forges.local.meta import ATTEMPTS, Change, mutate_locked, read_pull


class NotMergeable(ForgeError):
    """The pull request cannot be merged as it is: closed, merged already, its branch is gone."""

    cause = Cause.CONFLICT


class MergeConflict(NotMergeable):
    """Both branches changed the same place. `paths` are the files in question, sorted."""

    def __init__(self, number: int, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(f"#{number} conflicts with its target branch in {', '.join(paths)}.")


def merge(bare: Bare, number: int, *, by: str, message: str = "") -> Pull:
    """Merge with a merge commit, whose first parent is the target branch.

    Raises `Missing`, `NotMergeable`, `MergeConflict`, `Archived`.
    """
    return _land(bare, number, by=by, message=message, squash=False)


def squash(bare: Bare, number: int, *, by: str, message: str = "") -> Pull:
    """Merge as one ordinary commit on the target branch. Raises as `merge` does."""
    return _land(bare, number, by=by, message=message, squash=True)


def conflicts(bare: Bare, pull: Pull) -> tuple[str, ...]:
    """The paths that keep an open pull request from being merged now; empty when nothing does."""
    refs = bare.refs(branch_ref(pull.base))
    base = refs.get(branch_ref(pull.base))
    return _merge_tree(bare, base, pull.head_commit)[1] if base else ()


def _land(bare: Bare, number: int, *, by: str, message: str, squash: bool) -> Pull:
    branches = read_pull(bare, number)  # its branches never change, so this may be read ahead
    loads = (pull_path(number), heads_path(branches.head))

    def intend(change: Change) -> Pull:
        return _intend(change, number, by=by, message=message, squash=squash)

    def finish(change: Change) -> Pull:
        pull = change.pull(number)
        return merged_in(change, pull, commit=_expect_open(pull).commit, by=by)

    with bare.lock() as held:
        for _ in range(ATTEMPTS):
            pull = mutate_locked(held, intend, by=by, loads=loads)
            commit = _expect_open(pull).commit
            if held.move_refs(Move(ref=branch_ref(pull.base), new=commit, old=pull.base_commit)):
                return mutate_locked(held, finish, by=by, loads=loads)
    raise NotMergeable(f"The target branch of #{number} keeps moving; try again.")


def _expect_open(pull: Pull) -> Intent:
    """The intent, which open ones alone have; raises `NotMergeable`."""
    if pull.intent is None:
        raise NotMergeable(f"#{pull.number} is {pull.state}.")
    return pull.intent


def _intend(change: Change, number: int, *, by: str, message: str, squash: bool) -> Pull:
    """Steps 1 to 3. What is not open any more is stored as such and returned."""
    pull = follow_in(change, change.pull(number))
    if not pull.is_open:
        return pull
    bare = change.bare
    base = bare.refs(branch_ref(pull.base))[branch_ref(pull.base)]
    tree, conflicting = _merge_tree(bare, base, pull.head_commit)
    if conflicting:
        raise MergeConflict(number, conflicting)
    text = message or (_squash_message(bare, pull, base) if squash else _merge_message(pull))
    commit = bare.commit_tree(
        tree,
        parents=[base] if squash else [base, pull.head_commit],
        message=text.rstrip("\n") + "\n",
        signature=Signature(name=by, at=datetime.now(UTC)),
    )
    return change.store(replace(pull, intent=Intent(commit=commit, by=by), base_commit=base))


def _merge_tree(bare: Bare, base: str, head: str) -> tuple[str, tuple[str, ...]]:
    """(the tree of the merge, the paths in conflict)."""
    if bare.is_ancestor(base, head):  # nothing to merge: the source branch has it all
        return bare.git("rev-parse", "--verify", f"{head}^{{tree}}").text, ()
    args = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head)
    done = bare.git(*args, accept=(0, 1))
    tree, *paths = done.stdout.decode("utf-8", "replace").split("\0")
    return tree, tuple(sorted({path for path in paths if path})) if done.status else ()


def _merge_message(pull: Pull) -> str:
    return f"Merge pull request #{pull.number} from {pull.head}\n\n{_line(pull.title)}"


def _squash_message(bare: Bare, pull: Pull, base: str) -> str:
    """The title, and what the commits said: of one commit its body, of several all of it."""
    log = bare.git(
        "log", "--reverse", "--no-merges", "-z", "--format=%B", f"{base}..{pull.head_commit}"
    )
    messages = [text.strip() for text in log.stdout.decode("utf-8", "replace").split("\0")]
    messages = [text for text in messages if text]
    if len(messages) == 1:
        said = messages[0].partition("\n")[2].strip()
    else:
        said = "\n\n".join(f"* {text}" for text in messages)
    return f"{_line(pull.title)} (#{pull.number})\n\n{said}"


def _line(text: str) -> str:
    return " ".join(text.split())
