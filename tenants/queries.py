"""Reading for pages and API: who may see what, what waits for whom, what happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from gitops.models import ChangeSet, Condition, Freeze
from gitops.states import LANDED, Reason, State
from tenants import approval, desired_state, permissions
from tenants.approval import DecisionView, Progress, RequiredStage
from tenants.models import Decision, ProposedChangeSet, Request, Revision, Tenant
from tenants.permissions import Actor, RequestView
from tenants.phases import ChangeSetFacts, ConditionFacts, Phase, PhaseFacts, phase
from tenants.timeline import timeline as timeline
from tenants.workflow import Action, Status

ADMINS = "platform-admins"
"""The group whose members are platform admins."""


def actor(user: Any) -> Actor:
    """The person as permissions see them. Nobody has an empty username."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Actor(username="")
    known: Actor | None = getattr(user, "_gatehouse_actor", None)
    if known is None:
        known = Actor(
            username=user.username,
            is_admin=user.groups.filter(name=ADMINS).exists(),
            is_superuser=user.is_superuser,
            roles=desired_state.roles_of(user),
        )
        user._gatehouse_actor = known  # one look per web request: users are loaded anew for each
    return known


def visible_tenants(user: Any) -> QuerySet[Tenant]:
    """The tenants this person may know of."""
    who = actor(user)
    if who.is_platform_admin:
        return Tenant.objects.all()
    return Tenant.objects.filter(slug__in=list(who.roles))


def visible_requests(user: Any) -> QuerySet[Request]:
    """The requests this person may see: their tenants' and their own."""
    who = actor(user)
    rows = Request.objects.select_related("requester", "tenant")
    if who.is_platform_admin:
        return rows
    if not who.username:
        return rows.none()
    return rows.filter(Q(requester=user) | Q(tenant__slug__in=list(who.roles)))


def mine(user: Any) -> QuerySet[Request]:
    """What this person asked for."""
    return visible_requests(user).filter(requester=user)


def queue_for(user: Any) -> QuerySet[Request]:
    """What this person may decide now, oldest first."""
    if not actor(user).is_platform_admin:
        return Request.objects.none()
    return (
        visible_requests(user)
        .filter(status=Status.SUBMITTED)
        .exclude(requester=user)
        .exclude(revisions__decisions__in=_live_decisions(user))
        .order_by("submitted_at")
    )


def _live_decisions(user: Any) -> QuerySet[Decision]:
    return Decision.objects.filter(decider=user, void=False)


def request_view(request: Request) -> RequestView:
    """The request as permissions see it."""
    revision = revision_of(request)
    decided = revision.decisions.filter(void=False) if revision else ()
    return RequestView(
        status=Status(request.status),
        requester=request.requester.username,
        tenant=request.tenant.slug if request.tenant else "",
        revised_by=_author(revision) if revision else "",
        already_decided_by=frozenset(d.decider.username for d in decided),
    )


def _author(revision: Revision) -> str:
    """Who wrote the payload of the revision; refreshing and invalidating write none."""
    rows = Revision.objects.filter(
        request_id=revision.request_id, number__lte=revision.number, why__in=["submitted", "edited"]
    ).select_related("created_by")
    last = rows.order_by("-number").first()
    return last.created_by.username if last and last.created_by else ""


def revision_of(request: Request) -> Revision | None:
    """The revision being decided or carried out."""
    if request.revision_number == 0:
        return None
    prefetched = getattr(request, "_prefetched_objects_cache", {}).get("revisions")
    rows = prefetched if prefetched is not None else request.revisions.all()
    return next((r for r in rows if r.number == request.revision_number), None)


def change_sets_of(request: Request) -> list[ChangeSet]:
    """The change sets of the current revision, in order of stages."""
    revision = revision_of(request)
    if revision is None:
        return []
    if "proposed_change_sets" in getattr(revision, "_prefetched_objects_cache", {}):
        return [link.change_set for link in revision.proposed_change_sets.all()]
    links = revision.proposed_change_sets.select_related("change_set__repository")
    return [link.change_set for link in links]


def phase_of(request: Request) -> Phase:
    """The one word and step of a request; see `tenants.phases`."""
    return phase(phase_facts(request))


def phase_facts(request: Request) -> PhaseFacts:
    """Everything the phase is derived from."""
    status = Status(request.status)
    rows = _relevant_change_sets(request, status)
    conditions = [c for row in rows for c in row.conditions.all()]
    return PhaseFacts(
        status=status,
        change_sets=tuple(_facts(row) for row in rows),
        conditions=tuple(_condition(c) for c in conditions),
        waiting_stage=_waiting_stage(request) if status is Status.SUBMITTED else "",
        blocked_by=tuple(r.number for r in blockers(request)) if status is Status.SUBMITTED else (),
        frozen=_frozen_reason(rows),
    )


