"""A list costs the same number of queries, however long it is."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import services
from tenants.models import Cluster, Namespace, SizeClass, Tenant
from tests.tenants.pages.conftest import Browse
from tests.world import World


def _queries(browse: Browse, person: User, address: str) -> int:
    client = browse(person)
    client.get(address)  # whatever is looked up once per process
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def _more(world: World, start: int) -> None:
    """One more of everything that lists show."""
    for kind in ("draft", "waiting", "returned", "approved"):
        request = world.add_namespace(f"iris-blue-{kind}{start}")
        if kind != "draft":
            services.submit(request, by=world.alice)
            request.refresh_from_db()
        if kind == "returned":
            services.return_(request, by=world.bob, comment="no")
        if kind == "approved":
            world.approve(request)
    repository = Tenant.objects.get(slug="iris-red").repository
    repository.pk = None
    repository.name = f"apps-{start}"
    repository._state.adding = True
    repository.save()
    tenant = Tenant.objects.create(slug=f"lime{start}", home=f"lime{start}", repository=repository)
    cluster = Cluster.objects.get(name="dev-1")
    tenant.placements.create(cluster=cluster)
    tenant.memberships.create(user=world.alice, role="member")
    Namespace.objects.create(
        tenant=tenant,
        cluster=cluster,
        name=tenant.home,
        size_class=SizeClass.objects.get(name="small"),
        network="isolated",
        pod_security="restricted",
    )


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_lists_do_not_ask_once_per_row(world: World, browse: Browse, who: str) -> None:
    person: User = getattr(world, who)
    addresses = (
        "/",
        "/requests/",
        "/tenants/",
        "/tenants/iris-blue/",
        "/namespaces/",
        "/clusters/",
        "/clusters/dev-1/",
    )
    _more(world, 0)
    before = {address: _queries(browse, person, address) for address in addresses}
    for number in range(1, 4):
        _more(world, number)
    after = {address: _queries(browse, person, address) for address in addresses}
    assert after == before
    assert max(after.values()) <= 25
