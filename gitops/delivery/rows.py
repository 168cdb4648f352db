"""What a worker writes on change set rows, always under its claim."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from gitops import moving
from gitops.delivery.claims import Claim
from gitops.errors import Cause, DeliveryError
from gitops.models import ChangeSet, Connection, Freeze
from gitops.moving import MovedOn
from gitops.retry import after_failure
from gitops.states import MOVES, TERMINAL, Move, State

log = logging.getLogger(__name__)

ADMIN = "a platform admin"
BATCH = 100
_RECHECK = 3600.0
_TIDYING_TRIES = 10


class Frozen(Exception):
    """The freeze came while a worker was at work: what it was about to write waits, as it is."""


class Quiet(Exception):
    """The forge asked for fewer calls: the pass ends here, and what is left of it stays due."""


ENDS_THE_PASS = (MovedOn, Quiet, OperationalError, InterfaceError, SoftTimeLimitExceeded)
"""Not about the row at hand: the claim, the forge, the database, the worker's own time."""


def frozen() -> Freeze | None:
    """The freeze in force, if any. Asked again right before each write to a forge."""
    return Freeze.objects.filter(lifted_at=None).first()


def advance(change_set: ChangeSet, move: Move, *, claim: Claim, **fields: Any) -> None:
    """`gitops.moving.advance` under this worker's claim. Raises `MovedOn`, `MoveNotAllowed`."""
    moving.advance(change_set, move, claim_token=claim.token, **fields)


def record(change_set: ChangeSet, *, claim: Claim, **fields: Any) -> None:
    """Write columns without moving the row. Raises `MovedOn`."""
    moving.record(change_set, claim_token=claim.token, **fields)


@contextmanager
def noted(change_set: ChangeSet, *, claim: Claim) -> Iterator[None]:
    """Whatever fails in here is recorded on the row and goes no further, so that a bad row never
    holds up the others. Raises what ends the whole pass: `MovedOn`, `Quiet`."""
    try:
        yield
    except ENDS_THE_PASS:
        raise
    except Frozen:
        log.info("frozen meanwhile", extra={"change_set": str(change_set.pk)})
    except Exception as error:
        note_failure(change_set, error, claim=claim)
        if isinstance(error, DeliveryError) and error.cause is Cause.RATE_LIMITED:
            raise Quiet(str(error)) from error


def note_failure(change_set: ChangeSet, error: Exception, *, claim: Claim) -> None:
    """Record a failed step: try again later, ask a person, or give up, as `gitops.retry` says."""
    # A transaction that was undone leaves its values in memory.
    change_set.refresh_from_db(fields=["state", "reason", "attempts", "wanted_closed"])
    known = error if isinstance(error, DeliveryError) else None
    cause = known.cause if known else Cause.BUG
    if known is None:
        log.exception("delivery step failed", extra={"change_set": str(change_set.pk)})
    verdict = after_failure(
        cause,
        attempts=change_set.attempts + 1,
        retry_after=known.retry_after if known else None,
        jitter=random.uniform(-1, 1),  # noqa: S311 - spreads retries, keeps no secret
    )
    facts: dict[str, Any] = {
        "attempts": change_set.attempts + 1,
        "last_cause": cause,
        "last_error": (str(error) or type(error).__name__)[:1000],
        "next_run_at": _in(verdict.delay),
    }
    if cause is Cause.RATE_LIMITED and verdict.delay is not None:
        _pause(change_set.repository.connection, verdict.delay, str(error))
    if change_set.state not in MOVES[Move.PARK].sources:
        record(change_set, claim=claim, **(facts | _where_it_is(change_set, verdict.delay)))
    elif verdict.fail:
        advance(change_set, Move.FAIL, claim=claim, waiting_for=ADMIN, **facts)
    elif verdict.park and (change_set.state, change_set.reason) != ("needs_admin", verdict.park):
        advance(
            change_set,
            Move.PARK,
            claim=claim,
            **(facts | {"reason": verdict.park}),
            waiting_for=ADMIN,
        )
    else:
        record(change_set, claim=claim, **facts)


def _where_it_is(change_set: ChangeSet, delay: float | None) -> dict[str, Any]:
    """When the next try is, of a row that can be neither parked nor failed (any more)."""
    if change_set.state in TERMINAL:  # only a branch is left to delete
        over = change_set.attempts + 1 >= _TIDYING_TRIES
        return {"next_run_at": None if over else _in(delay or _RECHECK)}
    if change_set.state == State.FAILED and not change_set.wanted_closed:
        return {"next_run_at": None, "waiting_for": ADMIN}
    return {"next_run_at": _in(delay or _RECHECK)}


def _in(seconds: float | None) -> Any:
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)


def _pause(connection: Connection, seconds: float, why: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        paused_until=_in(seconds), paused_reason=why[:300]
    )
