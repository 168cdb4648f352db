"""What a worker writes on change set rows, always under its claim."""

import logging
import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

from gitops import moving
from gitops.delivery.claims import Claim
from gitops.errors import Cause, DeliveryError
from gitops.models import ChangeSet, Connection, Freeze
from gitops.retry import after_failure
from gitops.states import Move

log = logging.getLogger(__name__)

ADMIN = "a platform admin"
BATCH = 100


def frozen() -> Freeze | None:
    """The freeze in force, if any. Asked again right before each write to a forge."""
    return Freeze.objects.filter(lifted_at=None).first()


def advance(change_set: ChangeSet, move: Move, *, claim: Claim, **fields: Any) -> None:
    """`gitops.moving.advance` under this worker's claim. Raises `MovedOn`, `MoveNotAllowed`."""
    moving.advance(change_set, move, claim_token=claim.token, **fields)


def record(change_set: ChangeSet, *, claim: Claim, **fields: Any) -> None:
    """Write columns without moving the row. Raises `MovedOn`."""
    moving.record(change_set, claim_token=claim.token, **fields)


def note_failure(change_set: ChangeSet, error: Exception, *, claim: Claim) -> None:
    """Record a failed step: try again later, ask a person, or give up, as `gitops.retry` says."""
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
    if verdict.fail:
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


def _in(seconds: float | None) -> Any:
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)


def _pause(connection: Connection, seconds: float, why: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        paused_until=_in(seconds), paused_reason=why[:300]
    )
