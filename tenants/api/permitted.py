"""What a caller may do about a request: the rules of `tenants.permissions` over prefetched rows."""

from collections.abc import Mapping

from gitops.states import LANDED
from tenants import permissions, queries
from tenants.api.authentication import Caller
from tenants.models import Request, Revision
from tenants.permissions import RequestView
from tenants.queries import RequiredDecision
from tenants.tokens import Scope
from tenants.workflow import Action, Status

_SCOPES: Mapping[Action, Scope] = {
    Action.APPROVE: Scope.REQUESTS_DECIDE,
    Action.RETURN: Scope.REQUESTS_DECIDE,
    Action.REJECT: Scope.REQUESTS_DECIDE,
}
"""What a token needs for an action; for the ones not named, `requests:write`."""


def refusals_of(
    request: Request, caller: Caller, blockers: tuple[Request, ...]
) -> dict[Action, str | None]:
    """Each action with `None`, or why the caller cannot do it: as a person, then as a token."""
    who, view = queries.actor(caller.user), _view(request)
    answers = {action: permissions.why_not(action, who, view) for action in Action}
    if answers[Action.APPROVE] is None and blockers:
        answers[Action.APPROVE] = f"#{blockers[0].number} owns the same files and goes first."
    if answers[Action.WITHDRAW] is None and view.status is Status.APPROVED:
        answers[Action.WITHDRAW] = _why_not_any_more(request)
    return {action: reason or _lacks(action, caller) for action, reason in answers.items()}


def required_of(revision: Revision | None, why_not: str | None) -> tuple[RequiredDecision, ...]:
    """The stages of the revision in order; `why_not` is what keeps the caller from approving."""
    if revision is None:
        return ()
    progress = queries.approval_progress(revision)
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


def may_see(request: Request, caller: Caller) -> bool:
    """Whether this request exists for the caller."""
    view = RequestView(
        status=Status(request.status),
        requester=request.requester.username,
        tenant=request.tenant.slug if request.tenant else "",
    )
    return permissions.may_see_request(queries.actor(caller.user), view)


def _view(request: Request) -> RequestView:
    revision = queries.revision_of(request)
    decisions = revision.decisions.all() if revision else ()
    return RequestView(
        status=Status(request.status),
        requester=request.requester.username,
        tenant=request.tenant.slug if request.tenant else "",
        revised_by=_author(request),
        already_decided_by=frozenset(d.decider.username for d in decisions if not d.void),
    )


def _author(request: Request) -> str:
    """Who wrote the payload of the current revision; refreshing and invalidating write none."""
    written = [
        r
        for r in request.revisions.all()
        if r.number <= request.revision_number and r.why in {"submitted", "edited"}
    ]
    last = max(written, key=lambda r: r.number, default=None)
    return last.created_by.username if last and last.created_by else ""


def _why_not_any_more(request: Request) -> str | None:
    links = [link for r in request.revisions.all() for link in r.proposed_change_sets.all()]
    landed = [link.change_set for link in links if link.change_set.state in LANDED]
    if not landed:
        return None
    first = min(landed, key=lambda row: (row.stage, row.created_at))
    return f"{first.repository.full_name} has merged its part already; ask for a change instead."


def _lacks(action: Action, caller: Caller) -> str | None:
    scope = _SCOPES.get(action, Scope.REQUESTS_WRITE)
    return None if caller.may(scope) else f"This token lacks the scope “{scope.value}”."
