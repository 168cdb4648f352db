"""One request: what it is, what will be written, who decides, how far it has come."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gitops.models import ChangeSet, Condition
from gitops.states import LANDED, REASONS, TERMINAL, Reason, State
from tenants import queries, services
from tenants.models import Decision, Request
from tenants.operations import OPERATIONS
from tenants.operations.base import read
from tenants.phases import Phase
from tenants.views.people import person, signed_in, visible_request
from tenants.views.preview import preview_context
from tenants.views.steps import steps_of
from tenants.workflow import Action, Status

_FAST, _SLOW = "3s", "15s"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What went wrong with the last click, above everything else. `typed` is what is kept of it."""

    title: str
    text: tuple[str, ...] = ()
    typed: str = ""
    action: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeSetView:
    """A change set in words. `moves` are the words of the buttons an admin has."""

    row: ChangeSet
    word: str
    tone: str
    why: str
    conditions: tuple[Condition, ...]
    can_retry: bool
    can_close: bool


_STATES = {
    State.PROPOSED: ("not approved yet", "idle"),
    State.PENDING: ("on its way", "run"),
    State.OPEN: ("open", "run"),
    State.NEEDS_ADMIN: ("needs an admin", "bad"),
    State.FAILED: ("failed", "bad"),
    State.UNCHANGED: ("nothing to change", "good"),
    State.MERGED: ("merged", "good"),
    State.MERGED_WITH_CHANGES: ("merged with changes", "bad"),
    State.CLOSED: ("closed", "idle"),
    State.SUPERSEDED: ("replaced", "idle"),
}


@signed_in
def page(request: HttpRequest, number: int) -> HttpResponse:
    """The page of one request."""
    return show(request, visible_request(request, number))


@signed_in
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """The part of the page that moves by itself. 204 while nothing moved: the page stays as it is,
    with whatever somebody is reading or typing in it."""
    row = visible_request(request, number)
    context = _progress_context(request, row)
    if request.GET.get("seen") == context["fingerprint"]:
        return HttpResponse(status=204)
    shown = request.GET.get("state", "")
    context |= {
        "outdated": bool(shown) and shown != context["state"],
        "timeline": queries.timeline(row),
        "as_fragment": True,
    }
    return render(request, "requests/progress.html", context)


def show(
    request: HttpRequest, row: Request, *, notice: Notice | None = None, status: int = 200
) -> HttpResponse:
    """The page, also as the answer to a click that was refused."""
    user = person(request)
    actions = queries.actions_for(row, user)
    context = _progress_context(request, row) | {
        "notice": notice,
        "sentence": _sentence(row),
        "operation": OPERATIONS.get(row.operation),
        "preview": _preview(request, row),
        "can": {action.value for action, why_not in actions.items() if why_not is None},
        "why_not": _reasons(actions),
        "required": _required(row, user),
        "decisions": _decisions(row),
        "revision": queries.revision_of(row),
        "timeline": queries.timeline(row),
    }
    return render(request, "requests/page.html", context, status=status)


def _progress_context(request: HttpRequest, row: Request) -> dict[str, object]:
    phase = queries.phase_of(row)
    change_sets = [_view(c) for c in _change_sets(row)]
    return {
        "request": request,
        "row": row,
        "phase": phase,
        "steps": steps_of(phase),
        "change_sets": [c for c in change_sets if c.row.approved_at or c.row.pull_request_number],
        "remark": _remark(row),
        "is_admin": queries.actor(person(request)).is_platform_admin,
        "every": _pace(row, phase),
        "state": f"{row.status}.{row.revision_number}",
        "fingerprint": _fingerprint(row, phase, change_sets),
    }


def _remark(row: Request) -> Decision | None:
    """What the approver said who returned or rejected it, where the requester looks first."""
    if row.status not in {Status.RETURNED, Status.REJECTED}:
        return None
    said = Decision.objects.filter(revision__request=row).exclude(verdict="approve")
    return said.select_related("decider").order_by("-at").first()


