"""What operations come to: stages, owned paths, claims, words."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops import names
from gitops.changes import Owned
from gitops.rendering import render
from gitops.spec import Ownership, Role, Spec, TenantOnCluster, TenantRepository
from tenants.inventory import Environment, MemberRole, relatives_of
from tenants.operations import OPERATIONS
from tenants.operations.base import Asker, Claim, ClaimKind, Stage, parse, problems, read
from tenants.operations.facts import RequestFacts
from tenants.operations.fields import Source
from tenants.operations.onboard_tenant import tenant_facts
from tests.tenants.pure.worlds import ADD, ONBOARD, add_spec, onboard_spec, world

FACTS = RequestFacts(purpose="Payments API", cost_centre="CC-1")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
SLUGS = st.text(LETTERS, min_size=1, max_size=40).filter(lambda s: not names.tenant_slug(s))
CLUSTERS = st.lists(
    st.sampled_from(["dev-1", "dev-2", "test-1", "production-1"]), min_size=1, unique=True
)


def one(operation: Any, tenant: str | None, spec: Any, facts: RequestFacts = FACTS) -> Stage:
    (stage,) = operation.stages(world(tenant), parse(operation, spec), facts)
    assert isinstance(stage, Stage)
    return stage


def test_add_namespace_owns_its_directories_and_nothing_else() -> None:
    stage = one(ADD, "iris-blue", add_spec(clusters=["dev-1", "test-1"]))
    assert stage.owned == {
        Role.PLATFORM: (
            "tenants/dev-1/iris-blue/iris-blue-payments/",
            "tenants/test-1/iris-blue/iris-blue-payments/",
        )
    }
    assert stage.claims == (
        Claim(kind=ClaimKind.NAMESPACE, cluster="dev-1", name="iris-blue-payments"),
        Claim(kind=ClaimKind.NAMESPACE, cluster="test-1", name="iris-blue-payments"),
    )


def test_add_namespace_keeps_what_is_there_and_adds_what_was_asked() -> None:
    said = add_spec(network="internet", pod_security="baseline", lease="2027-06-30")
    (spec,) = one(ADD, "iris-blue", said).specs
    assert isinstance(spec, TenantOnCluster)
    assert [n.name for n in spec.namespaces] == [
        "iris-blue",
        "iris-blue-web",
        "iris-blue-payments",
    ]
    added = spec.namespaces[-1]
    assert (added.network, added.pod_security) == ("internet", "baseline")
    assert (added.lease, added.purpose, added.cost_centre) == ("2027-06-30", "Payments API", "CC-1")
    assert added.size.name == "small"
    assert spec.access_groups == ("team-iris-blue",)
    assert spec.sync.url == "https://git.example.com/iris-blue/apps.git"
    assert spec.sync.path == "./clusters/dev-1"


def test_planning_again_after_the_merge_gives_the_namespace_once() -> None:
    payload = parse(ADD, add_spec(name="iris-blue-web"))
    (stage,) = ADD.stages(world("iris-blue"), payload, FACTS)
    (spec,) = stage.specs
    assert isinstance(spec, TenantOnCluster)
    assert [n.name for n in spec.namespaces] == ["iris-blue", "iris-blue-web"]


def test_the_sync_of_a_tenant_is_the_same_whoever_renders_it() -> None:
    """Else a namespace added later would find the tenant's own files changed."""
    before = world()
    onboarded = parse(ONBOARD, onboard_spec())
    (first,) = ONBOARD.stages(before, onboarded, FACTS)
    home = first.specs[0]
    assert isinstance(home, TenantOnCluster)
    fleet_after = {
        "tulip": {
            "owners": ["alice"],
            "placements": {"dev-1": [{"name": "tulip", "size_class": "small"}]},
        }
    }
    after = world("tulip", tenants=fleet_after)
    (second,) = ADD.stages(after, parse(ADD, add_spec(name="tulip-x")), FACTS)
    again = second.specs[0]
    assert isinstance(again, TenantOnCluster)
    assert replace(again, namespaces=()) == replace(home, namespaces=())


