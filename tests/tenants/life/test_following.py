"""What people do on the forge, and what the portal makes of it."""

import pytest

from gitops.forges.local import pulls
from gitops.models import ChangeSet
from gitops.states import Reason, State
from tenants import queries, services
from tenants.errors import NotPermitted
from tenants.models import Namespace, Request
from tenants.workflow import Status
from tests.world import World, pull_of

FOLDER = "tenants/dev-1/iris-blue/iris-blue-payments/"


def change_set_of(request: Request) -> ChangeSet:
    [row] = queries.change_sets_of(Request.objects.get(pk=request.pk))
    return ChangeSet.objects.get(pk=row.pk)


@pytest.fixture
def opened(world: World) -> Request:
    """A request whose pull request is open."""
    request = world.approved()
    world.deliver()
    assert change_set_of(request).state == State.OPEN
    return request


def test_a_squash_merge_is_merged(world: World, opened: Request) -> None:
    world.merge(pull_of(world, opened).number, squash=True)
    world.hurry()
    assert change_set_of(opened).state == State.MERGED
    assert Namespace.objects.filter(name="iris-blue-payments").exists()


def test_a_merge_pushed_with_plain_git_is_noticed(world: World, opened: Request) -> None:
    world.git("update-ref", "refs/heads/main", change_set_of(opened).commit)
    world.hurry()
    assert change_set_of(opened).state == State.MERGED


def test_the_branch_is_deleted_after_the_merge(world: World, opened: Request) -> None:
    world.merge(pull_of(world, opened).number)
    world.hurry()
    assert world.git("for-each-ref", "refs/heads/gatehouse") == ""


def test_a_merge_with_other_bytes_is_told_apart(world: World, opened: Request) -> None:
    branch = change_set_of(opened).branch
    world.push_file(f"{FOLDER}guardrails.yaml", "# nothing\n", branch=branch)
    world.merge(pull_of(world, opened).number)
    world.hurry()
    assert change_set_of(opened).state == State.MERGED_WITH_CHANGES
    phase = queries.phase_of(Request.objects.get(pk=opened.pk))
    assert phase.key == "merged-with-changes"


def test_somebody_who_pushes_to_our_branch_stops_us(world: World, opened: Request) -> None:
    row = change_set_of(opened)
    theirs = world.push_file("clusters/dev-1/evil.yaml", "x: 1\n", branch=row.branch)
    world.hurry()
    parked = change_set_of(opened)
    assert (parked.state, parked.reason) == (State.NEEDS_ADMIN, Reason.TAMPERED)
    assert world.git("rev-parse", row.branch).strip() == theirs

    world.git("update-ref", f"refs/heads/{row.branch}", row.commit)
    world.hurry()
    assert change_set_of(opened).state == State.OPEN


def test_closed_by_hand_asks_an_admin_and_reopened_goes_on(world: World, opened: Request) -> None:
    number = pull_of(world, opened).number
    pulls.close(world.bare(), number, by="bob")
    world.hurry()
    parked = change_set_of(opened)
    assert (parked.state, parked.reason) == (State.NEEDS_ADMIN, Reason.PULL_REQUEST_CLOSED)

    pulls.reopen(world.bare(), number, by="bob")
    world.hurry()
    assert change_set_of(opened).state == State.OPEN


def test_a_deleted_branch_is_pushed_again_by_retry(world: World, opened: Request) -> None:
    row = change_set_of(opened)
    pulls.delete_branch(world.bare(), row.branch, by="bob")
    world.hurry()
    parked = change_set_of(opened)
    assert (parked.state, parked.reason) == (State.NEEDS_ADMIN, Reason.BRANCH_GONE)

    with pytest.raises(NotPermitted):
        services.retry_change_set(parked, by=world.alice)
    services.retry_change_set(parked, by=world.bob)
    world.deliver()
    again = change_set_of(opened)
    assert again.state == State.OPEN
    assert again.commit == row.commit
    assert world.git("rev-parse", row.branch).strip() == row.commit


