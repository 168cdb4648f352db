"""The one word and the one step a person sees of a request, and what it waits for. PURE.

Derived from three separate things: what people decided, how far git has come, and what the
cluster reports. Never stored as truth; `Request.phase_key` is a copy for lists, rebuilt by
receivers and compared with this function by a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gitops.states import LANDED, REASONS, TERMINAL, Reason, State
from tenants.workflow import Status

STEPS = ("Describe", "Approval", "Pull requests", "Merge", "Ready")


class Tone(StrEnum):
    """How a phase is coloured."""

    IDLE = "idle"
    WAIT = "wait"
    RUN = "run"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class ChangeSetFacts:
    """What the phase looks at of one change set of the current revision."""

    state: State
    repository: str
    reason: Reason | None = None
    pull_request_url: str = ""
    last_error: str = ""


@dataclass(frozen=True, kw_only=True)
class ConditionFacts:
    """What one cluster reports: `status` is True, False or Unknown."""

    status: str
    reason: str
    cluster: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class PhaseFacts:
    """Everything a phase is derived from."""

    status: Status
    change_sets: tuple[ChangeSetFacts, ...] = ()
    conditions: tuple[ConditionFacts, ...] = ()
    waiting_stage: str = ""
    blocked_by: tuple[int, ...] = ()
    frozen: str = ""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """`key` is stable, `word` is for people; `step` of `steps` counts from 1."""

    key: str
    word: str
    step: int
    sentence: str
    waiting_for: str = ""
    tone: Tone = Tone.WAIT
    steps: int = len(STEPS)
    over: bool = False


def phase(facts: PhaseFacts) -> Phase:
    """Derive the phase. Total: every combination has one."""
    match facts.status:
        case Status.DRAFT:
            return Phase(
                key="draft",
                word="draft",
                step=1,
                tone=Tone.IDLE,
                waiting_for="the requester",
                sentence="Not submitted yet. Only the requester's side sees it as work to do.",
            )
        case Status.RETURNED:
            return Phase(
                key="returned",
                word="returned",
                step=1,
                waiting_for="the requester",
                sentence="An approver asked for changes. Edit it and submit it again.",
            )
        case Status.SUBMITTED:
            return _submitted(facts)
        case Status.APPROVED:
            return _approved(facts)
        case _:
            return _ended(facts)


def _submitted(facts: PhaseFacts) -> Phase:
    if facts.blocked_by:
        others = ", ".join(f"#{n}" for n in facts.blocked_by)
        return Phase(
            key="blocked",
            word="blocked",
            step=2,
            waiting_for=others,
            sentence=f"Request {others} owns the same files and goes first.",
        )
    who = facts.waiting_stage or "a platform admin"
    return Phase(
        key="waiting-for-approval",
        word="waiting for approval",
        step=2,
        waiting_for=who,
        sentence=f"Waiting for {who} to decide.",
    )


def _approved(facts: PhaseFacts) -> Phase:
    states = {c.state for c in facts.change_sets}
    if states & {State.NEEDS_ADMIN, State.FAILED}:
        return _needs_admin(facts.change_sets)
    if State.PENDING in states or State.PROPOSED in states:
        return _opening(facts)
    if State.OPEN in states:
        return _open(facts.change_sets)
    if State.CLOSED in states:
        return _half(facts)
    return _landed(facts)


def _needs_admin(change_sets: Sequence[ChangeSetFacts]) -> Phase:
    stuck = next(c for c in change_sets if c.state in {State.NEEDS_ADMIN, State.FAILED})
    why = REASONS[stuck.reason] if stuck.reason else "A step failed again and again."
    return Phase(
        key="needs-admin",
        word="needs an admin",
        step=3,
        waiting_for="a platform admin",
        sentence=f"{stuck.repository}: {why}",
        tone=Tone.BAD,
    )


def _opening(facts: PhaseFacts) -> Phase:
    if facts.frozen:
        return Phase(
            key="frozen",
            word="frozen",
            step=3,
            waiting_for="the freeze to be lifted",
            sentence=f"Approved. Nothing is written while Gatehouse is frozen: {facts.frozen}",
        )
    failed = next((c for c in facts.change_sets if c.last_error), None)
    tried = f" The last try failed and is repeated: {failed.last_error}" if failed else ""
    return Phase(
        key="opening",
        word="opening pull requests",
        step=3,
        waiting_for="the portal",
        sentence=f"Approved. The worker is opening pull requests.{tried}",
        tone=Tone.RUN,
    )


def _open(change_sets: Sequence[ChangeSetFacts]) -> Phase:
    waiting = [c for c in change_sets if c.state is State.OPEN]
    where = " and ".join(c.repository for c in waiting)
    kind = "pull request" if len(waiting) == 1 else "pull requests"
    return Phase(
        key="waiting-for-merge",
        word="waiting for merge",
        step=4,
        waiting_for=f"somebody who merges in {where}",
        sentence=f"The {kind} in {where} can be merged now"
        + (", in this order." if len(waiting) > 1 else "."),
        tone=Tone.RUN,
    )


def _half(facts: PhaseFacts) -> Phase:
    if {c.state for c in facts.change_sets} & LANDED:
        return Phase(
            key="half-merged",
            word="merged in part",
            step=5,
            over=True,
            tone=Tone.BAD,
            sentence="One pull request was merged and another one closed. Look at what is missing.",
        )
    return Phase(
        key="closed",
        word="closed",
        step=4,
        over=True,
        tone=Tone.BAD,
        sentence="Closed without a merge; nothing has changed. To try again, withdraw the request "
        "and reopen it as a draft.",
    )


def _landed(facts: PhaseFacts) -> Phase:
    if any(c.state is State.MERGED_WITH_CHANGES for c in facts.change_sets):
        return Phase(
            key="merged-with-changes",
            word="merged with changes",
            step=5,
            over=True,
            tone=Tone.BAD,
            sentence="Merged, but not as approved: somebody changed the files on the way.",
        )
    bad = next((c for c in facts.conditions if c.status == "False"), None)
    if bad is not None:
        return Phase(
            key="not-reconciled",
            word="not reconciled",
            step=5,
            waiting_for=bad.cluster,
            sentence=f"{bad.cluster} reports {bad.reason}: {bad.message}",
            tone=Tone.BAD,
        )
    silent = [c for c in facts.conditions if c.status == "Unknown" and c.reason != "NotReporting"]
    if silent:
        where = ", ".join(sorted({c.cluster for c in silent}))
        return Phase(
            key="reconciling",
            word="merged, reconciling",
            step=5,
            waiting_for=where,
            sentence=f"Merged. Waiting for Flux on {where} to report.",
            tone=Tone.RUN,
        )
    if any(c.status == "True" for c in facts.conditions):
        return Phase(
            key="ready",
            word="ready",
            step=5,
            over=True,
            tone=Tone.GOOD,
            sentence="Merged, and Flux has applied it.",
        )
    return Phase(
        key="merged",
        word="merged",
        step=5,
        over=True,
        tone=Tone.GOOD,
        sentence="Merged. The clusters do not report to Gatehouse, so Flux applies it unseen.",
    )


_ENDED = {
    Status.REJECTED: "Rejected. Nothing was written.",
    Status.WITHDRAWN: "Withdrawn.",
    Status.EXPIRED: "It waited too long and expired. Reopen it to ask again.",
}


def _ended(facts: PhaseFacts) -> Phase:
    closing = any(c.state not in TERMINAL for c in facts.change_sets)
    word = str(facts.status)
    return Phase(
        key="closing" if closing else word,
        word=f"{word}, closing" if closing else word,
        step=4 if any(c.pull_request_url for c in facts.change_sets) else 2,
        sentence=_ENDED[facts.status] + (" Its pull requests are being closed." if closing else ""),
        waiting_for="the portal" if closing else "",
        tone=Tone.RUN if closing else Tone.IDLE,
        over=not closing,
    )


def settled(facts: PhaseFacts) -> bool:
    """Whether nothing more will happen by itself: the change sets are over and the clusters that
    report have reported. Drafts and open questions to people are not settled."""
    if facts.status in {Status.DRAFT, Status.RETURNED, Status.SUBMITTED}:
        return False
    if any(c.state not in TERMINAL for c in facts.change_sets):
        return False
    if facts.status is not Status.APPROVED:
        return True
    return all(c.status == "True" or c.reason == "NotReporting" for c in facts.conditions)
