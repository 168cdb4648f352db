"""One worker at a time per repository: a claim with a deadline, on the database's clock."""

import hashlib
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
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

    A claim whose holder died is free for the next after `CLAIM_SECONDS`, or when `free_the_dead`
    notices.
    """
    claim = Claim(repository_id=repository_id, token=_token())
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


def free_the_dead() -> None:
    """Free at once what workers held that are known to be dead: those that ran beside this one.

    A mistake costs work, never more: whoever lives after all is fenced by its token.
    """
    held = Repository.objects.exclude(claim_token=None).values_list("pk", "claim_token")
    for pk, token in held:
        if token is not None and _is_of_the_dead(token):
            Claim(repository_id=pk, token=token).release()


def _token() -> uuid.UUID:
    """A token nobody else has, which says whose it is: 8 bytes where, 4 bytes process, 4 random."""
    return uuid.UUID(bytes=_here() + os.getpid().to_bytes(4, "big") + os.urandom(4))


def _is_of_the_dead(token: uuid.UUID) -> bool:
    if token.bytes[:8] != _here():
        return False
    try:
        os.kill(int.from_bytes(token.bytes[8:12], "big"), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # somebody's, alive
    return False


@cache
def _here() -> bytes:
    """What only processes share that can see each other: the boot and the process namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        where = f"{boot}{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        where = platform.node()
    return hashlib.sha256(where.encode()).digest()[:8]


def _deadline() -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(
        Now() + Value(timedelta(seconds=CLAIM_SECONDS)), output_field=DateTimeField()
    )