def test_onboarding_owns_entry_home_and_its_repository() -> None:
    stage = one(ONBOARD, None, onboard_spec(clusters=["dev-1", "production-1"]))
    assert stage.owned == {
        Role.PLATFORM: (
            "clusters/dev-1/tenants/tulip.yaml",
            "tenants/dev-1/tulip/tulip/",
            "clusters/production-1/tenants/tulip.yaml",
            "tenants/production-1/tulip/tulip/",
        ),
        Role.TENANT: ("clusters/dev-1/", "clusters/production-1/", "README.md"),
    }
    assert stage.claims[0] == Claim(kind=ClaimKind.TENANT, name="tulip")
    assert stage.claims[1] == Claim(kind=ClaimKind.REPOSITORY, name="tulip/apps@main")
    assert {c.cluster for c in stage.claims[2:]} == {"dev-1", "production-1"}
    assert stage.specs[-1] == TenantRepository(tenant="tulip", clusters=("dev-1", "production-1"))
    assert stage.waits_for == ()


def test_onboarding_on_a_branch_of_the_platform_repository() -> None:
    said = onboard_spec(repository="Platform/Fleet", branch="tulip")
    before = world()
    tenant = tenant_facts(before, parse(ONBOARD, said))
    assert tenant.repository.platform
    assert tenant.repository.repository == "platform/fleet"
    assert tenant.repository.url == before.platform_repository.url
    assert tenant.repository.branch == "tulip"


def test_the_people_of_a_new_tenant() -> None:
    tenant = tenant_facts(world(), parse(ONBOARD, onboard_spec(members=["charlie"])))
    assert [(m.username, m.role) for m in tenant.members] == [
        ("alice", MemberRole.OWNER),
        ("charlie", MemberRole.MEMBER),
    ]


def test_environments_come_in_the_order_a_change_travels() -> None:
    payload = parse(ADD, add_spec(clusters=["production-1", "dev-1"]))
    found = ADD.environments(world("iris-blue"), payload)
    assert found == (Environment.DEV, Environment.PRODUCTION)


def test_the_words() -> None:
    added = parse(ADD, add_spec(clusters=["dev-1", "test-1"], lease="2027-06-30"))
    assert ADD.sentence(added) == (
        "Add the namespace iris-blue-payments on dev-1 and test-1, size small, until 2027-06-30."
    )
    assert ADD.subject(added) == "iris-blue-payments"
    onboarded = parse(ONBOARD, onboard_spec(members=["bob"]))
    assert ONBOARD.sentence(onboarded) == (
        "Onboard the tenant tulip with 2 people on dev-1, size small, from tulip/apps."
    )


def test_who_asks_and_what_is_looked_up() -> None:
    assert (ADD.asks, ONBOARD.asks) == (Asker.TENANT_OWNER_OR_MEMBER, Asker.ANYONE)
    lookup = ONBOARD.looks_up(read(ONBOARD, onboard_spec(members=["bob"])).values)
    assert lookup.usernames == {"alice", "bob"}
    assert lookup.names == {"tulip"}
    assert lookup.repositories == {"tulip/apps"}
    assert ONBOARD.looks_up({}).repositories == frozenset()


def test_offers_are_open_clusters_with_the_tenant_on_them() -> None:
    offered = [c.value for c in ADD.offers(world("iris-red"))[Source.CLUSTERS]]
    assert offered == ["dev-1"]
    assert ADD.offers(world())[Source.CLUSTERS] == ()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_a_check_reads_only_the_fields_it_names(operation: Any) -> None:
    """Else it would fail, or pass by a default, when a field it reads could not be read."""
    known = {f.name for f in operation.fields}
    seen: set[str] = set()

    class Watched(operation.payload):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            if name in known:
                seen.add(name)
            return super().__getattribute__(name)

    spec = add_spec(lease="2027-06-30") if operation is ADD else onboard_spec(members=["bob"])
    values = read(operation, spec).values
    for check in operation.checks:
        seen.clear()
        list(check.find(world("iris-blue"), Watched(**values)))
        assert seen <= set(check.reads), check
        assert seen, check


