"""Two people, or two workers, at the same moment: one outcome, and the loser is told.

On SQLite writers queue; on PostgreSQL (DATABASE_URL) they meet. Both must come out the same.
"""

import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from gitops import delivery
from gitops.errors import InvalidSpec
from gitops.forges.local import pulls
from gitops.models import ChangeSet, Repository
from gitops.states import State
from tenants import audit, queries, services
from tenants.errors import DomainError
from tenants.models import Claim, Decision, Request, Tenant
from tenants.workflow import Status
from tests.chaos.races import at_once, lost_with, won
from tests.world import World

ROUNDS = 25


@pytest.fixture
def world(committed: World) -> World:
    return committed


def digest_of(request: Request) -> str:
    revision = queries.revision_of(request)
    assert revision is not None
    return revision.digest


def now(request: Request) -> Request:
    return Request.objects.get(pk=request.pk)


def chain_verifies() -> None:
    assert audit.verify().broken_at is None


def approving(request: Request, by: Any) -> Callable[[], Request]:
    digest = digest_of(request)
    return lambda: services.approve(request, by=by, digest=digest)


def test_two_admins_approve_at_once_and_one_of_them_does(world: World) -> None:
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}")
        answers = at_once(approving(request, world.bob), approving(request, world.carol))
        lost_with(answers, DomainError)
        assert len(won(answers)) == 1
        assert now(request).status == Status.APPROVED
        assert Decision.objects.filter(revision__request=request).count() == 1
    chain_verifies()


def test_for_production_both_of_them_count(world: World) -> None:
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}", clusters=["production-1"])
        answers = at_once(approving(request, world.bob), approving(request, world.carol))
        assert won(answers) == [0, 1], answers
        assert now(request).status == Status.APPROVED
        stages = Decision.objects.filter(revision__request=request).values_list("stage", flat=True)
        assert sorted(stages) == ["platform", "production"]
    chain_verifies()


def test_one_admin_who_clicks_twice_decides_once(world: World) -> None:
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}", clusters=["production-1"])
        answers = at_once(approving(request, world.bob), approving(request, world.bob))
        lost_with(answers, DomainError)
        assert len(won(answers)) == 1
        assert now(request).status == Status.SUBMITTED
        assert Decision.objects.filter(revision__request=request).count() == 1


def test_approve_or_reject(world: World) -> None:
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}")
        answers = at_once(
            approving(request, world.bob),
            partial(services.reject, request, by=world.carol, comment="no"),
        )
        lost_with(answers, DomainError)
        [winner] = won(answers)
        assert now(request).status == (Status.APPROVED, Status.REJECTED)[winner]
        [row] = queries.change_sets_of(now(request))
        assert row.state == (State.PENDING, State.CLOSED)[winner]
        assert Claim.objects.filter(request=request, released_at=None).exists() == (winner == 0)


def test_what_is_edited_meanwhile_is_not_approved(world: World) -> None:
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}")
        payload = {**request.payload, "size_class": "medium"}
        answers = at_once(
            approving(request, world.bob),
            partial(services.edit, request, by=world.alice, payload=payload, purpose="larger"),
        )
        lost_with(answers, DomainError)
        [winner] = won(answers)
        after = now(request)
        if winner == 0:
            assert (after.status, after.revision_number) == (Status.APPROVED, 1)
        else:
            assert (after.status, after.revision_number) == (Status.SUBMITTED, 2)
            assert not Decision.objects.filter(revision__request=request, void=False).exists()
        live = ChangeSet.objects.filter(request_ref=request.pk, finished_at=None)
        assert [row.state for row in live] == [(State.PENDING, State.PROPOSED)[winner]]


def test_refresh_and_approve(world: World) -> None:
    """Refreshing gives the same bytes here: the yes counts for one revision, or for neither."""
    for n in range(ROUNDS):
        request = world.submitted(f"iris-blue-n{n}")
        answers = at_once(
            approving(request, world.bob),
            partial(services.refresh, request, by=world.alice),
        )
        lost_with(answers, DomainError)
        after = now(request)
        decided = Decision.objects.filter(
            revision__request=request, revision__number=after.revision_number, void=False
        )
        assert (after.status == Status.APPROVED) == decided.exists()
        assert ChangeSet.objects.filter(request_ref=request.pk, finished_at=None).count() == 1


def test_a_name_two_people_submit_goes_to_one_of_them(world: World) -> None:
    for n in range(ROUNDS):
        drafts = [world.add_namespace(f"iris-blue-n{n}") for _ in range(2)]
        answers = at_once(*(partial(services.submit, draft, by=world.alice) for draft in drafts))
        lost_with(answers, InvalidSpec)
        [winner] = won(answers)
        [loser] = [answer for answer in answers if isinstance(answer, InvalidSpec)]
        assert "taken" in {problem.code for problem in loser.problems}
        assert now(drafts[1 - winner]).status == Status.DRAFT
        held = Claim.objects.filter(name=f"iris-blue-n{n}", released_at=None)
        assert [claim.request_id for claim in held] == [drafts[winner].pk]


