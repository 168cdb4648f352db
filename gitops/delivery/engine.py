"""One pass over one repository: what is due is observed first, then moved by one step."""

import logging
import uuid
from contextlib import ExitStack
from datetime import timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from gitops.delivery import following, pushing, reporting, snapshot
from gitops.delivery.claims import Claim, claimed
from gitops.delivery.connecting import forge_for, mirror_for
from gitops.delivery.rows import BATCH, ENDS_THE_PASS, Quiet, frozen, note_failure
from gitops.delivery.work import Work
from gitops.errors import DeliveryError
from gitops.models import ChangeSet, Repository
from gitops.moving import MovedOn
from gitops.states import TERMINAL, State

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How a pass ended."""

    DONE = "done"
    BUSY = "busy"  # another worker holds the repository
    PAUSED = "paused"  # the forge asked for quiet
    LOST = "lost"  # the claim ran out; the next pass goes on
    UNREACHABLE = "unreachable"  # the repository could not be fetched


_PARKED_BEFORE_OPENING = Q(state=State.NEEDS_ADMIN, pull_request_number=None)

_LEAVES_BRANCH = Q(state__in=[s.value for s in TERMINAL])  # due although it is over

WRITES = Q(state=State.PENDING) | Q(wanted_closed=True) | _PARKED_BEFORE_OPENING | _LEAVES_BRANCH
"""Rows whose next step writes to a forge: they wait while the portal is frozen."""


def deliver(repository_id: uuid.UUID) -> Outcome:
    """Advance the due change sets of one repository by one step each.

    Safe to run at any time and any number of times; failures are recorded on the rows they
    belong to, with the time of the next try.
    """
    with claimed(repository_id) as claim:
        if claim is None:
            return Outcome.BUSY
        repository = Repository.objects.select_related("connection").get(pk=repository_id)
        paused = repository.connection.paused_until
        if paused is not None and paused > timezone.now():
            return Outcome.PAUSED
        try:
            return _pass(repository, claim)
        except MovedOn:
            log.warning("claim lost", extra={"repository": str(repository)})
            return Outcome.LOST
        except Quiet as error:
            log.warning("paused", extra={"repository": str(repository), "why": str(error)})
            return Outcome.PAUSED


def _pass(repository: Repository, claim: Claim) -> Outcome:
    due = _due(repository)
    writing = [row for row in due if _is_writing(row)]
    with ExitStack() as stack:
        try:
            forge = forge_for(repository.connection)
            mirror = stack.enter_context(mirror_for(repository, forge))
            work = Work(repository=repository, claim=claim, forge=forge, mirror=mirror)
            if writing or repository.next_look_at <= timezone.now():
                work.look()
        except ENDS_THE_PASS:
            raise
        except Exception as error:
            _unreachable(repository, claim, due, error)
            return Outcome.UNREACHABLE
        reporting.hold(work)
        pushing.push(work, writing)
        for row in due:
            if row not in writing:
                claim.extend()
                following.step(work, row)
    return Outcome.DONE


def _unreachable(
    repository: Repository, claim: Claim, due: list[ChangeSet], error: Exception
) -> None:
    known = error if isinstance(error, DeliveryError) else DeliveryError(str(error))
    log.warning(
        "repository unreachable",
        extra={"repository": str(repository), "why": str(known)},
        exc_info=None if isinstance(error, DeliveryError | OSError) else error,
    )
    Repository.objects.filter(pk=repository.pk, claim_token=claim.token).update(
        snapshot_error=snapshot.why(repository, known),
        next_look_at=timezone.now() + timedelta(seconds=30),
    )
    for row in due:
        note_failure(row, known, claim=claim)


def _due(repository: Repository) -> list[ChangeSet]:
    rows = (
        repository.change_sets.filter(next_run_at__lte=timezone.now())
        .select_related("repository__connection")
        .prefetch_related("file_changes")
        .order_by("next_run_at")
    )
    return list((rows.exclude(WRITES) if frozen() else rows)[:BATCH])


def _is_writing(row: ChangeSet) -> bool:
    if row.wanted_closed:
        return False
    return row.state == State.PENDING or (
        row.state == State.NEEDS_ADMIN and row.pull_request_number is None
    )
