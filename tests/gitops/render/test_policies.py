"""Policy pack flux-tenancy: silent about what we render, and a mutant for every rule.

Each mutant is our own output with one dangerous change, and names the rule that has to see it.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from gitops.manifests import network
from gitops.manifests.dump import dump
from gitops.manifests.read import Path, load_all
from gitops.policies import PACKS, Context, Severity, Verdict, verdicts
from gitops.policies.base import walk
from gitops.policies.flux_tenancy import OBJECT_RULES, TREE_RULES
from gitops.rendering import render
from gitops.spec import FluxVersion, Life, Role, TenantOnCluster
from tests.gitops.render.samples import (
    on_cluster,
    platform_texts,
    repository,
    tenants_on_clusters,
    texts_of,
)

HOME = "tenants/dev-1/iris-blue/iris-blue/"
WEB = "tenants/dev-1/iris-blue/iris-blue-web/"
ENTRY = "clusters/dev-1/tenants/iris-blue.yaml"
NAMESPACES = frozenset({"iris-blue", "iris-blue-web"})
PLATFORM = Context(role=Role.PLATFORM, tenant="iris-blue", namespaces=NAMESPACES)
TENANT = Context(role=Role.TENANT, tenant="iris-blue", namespaces=NAMESPACES)
TEXTS = texts_of(on_cluster())


def context_of(spec: TenantOnCluster) -> Context:
    found = frozenset(n.name for n in spec.namespaces)
    return Context(role=Role.PLATFORM, tenant=spec.tenant, namespaces=found)


@settings(max_examples=40, deadline=None)
@given(tenants_on_clusters())
def test_what_we_render_passes(spec: TenantOnCluster) -> None:
    assert verdicts(platform_texts(render([spec])), context_of(spec)) == ()


@pytest.mark.parametrize("flux", FluxVersion)
@pytest.mark.parametrize("life", [Life.ACTIVE, Life.SUSPENDED])
def test_every_version_and_life_passes(flux: FluxVersion, life: Life) -> None:
    assert verdicts(texts_of(on_cluster(flux=flux, life=life)), PLATFORM) == ()


def test_a_draining_tenant_passes_when_that_is_known() -> None:
    texts = texts_of(on_cluster(life=Life.DRAINING))
    known = Context(
        role=Role.PLATFORM, tenant="iris-blue", namespaces=NAMESPACES, draining=NAMESPACES
    )
    assert verdicts(texts, known) == ()
    assert {v.rule for v in verdicts(texts, PLATFORM)} == {"prune-protection"}


def test_the_first_content_of_a_repository_passes() -> None:
    files = render([repository()]).of_role(Role.TENANT)
    assert verdicts({path: file.text for path, file in files.items()}, TENANT) == ()


def edit(path: str, kind: str, change: Callable[[Any], object], name: str = "") -> dict[str, str]:
    """Our output with one object changed."""
    objects = copy.deepcopy(load_all(TEXTS[path]))
    (found,) = (o for o in objects if o["kind"] == kind and name in ("", o["metadata"]["name"]))
    change(found)
    return {**TEXTS, path: dump(objects)}


def add(path: str, *objects: dict[str, Any]) -> dict[str, str]:
    return {**TEXTS, path: dump([*load_all(TEXTS.get(path, "")), *objects])}


def without(path: str, kind: str, name: str = "") -> dict[str, str]:
    objects = load_all(TEXTS[path])
    kept = [o for o in objects if o["kind"] != kind or name not in ("", o["metadata"]["name"])]
    assert len(kept) == len(objects) - 1
    return {**TEXTS, path: dump(kept)}


def replaced(path: str, old: str, new: str) -> dict[str, str]:
    assert old in TEXTS[path]
    return {**TEXTS, path: TEXTS[path].replace(old, new, 1)}


def spec_of(path: str, kind: str, /, **changes: Any) -> dict[str, str]:
    return edit(path, kind, lambda o: o["spec"].update(changes))


def labelled(key: str, value: str, part: str = "labels", kind: str = "Namespace") -> dict[str, str]:
    path = HOME + ("namespace.yaml" if kind == "Namespace" else "rbac.yaml")
    return edit(path, kind, lambda o: o["metadata"].setdefault(part, {}).update({key: value}))


def opened(rule: Any, direction: str = "egress") -> dict[str, str]:
    def change(policy: Any) -> None:
        policy["spec"][direction] = [rule]

    return edit(HOME + "guardrails.yaml", "NetworkPolicy", change, "allow-same-namespace")


def our(kind: str, name: str = "x", api_version: str = "v1", **more: Any) -> dict[str, Any]:
    """An object as the portal would label it, so that only its kind is wrong."""
    own = {"toolkit.fluxcd.io/tenant": "iris-blue", "app.kubernetes.io/managed-by": "gatehouse"}
    metadata = {"labels": own, "name": name, "namespace": "iris-blue"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


SYNC, RBAC, NAMESPACE = HOME + "sync.yaml", HOME + "rbac.yaml", HOME + "namespace.yaml"
GUARDRAILS = HOME + "guardrails.yaml"
PUBLIC = {"cidr": "0.0.0.0/0", "except": list(network.PRIVATE_IPV4)}
PORTS = [{"port": 443, "protocol": "TCP"}]


def subject(**changes: str) -> dict[str, str]:
    return edit(RBAC, "RoleBinding", lambda o: o["subjects"].append(changes), "iris-blue-members")


MUTANTS: list[tuple[str, str, dict[str, str]]] = [
    (
        "no account",
        "service-account-required",
        edit(SYNC, "Kustomization", lambda o: o["spec"].pop("serviceAccountName")),
    ),
    (
        "an empty account",
        "service-account-required",
        spec_of(SYNC, "Kustomization", serviceAccountName=""),
    ),
    (
        "a blank account",
        "service-account-required",
        spec_of(SYNC, "Kustomization", serviceAccountName=" "),
    ),
    (
        "the entry without an account",
        "service-account-required",
        edit(ENTRY, "Kustomization", lambda o: o["spec"].pop("serviceAccountName")),
    ),
    (
        "the default account",
        "foreign-service-account",
        spec_of(SYNC, "Kustomization", serviceAccountName="default"),
    ),
    (
        "the controller's account",
        "foreign-service-account",
        spec_of(SYNC, "Kustomization", serviceAccountName="kustomize-controller"),
    ),
    (
        "the platform's source",
        "same-namespace-source",
        edit(
            SYNC,
            "Kustomization",
            lambda o: o["spec"]["sourceRef"].update(namespace="flux-system"),
        ),
    ),
    (
        "another tenant's secret",
        "same-namespace-source",
        spec_of(SYNC, "GitRepository", secretRef={"name": "s", "namespace": "iris-red"}),
    ),
    (
        "a look at another tenant's state",
        "same-namespace-source",
        spec_of(SYNC, "Kustomization", dependsOn=[{"name": "x", "namespace": "iris-red"}]),
    ),
    (
        "a binding for the whole cluster",
        "cluster-scoped-kind",
        add(RBAC, our("ClusterRoleBinding", api_version="rbac.authorization.k8s.io/v1")),
    ),
    (
        "a binding that became one for the cluster",
        "cluster-scoped-kind",
        edit(
            RBAC,
            "RoleBinding",
            lambda o: o.update(kind="ClusterRoleBinding"),
            "iris-blue-reconciler",
        ),
    ),
    (
        "a role of one's own",
        "kind-not-allowed",
        add(RBAC, our("Role", api_version="rbac.authorization.k8s.io/v1")),
    ),
    ("a pod", "kind-not-allowed", add(RBAC, our("Pod"))),
    (
        "a look-alike kind",
        "kind-not-allowed",
        edit(SYNC, "GitRepository", lambda o: o.update(apiVersion="source.evil.io/v1")),
    ),
    ("an object in the entry", "kind-not-allowed", add(ENTRY, our("ServiceAccount"))),
    ("a secret", "secret-in-git", add(RBAC, our("Secret", stringData={"a": "b"}))),
    (
        "cluster-admin",
        "role-not-allowed",
        replaced(RBAC, "name: admin", "name: cluster-admin"),
    ),
    (
        "a role instead of a cluster role",
        "role-not-allowed",
        edit(
            RBAC,
            "RoleBinding",
            lambda o: o["roleRef"].update(kind="Role"),
            "iris-blue-reconciler",
        ),
    ),
    ("everybody", "subject-not-allowed", subject(kind="Group", name="system:authenticated")),
    ("a single person", "subject-not-allowed", subject(kind="User", name="mallory")),
    (
        "another tenant's account",
        "subject-not-allowed",
        subject(kind="ServiceAccount", name="iris-red", namespace="iris-red"),
    ),
    (
        "an account of the right name elsewhere",
        "subject-not-allowed",
        subject(kind="ServiceAccount", name="iris-blue", namespace="kube-system"),
    ),
    (
        "an account with a pull secret",
        "account-token",
        edit(RBAC, "ServiceAccount", lambda o: o.update(imagePullSecrets=[{"name": "x"}])),
    ),
    (
        "another tenant's namespace",
        "namespace-of-tenant",
        edit(GUARDRAILS, "ResourceQuota", lambda o: o["metadata"].update(namespace="iris-red")),
    ),
    (
        "the neighbour directory's namespace",
        "namespace-of-tenant",
        edit(RBAC, "ServiceAccount", lambda o: o["metadata"].update(namespace="iris-blue-web")),
    ),
    (
        "no namespace",
        "namespace-of-tenant",
        edit(RBAC, "ServiceAccount", lambda o: o["metadata"].pop("namespace")),
    ),
    (
        "another name for the namespace",
        "namespace-of-tenant",
        edit(NAMESPACE, "Namespace", lambda o: o["metadata"].update(name="iris-red")),
    ),
    (
        "a namespace of the cluster",
        "protected-namespace",
        edit(NAMESPACE, "Namespace", lambda o: o["metadata"].update(name="kube-system")),
    ),
    (
        "an object in flux-system",
        "protected-namespace",
        edit(SYNC, "Kustomization", lambda o: o["metadata"].update(namespace="flux-system")),
    ),
    ("another tenant's label", "tenant-label", labelled("toolkit.fluxcd.io/tenant", "iris-red")),
    (
        "no tenant label on the binding",
        "tenant-label",
        edit(RBAC, "RoleBinding", lambda o: o["metadata"].pop("labels"), "iris-blue-reconciler"),
    ),
    (
        "somebody else manages it",
        "tenant-label",
        labelled("app.kubernetes.io/managed-by", "Helm"),
    ),
    (
        "an exempted namespace",
        "reserved-key",
        labelled("admission.gatekeeper.sh/ignore", "true"),
    ),
    (
        "another policy's identity",
        "reserved-key",
        labelled("tmc.cloud.vmware.com/workspace", "iris-red"),
    ),
    (
        "a cloud identity",
        "reserved-key",
        labelled("azure.workload.identity/client-id", "x", "annotations", "ServiceAccount"),
    ),
    (
        "privileged pods",
        "pod-security",
        labelled("pod-security.kubernetes.io/enforce", "privileged"),
    ),
    (
        "no level for pods",
        "pod-security",
        edit(
            NAMESPACE,
            "Namespace",
            lambda o: o["metadata"]["labels"].pop("pod-security.kubernetes.io/enforce"),
        ),
    ),
    (
        "an unprotected namespace",
        "prune-protection",
        edit(
            NAMESPACE,
            "Namespace",
            lambda o: o["metadata"]["annotations"].pop("kustomize.toolkit.fluxcd.io/prune"),
        ),
    ),
    (
        "a substitution",
        "substitution",
        labelled("gatehouse.internal/purpose", "${cluster_secret}", "annotations"),
    ),
    (
        "values after the build",
        "substitution",
        spec_of(
            SYNC,
            "Kustomization",
            postBuild={"substituteFrom": [{"kind": "Secret", "name": "x"}]},
        ),
    ),
    ("nothing is pruned", "prune-explicit", spec_of(SYNC, "Kustomization", prune=False)),
    (
        "pruning left open",
        "prune-explicit",
        edit(SYNC, "Kustomization", lambda o: o["spec"].pop("prune")),
    ),
    (
        "the entry of everything",
        "sync-entry",
        spec_of(ENTRY, "Kustomization", path="./tenants/dev-1"),
    ),
    (
        "the entry of another tenant",
        "sync-entry",
        spec_of(ENTRY, "Kustomization", path="./tenants/dev-1/iris-red"),
    ),
    (
        "an entry before the policies",
        "sync-entry",
        edit(ENTRY, "Kustomization", lambda o: o["spec"].pop("dependsOn")),
    ),
    (
        "an entry into one namespace",
        "sync-entry",
        spec_of(ENTRY, "Kustomization", targetNamespace="kube-system"),
    ),
    (
        "an entry that patches",
        "sync-entry",
        spec_of(ENTRY, "Kustomization", patches=[{"patch": "x"}]),
    ),
    (
        "an entry in the platform's name",
        "sync-entry",
        edit(ENTRY, "Kustomization", lambda o: o["metadata"].update(name="flux-system")),
    ),
    (
        "children with an account of their choice",
        "child-service-account",
        edit(SYNC, "Kustomization", lambda o: o["spec"].pop("patches")),
    ),
    (
        "children with another account",
        "child-service-account",
        replaced(SYNC, "value: iris-blue", "value: kustomize-controller"),
    ),
    (
        "only some children",
        "child-service-account",
        replaced(SYNC, "(HelmRelease|Kustomization)", "HelmRelease"),
    ),
    (
        "an address Flux does not take",
        "source-address",
        spec_of(SYNC, "GitRepository", url="git@forge.example.com:a/b.git"),
    ),
    (
        "a password in the address",
        "source-address",
        spec_of(SYNC, "GitRepository", url="https://u:p@forge.example.com/a/b.git"),
    ),
    (
        "an address without encryption",
        "source-address",
        spec_of(SYNC, "GitRepository", url="http://forge.example.com/a/b.git"),
    ),
    (
        "another cluster",
        "other-cluster",
        spec_of(SYNC, "Kustomization", kubeConfig={"secretRef": {"name": "x"}}),
    ),
    ("every address", "network-too-open", opened({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})),
    (
        "the cloud's metadata",
        "network-too-open",
        opened(
            {
                "to": [
                    {
                        "ipBlock": {
                            **PUBLIC,
                            "except": [n for n in PUBLIC["except"] if "169.254" not in n],
                        }
                    }
                ],
                "ports": PORTS,
            }
        ),
    ),
    (
        "every port of public addresses",
        "network-too-open",
        opened({"to": [{"ipBlock": PUBLIC}]}),
    ),
    (
        "private IPv6",
        "network-too-open",
        opened({"to": [{"ipBlock": {"cidr": "fd00::/8"}}], "ports": PORTS}),
    ),
    ("everybody", "network-too-open", opened({})),
    ("everybody, by an empty list", "network-too-open", opened({"from": []}, "ingress")),
    (
        "every namespace",
        "network-too-open",
        opened({"from": [{"namespaceSelector": {}}]}, "ingress"),
    ),
    (
        "another tenant",
        "network-too-open",
        opened(
            {
                "from": [
                    {"namespaceSelector": {"matchLabels": {"toolkit.fluxcd.io/tenant": "iris-red"}}}
                ]
            },
            "ingress",
        ),
    ),
    (
        "more than DNS of the cluster",
        "network-too-open",
        opened(
            {
                "to": [
                    {
                        "namespaceSelector": {
                            "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                        }
                    }
                ]
            }
        ),
    ),
    (
        "a range that begins with DNS",
        "network-too-open",
        replaced(GUARDRAILS, "- port: 53\n", "- endPort: 65535\n      port: 53\n"),
    ),
    (
        "two of a name",
        "duplicate-object",
        add(HOME + "more.yaml", our("ServiceAccount", "iris-blue")),
    ),
    (
        "a key twice",
        "unreadable",
        replaced(SYNC, "  prune: true\n", "  prune: true\n  prune: false\n"),
    ),
    ("an alias", "unreadable", replaced(SYNC, "prune: true", "prune: &x true\n  suspend: *x")),
    ("a tag", "unreadable", replaced(SYNC, "prune: true", "prune: !!bool true")),
    ("not an object", "unreadable", {**TEXTS, HOME + "x.yaml": "- a\n"}),
    (
        "another tenant's directory",
        "path-of-tenant",
        {**TEXTS, "tenants/dev-1/iris-red/iris-red/x.yaml": ""},
    ),
    ("the platform's own files", "path-of-tenant", {**TEXTS, "infrastructure/x.yaml": ""}),
    (
        "a list for everybody",
        "path-of-tenant",
        {**TEXTS, "clusters/dev-1/kustomization.yaml": ""},
    ),
    (
        "no namespace object",
        "namespace-present",
        {path: text for path, text in TEXTS.items() if path != NAMESPACE},
    ),
    ("no account object", "account-present", without(RBAC, "ServiceAccount")),
    ("no quota", "quota-present", without(GUARDRAILS, "ResourceQuota")),
    ("an empty quota", "quota-present", spec_of(GUARDRAILS, "ResourceQuota", hard={})),
    ("no limits", "limits-present", without(WEB + "guardrails.yaml", "LimitRange")),
    ("limits for nobody", "limits-present", spec_of(GUARDRAILS, "LimitRange", limits=[])),
    (
        "no default deny",
        "network-default-deny",
        without(GUARDRAILS, "NetworkPolicy", "default-deny"),
    ),
    (
        "deny for some pods",
        "network-default-deny",
        edit(
            GUARDRAILS,
            "NetworkPolicy",
            lambda o: o["spec"].update(podSelector={"matchLabels": {"a": "b"}}),
            "default-deny",
        ),
    ),
    (
        "deny one way",
        "network-default-deny",
        edit(
            GUARDRAILS,
            "NetworkPolicy",
            lambda o: o["spec"].update(policyTypes=["Ingress"]),
            "default-deny",
        ),
    ),
    ("no DNS", "network-dns", without(GUARDRAILS, "NetworkPolicy", "allow-dns")),
]

IN_TENANT_REPOSITORY: list[tuple[str, str, dict[str, Any]]] = [
    (
        "a base from anywhere",
        "remote-base",
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["https://evil.example.com/x?ref=main"],
        },
    ),
    ("a namespace", "cluster-scoped-kind", {"apiVersion": "v1", "kind": "Namespace"}),
    (
        "a definition",
        "cluster-scoped-kind",
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"},
    ),
    (
        "another tenant's namespace",
        "namespace-of-tenant",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "iris-red"}},
    ),
    (
        "a release without an account",
        "service-account-required",
        {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {}},
    ),
    (
        "a chart of the platform's",
        "same-namespace-source",
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"namespace": "iris-blue"},
            "spec": {"chart": {"spec": {"sourceRef": {"namespace": "flux-system"}}}},
        },
    ),
    (
        "protection from pruning",
        "reserved-key",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}},
        },
    ),
    ("a plain secret", "secret-in-git", {"apiVersion": "v1", "kind": "Secret"}),
]


def rules(found: tuple[Verdict, ...]) -> set[str]:
    return {verdict.rule for verdict in found}


@pytest.mark.parametrize(
    ("rule", "texts"), [m[1:] for m in MUTANTS], ids=[f"{m[1]}: {m[0]}" for m in MUTANTS]
)
def test_no_mutant_survives(rule: str, texts: dict[str, str]) -> None:
    assert texts != TEXTS
    found = verdicts(texts, PLATFORM)
    assert rule in rules(found)
    for verdict in found:
        assert verdict.message.endswith(".")
        assert verdict.fix
        assert verdict.path in texts
        assert verdict.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("rule", "item"),
    [m[1:] for m in IN_TENANT_REPOSITORY],
    ids=[m[0] for m in IN_TENANT_REPOSITORY],
)
def test_no_mutant_survives_in_a_tenants_repository(rule: str, item: dict[str, Any]) -> None:
    assert rule in rules(verdicts({"clusters/dev-1/x.yaml": dump([item])}, TENANT))


def test_a_foreign_file_is_shown_to_the_approver() -> None:
    path = HOME + "extra.yaml"
    told = Context(role=Role.PLATFORM, tenant="iris-blue", namespaces=NAMESPACES, foreign=(path,))
    (found,) = verdicts(TEXTS, told)
    assert (found.rule, found.severity, found.path) == ("foreign-file", Severity.WARNING, path)


def test_every_rule_has_a_mutant_that_it_alone_sees() -> None:
    """A rule without one could be removed, and everything would still be caught by the others."""
    platform = [rules(verdicts(texts, PLATFORM)) for _, _, texts in MUTANTS]
    tenant = [
        rules(verdicts({"x/x.yaml": dump([item])}, TENANT)) for _, _, item in IN_TENANT_REPOSITORY
    ]
    alone = {rule for found in platform + tenant if len(found) == 1 for rule in found}
    own_tests = {"foreign-file", "protected-namespace"}
    assert alone | own_tests == OBJECT_RULES.keys() | TREE_RULES.keys()


def test_a_namespace_of_the_cluster_is_protected_whatever_the_inventory_says() -> None:
    moved = {
        path.replace(f"/{name}/", "/kube-system/"): text.replace(
            f"namespace: {name}\n", "namespace: kube-system\n"
        )
        for name in ["iris-blue-web"]
        for path, text in TEXTS.items()
    }
    path = WEB.replace("iris-blue-web", "kube-system") + "namespace.yaml"
    moved[path] = moved[path].replace("  name: iris-blue-web", "  name: kube-system")
    wrong = Context(
        role=Role.PLATFORM,
        tenant="iris-blue",
        namespaces=frozenset({"iris-blue", "kube-system"}),
    )
    assert rules(verdicts(moved, wrong)) == {"protected-namespace"}


def test_a_verdict_says_the_line_and_what_to_do() -> None:
    texts = replaced(SYNC, "serviceAccountName: iris-blue", "serviceAccountName: default")
    (found,) = verdicts(texts, PLATFORM)
    line = texts[SYNC].splitlines().index("  serviceAccountName: default") + 1
    assert found == Verdict(
        pack="flux-tenancy",
        rule="foreign-service-account",
        severity=Severity.ERROR,
        path=SYNC,
        line=line,
        message="The Kustomization iris-blue acts as default.",
        fix="Set spec.serviceAccountName to iris-blue.",
    )


def test_an_insecure_forge_can_be_named() -> None:
    texts = spec_of(SYNC, "GitRepository", url="http://127.0.0.1:8000/git/a/b.git")
    local = Context(
        role=Role.PLATFORM,
        tenant="iris-blue",
        namespaces=NAMESPACES,
        insecure_hosts=frozenset({"127.0.0.1:8000"}),
    )
    assert verdicts(texts, local) == ()
    assert rules(verdicts(texts, PLATFORM)) == {"source-address"}


def test_a_pack_is_asked_by_name() -> None:
    assert set(PACKS) == {"flux-tenancy"}
    assert verdicts({"x.yaml": "a: ["}, PLATFORM, packs=[]) == ()
    with pytest.raises(KeyError):
        verdicts({}, PLATFORM, packs=["other"])


NONSENSE: list[Any] = [None, [], ["x", [1]], {}, {"a": {"b": []}}, 0, True, "", "x", [{}]]


def _with(value: Any, path: Path, instead: Any) -> Any:
    """A copy of `value` with `instead` at `path`."""
    if not path:
        return instead
    changed = copy.copy(value)
    changed[path[0]] = _with(value[path[0]], path[1:], instead)
    return changed


@pytest.mark.parametrize("path", [ENTRY, SYNC, RBAC, NAMESPACE, GUARDRAILS])
def test_nonsense_anywhere_is_judged_without_a_crash(path: str) -> None:
    for item in load_all(TEXTS[path]):
        for place, _ in walk(item):
            for value in NONSENSE:
                texts = {path: dump([_with({"o": item}, ("o", *place), value)["o"] or {}])}
                assert isinstance(verdicts(texts, PLATFORM), tuple)
                assert isinstance(verdicts(texts, TENANT), tuple)
