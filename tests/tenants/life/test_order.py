"""What goes first: stages of one request, requests that own the same files, branches of one
repository."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gitops.forges.base import RepositoryPath
from gitops.models import Repository
from gitops.spec import Role
from gitops.states import State
from portal.localforge import access, places
from tenants import operations, proposals, queries, services
from tenants.errors import NotPermitted
from tenants.models import Request, Tenant
from tenants.operations import OPERATIONS
from tenants.operations.base import Stage
from tenants.operations.facts import RequestFacts
from tests.world import World, pull_of

NO_FACTS = RequestFacts()


def one_cluster_after_the_other(
    before: Any, payload: Any, facts: RequestFacts = NO_FACTS, /
) -> tuple[Stage, ...]:
    """add-namespace in a stage per cluster, as moves and removals will be."""
    [whole] = OPERATIONS["add-namespace"].stages(before, payload, facts)
    return tuple(
        replace(
            whole,
            specs=tuple(s for s in whole.specs if s.cluster == cluster),  # type: ignore[union-attr]
            owned={Role.PLATFORM: tuple(p for p in whole.owned[Role.PLATFORM] if cluster in p)},
            claims=tuple(c for c in whole.claims if c.cluster == cluster),
        )
        for cluster in payload.clusters
    )


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = OPERATIONS["add-namespace"]
    two: Mapping[str, Any] = {
        **OPERATIONS,
        "add-namespace": replace(plain, stages=one_cluster_after_the_other),
    }
    for module in (operations, proposals, "tenants.landing", "tenants.contexts"):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.OPERATIONS", two)


def states(request: Request) -> list[tuple[int, str]]:
    rows = queries.change_sets_of(Request.objects.get(pk=request.pk))
    return [(row.stage, row.state) for row in rows]


def test_a_later_stage_waits_until_the_earlier_one_has_landed(world: World, staged: None) -> None:
    request = world.submitted(clusters=["dev-1", "production-1"])
    world.approve(request, by=world.bob)
    world.approve(Request.objects.get(pk=request.pk), by=world.carol)
    world.hurry()
    assert states(request) == [(1, State.OPEN), (2, State.PENDING)]
    first, second = queries.change_sets_of(Request.objects.get(pk=request.pk))
    assert first.branch != second.branch
    assert second.waiting_for == "stage 1"

    world.merge(first.pull_request_number or 0)
    world.hurry()
    assert states(request) == [(1, State.MERGED), (2, State.OPEN)]
    names = {
        n.cluster.name
        for n in Tenant.objects.get(slug="iris-blue").namespaces.all()
        if n.name == "iris-blue-payments"
    }
    assert names == {"dev-1"}

    [left] = [p for p in world.pulls() if p.is_open]
    world.merge(left.number)
    world.hurry()
    assert states(request) == [(1, State.MERGED), (2, State.MERGED)]
    assert Request.objects.get(pk=request.pk).settled_at is not None


def test_who_owns_the_same_files_goes_first(world: World) -> None:
    first, second = world.submitted("iris-blue-one"), world.submitted("iris-blue-two")
    revision = queries.revision_of(second)
    assert revision is not None
    inside = queries.revision_of(first).owned[0] + "deeper/"  # type: ignore[union-attr]
    second.revisions.filter(pk=revision.pk).update(owned=[inside])
    second = Request.objects.get(pk=second.pk)
    assert queries.phase_of(second).key == "blocked"
    assert queries.phase_of(second).waiting_for == f"#{first.number}"
    with pytest.raises(NotPermitted, match="goes first"):
        world.approve(second)

    services.reject(first, by=world.bob, comment="No.")
    assert world.approve(Request.objects.get(pk=second.pk)).status == "approved"


def test_a_neighbours_files_block_nobody(world: World) -> None:
    first, second = world.submitted("iris-blue-one"), world.submitted("iris-blue-one-more")
    assert queries.blockers(second) == []
    assert queries.blockers(first) == []


def test_a_tenant_may_live_on_a_branch_of_the_platform_repository(world: World) -> None:
    tree = world.git("mktree").strip()
    root = world.git("commit-tree", tree, "-m", "plum begins").strip()
    world.git("update-ref", "refs/heads/tenants/plum", root)
    payload = {
        "name": "plum",
        "owners": ["alice"],
        "clusters": ["dev-1"],
        "size_class": "small",
        "repository": "platform/fleet",
        "branch": "tenants/plum",
    }
    draft = services.create(
        by=world.alice, operation="onboard-tenant", payload=payload, purpose="A new team"
    )
    submitted = services.submit(draft, by=world.alice)
    world.deliver()
    request = world.approve(Request.objects.get(pk=submitted.pk))
    world.deliver()
    rows = queries.change_sets_of(request)
    assert {(str(r.repository), r.state) for r in rows} == {
        ("platform/fleet@main", State.OPEN),
        ("platform/fleet@tenants/plum", State.OPEN),
    }
    assert len({r.branch for r in rows}) == 2
    for pull in world.pulls():
        world.merge(pull.number)
    world.hurry()
    plum = Tenant.objects.get(slug="plum")
    assert plum.repository == Repository.objects.get(target_branch="tenants/plum")
    assert "resources" in world.show("clusters/dev-1/kustomization.yaml", ref="tenants/plum")
    sync = world.show("tenants/dev-1/plum/plum/sync.yaml")
    assert "branch: tenants/plum" in sync


def test_a_repository_nobody_has_seen_cannot_be_approved(world: World) -> None:
    payload = {
        "name": "plum",
        "owners": ["alice"],
        "clusters": ["dev-1"],
        "size_class": "small",
        "repository": "plum/missing",
    }
    draft = services.create(
        by=world.alice, operation="onboard-tenant", payload=payload, purpose="A new team"
    )
    request = services.submit(draft, by=world.alice)
    world.deliver()
    with pytest.raises(NotPermitted, match="Nobody has seen plum/missing"):
        world.approve(request)
    world.make_repository("plum/missing")
    world.hurry()
    world.approve(Request.objects.get(pk=request.pk))
    world.deliver()
    assert {s for _, s in states(request)} == {State.OPEN}


def test_a_pull_request_can_be_found_again_without_its_number(world: World) -> None:
    """The reply to its creation got lost: the same one is adopted."""
    request = world.approved()
    world.deliver()
    pull = pull_of(world, request)
    [row] = queries.change_sets_of(request)
    type(row).objects.filter(pk=row.pk).update(
        state=State.PENDING, pull_request_number=None, pull_request_url="", waiting_for=""
    )
    world.hurry()
    assert [p.number for p in world.pulls()] == [pull.number]


def test_who_asked_for_a_tenant_may_merge_its_first_content(world: World) -> None:
    services.submit(world.onboard("plum"), by=world.alice)
    place = places.place_of(RepositoryPath.parse("plum/apps"))
    alice, charlie = queries.actor(world.alice), queries.actor(world.charlie)
    assert access.why_not_change(alice, place, base="main") is None
    assert access.why_not_look(charlie, place) is not None
    fleet = places.place_of(RepositoryPath.parse("platform/fleet"))
    assert access.why_not_change(alice, fleet, base="main") is not None
