"""What the forge may answer, call by call, and what becomes of the row, its siblings and the rest.

The far side is the real local forge; between it and delivery stands one that fails when told to.
"""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from gitops import delivery
from gitops.delivery.rows import ADMIN
from gitops.errors import Cause
from gitops.forges.base import (
    AlreadyExists,
    BadCredential,
    Invalid,
    Missing,
    NotPermitted,
    RateLimited,
    Unreachable,
)
from gitops.models import ChangeSet, Connection
from gitops.states import Reason, State
from tenants import services
from tenants.models import Request
from tests.gitops.delivery.checks import chain_verifies, is_open_once, is_over
from tests.gitops.delivery.faults import Script, due, recover, row_of
from tests.world import World

CREATE = "create_pull_request"
SURPRISE = KeyError("locked")


def seconds_until(row: ChangeSet) -> float:
    assert row.next_run_at is not None
    return (row.next_run_at - timezone.now()).total_seconds()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["find_pull_request", CREATE])
def test_an_answer_that_is_lost_on_the_way_costs_one_try(
    world: World, forge: Script, call: str, when: str
) -> None:
    getattr(forge, when)[call] = [Unreachable("no answer")]
    request = world.approved()
    world.deliver()
    row = row_of(request)
    assert (row.state, row.attempts, row.last_cause) == (State.PENDING, 1, Cause.TRANSIENT)
    assert row.last_error == "no answer"
    assert 3.5 < seconds_until(row) < 6.5
    recover(world, row)
    is_open_once(world, row)
    chain_verifies()


def test_tries_that_fail_come_later_and_later_and_one_that_works_forgets_them(
    world: World, forge: Script
) -> None:
    row = row_of(world.approved())
    forge.before[CREATE] = [Unreachable("down") for _ in range(10)]
    waits = []
    for _ in range(10):
        due(row)
        world.deliver()
        row.refresh_from_db()
        waits.append(seconds_until(row))
    expected = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    for wait, about in zip(waits, expected, strict=True):
        assert about * 0.8 - 2 < wait < about * 1.2 + 1
    assert (row.state, row.attempts) == (State.PENDING, 10)
    recover(world, row)
    is_open_once(world, row)


def test_a_forge_that_asks_for_quiet_gets_it_for_all_its_repositories(
    world: World, forge: Script
) -> None:
    forge.before[CREATE] = [RateLimited("slow down", retry_after=120)]
    row = row_of(world.approved())
    world.deliver()
    row.refresh_from_db()
    assert 110 < seconds_until(row) < 121
    connection = Connection.objects.get()
    assert connection.paused_until is not None
    assert 110 < (connection.paused_until - timezone.now()).total_seconds() < 121
    assert connection.paused_reason == "slow down"

    calls = len(forge.called)
    due(row)
    assert not delivery.due_repositories().exists()
    assert delivery.deliver(world.platform.pk) == "paused"
    assert len(forge.called) == calls
    recover(world, row)
    is_open_once(world, row)


def test_after_the_first_word_about_a_limit_no_other_call_is_made_in_that_pass(
    world: World, forge: Script
) -> None:
    """Going on "may result in banning": the rest of the batch waits with the one."""
    forge.before["find_pull_request"] = [RateLimited("slow down", retry_after=120)] * 5
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(5)]
    world.deliver()
    assert forge.called.count("find_pull_request") == 1
    forge.before.clear()
    recover(world, *rows)
    for row in rows:
        is_open_once(world, row)


@pytest.mark.parametrize(
    ("error", "reason", "recheck"),
    [
        (BadCredential("expired"), Reason.CREDENTIAL, 3600),
        (NotPermitted("no"), Reason.PERMISSION, 3600),
        (Missing("gone"), Reason.MISSING, 60),
    ],
)
def test_what_a_person_has_to_mend_waits_for_one_and_is_looked_at_again_by_itself(
    world: World, forge: Script, error: Exception, reason: Reason, recheck: int
) -> None:
    forge.before[CREATE] = [error, error]
    request = world.approved()
    world.deliver()
    row = row_of(request)
    assert (row.state, row.reason, row.waiting_for) == (State.NEEDS_ADMIN, reason, ADMIN)
    assert recheck - 30 < seconds_until(row) <= recheck
    due(row)
    world.deliver()
    row.refresh_from_db()
    assert (row.state, row.reason, row.attempts) == (State.NEEDS_ADMIN, reason, 2)

    recover(world, row)  # mended, and nobody told the portal
    is_open_once(world, row)
    chain_verifies()


