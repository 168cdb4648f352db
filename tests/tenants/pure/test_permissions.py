"""Every person, every action, every status."""

from dataclasses import replace

import pytest

from tenants.errors import NotPermitted, TransitionNotAllowed
from tenants.inventory import MemberRole
from tenants.operations.base import Asker
from tenants.permissions import (
    TURN,
    Actor,
    Party,
    RequestView,
    can,
    check,
    may_see,
    may_see_request,
    why_not,
    why_not_administer,
    why_not_ask,
    why_not_decide,
)
from tenants.workflow import TRANSITIONS, Action, Status

TENANT = "iris-blue"
MEMBER, OWNER = {TENANT: MemberRole.MEMBER}, {TENANT: MemberRole.OWNER}
PERSONS = {
    "nobody": Actor(username=""),
    "stranger": Actor(username="charlie", roles={"iris-red": MemberRole.OWNER}),
    "requester": Actor(username="alice", roles=MEMBER),
    "requester who left": Actor(username="alice"),
    "requester and admin": Actor(username="alice", is_admin=True),
    "requester and superuser": Actor(username="alice", is_superuser=True, roles=OWNER),
    "member": Actor(username="dora", roles=MEMBER),
    "owner": Actor(username="emil", roles=OWNER),
    "owner and admin": Actor(username="emil", roles=OWNER, is_admin=True),
    "admin": Actor(username="bob", is_admin=True),
    "superuser": Actor(username="root", is_superuser=True),
    "admin who decided": Actor(username="carol", is_admin=True),
    "admin who revised": Actor(username="frank", is_admin=True),
}
REQUEST = RequestView(
    status=Status.SUBMITTED,
    requester="alice",
    tenant=TENANT,
    revised_by="frank",
    already_decided_by=frozenset({"carol"}),
)
CHANGE = {Action.EDIT, Action.SUBMIT, Action.WITHDRAW, Action.REOPEN}
DECIDE = {Action.APPROVE, Action.RETURN, Action.REJECT}
TALK = {Action.COMMENT, Action.REFRESH}
MAY = {
    "nobody": set(),
    "stranger": set(),
    "requester": CHANGE | TALK,
    "requester who left": {Action.WITHDRAW} | TALK,
    "requester and admin": CHANGE | TALK,
    "requester and superuser": CHANGE | TALK,
    "member": TALK,
    "owner": CHANGE | TALK,
    "owner and admin": CHANGE | DECIDE | TALK,
    "admin": DECIDE | TALK,
    "superuser": DECIDE | TALK,
    "admin who decided": TALK,
    "admin who revised": TALK,
}


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("action", Action)
def test_the_matrix(person: str, action: Action) -> None:
    for status in Status:
        expect(action, person, replace(REQUEST, status=status))


def expect(action: Action, person: str, request: RequestView) -> None:
    actor, status = PERSONS[person], request.status
    by_person, by_status = action in MAY[person], status in TRANSITIONS[action].sources
    reason = why_not(action, actor, request)
    assert can(action, actor, request) == (by_person and by_status) == (reason is None)
    if not by_person:
        with pytest.raises(NotPermitted) as caught:
            check(action, actor, request)
        assert caught.value.reason == reason
    elif not by_status:
        with pytest.raises(TransitionNotAllowed):
            check(action, actor, request)
    else:
        check(action, actor, request)
    assert reason is None or (reason[0].isupper() and reason.endswith("."))


def test_the_requester_never_decides() -> None:
    for name in ("requester and admin", "requester and superuser"):
        reason = why_not(Action.APPROVE, PERSONS[name], REQUEST)
        assert reason == "You are the requester; another platform admin decides."


def test_who_wrote_the_revision_does_not_approve_it() -> None:
    owner = PERSONS["owner and admin"]
    assert why_not_decide(owner, REQUEST) is None
    wrote = replace(REQUEST, revised_by="emil")
    assert (
        why_not_decide(owner, wrote) == "You wrote this revision; another platform admin decides."
    )


def test_one_decision_per_person_and_revision() -> None:
    for action in DECIDE:
        reason = why_not(action, PERSONS["admin who decided"], REQUEST)
        assert reason is not None
        assert reason.startswith("You have decided about this revision already")


def test_a_request_whose_tenant_is_not_there_yet() -> None:
    request = replace(REQUEST, tenant="")
    alice = PERSONS["requester who left"]
    assert can(Action.EDIT, alice, request)
    assert can(Action.WITHDRAW, alice, request)
    assert not may_see_request(PERSONS["member"], request)
    assert may_see_request(PERSONS["admin"], request)


def test_an_empty_username_is_nobodys_request() -> None:
    assert not may_see_request(Actor(username=""), replace(REQUEST, requester=""))
    assert not may_see(Actor(username="", is_superuser=True), TENANT)


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        *((p, False) for p in ("nobody", "stranger", "requester who left")),
        *((p, True) for p in ("member", "owner", "admin", "superuser")),
    ],
)
def test_who_sees_a_tenant(person: str, sees: bool) -> None:
    assert may_see(PERSONS[person], TENANT) == sees


@pytest.mark.parametrize(
    ("asks", "persons"),
    [
        (Asker.ANYONE, set(PERSONS) - {"nobody"}),
        (
            Asker.TENANT_OWNER_OR_MEMBER,
            set(PERSONS) - {"nobody", "stranger", "requester who left"},
        ),
        (Asker.ADMIN, {p for p in PERSONS if "admin" in p or "superuser" in p}),
    ],
)
def test_who_may_ask(asks: Asker, persons: set[str]) -> None:
    assert {p for p, actor in PERSONS.items() if not why_not_ask(asks, actor, TENANT)} == persons


def test_who_administers() -> None:
    assert why_not_administer(PERSONS["admin"]) is None
    assert why_not_administer(PERSONS["superuser"]) is None
    assert why_not_administer(PERSONS["owner"]) == "Only a platform admin may do this."
    assert why_not_administer(PERSONS["nobody"]) == "Sign in first."


def test_the_reason_says_when_it_is_possible() -> None:
    draft = replace(REQUEST, status=Status.DRAFT)
    assert why_not(Action.APPROVE, PERSONS["admin"], draft) == (
        "The request is draft; this is possible while it is submitted."
    )
    rejected = replace(REQUEST, status=Status.REJECTED)
    assert why_not(Action.APPROVE, PERSONS["admin"], rejected) == (
        "The request is rejected; that ended it."
    )


def test_it_is_somebodys_turn_in_every_status() -> None:
    assert set(TURN) == set(Status)
    approvers = {s for s, turn in TURN.items() if turn.party is Party.APPROVERS}
    assert approvers == TRANSITIONS[Action.APPROVE].sources
    over = {s for s, turn in TURN.items() if turn.party is Party.NOBODY}
    assert over == TRANSITIONS[Action.REOPEN].sources
