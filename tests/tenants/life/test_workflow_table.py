"""The workflow's table, pair by pair: as a function, and by the verbs people call."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tenants import audit, queries, services, workflow
from tenants.errors import DomainError, NotPermitted, TransitionNotAllowed
from tenants.models import AuditEvent, Request
from tenants.workflow import LIVE, TRANSITIONS, Action, Status
from tests.world import World

# Written out by hand, so that the table is held against something that is not the table.
S = Status
ALLOWED: dict[Status, dict[Action, Status]] = {
    S.DRAFT: {
        Action.EDIT: S.DRAFT,
        Action.SUBMIT: S.SUBMITTED,
        Action.WITHDRAW: S.WITHDRAWN,
        Action.COMMENT: S.DRAFT,
        Action.EXPIRE: S.EXPIRED,
    },
    S.SUBMITTED: {
        Action.EDIT: S.SUBMITTED,
        Action.RETURN: S.RETURNED,
        Action.APPROVE: S.APPROVED,
        Action.REJECT: S.REJECTED,
        Action.WITHDRAW: S.WITHDRAWN,
        Action.REFRESH: S.SUBMITTED,
        Action.COMMENT: S.SUBMITTED,
        Action.EXPIRE: S.EXPIRED,
    },
    S.RETURNED: {
        Action.EDIT: S.RETURNED,
        Action.SUBMIT: S.SUBMITTED,
        Action.WITHDRAW: S.WITHDRAWN,
        Action.COMMENT: S.RETURNED,
        Action.EXPIRE: S.EXPIRED,
    },
    S.APPROVED: {
        Action.WITHDRAW: S.WITHDRAWN,
        Action.COMMENT: S.APPROVED,
        Action.INVALIDATE: S.SUBMITTED,
    },
    S.REJECTED: {Action.REOPEN: S.DRAFT, Action.COMMENT: S.REJECTED},
    S.WITHDRAWN: {Action.REOPEN: S.DRAFT, Action.COMMENT: S.WITHDRAWN},
    S.EXPIRED: {Action.REOPEN: S.DRAFT, Action.COMMENT: S.EXPIRED},
}
PAIRS = list(itertools.product(Status, Action))


def test_every_status_and_action_is_judged() -> None:
    assert set(ALLOWED) == set(Status)
    assert set(TRANSITIONS) == set(Action)
    assert {S.DRAFT, S.SUBMITTED, S.RETURNED, S.APPROVED} == LIVE


@pytest.mark.parametrize(("status", "action"), PAIRS)
def test_a_pair_leads_where_it_should_or_nowhere(status: Status, action: Action) -> None:
    if action in ALLOWED[status]:
        assert workflow.target(action, status) is ALLOWED[status][action]
    else:
        with pytest.raises(TransitionNotAllowed):
            workflow.target(action, status)


WAYS: dict[Status, Callable[[World, Request], Any]] = {
    S.DRAFT: lambda w, r: None,
    S.SUBMITTED: lambda w, r: services.submit(r, by=w.alice),
    S.RETURNED: lambda w, r: services.return_(
        services.submit(r, by=w.alice), by=w.bob, comment="more"
    ),
    S.APPROVED: lambda w, r: w.approve(services.submit(r, by=w.alice)),
    S.REJECTED: lambda w, r: services.reject(
        services.submit(r, by=w.alice), by=w.bob, comment="no"
    ),
    S.WITHDRAWN: lambda w, r: services.withdraw(r, by=w.alice),
    S.EXPIRED: lambda w, r: services.expire(r),
}


def approve(request: Request, by: User) -> Request:
    revision = queries.revision_of(request)
    return services.approve(request, by=by, digest=revision.digest if revision else "")


def verbs(world: World) -> dict[Action, Callable[[Request], Any]]:
    """Each action by somebody who may."""
    return {
        Action.EDIT: lambda r: services.edit(r, by=world.alice, payload=r.payload, purpose="x"),
        Action.SUBMIT: lambda r: services.submit(r, by=world.alice),
        Action.RETURN: lambda r: services.return_(r, by=world.carol, comment="more"),
        Action.APPROVE: lambda r: approve(r, world.carol),
        Action.REJECT: lambda r: services.reject(r, by=world.carol, comment="no"),
        Action.WITHDRAW: lambda r: services.withdraw(r, by=world.alice),
        Action.REOPEN: lambda r: services.reopen(r, by=world.alice),
        Action.REFRESH: lambda r: services.refresh(r, by=world.alice),
        Action.COMMENT: lambda r: services.comment(r, by=world.bob, text="hello"),
        Action.INVALIDATE: lambda r: services.invalidate(r, why="the base moved"),
        Action.EXPIRE: lambda r: services.expire(r),
    }


def test_every_pair_by_the_verbs(world: World) -> None:
    """What is allowed happens and is told; what is not changes no row and tells nothing."""
    calls = verbs(world)
    assert set(calls) == set(Action)
    for n, (status, action) in enumerate(PAIRS):
        request = world.add_namespace(f"iris-blue-n{n}")
        WAYS[status](world, request)
        before = Request.objects.get(pk=request.pk)
        assert before.status == status
        told = AuditEvent.objects.count()
        if action in ALLOWED[status]:
            calls[action](before)
            after = Request.objects.get(pk=request.pk)
            assert after.status == ALLOWED[status][action], (status, action)
            [last] = AuditEvent.objects.filter(
                action=f"request.{action}", object_id=str(request.pk)
            ).order_by("-sequence")[:1]
            assert last.sequence > told
        else:
            with pytest.raises(DomainError):
                calls[action](before)
            after = Request.objects.get(pk=request.pk)
            for field in ("status", "version", "revision_number", "phase_key", "updated_at"):
                assert getattr(after, field) == getattr(before, field), (status, action, field)
            assert AuditEvent.objects.count() == told
    assert audit.verify().broken_at is None


BY_PEOPLE = [a for a in Action if a not in {Action.INVALIDATE, Action.EXPIRE}]


@pytest.mark.parametrize("action", BY_PEOPLE)
def test_a_stranger_does_nothing_and_learns_nothing(world: World, action: Action) -> None:
    request = world.submitted()
    world.alice = world.bob = world.carol = world.charlie
    with pytest.raises(NotPermitted):
        verbs(world)[action](request)
    assert Request.objects.get(pk=request.pk).status == Status.SUBMITTED


def test_names_are_held_exactly_while_a_request_lives(world: World) -> None:
    for n, status in enumerate(Status):
        request = world.add_namespace(f"iris-blue-n{n}")
        WAYS[status](world, request)
        held = request.claims.filter(released_at=None).exists()
        submitted = status not in {S.DRAFT}
        assert held == (status in LIVE and submitted), status


def test_what_time_ends_is_what_lay_untouched_and_nothing_else(world: World) -> None:
    from datetime import timedelta

    from tenants.tasks import EXPIRES_AFTER, expire

    rows = {}
    for n, status in enumerate(Status):
        rows[status] = world.add_namespace(f"iris-blue-n{n}")
        WAYS[status](world, rows[status])
    assert expire() == 0
    Request.objects.update(updated_at=timezone.now() - timedelta(days=400))
    assert expire() == len(EXPIRES_AFTER)
    for status, request in rows.items():
        now = Request.objects.get(pk=request.pk).status
        assert now == (S.EXPIRED if status in EXPIRES_AFTER else status)