def _pace(row: Request, phase: Phase) -> str:
    """How often the page looks again; never, once there is nothing left to happen."""
    if phase.over or row.status in {Status.DRAFT, Status.RETURNED}:
        return ""
    return _SLOW if row.status == Status.SUBMITTED else _FAST


def _fingerprint(row: Request, phase: Phase, change_sets: list[ChangeSetView]) -> str:
    facts = [
        (
            c.word,
            c.why,
            c.row.commit,
            c.row.pull_request_url,
            c.row.merge_commit,
            c.row.attempts,
            c.row.last_error,
            [(x.source, x.status, x.reason, x.message) for x in c.conditions],
        )
        for c in change_sets
    ]
    seen = repr((row.status, row.version, phase, facts))
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def _change_sets(row: Request) -> QuerySet[ChangeSet]:
    return (
        ChangeSet.objects.filter(
            proposed_change_set__revision__request=row,
            proposed_change_set__revision__number=row.revision_number,
        )
        .select_related("repository")
        .prefetch_related(Prefetch("conditions", Condition.objects.order_by("source", "type")))
        # A tenant's own repository first: the platform's sync looks for what is in it.
        .order_by("stage", "-repository__role", "repository__name")
    )


def _view(change_set: ChangeSet) -> ChangeSetView:
    state = State(change_set.state)
    word, tone = _STATES[state]
    return ChangeSetView(
        row=change_set,
        word=word,
        tone=tone,
        why=REASONS[Reason(change_set.reason)] if change_set.reason else "",
        conditions=tuple(change_set.conditions.all()) if state in LANDED else (),
        can_retry=state in {State.NEEDS_ADMIN, State.FAILED},
        can_close=state not in TERMINAL and state is not State.PROPOSED,
    )


def _preview(request: HttpRequest, row: Request) -> dict[str, object]:
    """The stored bytes of a revision; for a draft, what its payload would mean now."""
    operation = OPERATIONS.get(row.operation)
    if row.status not in {Status.DRAFT, Status.RETURNED} and row.revision_number:
        return preview_context(services.preview_stored(row), operation)
    return preview_context(
        services.preview(
            by=person(request),
            operation=row.operation,
            tenant=row.tenant_slug,
            payload=row.payload,
            purpose=row.purpose,
            cost_centre=row.cost_centre,
            request=row,
        ),
        operation,
    )


def _sentence(row: Request) -> str:
    operation = OPERATIONS.get(row.operation)
    if operation is None:
        return row.operation
    payload = read(operation, row.payload).payload
    return operation.sentence(payload) if payload is not None else f"{operation.title}."


_ASKED_FOR = (
    Action.EDIT,
    Action.SUBMIT,
    Action.WITHDRAW,
    Action.REFRESH,
    Action.REOPEN,
)


def _reasons(actions: Mapping[Action, str | None]) -> list[tuple[str, str]]:
    """What the requester's side cannot do now, and why; decisions say it beside the stages."""
    return [(action.value, reason) for action in _ASKED_FOR if (reason := actions.get(action))]


def _required(row: Request, user: User) -> list[dict[str, object]]:
    """The stages with who has to decide in them and why; the reason why not, said once."""
    revision = queries.revision_of(row)
    if revision is None or row.status == Status.DRAFT:
        return []
    words = {stage["slug"]: stage for stage in revision.approval}
    return [
        {
            "title": d.title,
            "needed": d.needed,
            "given": d.given,
            "who": words.get(d.stage, {}).get("who", ""),
            "why": words.get(d.stage, {}).get("why", ""),
            "why_not": d.why_not if d.given < d.needed and row.status == Status.SUBMITTED else "",
        }
        for d in queries.required_decisions(row, user)
    ]


def _decisions(row: Request) -> QuerySet[Decision]:
    return (
        Decision.objects.filter(revision__request=row)
        .select_related("decider", "revision")
        .order_by("at")
    )
