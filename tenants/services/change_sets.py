"""What a platform admin does to a change set that is stuck."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from gitops.models import ChangeSet
from gitops.moving import advance, want_closed
from gitops.states import TERMINAL, Move, MoveNotAllowed
from tenants import audit, permissions
from tenants.errors import NotPermitted
from tenants.queries import actor
from tenants.services.common import take_turn


def retry_change_set(change_set: ChangeSet, *, by: Any) -> ChangeSet:
    """Try again now, with the same approved bytes. Raises `NotPermitted`."""
    with transaction.atomic():
        row = _locked(change_set, by)
        try:
            advance(
                row,
                Move.RETRY,
                next_run_at=timezone.now(),
                waiting_for="",
                attempts=0,
                last_error="",
                last_cause="",
            )
        except MoveNotAllowed as error:
            raise NotPermitted("Only a change set that is stuck can be tried again.") from error
        _note(row, "retry", by)
    return row


def close_change_set(change_set: ChangeSet, *, by: Any) -> ChangeSet:
    """Give it up: its pull request is closed and its branch deleted. Raises `NotPermitted`."""
    with transaction.atomic():
        row = _locked(change_set, by)
        if row.state in TERMINAL:
            raise NotPermitted(f"It is {row.state} already.")
        want_closed(row)
        _note(row, "close", by)
    return row


def _locked(change_set: ChangeSet, by: Any) -> ChangeSet:
    reason = permissions.why_not_administer(actor(by))
    if reason:
        raise NotPermitted(reason)
    take_turn()
    return ChangeSet.objects.select_for_update(of=("self",)).get(pk=change_set.pk)


def _note(row: ChangeSet, action: str, by: Any) -> None:
    link = row.proposed_change_set
    request = link.revision.request
    audit.record(
        actor=by.username,
        action=f"change-set.{action}",
        object_type="request",
        object_id=str(request.pk),
        tenant=request.tenant_slug,
        data={"number": request.number, "change_set": str(row.pk)},
    )
