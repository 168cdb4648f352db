"""A namespace asked for becomes a merged pull request: the walk, through every layer."""

import yaml

from gitops.models import RepositoryFile
from gitops.states import State
from tenants import audit, queries, services
from tenants.models import Namespace, Request, Tenant
from tenants.workflow import Status
from tests.world import World, pull_of


def test_a_namespace_asked_for_becomes_merged_files(world: World) -> None:
    request = world.submitted("iris-blue-payments")
    assert request.status == Status.SUBMITTED
    assert queries.phase_of(request).key == "waiting-for-approval"

    approved = world.approve(request)
    assert approved.status == Status.APPROVED
    world.deliver()

    pull = pull_of(world, approved)
    assert pull.title == "Add a namespace: iris-blue-payments"
    assert "Add the namespace iris-blue-payments on dev-1, size small." in pull.body
    assert "alice" in pull.body
    assert "bob" in pull.body
    world.merge(pull.number)
    world.hurry()

    merged = Request.objects.get(pk=request.pk)
    assert queries.phase_of(merged).key == "merged"
    assert merged.settled_at is not None
    namespace = Namespace.objects.get(name="iris-blue-payments")
    assert namespace.cluster.name == "dev-1"
    assert namespace.cost_centre == "CC-1042"
    folder = "tenants/dev-1/iris-blue/iris-blue-payments/"
    manifest = yaml.safe_load(world.show(f"{folder}namespace.yaml"))
    assert manifest["metadata"]["name"] == "iris-blue-payments"
    assert audit.verify().broken_at is None


def test_what_is_pushed_is_what_was_approved_byte_for_byte(world: World) -> None:
    request = world.approved()
    [row] = queries.change_sets_of(request)
    approved = {c.path: c.after for c in row.file_changes.all()}
    world.deliver()
    row.refresh_from_db()
    pushed = {path: world.show(path, ref=row.commit) for path in approved}
    assert pushed == approved


def test_a_new_tenant_gets_two_pull_requests_that_know_each_other(world: World) -> None:
    submitted = services.submit(world.onboard("plum"), by=world.alice)
    world.deliver()  # the worker's first look into plum/apps
    request = world.approve(Request.objects.get(pk=submitted.pk))
    world.deliver()
    rows = queries.change_sets_of(request)
    assert {r.repository.full_name: r.state for r in rows} == {
        "platform/fleet": State.OPEN,
        "plum/apps": State.OPEN,
    }
    world.hurry()
    [platform] = world.pulls("platform/fleet")
    [tenant] = world.pulls("plum/apps")
    assert tenant.body.index("plum/apps:") < tenant.body.index("platform/fleet:")
    assert "/forge/plum/apps/pulls/1/" in platform.body

    world.merge(tenant.number, "plum/apps")
    world.hurry()
    assert not Tenant.objects.filter(slug="plum").exists()
    world.merge(platform.number, "platform/fleet", squash=True)
    world.hurry()
    plum = Tenant.objects.get(slug="plum")
    assert [m.user.username for m in plum.memberships.all()] == ["alice"]
    assert RepositoryFile.objects.filter(path="clusters/dev-1/tenants/plum.yaml").exists()
    assert Request.objects.get(pk=request.pk).tenant == plum
