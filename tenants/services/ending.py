"""How requests end without a merge, and how an approval becomes void."""

from typing import Any

from django.db import transaction

from gitops.moving import want_closed
from tenants.errors import NotPermitted
from tenants.models import Request
from tenants.queries import why_not_any_more
from tenants.services.common import check, fresh, move
from tenants.services.settling import refresh_phase
from tenants.services.submitting import live_change_sets, new_revision, propose_stored
from tenants.workflow import Action


def withdraw(request: Request, *, by: Any, comment: str = "") -> Request:
    """Take the request back. From approved only until something of it is merged.

    Open pull requests are closed and their branches deleted by the worker; until then the request
    is "withdrawn, closing" and keeps its names.
    """
    with transaction.atomic():
        current = fresh(request)
        check(Action.WITHDRAW, current, by)
        if reason := why_not_any_more(current):
            raise NotPermitted(reason)
        move(current, Action.WITHDRAW, by=by, data={"comment": comment})
        for row in live_change_sets(current):
            want_closed(row)
        refresh_phase(current)
    return current


def invalidate(request: Request, *, why: str) -> Request:
    """The repository moved under an approval: the same wish as a new revision, to be decided anew.

    Raises `InvalidSpec` when the wish cannot be planned any more; then nothing changes.
    """
    with transaction.atomic():
        current = fresh(request)
        move(current, Action.INVALIDATE, by=None, data={"why": why}, decided_at=None)
        new_revision(current, propose_stored(current), by=None, why=why)
        refresh_phase(current)
    return current


def expire(request: Request) -> Request:
    """End a request nobody has touched for too long."""
    with transaction.atomic():
        current = fresh(request)
        move(current, Action.EXPIRE, by=None)
        for row in live_change_sets(current):
            want_closed(row)
        refresh_phase(current)
    return current
