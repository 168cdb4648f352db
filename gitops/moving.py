"""Moving change set rows: always an UPDATE that names the state, and the claim, believed in."""

import logging
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from gitops import states
from gitops.models import ChangeSet
from gitops.signals import change_set_advanced, change_set_advancing
from gitops.states import TERMINAL, Move, State

log = logging.getLogger(__name__)


class MovedOn(Exception):
    """The row, or the claim, is no longer what was believed: somebody else was first."""


def advance(
    change_set: ChangeSet, move: Move, *, claim_token: uuid.UUID | None = None, **fields: Any
) -> ChangeSet:
    """Move a change set and tell who listens, in one transaction. Further columns are `fields`.

    Raises `MoveNotAllowed` for a pair the table does not have, and `MovedOn`.
    """
    before = State(change_set.state)
    after = states.target(move, before)
    values: dict[str, Any] = {"state": after, "reason": "", **fields}
    if after in TERMINAL:
        values |= {"next_run_at": None, "waiting_for": "", "finished_at": timezone.now()}
    with transaction.atomic():
        change_set_advancing.send(ChangeSet, change_set=change_set)
        record(change_set, claim_token=claim_token, **values)
        change_set_advanced.send(ChangeSet, change_set=change_set, move=move, before=before)
    log.info(
        "change set %s",
        move,
        extra={"change_set": str(change_set.pk), "before": str(before), "after": str(after)},
    )
    return change_set


def record(change_set: ChangeSet, *, claim_token: uuid.UUID | None = None, **fields: Any) -> None:
    """Write columns of a row that is still in the state believed in. Raises `MovedOn`."""
    believed = ChangeSet.objects.filter(pk=change_set.pk, state=change_set.state)
    if claim_token is not None:
        believed = believed.filter(repository__claim_token=claim_token)
    if believed.update(**fields) != 1:
        raise MovedOn(str(change_set.pk))
    for name, value in fields.items():
        setattr(change_set, name, value)


def want_closed(change_set: ChangeSet) -> None:
    """Ask for a change set to be closed: at once when nothing of it left the database, else by
    the worker, which closes its pull request and deletes its branch first."""
    if change_set.state == State.PROPOSED and not change_set.replaces_commit:
        advance(change_set, Move.CLOSE)
        return
    record(change_set, wanted_closed=True, next_run_at=timezone.now(), waiting_for="")