def test_a_tenant_and_one_whose_name_begins_like_it_go_to_one_of_them(world: World) -> None:
    for n in range(ROUNDS):
        drafts = [world.onboard(f"plum{n}"), world.onboard(f"plum{n}-jam")]
        answers = at_once(*(partial(services.submit, draft, by=world.alice) for draft in drafts))
        lost_with(answers, InvalidSpec)
        assert len(won(answers)) == 1
        held = Claim.objects.filter(kind="tenant", name__startswith=f"plum{n}", released_at=None)
        assert held.count() == 1


def test_numbers_are_given_once_and_without_gaps(world: World) -> None:
    for _ in range(ROUNDS // 5):
        at_once(*(lambda: world.add_namespace("iris-blue-n") for _ in range(6)))
    numbers = Request.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 6 * (ROUNDS // 5) + 1))
    chain_verifies()


def test_two_sweeps_ring_once(world: World) -> None:
    world.approved()
    for _ in range(ROUNDS):
        Repository.objects.update(rung_at=None)
        rung: list[uuid.UUID] = []
        at_once(*(partial(delivery.sweep, rung.append) for _ in range(3)))
        assert rung == [world.platform.pk]


def test_two_workers_on_one_repository_are_one(world: World) -> None:
    for n in range(ROUNDS // 5):
        request = world.approved(f"iris-blue-n{n}")
        answers = at_once(*(lambda: delivery.deliver(world.platform.pk) for _ in range(3)))
        assert sorted(answers)[-1] == "done", answers
        world.deliver()
        [row] = queries.change_sets_of(now(request))
        assert row.state == State.OPEN
        assert [p.head for p in world.pulls()].count(row.branch) == 1
    chain_verifies()


def test_two_workers_on_the_two_repositories_of_a_new_tenant(world: World) -> None:
    """They tell each other of their pull requests, and both write the audit."""
    for n in range(ROUNDS // 5):
        submitted = services.submit(world.onboard(f"plum{n}"), by=world.alice)
        world.deliver()
        request = world.approve(now(submitted))
        rows = queries.change_sets_of(request)
        answers = at_once(*(partial(delivery.deliver, row.repository_id) for row in rows))
        assert answers == ["done", "done"]
        world.deliver()
        for row in rows:
            bare = world.bare(row.repository.full_name)
            if row.repository.owner != "platform":
                pulls_there = pulls.listed(bare)
                assert [p.is_open for p in pulls_there] == [True]
                pulls_number = pulls_there[0].number
                world.merge(pulls_number, row.repository.full_name)
            else:
                ours = next(p for p in pulls.listed(bare) if p.head == row.branch)
                world.merge(ours.number)
        ChangeSet.objects.filter(finished_at=None).update(next_run_at=timezone.now())
        answers = at_once(*(partial(delivery.deliver, row.repository_id) for row in rows))
        assert answers == ["done", "done"]
        assert Tenant.objects.filter(slug=f"plum{n}").exists()
        assert now(request).settled_at is not None
    chain_verifies()


def withdraw_after(seconds: float, request: Request, world: World) -> None:
    time.sleep(seconds)
    services.withdraw(request, by=world.alice)


def test_withdrawn_while_it_is_pushed(world: World) -> None:
    """Either nothing of it ever shows, or it is closed again: nothing is left in the end."""
    for n in range(ROUNDS // 5):
        request = world.approved(f"iris-blue-n{n}")
        answers = at_once(
            lambda: delivery.deliver(world.platform.pk),
            partial(withdraw_after, 0.05 * n, request, world),
        )
        assert won(answers) == [0, 1], answers
        world.deliver()
        [row] = queries.change_sets_of(now(request))
        assert row.state == State.CLOSED
        assert now(request).settled_at is not None
        assert [p for p in world.pulls() if p.is_open] == []
        assert world.git("for-each-ref", "refs/heads/gatehouse") == ""
    chain_verifies()


def test_people_and_workers_at_the_same_rows_never_wait_for_each_other_for_ever(
    world: World,
) -> None:
    """Merges are recorded while the same requests are withdrawn, looked at and talked about."""
    for n in range(ROUNDS // 5):
        requests = [world.approved(f"iris-blue-n{n}-{i}") for i in range(3)]
        world.deliver()
        for request in requests:
            [row] = queries.change_sets_of(now(request))
            world.merge(row.pull_request_number or 0)
        ChangeSet.objects.filter(finished_at=None).update(next_run_at=timezone.now())
        answers = at_once(
            lambda: delivery.deliver(world.platform.pk),
            *(partial(services.withdraw, r, by=world.alice) for r in requests),
            *(partial(services.comment, r, by=world.bob, text="look") for r in requests),
        )
        lost_with(answers, DomainError)
        assert answers[0] == "done"
        ChangeSet.objects.filter(finished_at=None).update(next_run_at=timezone.now())
        world.deliver()
        for request in requests:
            [row] = queries.change_sets_of(now(request))
            assert row.state == State.MERGED
    chain_verifies()
