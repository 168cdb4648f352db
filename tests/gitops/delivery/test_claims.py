"""One worker at a time: claims, their end, and what a worker that lost one may still write."""

import os
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from gitops import delivery, moving
from gitops.delivery import claims
from gitops.delivery.claims import CLAIM_SECONDS, Claim, claimed
from gitops.forges.base import Unreachable
from gitops.git.mirror import Mirror
from gitops.models import Repository
from gitops.moving import MovedOn
from gitops.states import Move, State
from tests.gitops.delivery.checks import chain_verifies, is_open_once
from tests.gitops.delivery.faults import Script, due, recover, row_of
from tests.world import World


def token_of(pid: int) -> uuid.UUID:
    ours = claims._token().bytes
    return uuid.UUID(bytes=ours[:8] + pid.to_bytes(4, "big") + ours[12:])


def hold(world: World, token: uuid.UUID, seconds: float = CLAIM_SECONDS) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    Repository.objects.filter(pk=world.platform.pk).update(claim_token=token, claimed_until=until)


def test_a_repository_somebody_holds_is_left_alone(world: World, forge: Script) -> None:
    row = row_of(world.approved())
    with claimed(world.platform.pk) as claim:
        assert claim is not None
        assert delivery.deliver(world.platform.pk) == "busy"
        assert world.platform not in delivery.due_repositories()
    assert forge.called == []
    world.deliver()
    is_open_once(world, row)


def test_a_claim_ends_with_its_pass_even_with_one_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = row_of(world.approved())

    def broken(*_: object) -> str:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patch:
        patch.setattr(Mirror, "fetch", broken)
        assert delivery.deliver(world.platform.pk) == "unreachable"
    repository = Repository.objects.get(pk=world.platform.pk)
    assert repository.claim_token is None
    assert "nobody foresaw this" in repository.snapshot_error
    assert repository.next_look_at > timezone.now() + timedelta(seconds=20)
    row.refresh_from_db()
    assert (row.state, row.last_cause) == (State.PENDING, "transient")  # not the row's fault
    recover(world, row)
    is_open_once(world, row)


def test_an_expired_claim_is_taken_over_and_a_fresh_one_is_not(world: World) -> None:
    row = row_of(world.approved())
    hold(world, uuid.uuid4(), seconds=2)
    assert delivery.deliver(world.platform.pk) == "busy"
    hold(world, uuid.uuid4(), seconds=-1)
    assert delivery.deliver(world.platform.pk) == "done"
    is_open_once(world, row)


def test_the_claim_of_a_worker_that_was_killed_is_free_at_once(world: World) -> None:
    world.approved()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    hold(world, token_of(dead.pid))
    rung: list[uuid.UUID] = []
    delivery.sweep(rung.append)
    assert rung == [world.platform.pk]


@pytest.mark.parametrize("whose", ["a living process", "somebody on another machine"])
def test_the_claim_of_one_who_may_live_is_respected(world: World, whose: str) -> None:
    world.approved()
    elsewhere = uuid.UUID(bytes=os.urandom(8) + (2**31 - 1).to_bytes(4, "big") + b"0000")
    hold(world, token_of(os.getpid()) if whose == "a living process" else elsewhere)
    rung: list[uuid.UUID] = []
    assert delivery.sweep(rung.append) == 0
    assert rung == []


def test_whoever_lost_the_claim_writes_nothing_more(world: World, forge: Script) -> None:
    """Frozen for longer than its claim lasts, then awake again: the other one has gone on."""
    row = row_of(world.approved())
    with claimed(world.platform.pk) as old:
        assert old is not None
        hold(world, old.token, seconds=-1)
        assert delivery.deliver(world.platform.pk) == "done"
        is_open_once(world, row)
        with pytest.raises(MovedOn):
            old.extend()
        row.refresh_from_db()
        before = row.attempts
        with pytest.raises(MovedOn):
            moving.record(row, claim_token=old.token, attempts=before + 1)
        with pytest.raises(MovedOn):
            moving.advance(row, Move.PARK, claim_token=old.token, reason="bug", waiting_for="x")
    is_open_once(world, row)


@pytest.mark.parametrize(
    "at", ["find_pull_request", "create_pull_request", "get_pull_request", "delete_branch"]
)
def test_a_worker_that_is_overtaken_in_the_middle_ends_as_if_it_had_never_been(
    world: World, forge: Script, at: str
) -> None:
    """While it waits for the forge, its claim runs out and another worker does everything."""
    request = world.approved()
    if at in {"get_pull_request", "delete_branch"}:
        world.deliver()
        world.merge(row_of(request).pull_request_number or 0)
    row = row_of(request)
    outcomes: list[str] = []

    def overtaken(name: str) -> None:
        if name != at or outcomes:
            return
        outcomes.append("")  # the other one calls the forge as well
        held = Repository.objects.exclude(claim_token=None)
        held.update(claimed_until=timezone.now() - timedelta(seconds=1))
        due(row)
        outcomes[0] = delivery.deliver(world.platform.pk)

    forge.on_call = overtaken
    due(row)
    assert delivery.deliver(world.platform.pk) == "lost"
    assert outcomes == ["done"]
    if at in {"get_pull_request", "delete_branch"}:
        row.refresh_from_db()
        assert row.state == State.MERGED
    else:
        is_open_once(world, row)
    chain_verifies()


def test_a_sweep_rings_once_and_again_only_when_nobody_came(world: World) -> None:
    world.approved()
    rung: list[uuid.UUID] = []
    assert delivery.sweep(rung.append) == 1
    assert delivery.sweep(rung.append) == 0
    long_ago = timezone.now() - timedelta(seconds=6)
    Repository.objects.update(rung_at=long_ago)
    assert delivery.sweep(rung.append) == 1
    assert rung == [world.platform.pk] * 2


def test_whoever_lets_go_may_be_rung_for_at_once(world: World, forge: Script) -> None:
    row = row_of(world.approved())
    rung: list[uuid.UUID] = []
    delivery.sweep(rung.append)
    forge.before["create_pull_request"] = [Unreachable("down")]
    delivery.deliver(world.platform.pk)
    due(row)
    assert delivery.sweep(rung.append) == 1


def test_a_ring_for_an_unknown_repository_is_harmless(db: None) -> None:
    assert delivery.deliver(uuid.uuid4()) == "busy"


def test_nobody_can_let_go_for_another(world: World) -> None:
    with claimed(world.platform.pk) as claim:
        assert claim is not None
        Claim(repository_id=world.platform.pk, token=uuid.uuid4()).release()
        assert Repository.objects.get(pk=world.platform.pk).claim_token == claim.token
