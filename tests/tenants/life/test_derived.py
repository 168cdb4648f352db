"""The columns lists filter by are copies: at every step they say what `phase()` says."""

from gitops.forges.local import pulls
from tenants import audit, freezing, queries, services
from tenants.models import Request
from tests.world import World, pull_of


def looked(world: World, seen: set[str]) -> None:
    for request in Request.objects.all():
        assert request.phase_key == queries.phase_of(request).key
        seen.add(request.phase_key)


def test_the_stored_phase_is_the_derived_one_at_every_step(world: World) -> None:
    seen: set[str] = set()
    draft = world.add_namespace("iris-blue-one")
    looked(world, seen)
    submitted = services.submit(draft, by=world.alice)
    looked(world, seen)
    returned = services.return_(submitted, by=world.bob, comment="Why?")
    looked(world, seen)
    again = services.submit(returned, by=world.alice)
    freezing.freeze(by="bob", reason="incident")
    approved = world.approve(again)
    looked(world, seen)
    freezing.unfreeze(by="bob")
    looked(world, seen)
    world.deliver()
    looked(world, seen)
    pulls.close(world.bare(), pull_of(world, approved).number, by="bob")
    world.hurry()
    looked(world, seen)
    services.withdraw(Request.objects.get(pk=approved.pk), by=world.alice)
    looked(world, seen)
    blocked = world.add_namespace("iris-blue-two")
    services.submit(blocked, by=world.alice)
    looked(world, seen)
    world.deliver()
    looked(world, seen)
    services.reject(Request.objects.get(pk=blocked.pk), by=world.bob, comment="No.")
    looked(world, seen)
    third = world.approved("iris-blue-three")
    world.deliver()
    world.merge(pull_of(world, third).number)
    world.hurry()
    looked(world, seen)
    services.expire(world.add_namespace("iris-blue-four"))
    looked(world, seen)
    assert seen == {
        "draft",
        "waiting-for-approval",
        "returned",
        "frozen",
        "opening",
        "waiting-for-merge",
        "needs-admin",
        "closing",
        "withdrawn",
        "rejected",
        "merged",
        "expired",
    }
    assert audit.verify().broken_at is None
