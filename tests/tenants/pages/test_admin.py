"""A superuser can set up a fleet from nothing, and touch nothing that people decide about."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from gitops.models import Connection, Repository
from tenants.models import AuditEvent, Cluster, ClusterGroup, SizeClass
from tests.world import World

WORKFLOW = {"Request", "Revision", "Decision", "ChangeSet", "FileChange", "AuditEvent", "Claim",
            "Namespace", "Tenant", "Condition", "ApiToken"}  # fmt: skip


@pytest.fixture
def root(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def add(client: Client, model: str, **values: object) -> None:
    answer = client.post(f"/admin/{model}/add/", values)
    assert answer.status_code == 302, answer.content.decode()


def test_a_fleet_from_nothing(root: Client) -> None:
    add(root, "gitops/connection", slug="local", forge="local")
    add(
        root,
        "gitops/repository",
        connection=Connection.objects.get().pk,
        owner="platform",
        name="fleet",
        target_branch="main",
        role="platform",
    )
    add(root, "tenants/clustergroup", slug="dev", title="Development")
    add(
        root,
        "tenants/cluster",
        name="dev-1",
        group=ClusterGroup.objects.get().pk,
        environment="dev",
        flux="2.7",
        repository=Repository.objects.get().pk,
        takes_tenants="on",
    )
    add(
        root,
        "tenants/sizeclass",
        name="small",
        title="Small",
        position=1,
        quota='{"pods": "10"}',
        limits='{"cpu": "1"}',
        requests='{"cpu": "100m"}',
    )
    assert Cluster.objects.get().takes_tenants
    assert SizeClass.objects.get().quota == {"pods": "10"}
    for page in ("", "gitops/repository/", "tenants/cluster/", "tenants/sizeclass/"):
        assert root.get(f"/admin/{page}").status_code == 200


def test_what_the_workflow_owns_is_not_here() -> None:
    shown = {model.__name__ for model in admin.site._registry}
    assert not shown & WORKFLOW


def test_an_audit_event_knows_the_web_request_that_caused_it(client: Client, world: World) -> None:
    request = world.submitted()
    client.force_login(world.alice)
    answer = client.post(
        f"/requests/{request.number}/withdraw/", headers={"X-Request-ID": "abcdef-123456"}
    )
    assert answer.status_code == 302
    caused = AuditEvent.objects.filter(request_id="abcdef-123456").order_by("sequence")
    assert [e.action for e in caused] == ["request.withdraw", "change-set.close"]
