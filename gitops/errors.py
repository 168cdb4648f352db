"""The errors the lower half raises. Each carries what the caller needs to go on.

`InvalidSpec` says which fields of a wish break which rules. `DeliveryError` says why the far side
of git or a forge did not do its part and, by its cause, whether another try can help: the retry
classes of the delivery engine are this one table (`gitops.delivery.retry`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One broken rule: where (a JSON pointer, RFC 6901), which (a stable code), and a sentence."""

    pointer: str
    code: str
    detail: str


class GatehouseError(Exception):
    """Base of every error that is ours, so that a foreign one is always a surprise."""


class InvalidSpec(GatehouseError):
    """A wish that breaks rules. `problems` names each field and rule; never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in self.problems))


class Cause(StrEnum):
    """Why a delivery step failed. Retry policy, sentences and metrics are keyed by this word."""

    TRANSIENT = "transient"  # network, time-out, 5xx: try again, later and later
    RATE_LIMITED = "rate-limited"  # the forge said when
    CREDENTIAL = "credential"  # the connection's credential is refused: nobody hammers
    PERMISSION = "permission"  # protected branch, missing right, archived repository
    MISSING = "missing"  # the repository or its target branch is gone
    CONFLICT = "conflict"  # the path cannot be written: a symlink, a file where a directory must be
    TAMPERED = "tampered"  # somebody else pushed to our branch
    BUG = "bug"  # not foreseen: three tries, then a person


class DeliveryError(GatehouseError):
    """The far side did not do its part.

    `retry_after` is in seconds, and only set when the far side named a time.
    """

    cause: Cause = Cause.TRANSIENT

    def __init__(
        self, message: str, *, cause: Cause | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        if cause is not None:
            self.cause = cause
        self.retry_after = retry_after
