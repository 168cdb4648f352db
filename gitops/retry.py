"""When a failed step is tried again, and when a person is asked instead: one table. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitops.errors import Cause
from gitops.states import Reason


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Seconds before the next try: `first` doubled each time up to `most`, for `tries` tries
    (`None`: for ever). `park` names the reason a person is asked; a parked row is looked at again
    every `recheck` seconds, because people mend things without telling the portal."""

    first: float = 5.0
    most: float = 900.0
    tries: int | None = None
    park: Reason | None = None
    recheck: float = 3600.0


POLICIES: Mapping[Cause, RetryPolicy] = {
    Cause.TRANSIENT: RetryPolicy(),
    Cause.RATE_LIMITED: RetryPolicy(first=60.0, most=3600.0),
    Cause.CREDENTIAL: RetryPolicy(tries=0, park=Reason.CREDENTIAL),
    Cause.PERMISSION: RetryPolicy(tries=0, park=Reason.PERMISSION),
    Cause.MISSING: RetryPolicy(tries=0, park=Reason.MISSING, recheck=60.0),
    Cause.CONFLICT: RetryPolicy(tries=0, park=Reason.CONFLICT),
    Cause.TAMPERED: RetryPolicy(tries=0, park=Reason.TAMPERED),
    Cause.BUG: RetryPolicy(tries=3),
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do after a failure: try again in `delay` seconds, and `park` or `fail` the row."""

    delay: float | None
    park: Reason | None = None
    fail: bool = False


def after_failure(
    cause: Cause, *, attempts: int, retry_after: float | None = None, jitter: float = 0.0
) -> Verdict:
    """Decide on the `attempts`-th failure in a row (1 is the first).

    `retry_after` is what the far side named, in seconds; it is believed up to an hour. `jitter`
    is between -1 and 1 and moves the delay by up to a fifth, so that rows do not march in step.
    """
    policy = POLICIES[cause]
    if policy.park is not None:
        return Verdict(delay=policy.recheck, park=policy.park)
    if policy.tries is not None and attempts >= policy.tries:
        return Verdict(delay=None, fail=True)
    if retry_after is not None:
        return Verdict(delay=min(max(retry_after, 1.0), 3600.0))
    doubled = policy.first * 2 ** min(attempts - 1, 20)
    return Verdict(delay=min(doubled, policy.most) * (1 + 0.2 * jitter))
