"""One worker at a time per repository: a claim with a deadline, on the database's clock."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, Q, Value
from django.db.models.functions import Now

from gitops.models import Repository
from gitops.moving import MovedOn

CLAIM_SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A worker's hold on a repository. Every write of delivery names its token."""

    repository_id: uuid.UUID
    token: uuid.UUID

    def extend(self) -> None:
        """Hold on for another period. Raises `MovedOn` when somebody else holds it by now."""
        held = Repository.objects.filter(pk=self.repository_id, claim_token=self.token)
        if held.update(claimed_until=_deadline()) != 1:
            raise MovedOn(str(self.repository_id))

    def release(self) -> None:
        """Let go, and let the next sweep ring at once if more is due."""
        Repository.objects.filter(pk=self.repository_id, claim_token=self.token).update(
            claim_token=None, claimed_until=None, rung_at=None
        )


@contextmanager
def claimed(repository_id: uuid.UUID) -> Iterator[Claim | None]:
    """Take the repository for this worker, or yield `None` when another one has it.

    A claim whose holder died runs out after `CLAIM_SECONDS` and is then free for the next.
    """
    claim = Claim(repository_id=repository_id, token=uuid.uuid4())
    free = Repository.objects.filter(pk=repository_id).filter(
        Q(claim_token=None) | Q(claimed_until__lt=Now())
    )
    if free.update(claim_token=claim.token, claimed_until=_deadline()) != 1:
        yield None
        return
    try:
        yield claim
    finally:
        claim.release()


def _deadline() -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(
        Now() + Value(timedelta(seconds=CLAIM_SECONDS)), output_field=DateTimeField()
    )