def test_an_answer_nobody_foresaw_is_tried_three_times_then_waits_for_a_person(
    world: World, forge: Script
) -> None:
    row = row_of(world.approved())
    forge.before[CREATE] = [SURPRISE] * 3
    for attempt in (1, 2):
        due(row)
        world.deliver()
        row.refresh_from_db()
        assert (row.state, row.attempts, row.last_cause) == (State.PENDING, attempt, Cause.BUG)
    due(row)
    world.deliver()
    row.refresh_from_db()
    assert (row.state, row.next_run_at, row.waiting_for) == (State.FAILED, None, ADMIN)
    assert "locked" in row.last_error
    services.retry_change_set(row, by=world.bob)
    world.deliver()
    is_open_once(world, row)


@pytest.mark.parametrize("call", ["find_pull_request", CREATE])
@pytest.mark.parametrize("error", [SURPRISE, Invalid("too long"), Unreachable("down")])
def test_a_bad_row_never_holds_up_the_others(
    world: World, forge: Script, call: str, error: Exception
) -> None:
    forge.before[call] = [error]
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(3)]
    world.deliver()
    states = sorted(row_of_pk.state for row_of_pk in ChangeSet.objects.all())
    assert states == [State.OPEN, State.OPEN, State.PENDING]
    recover(world, *rows)
    for row in rows:
        is_open_once(world, row)


def test_a_bad_row_that_is_followed_never_holds_up_the_others(world: World, forge: Script) -> None:
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(3)]
    world.deliver()
    for row in rows:
        row.refresh_from_db()
        world.merge(row.pull_request_number or 0)
    forge.before["get_pull_request"] = [SURPRISE]
    due(*rows)
    world.deliver()
    states = sorted(row.state for row in ChangeSet.objects.all())
    assert states == [State.MERGED, State.MERGED, State.OPEN]


def test_a_twin_that_was_opened_meanwhile_is_taken_over(world: World, forge: Script) -> None:
    """Created by a worker that was thought dead, between our look and our call."""
    row = row_of(world.approved())
    forge.after[CREATE] = [AlreadyExists("twice")]
    world.deliver()
    is_open_once(world, row)


def test_already_exists_where_none_is_found_is_tried_again(world: World, forge: Script) -> None:
    row = row_of(world.approved())
    forge.before[CREATE] = [AlreadyExists("it says")]
    world.deliver()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_cause) == (State.PENDING, 1, Cause.TRANSIENT)
    recover(world, row)
    is_open_once(world, row)


ERRORS = (Unreachable("down"), NotPermitted("not you"), SURPRISE)


def test_a_branch_that_cannot_be_deleted_does_not_hide_that_it_is_merged(
    world: World, forge: Script
) -> None:
    for n, (error, when) in enumerate(product(ERRORS, ("before", "after"))):
        request = world.approved(f"iris-blue-n{n}")
        world.deliver()
        row = row_of(request)
        world.merge(row.pull_request_number or 0)
        getattr(forge, when)["delete_branch"] = [error]
        due(row)
        world.deliver()
        assert row_of(request).state == State.MERGED, (error, when)
        recover(world, row)
        is_over(world, row, State.MERGED)


def test_a_branch_that_can_never_be_deleted_is_given_up(world: World, forge: Script) -> None:
    request = world.approved()
    world.deliver()
    row = row_of(request)
    world.merge(row.pull_request_number or 0)
    forge.before["delete_branch"] = [NotPermitted("not you")] * 20
    for _ in range(12):
        due(row)
        world.deliver()
    assert (row_of(request).state, row_of(request).next_run_at) == (State.MERGED, None)
    assert len(forge.before["delete_branch"]) == 10


