"""The policy alone: everybody, everywhere, with reasons."""

import pytest

from portal.localforge.access import (
    Place,
    why_not_change,
    why_not_create,
    why_not_delete,
    why_not_look,
)
from tenants.inventory import MemberRole
from tenants.permissions import Actor

NOBODY = Actor(username="")
ADMIN = Actor(username="bob", is_admin=True)
ROOT = Actor(username="root", is_superuser=True)
OWNER = Actor(username="alice", roles={"iris-blue": MemberRole.OWNER})
MEMBER = Actor(username="amy", roles={"iris-blue": MemberRole.MEMBER})
STRANGER = Actor(username="charlie", roles={"iris-red": MemberRole.MEMBER})
NEWCOMER = Actor(username="eve")

FLEET = Place(platform=True)
SHARED = Place(platform=True, tenants={"iris-blue": "iris-blue", "red": "iris-red"})
BLUE = Place(tenants={"main": "iris-blue"})
NOBODYS = Place()


@pytest.mark.parametrize(
    ("place", "seen_by"),
    [
        (FLEET, [ADMIN, ROOT, OWNER, MEMBER, STRANGER]),
        (SHARED, [ADMIN, ROOT, OWNER, MEMBER, STRANGER]),
        (BLUE, [ADMIN, ROOT, OWNER, MEMBER]),
        (NOBODYS, [ADMIN, ROOT]),
    ],
    ids=["platform", "shared", "tenant", "nobody's"],
)
def test_look(place: Place, seen_by: list[Actor]) -> None:
    for actor in (NOBODY, ADMIN, ROOT, OWNER, MEMBER, STRANGER, NEWCOMER):
        reason = why_not_look(actor, place)
        assert (reason is None) is any(actor is one for one in seen_by), actor
        assert reason is None or reason.endswith(".")


@pytest.mark.parametrize(
    ("place", "base", "changed_by"),
    [
        (FLEET, "main", [ADMIN, ROOT]),
        (SHARED, "main", [ADMIN, ROOT]),
        (SHARED, "iris-blue", [ADMIN, ROOT, OWNER, MEMBER]),
        (SHARED, "red", [ADMIN, ROOT, STRANGER]),
        (BLUE, "main", [ADMIN, ROOT, OWNER, MEMBER]),
        (BLUE, "next", [ADMIN, ROOT, OWNER, MEMBER]),
        (NOBODYS, "main", [ADMIN, ROOT]),
    ],
)
def test_change(place: Place, base: str, changed_by: list[Actor]) -> None:
    for actor in (NOBODY, ADMIN, ROOT, OWNER, MEMBER, STRANGER, NEWCOMER):
        reason = why_not_change(actor, place, base=base)
        assert (reason is None) is any(actor is one for one in changed_by), actor
        assert reason is None or reason.endswith(".")


def test_who_may_not_look_may_not_change() -> None:
    for place in (FLEET, SHARED, BLUE, NOBODYS):
        for actor in (NOBODY, ADMIN, OWNER, STRANGER, NEWCOMER):
            for base in ("main", "iris-blue", "red"):
                if why_not_look(actor, place):
                    assert why_not_change(actor, place, base=base)


def test_delete_and_create() -> None:
    assert why_not_delete(ADMIN, BLUE, base="next", branch="main")
    assert why_not_delete(OWNER, BLUE, base="main", branch="topic") is None
    assert why_not_delete(OWNER, FLEET, base="main", branch="topic")
    assert [why_not_create(a) is None for a in (ADMIN, ROOT, OWNER, NOBODY)] == [
        True, True, False, False,
    ]  # fmt: skip
