"""Rendering: the promised files, the same bytes each time, and nothing a user's text could add."""

import dataclasses
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops import layout
from gitops.errors import InvalidSpec
from gitops.manifests import labels
from gitops.manifests.read import load_all
from gitops.policies.base import walk
from gitops.rendering import render
from gitops.spec import (
    FluxVersion,
    NetworkProfile,
    Ownership,
    PodSecurity,
    Role,
    Spec,
    TenantOnCluster,
)
from tests.gitops.render.samples import (
    SMALL,
    namespace,
    on_cluster,
    platform_texts,
    repository,
    tenants_on_clusters,
    texts_of,
    user_texts,
)


def objects(texts: dict[str, str]) -> Iterator[Any]:
    for text in texts.values():
        yield from yaml_objects(text)


def yaml_objects(text: str) -> list[Any]:
    """By PyYAML's own safe loader: the tests' reader is not the product's."""
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def find(texts: dict[str, str], kind: str, name: str, where: str | None = None) -> Any:
    (found,) = (
        item
        for item in objects(texts)
        if item["kind"] == kind
        and item["metadata"]["name"] == name
        and where in (None, item["metadata"].get("namespace"))
    )
    return found


def test_the_promised_files() -> None:
    rendered = render([on_cluster(), repository()])
    assert sorted(rendered.files) == [
        (Role.PLATFORM, "clusters/dev-1/tenants/iris-blue.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue-web/guardrails.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue-web/namespace.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue-web/rbac.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue/guardrails.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue/namespace.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue/rbac.yaml"),
        (Role.PLATFORM, "tenants/dev-1/iris-blue/iris-blue/sync.yaml"),
        (Role.TENANT, "README.md"),
        (Role.TENANT, "clusters/dev-1/kustomization.yaml"),
        (Role.TENANT, "clusters/prod-1/kustomization.yaml"),
    ]
    seeded = {file.ownership for file in rendered.of_role(Role.TENANT).values()}
    kept = {file.ownership for file in rendered.of_role(Role.PLATFORM).values()}
    assert (seeded, kept) == ({Ownership.SEEDED}, {Ownership.MANAGED})


def test_a_repository_can_be_a_part_of_another() -> None:
    paths = render([repository(prefix="teams/blue/")]).of_role(Role.TENANT)
    assert all(path.startswith("teams/blue/") for path in paths)
    assert "teams/blue/clusters/dev-1/kustomization.yaml" in paths


def test_the_home_account_may_act_in_every_namespace() -> None:
    texts = texts_of(on_cluster())
    home = find(texts, "RoleBinding", "iris-blue-reconciler", "iris-blue")
    web = find(texts, "RoleBinding", "iris-blue-reconciler", "iris-blue-web")
    assert [s["namespace"] for s in home["subjects"]] == ["iris-blue"]
    assert [s["namespace"] for s in web["subjects"]] == ["iris-blue-web", "iris-blue"]
    assert home["roleRef"]["name"] == "admin"


def test_members_are_groups_and_optional() -> None:
    texts = texts_of(on_cluster(access_groups=("b", "a", "b")))
    members = find(texts, "RoleBinding", "iris-blue-members", "iris-blue-web")
    assert [(s["kind"], s["name"]) for s in members["subjects"]] == [("Group", "a"), ("Group", "b")]
    assert members["roleRef"]["name"] == "edit"
    assert "iris-blue-members" not in "".join(texts_of(on_cluster(access_groups=())).values())


def test_what_a_person_wrote_is_in_annotations_of_our_domain() -> None:
    spec = on_cluster(
        namespaces=(namespace(purpose="yes", cost_centre="0755", lease="2027-06-30"),),
    )
    found = find(texts_of(spec), "Namespace", "iris-blue")["metadata"]
    assert found["annotations"] == {
        "gatehouse.internal/purpose": "yes",
        "gatehouse.internal/cost-centre": "0755",
        "gatehouse.internal/lease": "2027-06-30",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "kustomize.toolkit.fluxcd.io/substitute": "disabled",
    }
    empty = find(texts_of(on_cluster()), "Namespace", "iris-blue")["metadata"]
    assert not [key for key in empty["annotations"] if key.startswith("gatehouse.internal/")]