def test_withdrawing_closes_the_pull_request_and_the_branch(world: World, opened: Request) -> None:
    row = change_set_of(opened)
    services.withdraw(Request.objects.get(pk=opened.pk), by=world.alice)
    assert queries.phase_of(Request.objects.get(pk=opened.pk)).key == "closing"
    world.deliver()
    ended = Request.objects.get(pk=opened.pk)
    assert change_set_of(opened).state == State.CLOSED
    assert pulls.get(world.bare(), row.pull_request_number or 0).state == "closed"
    assert world.git("for-each-ref", "refs/heads/gatehouse") == ""
    assert ended.status == Status.WITHDRAWN
    assert ended.settled_at is not None
    assert not ended.claims.filter(released_at=None).exists()


def test_what_is_merged_in_part_cannot_be_withdrawn(world: World, opened: Request) -> None:
    world.merge(pull_of(world, opened).number)
    world.hurry()
    with pytest.raises(NotPermitted, match="merged"):
        services.withdraw(Request.objects.get(pk=opened.pk), by=world.alice)


def test_a_base_that_moved_under_an_approval_voids_it(world: World) -> None:
    request = world.approved()
    world.push_file(f"{FOLDER}namespace.yaml", "by: hand\n")
    world.hurry()
    parked = change_set_of(request)
    # A foreign file in the way cannot be planned around: a person is asked, nothing is pushed.
    assert (parked.state, parked.reason) == (State.NEEDS_ADMIN, Reason.CONFLICT)
    assert world.pulls() == ()

    world.remove_file(f"{FOLDER}namespace.yaml")
    world.hurry()
    assert change_set_of(request).state == State.OPEN


def test_files_that_are_there_already_need_no_pull_request(world: World) -> None:
    request = world.approved()
    row = change_set_of(request)
    for change in row.file_changes.all():
        world.push_file(change.path, change.after or "")
    world.deliver()
    assert change_set_of(request).state == State.UNCHANGED
    assert world.pulls() == ()
    assert Namespace.objects.filter(name="iris-blue-payments").exists()


def test_a_merge_that_wins_the_race_with_withdraw_counts(world: World, opened: Request) -> None:
    world.merge(pull_of(world, opened).number)
    services.withdraw(Request.objects.get(pk=opened.pk), by=world.alice)
    world.deliver()
    assert change_set_of(opened).state == State.MERGED
    assert Namespace.objects.filter(name="iris-blue-payments").exists()


def test_an_open_pull_request_goes_on_with_new_bytes_when_its_base_moves(world: World) -> None:
    """The tenant writes the seeded path first: planned again, same branch, same pull request."""
    submitted = services.submit(world.onboard("plum"), by=world.alice)
    world.deliver()
    request = world.approve(Request.objects.get(pk=submitted.pk))
    world.deliver()
    old = next(r for r in queries.change_sets_of(request) if r.repository.owner == "plum")
    world.push_file("clusters/dev-1/kustomization.yaml", "# theirs\n", repository="plum/apps")
    world.hurry()

    back = Request.objects.get(pk=request.pk)
    assert back.status == Status.SUBMITTED
    assert back.revision_number == request.revision_number + 1
    assert (
        not back.revisions.get(number=request.revision_number).decisions.filter(void=False).exists()
    )

    world.approve(back, by=world.carol)
    world.hurry()
    rows = queries.change_sets_of(Request.objects.get(pk=request.pk))
    assert {r.state for r in rows} == {State.OPEN}
    platform = next(r for r in rows if r.repository.owner == "platform")
    assert [p.number for p in world.pulls()] == [platform.pull_request_number]
    new = [r for r in rows if r.repository.owner == "plum"]
    if new:
        assert new[0].pull_request_number == old.pull_request_number
        assert new[0].commit != old.commit
