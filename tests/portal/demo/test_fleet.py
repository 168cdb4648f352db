"""The demo's values keep the rules that people's own are held to."""

from fractions import Fraction
from itertools import pairwise

import pytest

from gitops import names
from gitops.policies import Context, verdicts
from gitops.rendering import render
from gitops.spec import FluxVersion, Role
from portal.demo import fleet
from tenants.inventory import MemberRole
from tests.portal.demo.trees import CLONE_URL

TENANTS = {tenant.slug: tenant for tenant in fleet.TENANTS}
_UNITS = {"m": Fraction(1, 1000), "Mi": Fraction(2**20), "Gi": Fraction(2**30)}


def amount(quantity: str) -> Fraction:
    assert names.quantity(quantity) == ()
    number = quantity.rstrip("mMGi")
    return Fraction(number) * _UNITS.get(quantity.removeprefix(number), Fraction(1))


def test_what_was_promised_is_there() -> None:
    assert [g.slug for g in fleet.GROUPS] == ["infra-ops", "dev", "test", "staging", "production"]
    assert {name: (c.group, c.environment.value) for name, c in fleet.CLUSTERS.items()} == {
        "infra-ops-1": ("infra-ops", "operations"),
        "dev-1": ("dev", "dev"),
        "dev-2": ("dev", "dev"),
        "test-1": ("test", "test"),
        "staging-1": ("staging", "staging"),
        "production-1": ("production", "production"),
    }
    assert all(name == cluster.name for name, cluster in fleet.CLUSTERS.items())
    assert [size.spec.name for size in fleet.SIZES] == ["small", "medium", "large"]
    assert {slug: t.repository for slug, t in TENANTS.items()} == {
        slug: f"{slug}/apps" for slug in ("iris-blue", "iris-green", "iris-red")
    }


def test_a_cluster_of_every_flux_minor() -> None:
    assert {cluster.flux for cluster in fleet.CLUSTERS.values()} == set(FluxVersion)


def test_people_have_the_parts_the_terminal_says() -> None:
    roles = {(m.username, slug): m.role for slug, t in TENANTS.items() for m in t.members}
    assert roles["alice", "iris-blue"] is MemberRole.OWNER
    assert roles["charlie", "iris-red"] is MemberRole.MEMBER
    assert [p.username for p in fleet.PEOPLE if p.platform_admin] == ["bob", "carol"]
    # admins decide about others' requests, so none is in a team
    assert not {"bob", "carol"} & {username for username, _ in roles}


@pytest.mark.parametrize("slug", TENANTS)
def test_every_tenant_has_an_owner_who_is_known(slug: str) -> None:
    members = TENANTS[slug].members
    assert [m for m in members if m.role is MemberRole.OWNER]
    assert {m.username for m in members} <= {p.username for p in fleet.PEOPLE}


@pytest.mark.parametrize("slug", TENANTS)
def test_names_keep_the_rules(slug: str) -> None:
    others = TENANTS.keys() - {slug}
    assert names.tenant_slug(slug) == ()
    assert names.apart_from(slug, others) == ()
    for placement in TENANTS[slug].placements:
        for namespace in placement.namespaces:
            assert names.namespace_name(namespace.name) == ()
            assert names.in_tenant_space(namespace.name, slug) == ()
            assert names.outside_other_tenants(namespace.name, slug, others) == ()


@pytest.mark.parametrize("slug", TENANTS)
def test_placements_are_possible(slug: str) -> None:
    tenant = TENANTS[slug]
    assert len(tenant.clusters) == len(set(tenant.clusters)) > 1
    for placement in tenant.placements:
        assert fleet.CLUSTERS[placement.cluster].open
        found = [namespace.name for namespace in placement.namespaces]
        assert found[0] == tenant.home
        assert len(found) == len(set(found))


def test_the_walk_through_the_demo_finds_its_name_free() -> None:
    spaces = (p.namespaces for t in fleet.TENANTS for p in t.placements)
    assert "iris-blue-payments" not in {n.name for found in spaces for n in found}


@pytest.mark.parametrize("slug", TENANTS)
def test_what_is_rendered_passes_every_check(slug: str) -> None:
    specs = TENANTS[slug].specs(CLONE_URL)
    rendered = render(specs).of_role(Role.PLATFORM)
    namespaces = frozenset(n.name for spec in specs for n in spec.namespaces)
    context = Context(role=Role.PLATFORM, tenant=slug, namespaces=namespaces)
    assert verdicts({path: file.text for path, file in rendered.items()}, context) == ()


@pytest.mark.parametrize("size", fleet.SIZES, ids=lambda size: size.spec.name)
def test_a_size_class_fits_itself(size: fleet.Size) -> None:
    quota, limits = dict(size.spec.quota), dict(size.spec.limits)
    requests = dict(size.spec.requests)
    assert quota.keys() == {
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "pods",
        "persistentvolumeclaims",
        "requests.storage",
    }
    assert limits.keys() == requests.keys() == {"cpu", "memory"}
    for resource in ("cpu", "memory"):
        assert amount(requests[resource]) < amount(limits[resource])
        assert amount(quota[f"requests.{resource}"]) <= amount(quota[f"limits.{resource}"])
        # a handful of pods that name nothing has to start; the whole number of them has to fit
        assert 4 * amount(limits[resource]) <= amount(quota[f"limits.{resource}"])
        asked = amount(quota["pods"]) * amount(requests[resource])
        assert asked <= 2 * amount(quota[f"requests.{resource}"])


def test_sizes_grow_in_everything() -> None:
    for smaller, larger in pairwise(size.spec for size in fleet.SIZES):
        for part in ("quota", "limits", "requests"):
            less, more = dict(getattr(smaller, part)), dict(getattr(larger, part))
            assert less.keys() == more.keys()
            assert all(amount(less[resource]) < amount(more[resource]) for resource in less)