@pytest.mark.parametrize("level", PodSecurity)
def test_pod_security_levels(level: PodSecurity) -> None:
    found = find(
        texts_of(on_cluster(namespaces=(namespace(pod_security=level),))), "Namespace", "iris-blue"
    )
    assert found["metadata"]["labels"][labels.POD_SECURITY_ENFORCE] == level.value
    assert found["metadata"]["labels"][labels.POD_SECURITY_WARN] == "restricted"


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        (NetworkProfile.ISOLATED, {"default-deny", "allow-dns", "allow-same-namespace"}),
        (
            NetworkProfile.TENANT,
            {"default-deny", "allow-dns", "allow-same-namespace", "allow-same-tenant"},
        ),
        (
            NetworkProfile.INTERNET,
            {"default-deny", "allow-dns", "allow-same-namespace", "allow-same-tenant"}
            | {"allow-internet"},
        ),
    ],
)
def test_each_network_profile_adds_to_the_one_before(
    profile: NetworkProfile, names: set[str]
) -> None:
    texts = texts_of(on_cluster(namespaces=(namespace(network=profile),)))
    found = {o["metadata"]["name"] for o in objects(texts) if o["kind"] == "NetworkPolicy"}
    assert found == names


def test_only_flux_25_does_without_waiting_for_deletion() -> None:
    for flux in FluxVersion:
        sync = find(texts_of(on_cluster(flux=flux)), "Kustomization", "iris-blue")
        wanted = "Delete" if flux is FluxVersion.V2_5 else "WaitForTermination"
        assert sync["spec"]["deletionPolicy"] == wanted


def test_every_object_carries_both_labels_and_its_namespace() -> None:
    for item in objects(texts_of(on_cluster())):
        own = item["metadata"]["labels"]
        assert own["toolkit.fluxcd.io/tenant"] == "iris-blue"
        assert own["app.kubernetes.io/managed-by"] == "gatehouse"
        assert item["kind"] == "Namespace" or item["metadata"]["namespace"]


def test_a_private_repository_needs_a_person() -> None:
    spec = on_cluster()
    private = dataclasses.replace(spec, sync=dataclasses.replace(spec.sync, secret_name="iris-git"))
    (step,) = render([private]).steps
    assert step.commands == (
        "flux create secret git iris-git --namespace=iris-blue "
        "--url=https://forge.example.com/iris-blue/apps.git",
    )
    assert render([spec]).steps == ()
    found = find(texts_of(private), "GitRepository", "iris-blue")
    assert found["spec"]["secretRef"] == {"name": "iris-git"}


def test_the_order_of_specs_does_not_matter() -> None:
    specs: list[Spec] = [on_cluster(), on_cluster("red", cluster="prod-1"), repository()]
    results = [render(order) for order in permutations(specs)]
    assert all(r == results[0] and list(r.files) == list(results[0].files) for r in results)


def test_one_path_has_one_spec() -> None:
    with pytest.raises(InvalidSpec) as caught:
        render([on_cluster(), on_cluster(environment="test")])
    assert [p.code for p in caught.value.problems] == ["same-path"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"tenant": "Iris"}, "/0/tenant", "not-a-label"),
        ({"cluster": "../x"}, "/0/cluster", "not-a-label"),
        ({"environment": "a b"}, "/0/environment", "not-a-label"),
        ({"cluster_role": "a b"}, "/0/cluster_role", "not-a-role"),
        ({"home": "elsewhere"}, "/0/home", "no-home"),
        ({"access_groups": ("ok", "system:masters")}, "/0/access_groups/1", "reserved-name"),
        ({"namespaces": (namespace(), namespace())}, "/0/namespaces", "duplicate"),
        (
            {"namespaces": (namespace(), namespace("kube-system"))},
            "/0/namespaces/1/name",
            "reserved-name",
        ),
        (
            {"namespaces": (namespace(), namespace("iris-red-x"))},
            "/0/namespaces/1/name",
            "tenant-prefix",
        ),
        (
            {"namespaces": (namespace(purpose="${x}"),)},
            "/0/namespaces/0/purpose",
            "substitution",
        ),
        (
            {"namespaces": (namespace(cost_centre="a\nb"),)},
            "/0/namespaces/0/cost_centre",
            "control-character",
        ),
        ({"namespaces": (namespace(lease="soon"),)}, "/0/namespaces/0/lease", "not-a-date"),
        (
            {"namespaces": (namespace(size=dataclasses.replace(SMALL, quota=())),)},
            "/0/namespaces/0/size/quota",
            "required",
        ),
        (
            {"namespaces": (namespace(size=dataclasses.replace(SMALL, quota=(("pods", "1e9"),))),)},
            "/0/namespaces/0/size/quota/0",
            "not-a-quantity",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_place(
    changes: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        render([on_cluster(**changes)])
    assert (pointer, code) in [(p.pointer, p.code) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "git@h:o/r"), ("branch", "-x"), ("path", "../x"), ("secret_name", "A b")],
)
def test_a_broken_sync_is_named_with_its_place(field: str, value: str) -> None:
    spec = on_cluster()
    sync = dataclasses.replace(spec.sync, **{field: value})
    with pytest.raises(InvalidSpec) as caught:
        render([dataclasses.replace(spec, sync=sync)])
    assert [p.pointer for p in caught.value.problems] == [f"/0/sync/{field}"]


