"""All that an answer says about requests, read for a whole list in a fixed number of queries.

The pages read one request at a time through `tenants.queries`; here the same pure rules run over
rows fetched together. A test holds the two against each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Prefetch, QuerySet, prefetch_related_objects

from gitops.models import ChangeSet, Condition, Freeze
from gitops.states import Reason, State
from tenants import queries
from tenants.api.authentication import Caller
from tenants.api.blocking import blockers_of
from tenants.api.permitted import may_see, refusals_of, required_of
from tenants.models import AuditEvent, Decision, ProposedChangeSet, Request, Revision
from tenants.phases import ChangeSetFacts, ConditionFacts, Phase, PhaseFacts, phase
from tenants.queries import RequiredDecision
from tenants.workflow import Action, Status

_MOVING = frozenset({Status.SUBMITTED, Status.APPROVED})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A request as one caller may see it now. `since` is when the phase last moved."""

    request: Request
    revision: Revision | None
    phase: Phase
    since: datetime
    decisions: tuple[Decision, ...]
    required: tuple[RequiredDecision, ...]
    actions: tuple[Action, ...]
    change_sets: tuple[ChangeSet, ...]
    blocked_by: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What a list of requests needs from beside them, by the request's id as text."""

    blockers: Mapping[str, tuple[Request, ...]]
    closing: Mapping[str, list[ChangeSet]]
    moved: Mapping[str, datetime]
    frozen: str


def readings(requests: Sequence[Request], caller: Caller) -> list[Reading]:
    """Read the requests for the caller. They come from `queries.visible_requests`."""
    prefetch_related_objects(requests, Prefetch("revisions", queryset=_revisions()))
    around = _Around(
        blockers=blockers_of([r for r in requests if r.status == Status.SUBMITTED]),
        closing=_closing([r for r in requests if r.status not in _MOVING]),
        moved=_moved(requests),
        frozen=_frozen(),
    )
    return [_reading(request, caller, around) for request in requests]


def _revisions() -> QuerySet[Revision]:
    links = (
        ProposedChangeSet.objects.select_related("change_set__repository")
        .defer("change_set__context")
        .prefetch_related("change_set__conditions")
    )
    return (
        Revision.objects.select_related("created_by")
        .defer("payload", "verdicts", "base")
        .prefetch_related(
            Prefetch("proposed_change_sets", queryset=links),
            Prefetch("decisions", queryset=Decision.objects.select_related("decider")),
        )
    )


def _closing(ended: Sequence[Request]) -> dict[str, list[ChangeSet]]:
    """Change sets that ended requests still wait for the closing of, also of earlier revisions."""
    left = ChangeSet.objects.filter(
        request_ref__in=[r.pk for r in ended], wanted_closed=True, finished_at=None
    )
    found: dict[str, list[ChangeSet]] = {}
    for row in left.select_related("repository").prefetch_related("conditions"):
        found.setdefault(str(row.request_ref), []).append(row)
    return found


def _moved(requests: Sequence[Request]) -> dict[str, datetime]:
    """When something last happened to each; what people say about it moves nothing."""
    rows = (
        AuditEvent.objects.filter(
            object_type="request", object_id__in=[str(r.pk) for r in requests]
        )
        .exclude(action="request.comment")
        .order_by()
        .values_list("object_id")
        .annotate(Max("at"))
    )
    return dict(rows)


def _frozen() -> str:
    freeze = Freeze.objects.filter(lifted_at=None).first()
    return freeze.reason if freeze else ""


def _reading(request: Request, caller: Caller, around: _Around) -> Reading:
    revision = queries.revision_of(request)
    change_sets = tuple(queries.change_sets_of(request))
    key = str(request.pk)
    blockers = around.blockers.get(key, ())
    refusals = refusals_of(request, caller, blockers)
    return Reading(
        request=request,
        revision=revision,
        phase=phase(_phase_facts(request, change_sets, blockers, around)),
        since=request.settled_at or around.moved.get(key) or request.created_at,
        decisions=tuple(
            sorted(
                (d for r in request.revisions.all() for d in r.decisions.all()), key=lambda d: d.at
            )
        ),
        required=required_of(revision, refusals[Action.APPROVE]),
        actions=tuple(action for action in Action if refusals[action] is None),
        change_sets=change_sets,
        blocked_by=tuple(b for b in blockers if may_see(b, caller)),
    )


def _phase_facts(
    request: Request,
    change_sets: tuple[ChangeSet, ...],
    blockers: tuple[Request, ...],
    around: _Around,
) -> PhaseFacts:
    status = Status(request.status)
    submitted = status is Status.SUBMITTED
    rows = list(change_sets)
    if status not in _MOVING:
        known = {row.pk for row in rows}
        rows += [r for r in around.closing.get(str(request.pk), []) if r.pk not in known]
    return PhaseFacts(
        status=status,
        change_sets=tuple(_facts(row) for row in rows),
        conditions=tuple(_condition(c) for row in rows for c in row.conditions.all()),
        waiting_stage=_waiting_stage(request) if submitted else "",
        blocked_by=tuple(b.number for b in blockers),
        frozen=around.frozen if any(r.state == State.PENDING for r in rows) else "",
    )


def _facts(row: ChangeSet) -> ChangeSetFacts:
    return ChangeSetFacts(
        state=State(row.state),
        repository=row.repository.full_name,
        reason=Reason(row.reason) if row.reason else None,
        pull_request_url=row.pull_request_url,
        last_error=row.last_error,
    )


def _condition(row: Condition) -> ConditionFacts:
    return ConditionFacts(
        status=row.status, reason=row.reason, cluster=row.source, message=row.message
    )


def _waiting_stage(request: Request) -> str:
    revision = queries.revision_of(request)
    stage = queries.approval_progress(revision).next if revision else None
    return stage.who if stage else ""
