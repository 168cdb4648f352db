"""What a pull request, as the forge has it now, means for its change set. PURE."""

from dataclasses import dataclass
from datetime import timedelta

from gitops.states import Reason


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was read of a pull request that is not merged, next to what was approved."""

    is_open: bool
    head_commit: str
    base: str
    approved_commit: str
    target_branch: str
    branch_exists: bool


def trouble(sight: Sight) -> Reason | None:
    """Why a person is needed, or `None` when all is as it was left.

    Read level by level: what the pull request is now counts, not how it came to be so.
    """
    if not sight.branch_exists:
        # Some forges close a pull request when its branch goes; the branch is what to mend.
        return Reason.BRANCH_GONE
    if not sight.is_open:
        return Reason.PULL_REQUEST_CLOSED
    if sight.base != sight.target_branch:
        return Reason.RETARGETED
    if sight.head_commit != sight.approved_commit:
        return Reason.TAMPERED
    return None


def look_again_in(age: timedelta) -> timedelta:
    """How long until an open pull request of this age is read again, webhooks apart."""
    if age < timedelta(hours=1):
        return timedelta(seconds=30)
    if age < timedelta(days=1):
        return timedelta(minutes=5)
    return timedelta(hours=1)
