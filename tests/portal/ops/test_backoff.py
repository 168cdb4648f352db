"""Waiting longer and longer, and starting over after a steady life."""

from portal.up.backoff import STEADY, STEPS, Backoff


def test_each_failure_in_a_row_waits_longer_up_to_the_cap() -> None:
    backoff = Backoff()
    waits = [backoff.ended(lived=0.1) for _ in range(len(STEPS) + 2)]
    assert waits == [*STEPS, STEPS[-1], STEPS[-1]]
    assert list(STEPS) == sorted(set(STEPS))


def test_the_cap_is_told_once() -> None:
    backoff = Backoff()
    told = []
    for _ in range(len(STEPS) + 3):
        backoff.ended(lived=0.1)
        told.append(backoff.at_cap)
    assert told.count(True) == 1


def test_a_steady_life_forgives_earlier_failures() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.ended(lived=0.1)
    assert backoff.ended(lived=STEADY) == STEPS[0]