def test_no_tenant_no_judgement_about_the_world() -> None:
    (problem,) = ADD.check(world(), parse(ADD, add_spec(clusters=["mars"])))
    assert (problem.pointer, problem.code) == ("/tenant", "unknown-tenant")
    with pytest.raises(ValueError, match="needs a tenant"):
        ADD.stages(world(), parse(ADD, add_spec()), FACTS)


def test_nobody_looked_people_up() -> None:
    before = replace(world(), usernames=None)
    assert problems(ONBOARD, before, read(ONBOARD, onboard_spec(owners=["mallory"]))) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris", {"iris-blue", "iris-red"}),
        ("iris-blue", {"iris-blue"}),
        ("iris-blue-web", {"iris-blue"}),
        ("irises", set()),
        ("iri", set()),
    ],
)
def test_relatives(name: str, expected: set[str]) -> None:
    assert relatives_of(name, ["iris-blue", "iris-red", "plum"]) == expected


def overlap(a: str, b: str) -> bool:
    """Whether two owned paths (directories end with "/") share a file."""
    return a == b or (a.endswith("/") and b.startswith(a)) or (b.endswith("/") and a.startswith(b))


@given(SLUGS, SLUGS, CLUSTERS, CLUSTERS)
def test_two_new_tenants_never_own_the_same_path(
    a: str, b: str, on_a: list[str], on_b: list[str]
) -> None:
    assume(not relatives_of(a, [b]))
    one_owns = one(ONBOARD, None, onboard_spec(name=a, clusters=on_a)).owned[Role.PLATFORM]
    other_owns = one(ONBOARD, None, onboard_spec(name=b, clusters=on_b)).owned[Role.PLATFORM]
    assert not [pair for x in one_owns for y in other_owns if overlap(*(pair := (x, y)))]


@given(st.text(LETTERS, min_size=1, max_size=20), st.text(LETTERS, min_size=1, max_size=20))
def test_namespaces_of_different_tenants_never_own_the_same_path(a: str, b: str) -> None:
    specs = [("iris-blue", f"iris-blue-{a}"), ("iris-red", f"iris-red-{b}")]
    owned = []
    for tenant, name in specs:
        said = add_spec(name=name)
        assume(not problems(ADD, world(tenant), read(ADD, said)))
        owned.append(one(ADD, tenant, said).owned[Role.PLATFORM])
    assert not any(overlap(x, y) for x in owned[0] for y in owned[1])


@given(
    st.text(LETTERS, min_size=1, max_size=50),
    st.lists(st.sampled_from(["dev-1", "test-1", "production-1"]), min_size=1, unique=True),
    st.sampled_from(["isolated", "tenant", "internet"]),
    st.sampled_from(["restricted", "baseline"]),
)
def test_an_added_namespace_writes_only_below_its_directories(
    rest: str, clusters: list[str], network: str, pod_security: str
) -> None:
    said = add_spec(
        name=f"iris-blue-{rest}", clusters=clusters, network=network, pod_security=pod_security
    )
    assume(not problems(ADD, world("iris-blue"), read(ADD, said)))
    stage = one(ADD, "iris-blue", said)
    owned = Owned(stage.owned[Role.PLATFORM])
    rendered = render(stage.specs).of_role(Role.PLATFORM)
    mine = {path: file for path, file in rendered.items() if path in owned}
    assert mine
    assert all(file.ownership is Ownership.MANAGED for file in mine.values())
    # Whatever lies elsewhere is as it was without the namespace.
    without = render(map(without_the_last, stage.specs)).of_role(Role.PLATFORM)
    assert rendered == without | mine
    assert not without.keys() & mine.keys()


def without_the_last(spec: Spec) -> Spec:
    assert isinstance(spec, TenantOnCluster)
    return replace(spec, namespaces=spec.namespaces[:-1])


@given(SLUGS, CLUSTERS)
def test_onboarding_writes_only_what_it_owns(slug: str, clusters: list[str]) -> None:
    said = onboard_spec(name=slug, clusters=clusters)
    assume(not problems(ONBOARD, world(), read(ONBOARD, said)))
    stage = one(ONBOARD, None, said)
    for role, owned in stage.owned.items():
        mine = Owned(owned)
        assert all(path in mine for path in render(stage.specs).of_role(role))
