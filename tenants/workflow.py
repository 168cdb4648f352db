"""What people decide about a request: one table that code, tests, buttons and documentation read.

How far git has come is the change set's state (`gitops.states`); what the cluster reports is a
condition. Neither ever appears here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenants.errors import TransitionNotAllowed


class Status(StrEnum):
    """Where people have left a request."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Action(StrEnum):
    """What a person, or the system, can do to a request. The values are also URL words."""

    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    REFRESH = "refresh"
    COMMENT = "comment"
    INVALIDATE = "invalidate"
    EXPIRE = "expire"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """From which statuses an action may start, and where it leads (`None`: it stays)."""

    sources: frozenset[Status]
    target: Status | None
    by: str


REQUESTER = "the requester or an owner of the tenant"
ADMIN = "a platform admin who is not the requester"
ANYONE_INVOLVED = "anybody who can see the request"
SYSTEM = "the system"

_OPEN = frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.APPROVED})

TRANSITIONS: Mapping[Action, Transition] = {
    Action.EDIT: Transition(
        sources=frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED}),
        target=None,
        by=REQUESTER,
    ),
    Action.SUBMIT: Transition(
        sources=frozenset({Status.DRAFT, Status.RETURNED}), target=Status.SUBMITTED, by=REQUESTER
    ),
    Action.RETURN: Transition(
        sources=frozenset({Status.SUBMITTED}), target=Status.RETURNED, by=ADMIN
    ),
    # The last approval a revision needs moves the request; the ones before it only count.
    Action.APPROVE: Transition(
        sources=frozenset({Status.SUBMITTED}), target=Status.APPROVED, by=ADMIN
    ),
    Action.REJECT: Transition(
        sources=frozenset({Status.SUBMITTED}), target=Status.REJECTED, by=ADMIN
    ),
    # From approved only until something is merged; the service looks.
    Action.WITHDRAW: Transition(sources=_OPEN, target=Status.WITHDRAWN, by=REQUESTER),
    Action.REOPEN: Transition(
        sources=frozenset({Status.REJECTED, Status.WITHDRAWN, Status.EXPIRED}),
        target=Status.DRAFT,
        by=REQUESTER,
    ),
    Action.REFRESH: Transition(
        sources=frozenset({Status.SUBMITTED}), target=None, by=ANYONE_INVOLVED
    ),
    Action.COMMENT: Transition(sources=frozenset(Status), target=None, by=ANYONE_INVOLVED),
    Action.INVALIDATE: Transition(
        sources=frozenset({Status.APPROVED}), target=Status.SUBMITTED, by=SYSTEM
    ),
    Action.EXPIRE: Transition(
        sources=frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED}),
        target=Status.EXPIRED,
        by=SYSTEM,
    ),
}

LIVE = _OPEN
"""Statuses in which a request holds its names."""


def target(action: Action, status: Status) -> Status:
    """The status `action` leads to from `status`.

    Raises `TransitionNotAllowed` for every pair the table does not have.
    """
    transition = TRANSITIONS[action]
    if status not in transition.sources:
        raise TransitionNotAllowed(action=action, status=status)
    return transition.target or status


def diagram() -> str:
    """The table as a Mermaid state diagram; `docs/workflow.md` holds it and a test compares."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    for action, transition in TRANSITIONS.items():
        if transition.target is None:
            continue
        for source in Status:
            if source in transition.sources:
                lines.append(f"    {source} --> {transition.target}: {action}")
    return "\n".join(lines) + "\n"
