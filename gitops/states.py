"""How far git has come: the states of a change set, and the only moves between them.

What people decided lives on the request (`tenants.workflow`); what the cluster reports lives in
conditions. This table is read by delivery, by the tests and by the documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where the machine has brought a change set."""

    PROPOSED = "proposed"
    PENDING = "pending"
    OPEN = "open"
    NEEDS_ADMIN = "needs_admin"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    MERGED_WITH_CHANGES = "merged_with_changes"
    CLOSED = "closed"
    SUPERSEDED = "superseded"


class Move(StrEnum):
    """What can happen to a change set."""

    APPROVE = "approve"
    OPEN = "open"
    FIND_UNCHANGED = "find-unchanged"
    MERGE = "merge"
    MERGE_WITH_CHANGES = "merge-with-changes"
    PARK = "park"
    FAIL = "fail"
    RETRY = "retry"
    CLOSE = "close"
    SUPERSEDE = "supersede"


class Reason(StrEnum):
    """Why a person is needed. The sentence and the way out are in `REASONS`."""

    PULL_REQUEST_CLOSED = "pull-request-closed"
    BRANCH_GONE = "branch-gone"
    TAMPERED = "tampered"
    RETARGETED = "retargeted"
    CREDENTIAL = "credential"
    PERMISSION = "permission"
    MISSING = "missing"
    CONFLICT = "conflict"
    BUG = "bug"


@dataclass(frozen=True, kw_only=True)
class Step:
    sources: frozenset[State]
    target: State


TERMINAL = frozenset(
    {State.UNCHANGED, State.MERGED, State.MERGED_WITH_CHANGES, State.CLOSED, State.SUPERSEDED}
)
LANDED = frozenset({State.UNCHANGED, State.MERGED, State.MERGED_WITH_CHANGES})
"""States in which the target branch holds an answer to the request."""

_ON_THE_WAY = frozenset({State.PENDING, State.OPEN, State.NEEDS_ADMIN, State.FAILED})

MOVES: Mapping[Move, Step] = {
    Move.APPROVE: Step(sources=frozenset({State.PROPOSED}), target=State.PENDING),
    Move.OPEN: Step(sources=frozenset({State.PENDING, State.NEEDS_ADMIN}), target=State.OPEN),
    Move.FIND_UNCHANGED: Step(
        sources=frozenset({State.PENDING, State.NEEDS_ADMIN}), target=State.UNCHANGED
    ),
    Move.MERGE: Step(sources=_ON_THE_WAY, target=State.MERGED),
    Move.MERGE_WITH_CHANGES: Step(sources=_ON_THE_WAY, target=State.MERGED_WITH_CHANGES),
    # needs_admin to needs_admin: the reason changed while nobody looked.
    Move.PARK: Step(
        sources=frozenset({State.PENDING, State.OPEN, State.NEEDS_ADMIN}),
        target=State.NEEDS_ADMIN,
    ),
    Move.FAIL: Step(
        sources=frozenset({State.PENDING, State.OPEN, State.NEEDS_ADMIN}), target=State.FAILED
    ),
    Move.RETRY: Step(sources=frozenset({State.NEEDS_ADMIN, State.FAILED}), target=State.PENDING),
    Move.CLOSE: Step(sources=_ON_THE_WAY | {State.PROPOSED}, target=State.CLOSED),
    Move.SUPERSEDE: Step(sources=_ON_THE_WAY | {State.PROPOSED}, target=State.SUPERSEDED),
}

REASONS: Mapping[Reason, str] = {
    Reason.PULL_REQUEST_CLOSED: (
        "Somebody closed the pull request. Reopen it in the forge; or retry, which opens a new "
        "one; or close the change set here."
    ),
    Reason.BRANCH_GONE: (
        "The branch of the pull request was deleted. Retry pushes the approved commit again."
    ),
    Reason.TAMPERED: (
        "Somebody else pushed to the branch. Nothing was overwritten. Remove their commit and "
        "retry, or close the change set."
    ),
    Reason.RETARGETED: (
        "The pull request now points at another branch than the approved one. Point it back, "
        "or close the change set."
    ),
    Reason.CREDENTIAL: "The forge refuses the portal's credential. Renew it, then retry.",
    Reason.PERMISSION: "The forge does not allow this. Grant the missing right, then retry.",
    Reason.MISSING: "The repository or its target branch does not exist. Create it, then retry.",
    Reason.CONFLICT: (
        "A path of this change cannot be written: something else is in its way. Look at the "
        "repository, then retry."
    ),
    Reason.BUG: "An error nobody foresaw. The log has the details under the change set's id.",
}


class MoveNotAllowed(Exception):
    """The change set is in a state this move does not start from."""

    def __init__(self, move: Move, state: State) -> None:
        super().__init__(f"A change set that is {state} cannot {move}.")
        self.move = move
        self.state = state


def target(move: Move, state: State) -> State:
    """The state `move` leads to. Raises `MoveNotAllowed` for pairs the table does not have."""
    step = MOVES[move]
    if state not in step.sources:
        raise MoveNotAllowed(move, state)
    return step.target


def diagram() -> str:
    """The table as a Mermaid state diagram for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> proposed"]
    for move, step in MOVES.items():
        for source in State:
            if source in step.sources and source is not step.target:
                lines.append(f"    {source} --> {step.target}: {move}")
    return "\n".join(lines) + "\n"