def test_all_broken_rules_are_named_at_once() -> None:
    with pytest.raises(InvalidSpec) as caught:
        render([repository(clusters=("ok", "NO")), on_cluster(environment="", cluster_role="")])
    assert [p.pointer for p in caught.value.problems] == [
        "/0/clusters/1",
        "/1/environment",
        "/1/cluster_role",
    ]


# --- properties -----------------------------------------------------------------------------------


def _shape(texts: dict[str, str]) -> list[Any]:
    """Paths, and the keys and types of everything below them; values of strings left out."""
    return [
        (path, [(at, type(v).__name__) for o in yaml_objects(text) for at, v in walk(o)])
        for path, text in sorted(texts.items())
    ]


def _with_text(spec: TenantOnCluster, value: str) -> TenantOnCluster:
    namespaces = tuple(
        dataclasses.replace(n, purpose=value, cost_centre=value) for n in spec.namespaces
    )
    return dataclasses.replace(spec, namespaces=namespaces, access_groups=(value,))


_ONE = on_cluster(namespaces=(namespace(),))
_HARMLESS = _shape(texts_of(_with_text(_ONE, "harmless")))


@settings(max_examples=150, deadline=None)
@given(user_texts)
def test_no_user_text_adds_a_key_an_object_or_a_path(value: str) -> None:
    try:
        texts = texts_of(_with_text(_ONE, value))
    except InvalidSpec:
        assert not value or len(value) > 64 or value.casefold().startswith("system:")
        return
    assert _shape(texts) == _HARMLESS
    members = find(texts, "RoleBinding", "iris-blue-members", "iris-blue")
    found = find(texts, "Namespace", "iris-blue")["metadata"]["annotations"]
    assert members["subjects"][0]["name"] == value
    assert found[labels.PURPOSE] == found[labels.COST_CENTRE] == value


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.sampled_from(["purpose", "cost_centre", "lease"]))
def test_any_text_at_all_is_refused_or_comes_back(value: str, field: str) -> None:
    try:
        texts = texts_of(on_cluster(namespaces=(namespace(**{field: value}),)))
    except InvalidSpec:
        return
    key = "gatehouse.internal/" + field.replace("_", "-")
    annotations = find(texts, "Namespace", "iris-blue")["metadata"]["annotations"]
    assert annotations.get(key, "") == value


@settings(max_examples=60, deadline=None)
@given(tenants_on_clusters())
def test_rendered_text_is_what_was_meant(spec: TenantOnCluster) -> None:
    rendered = render([spec])
    assert rendered == render([spec])
    directory = layout.tenant_dir(spec.cluster, spec.tenant)
    for path, text in platform_texts(rendered).items():
        assert path == layout.sync_entry(spec.cluster, spec.tenant) or path.startswith(directory)
        assert load_all(text) == yaml_objects(text)
        assert text.endswith("\n")
        assert "\r" not in text


@settings(max_examples=40, deadline=None)
@given(tenants_on_clusters(), tenants_on_clusters())
def test_two_tenants_never_share_a_path(one: TenantOnCluster, other: TenantOnCluster) -> None:
    if one.tenant == other.tenant:
        return
    other = dataclasses.replace(other, cluster=one.cluster)
    assert not render([one]).files.keys() & render([other]).files.keys()
