"""What people decide: who may, in which order, and what a second look finds."""

import pytest

from gitops.errors import InvalidSpec
from gitops.states import State
from tenants import audit, freezing, queries, services
from tenants.errors import NotPermitted, StaleRequest, TransitionNotAllowed
from tenants.models import Decision, Request
from tenants.workflow import Status
from tests.world import World


def test_production_needs_two_different_admins(world: World) -> None:
    request = world.submitted(clusters=["dev-1", "production-1"])
    half = world.approve(request, by=world.bob)
    assert half.status == Status.SUBMITTED
    with pytest.raises(NotPermitted, match="already"):
        world.approve(half, by=world.bob)
    assert world.approve(half, by=world.carol).status == Status.APPROVED


def test_nobody_decides_about_their_own_wish(world: World) -> None:
    request = world.submitted(by=world.bob)
    with pytest.raises(NotPermitted, match="requester"):
        world.approve(request, by=world.bob)
    world.bob.is_superuser = True
    world.bob.save()
    with pytest.raises(NotPermitted, match="requester"):
        world.approve(request, by=type(world.bob).objects.get(pk=world.bob.pk))


def test_a_member_decides_nothing(world: World) -> None:
    with pytest.raises(NotPermitted, match="platform admin"):
        world.approve(world.submitted(by=world.bob), by=world.alice)


def test_another_digest_is_refused_with_the_current_one(world: World) -> None:
    request = world.submitted()
    with pytest.raises(StaleRequest) as refused:
        services.approve(request, by=world.bob, digest="sha256:" + "0" * 64)
    assert refused.value.current_digest == queries.revision_of(request).digest  # type: ignore[union-attr]


def test_an_edit_after_the_first_approval_voids_it(world: World) -> None:
    request = world.submitted(clusters=["dev-1", "production-1"])
    half = world.approve(request)
    payload = {**half.payload, "size_class": "medium"}
    edited = services.edit(
        half, by=world.alice, payload=payload, purpose=half.purpose, cost_centre=half.cost_centre
    )
    assert edited.revision_number == 2
    assert not Decision.objects.filter(void=False).exists()
    assert world.approve(edited, by=world.bob).status == Status.SUBMITTED


def test_returned_edited_and_submitted_again(world: World) -> None:
    request = world.submitted()
    returned = services.return_(request, by=world.bob, comment="Say who pays.")
    assert returned.status == Status.RETURNED
    assert [c.state for c in queries.change_sets_of(returned)] == [State.CLOSED]
    edited = services.edit(returned, by=world.alice, payload=returned.payload, purpose="Payments")
    again = services.submit(edited, by=world.alice)
    assert (again.status, again.revision_number) == (Status.SUBMITTED, 2)


def test_a_rejection_says_why_and_frees_the_name(world: World) -> None:
    request = world.submitted()
    with pytest.raises(InvalidSpec, match="why"):
        services.reject(request, by=world.bob, comment=" ")
    rejected = services.reject(request, by=world.bob, comment="Use the other one.")
    assert rejected.settled_at is not None
    assert world.submitted().status == Status.SUBMITTED


def test_a_name_is_held_from_submit_on(world: World) -> None:
    draft = world.add_namespace()
    world.submitted()
    with pytest.raises(InvalidSpec) as refused:
        services.submit(draft, by=world.alice)
    assert [p.code for p in refused.value.problems] == ["taken"]
    assert Request.objects.get(pk=draft.pk).status == Status.DRAFT


def test_a_reopened_request_is_a_draft_again(world: World) -> None:
    request = services.withdraw(world.submitted(), by=world.alice)
    assert services.reopen(request, by=world.alice).status == Status.DRAFT


def test_an_expired_request_lets_its_name_go(world: World) -> None:
    services.expire(world.submitted())
    assert world.submitted().status == Status.SUBMITTED


def test_a_stale_copy_of_a_request_changes_nothing(world: World) -> None:
    first = world.submitted()
    services.reject(Request.objects.get(pk=first.pk), by=world.carol, comment="No.")
    with pytest.raises(TransitionNotAllowed):
        world.approve(first)


def test_while_frozen_nothing_is_pushed_and_afterwards_it_goes_on(world: World) -> None:
    freezing.freeze(by="bob", reason="incident 4711")
    request = world.approved()
    world.hurry()
    assert world.pulls() == ()
    assert queries.phase_of(Request.objects.get(pk=request.pk)).key == "frozen"
    freezing.unfreeze(by="bob")
    world.deliver()
    assert len(world.pulls()) == 1


def test_the_audit_chain_holds_and_tells_each_step(world: World) -> None:
    request = world.approved()
    world.deliver()
    told = [event.what for event in queries.timeline(Request.objects.get(pk=request.pk))]
    assert told == [
        "started a draft",
        "submitted it for approval",
        "approved",
        "queued the files",
        "opened the pull request",
    ]
    assert audit.verify().broken_at is None


def test_two_new_tenants_cannot_share_a_repository(world: World) -> None:
    services.submit(world.onboard("plum"), by=world.alice)
    other = world.onboard("pear")
    services.edit(
        other,
        by=world.alice,
        payload={**other.payload, "repository": "Plum/apps"},
        purpose="A new team",
    )
    with pytest.raises(InvalidSpec) as refused:
        services.submit(other, by=world.alice)
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/spec/repository", "taken")]


def test_names_of_open_requests_count_as_relatives(world: World) -> None:
    services.submit(world.onboard("plum"), by=world.alice)
    with pytest.raises(InvalidSpec) as refused:
        services.submit(world.onboard("plum-jam"), by=world.alice)
    assert [p.code for p in refused.value.problems] == ["prefix-of-other-tenant"]
