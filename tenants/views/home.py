"""The first page: what needs me."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gitops.models import ChangeSet
from gitops.states import REASONS, Reason, State
from tenants import queries
from tenants.models import Request
from tenants.views.people import person, signed_in
from tenants.views.rows import rows, with_rows
from tenants.workflow import Status

_SHOWN = 20


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """For an admin the queue and what is stuck; for everybody their own requests and tenants."""
    user = person(request)
    mine = queries.mine(user)
    waiting = mine.filter(status__in=[Status.RETURNED, Status.DRAFT]).order_by("-updated_at")
    running = mine.filter(status__in=[Status.SUBMITTED, Status.APPROVED], settled_at=None).order_by(
        "-submitted_at"
    )
    finished = mine.filter(settled_at__isnull=False).order_by("-settled_at")
    context: dict[str, Any] = {
        "waiting": rows(with_rows(waiting)[:_SHOWN]),
        "running": rows(with_rows(running)[:_SHOWN]),
        "finished": rows(with_rows(finished)[:5]),
        "tenants": queries.visible_tenants(user).prefetch_related("placements__cluster")[:_SHOWN],
    }
    if queries.actor(user).is_platform_admin:
        queue = queries.queue_for(user)
        context |= {
            "is_admin": True,
            "queue": rows(with_rows(queue)[:_SHOWN]),
            "queue_count": queue.count(),
            "stuck": _stuck(),
        }
    return render(request, "home.html", context)


def _stuck() -> list[dict[str, object]]:
    """Change sets that wait for an admin, oldest first, with the sentence that says why."""
    found = (
        ChangeSet.objects.filter(state__in=[State.NEEDS_ADMIN, State.FAILED])
        .select_related("repository", "proposed_change_set__revision__request")
        .order_by("created_at")[:_SHOWN]
    )
    return [
        {"change_set": c, "request": _request_of(c), "why": REASONS[Reason(c.reason)]}
        for c in found
    ]


def _request_of(change_set: ChangeSet) -> Request | None:
    proposed = getattr(change_set, "proposed_change_set", None)
    return proposed.revision.request if proposed else None
