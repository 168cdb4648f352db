"""A worker dies between any two steps; the next one ends where one that lived would have."""

import pytest

from gitops import delivery
from gitops.models import ChangeSet
from gitops.states import State
from tenants import services
from tenants.models import Namespace, Request
from tests.gitops.delivery.checks import branches, chain_verifies, is_open_once, is_over
from tests.gitops.delivery.faults import (
    Fuse,
    Killed,
    Script,
    due,
    fused,
    recover,
    row_of,
    the_dead_are_forgotten,
)
from tests.world import World


def one_pass(
    world: World, fuse: Fuse, script: Script, row: ChangeSet, patch: pytest.MonkeyPatch
) -> bool:
    """Run one pass that the fuse may end; answers whether it did."""
    due(row)
    with fused(fuse, script, patch):
        try:
            delivery.deliver(row.repository_id)
        except Killed:
            return True
    return False


def main_moves(world: World) -> None:
    """Somebody merges something that has nothing to do with us."""
    who = ("-c", "user.name=mallory", "-c", "user.email=m@example.com")
    commit = world.git(*who, "commit-tree", "main^{tree}", "-p", "main", "-m", "other").strip()
    world.git("update-ref", "refs/heads/main", commit)


def how_many_steps(
    world: World, forge: Script, row: ChangeSet, patch: pytest.MonkeyPatch, least: set[str]
) -> int:
    """Walk through a pass once, unharmed. `least` are steps that must be among the ones passed."""
    fuse = Fuse()
    assert not one_pass(world, fuse, forge, row, patch)
    assert least <= set(fuse.passed), fuse.passed
    the_dead_are_forgotten()
    return len(fuse.passed)


def test_killed_while_it_opens(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = row_of(world.approved("iris-blue-n0"))
    steps = how_many_steps(
        world,
        forge,
        first,
        monkeypatch,
        {"after git push", "after forge create_pull_request", "after moving.advance"},
    )
    is_open_once(world, first)
    for n in range(1, steps + 1):
        row = row_of(world.approved(f"iris-blue-n{n}"))
        fuse = Fuse(blows_at=n)
        assert one_pass(world, fuse, forge, row, monkeypatch), f"step {n} was not reached"
        main_moves(world)  # a commit made anew would be another one
        recover(world, row)
        try:
            is_open_once(world, row)
        except AssertionError as error:
            raise AssertionError(f"killed {fuse.passed[-1]} (step {n})") from error
    chain_verifies()


def test_killed_twice_in_a_row_while_it_opens(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second worker dies a step further than the first; the third one gets it done."""
    for n in (5, 8):
        row = row_of(world.approved(f"iris-blue-n{n}"))
        for at in (n, n + 1, n):
            one_pass(world, Fuse(blows_at=at), forge, row, monkeypatch)
            the_dead_are_forgotten()
        recover(world, row)
        is_open_once(world, row)


def opened(world: World, count: int) -> list[Request]:
    """That many requests with an open pull request, in one pass."""
    requests = [world.approved(f"iris-blue-n{n}") for n in range(count)]
    world.deliver()
    return requests


MOST_STEPS = 16


def test_killed_while_it_settles_a_merge(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = opened(world, MOST_STEPS + 1)
    first = row_of(requests[0])
    world.merge(first.pull_request_number or 0)
    steps = how_many_steps(
        world,
        forge,
        first,
        monkeypatch,
        {"after forge delete_branch", "after delivery.settling.land", "after moving.advance"},
    )
    assert steps <= MOST_STEPS
    for n in range(1, steps + 1):
        row = row_of(requests[n])
        world.merge(row.pull_request_number or 0, squash=bool(n % 2))
        fuse = Fuse(blows_at=n)
        assert one_pass(world, fuse, forge, row, monkeypatch), f"step {n} was not reached"
        recover(world, row)
        try:
            is_over(world, row, State.MERGED)
            assert Namespace.objects.filter(name=f"iris-blue-n{n}").count() == 1
            files = row.repository.files.filter(
                path__startswith=f"tenants/dev-1/iris-blue/iris-blue-n{n}/"
            )
            assert {f.written == f.blob is not None for f in files} == {True}
        except AssertionError as error:
            raise AssertionError(f"killed {fuse.passed[-1]} (step {n})") from error
    chain_verifies()


def test_killed_while_it_closes(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = opened(world, MOST_STEPS + 1)
    for request in requests:
        services.withdraw(request, by=world.alice)
    first = row_of(requests[0])
    ChangeSet.objects.exclude(pk=first.pk).filter(state=State.OPEN).update(
        next_run_at="2100-01-01T00:00Z"
    )
    steps = how_many_steps(
        world,
        forge,
        first,
        monkeypatch,
        {"after forge close_pull_request", "after forge delete_branch", "after moving.advance"},
    )
    assert steps <= MOST_STEPS
    for n in range(1, steps + 1):
        row = row_of(requests[n])
        fuse = Fuse(blows_at=n)
        assert one_pass(world, fuse, forge, row, monkeypatch), f"step {n} was not reached"
        recover(world, row)
        try:
            is_over(world, row, State.CLOSED)
            assert not Request.objects.get(pk=requests[n].pk).claims.filter(released_at=None)
        except AssertionError as error:
            raise AssertionError(f"killed {fuse.passed[-1]} (step {n})") from error
    chain_verifies()


def test_withdrawn_while_a_dead_worker_had_just_pushed(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the dead one left, a branch or a pull request, is taken away again."""
    for n in range(1, 40):
        request = world.approved(f"iris-blue-n{n}")
        row = row_of(request)
        if not one_pass(world, Fuse(blows_at=n), forge, row, monkeypatch):
            break
        services.withdraw(Request.objects.get(pk=request.pk), by=world.alice)
        recover(world, row)
        is_over(world, row, State.CLOSED)
    assert n > 10
    assert branches(world) == {row.branch: row_of(request).commit}