def test_closing_survives_every_answer(world: World, forge: Script) -> None:
    calls = ("close_pull_request", "delete_branch")
    for n, (error, when, call) in enumerate(product(ERRORS, ("before", "after"), calls)):
        request = world.approved(f"iris-blue-n{n}")
        world.deliver()
        services.withdraw(Request.objects.get(pk=request.pk), by=world.alice)
        getattr(forge, when)[call] = [error]
        row = row_of(request)
        world.deliver()
        assert row_of(request).state in {State.OPEN, State.NEEDS_ADMIN}, (error, when, call)
        recover(world, row)
        is_over(world, row, State.CLOSED)


def test_a_failed_row_whose_request_is_withdrawn_is_closed(world: World, forge: Script) -> None:
    """Whatever the forge says to it: from failed there is no way to parked, or to failed again."""
    for n, error in enumerate([NotPermitted("not you"), SURPRISE, Unreachable("down")]):
        request = world.approved(f"iris-blue-n{n}")
        world.deliver()
        row = row_of(request)
        forge.before["get_pull_request"] = [SURPRISE] * 3
        for _ in range(3):
            due(row)
            world.deliver()
        assert row_of(request).state == State.FAILED
        services.withdraw(Request.objects.get(pk=request.pk), by=world.alice)
        forge.before["close_pull_request"] = [error]
        world.deliver()
        row.refresh_from_db()
        assert row.state == State.FAILED
        assert row.next_run_at is not None
        recover(world, row)
        is_over(world, row, State.CLOSED)


def test_a_webhook_about_a_failed_row_changes_nothing_bad(world: World, forge: Script) -> None:
    """A webhook makes every live row due: a failed one goes on when its pull request does."""
    request = world.approved()
    world.deliver()
    row = row_of(request)
    forge.before["get_pull_request"] = [SURPRISE] * 3
    for _ in range(3):
        due(row)
        world.deliver()
    assert row_of(request).state == State.FAILED
    ChangeSet.objects.filter(pk=row.pk).update(next_run_at=timezone.now())
    world.deliver()
    failed = row_of(request)
    assert failed.state == State.FAILED
    assert failed.next_run_at is None or seconds_until(failed) > 3

    world.merge(row.pull_request_number or 0)
    ChangeSet.objects.filter(pk=row.pk).update(next_run_at=timezone.now())
    world.deliver()
    is_over(world, row, State.MERGED)


def test_superseded_bytes_that_were_open_are_closed_when_the_request_ends(
    world: World, forge: Script
) -> None:
    """A proposed row that took over a pull request, and a forge that refuses to close it."""
    submitted = services.submit(world.onboard("plum"), by=world.alice)
    world.deliver()
    request = world.approve(Request.objects.get(pk=submitted.pk))
    world.deliver()
    world.push_file("clusters/dev-1/kustomization.yaml", "# theirs\n", repository="plum/apps")
    ChangeSet.objects.filter(repository__owner="plum", finished_at=None).update(
        next_run_at=timezone.now()
    )
    world.platform.connection.repository_set.update(next_look_at=timezone.now())
    world.deliver()
    back = Request.objects.get(pk=request.pk)
    assert back.status == "submitted"
    forge.before["close_pull_request"] = [NotPermitted("not you"), SURPRISE]
    services.reject(back, by=world.bob, comment="no")
    world.deliver()
    left = list(ChangeSet.objects.filter(request_ref=request.pk, finished_at=None))
    assert {row.state for row in left} == {State.PROPOSED, State.NEEDS_ADMIN}
    for row in left:
        assert row.next_run_at is not None
        assert row.next_run_at > timezone.now() - timedelta(seconds=2)
    recover(world, *left)
    assert not ChangeSet.objects.filter(request_ref=request.pk, finished_at=None).exists()
    assert world.git("for-each-ref", "refs/heads/gatehouse") == ""
