"""When a failed step is tried again: the table, read by its promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import Cause
from gitops.retry import POLICIES, Verdict, after_failure
from gitops.states import Reason

PARKED = {
    Cause.CREDENTIAL: (Reason.CREDENTIAL, 3600),
    Cause.PERMISSION: (Reason.PERMISSION, 3600),
    Cause.MISSING: (Reason.MISSING, 60),
    Cause.CONFLICT: (Reason.CONFLICT, 3600),
    Cause.TAMPERED: (Reason.TAMPERED, 3600),
}


def test_every_cause_has_a_policy() -> None:
    assert set(POLICIES) == set(Cause)


@pytest.mark.parametrize("cause", PARKED)
@pytest.mark.parametrize("attempts", [1, 2, 1000])
def test_what_a_person_must_mend_is_parked_at_once_and_rechecked(
    cause: Cause, attempts: int
) -> None:
    reason, recheck = PARKED[cause]
    assert after_failure(cause, attempts=attempts) == Verdict(delay=recheck, park=reason)


def test_passing_trouble_is_tried_for_ever_later_and_later() -> None:
    delays = [after_failure(Cause.TRANSIENT, attempts=n).delay for n in range(1, 10)]
    assert delays == [5, 10, 20, 40, 80, 160, 320, 640, 900]
    assert after_failure(Cause.TRANSIENT, attempts=10**6) == Verdict(delay=900)


def test_what_nobody_foresaw_is_tried_three_times() -> None:
    assert [after_failure(Cause.BUG, attempts=n) for n in (1, 2, 3, 4)] == [
        Verdict(delay=5),
        Verdict(delay=10),
        Verdict(delay=None, fail=True),
        Verdict(delay=None, fail=True),
    ]


@pytest.mark.parametrize(
    ("said", "waited"),
    [(30.0, 30.0), (0.0, 1.0), (-5.0, 1.0), (3600.0, 3600.0), (1e9, 3600.0), (None, 60.0)],
)
def test_a_named_time_is_believed_up_to_an_hour(said: float | None, waited: float) -> None:
    assert after_failure(Cause.RATE_LIMITED, attempts=1, retry_after=said).delay == waited


@given(
    cause=st.sampled_from(Cause),
    attempts=st.integers(1, 10_000),
    retry_after=st.none() | st.floats(-1e12, 1e12),
    jitter=st.floats(-1, 1),
)
def test_there_is_always_a_next_time_or_a_person(
    cause: Cause, attempts: int, retry_after: float | None, jitter: float
) -> None:
    verdict = after_failure(cause, attempts=attempts, retry_after=retry_after, jitter=jitter)
    assert verdict.fail == (verdict.delay is None)
    assert not (verdict.fail and verdict.park)
    if verdict.delay is not None:
        assert 1.0 <= verdict.delay <= 3600 * 1.2


def test_jitter_moves_by_a_fifth_at_most_so_that_rows_do_not_march_in_step() -> None:
    delays = {after_failure(Cause.TRANSIENT, attempts=3, jitter=j).delay for j in (-1, 0, 1)}
    assert delays == {16.0, 20.0, 24.0}