def _relevant_change_sets(request: Request, status: Status) -> list[ChangeSet]:
    """An ended request also closes what earlier revisions left open."""
    rows = change_sets_of(request)
    if status in {Status.SUBMITTED, Status.APPROVED}:
        return rows
    if status is Status.DRAFT:
        return []
    known = {row.pk for row in rows}
    left = ChangeSet.objects.filter(
        request_ref=request.pk, wanted_closed=True, finished_at=None
    ).exclude(pk__in=known)
    return [*rows, *left.select_related("repository")]


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


def freeze_in_force() -> Freeze | None:
    """The freeze that is on, if any."""
    return Freeze.objects.filter(lifted_at=None).first()


def _frozen_reason(rows: Iterable[ChangeSet]) -> str:
    if not any(row.state == State.PENDING for row in rows):
        return ""
    freeze = freeze_in_force()
    return freeze.reason if freeze else ""


def _waiting_stage(request: Request) -> str:
    revision = revision_of(request)
    stage = approval_progress(revision).next if revision else None
    return stage.who if stage else ""


def approval_progress(revision: Revision) -> Progress:
    """How far the approval of a revision has come, by the stages it was submitted with."""
    decisions = revision.decisions.select_related("decider")
    if "decisions" in getattr(revision, "_prefetched_objects_cache", {}):
        decisions = revision.decisions.all()
    return approval.progress(
        [RequiredStage(**stage) for stage in revision.approval],
        [
            DecisionView(stage=d.stage, verdict=d.verdict, decider=d.decider.username, void=d.void)
            for d in decisions
        ],
        requester=revision.request.requester.username,
    )


def blockers(request: Request) -> list[Request]:
    """Earlier requests that own a path this one owns, and are not over: they go first."""
    revision = revision_of(request)
    if revision is None or not request.tenant_slug:
        return []
    earlier = (
        Request.objects.filter(tenant_slug=request.tenant_slug, settled_at=None)
        .filter(number__lt=request.number)
        .exclude(status__in=[Status.DRAFT, Status.RETURNED])
    )
    return [r for r in earlier if _overlap(revision.owned, _owned(r))]


def _owned(request: Request) -> list[str]:
    revision = revision_of(request)
    return revision.owned if revision else []


def _overlap(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether two lists of owned paths touch: the same file, or one directory within the other."""
    ours = list(mine)
    return any(
        a == b or (a.endswith("/") and b.startswith(a)) or (b.endswith("/") and a.startswith(b))
        for a in ours
        for b in theirs
    )


def actions_for(request: Request, user: Any) -> Mapping[Action, str | None]:
    """Each action, with `None` when this person may do it now, else the reason why not."""
    who, view = actor(user), request_view(request)
    answers = {action: permissions.why_not(action, who, view) for action in Action}
    if answers[Action.APPROVE] is None and (first := blockers(request)):
        answers[Action.APPROVE] = f"#{first[0].number} owns the same files and goes first."
    if view.status is Status.APPROVED and answers[Action.WITHDRAW] is None:
        answers[Action.WITHDRAW] = why_not_any_more(request)
    return answers


def why_not_any_more(request: Request) -> str | None:
    """The reason why the request cannot be withdrawn: part of it is merged. `None`: it can."""
    landed = ProposedChangeSet.objects.filter(
        revision__request=request, change_set__state__in=[s.value for s in LANDED]
    ).select_related("change_set__repository")
    link = landed.first()
    if link is None:
        return None
    where = link.change_set.repository.full_name
    return f"{where} has merged its part already; ask for a change instead."


@dataclass(frozen=True, kw_only=True)
class RequiredDecision:
    """One stage of approval, and whether this person may decide it now."""

    stage: str
    title: str
    needed: int
    given: int
    deciders: tuple[str, ...]
    may_decide: bool
    why_not: str


def required_decisions(request: Request, user: Any) -> tuple[RequiredDecision, ...]:
    """The stages of the current revision, in order."""
    revision = revision_of(request)
    if revision is None:
        return ()
    progress = approval_progress(revision)
    why_not = actions_for(request, user)[Action.APPROVE]
    upcoming = progress.next
    return tuple(
        RequiredDecision(
            stage=s.stage.slug,
            title=s.stage.title,
            needed=s.stage.needed,
            given=s.given,
            deciders=s.deciders,
            may_decide=why_not is None and upcoming == s.stage,
            why_not=why_not or ("" if upcoming == s.stage else "An earlier stage comes first."),
        )
        for s in progress.stages
    )
