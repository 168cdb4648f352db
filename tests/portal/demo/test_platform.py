"""The demo's platform repository: what Flux would make of it, on every cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.layout import place_of
from gitops.policies.flux_tenancy import OBJECT_RULES
from gitops.schemas import Schemas
from gitops.spec import FluxVersion
from portal.demo import fleet, platform
from tests.portal.demo import trees

Build = Callable[[Path], list[Any]]
FLUX = "kustomize.toolkit.fluxcd.io/v1"
INFRASTRUCTURE = ("infrastructure/kyverno", "infrastructure/kyverno-policies")
POLICIES = "infrastructure/kyverno-policies/"


def _one(files: dict[str, str], path: str) -> Any:
    [item] = trees.objects({path: files[path]})[path]
    return item


def _platforms_own(files: dict[str, str]) -> list[Any]:
    """All Flux objects of flux-system that apply something."""
    found = [item for items in trees.objects(files).values() for item in items]
    return [
        item
        for item in found
        if item["kind"] in {"HelmRelease", "Kustomization"}
        and not trees.is_kustomization_file(item)
        and item["metadata"]["namespace"] == "flux-system"
    ]


def test_paths() -> None:
    files = platform.files()
    assert files == platform.files()
    for cluster in fleet.CLUSTERS:
        own = {p.removeprefix(f"clusters/{cluster}/") for p in files if f"/{cluster}/" in p}
        assert own == {
            "flux-system/gotk-components.yaml",
            "flux-system/gotk-sync.yaml",
            "flux-system/kustomization.yaml",
            "infrastructure.yaml",
        }
    assert not [path for path in files if place_of(path)], "these are rendered, not written here"
    assert all(text.endswith("\n") and "\r" not in text for text in files.values())


def test_rendered_files_and_these_never_meet() -> None:
    own = platform.files()
    rendered = trees.whole_platform().keys() - own.keys()
    assert {path for path in rendered if path.startswith("clusters/")}
    assert all(place_of(path) for path in rendered)
    assert "clusters/infra-ops-1/tenants" not in "".join(rendered)


@pytest.mark.parametrize("cluster", fleet.CLUSTERS)
def test_placeholders_say_what_they_are(cluster: str) -> None:
    files = platform.files()
    for name in ("gotk-components.yaml", "gotk-sync.yaml"):
        text = files[f"clusters/{cluster}/flux-system/{name}"]
        assert list(yaml.safe_load_all(text)) == []
        assert "Placeholder" in text
        assert f"flux bootstrap --path=clusters/{cluster}" in text


def test_under_lockdown_the_platform_names_its_accounts() -> None:
    accounts = {
        (item["kind"], item["spec"].get("serviceAccountName"))
        for item in _platforms_own(trees.whole_platform())
    }
    assert accounts == {
        ("Kustomization", "kustomize-controller"),
        ("HelmRelease", "helm-controller"),
    }


def test_references_stay_in_their_namespace_and_lead_somewhere() -> None:
    files = trees.whole_platform()
    own = _platforms_own(files)
    applied = {item["metadata"]["name"] for item in own} | {"flux-system"}
    for item in (i for i in own if i["kind"] == "Kustomization"):
        spec = item["spec"]
        assert spec["sourceRef"] == {"kind": "GitRepository", "name": "flux-system"}
        assert any(path.startswith(f"{spec['path'].removeprefix('./')}/") for path in files)
        assert {d["name"] for d in spec.get("dependsOn", [])} <= applied
    release = _one(files, "infrastructure/kyverno/release.yaml")
    source = _one(files, "infrastructure/kyverno/source.yaml")
    assert release["spec"]["chart"]["spec"]["sourceRef"] == {
        "kind": source["kind"],
        "name": source["metadata"]["name"],
    }
    assert release["metadata"]["namespace"] == source["metadata"]["namespace"] == "flux-system"
    namespace = _one(files, "infrastructure/kyverno/namespace.yaml")
    assert release["spec"]["targetNamespace"] == namespace["metadata"]["name"]


@pytest.mark.parametrize("cluster", fleet.CLUSTERS)
def test_policies_come_before_tenants_and_are_not_lost_by_mistake(cluster: str) -> None:
    path = f"clusters/{cluster}/infrastructure.yaml"
    kyverno, policies = trees.objects({path: platform.files()[path]})[path]
    assert kyverno["metadata"]["name"] == "kyverno"
    assert "dependsOn" not in kyverno["spec"]
    assert policies["metadata"]["name"] == "kyverno-policies"
    assert policies["spec"]["dependsOn"] == [{"name": "kyverno"}]
    for item in (kyverno, policies):
        assert item["spec"]["wait"] is True
        assert item["spec"]["prune"] is True
        assert item["spec"]["deletionPolicy"] == "Orphan"


@pytest.mark.parametrize("name", ["namespace", "release"])
def test_kyverno_is_never_pruned(name: str) -> None:
    item = _one(platform.files(), f"infrastructure/kyverno/{name}.yaml")
    key = "kustomize.toolkit.fluxcd.io/prune"
    assert item["metadata"]["annotations"] == {key: "disabled"}


@pytest.mark.parametrize("cluster", fleet.CLUSTERS)
def test_every_object_fits_the_clusters_schemas(cluster: str, crds: Schemas) -> None:
    flux = fleet.CLUSTERS[cluster].flux
    here = (f"clusters/{cluster}/", f"tenants/{cluster}/", "infrastructure/")
    files = {path: text for path, text in trees.whole_platform().items() if path.startswith(here)}
    found = [item for items in trees.objects(files).values() for item in items]
    checked = [item for item in found if not trees.is_kustomization_file(item)]
    kinds = {item["kind"] for item in checked if crds.knows(item, flux=flux)}
    assert {"Kustomization", "HelmRelease", "HelmRepository", "ClusterPolicy"} <= kinds
    assert trees.misfits(checked, flux, crds) == []


@pytest.mark.parametrize("cluster", fleet.CLUSTERS)
def test_every_cluster_builds(cluster: str, tmp_path: Path, build: Build) -> None:
    """The root as Flux reads it, and the tenants the root then leads to."""
    trees.write(tmp_path, trees.whole_platform())
    roots = build(trees.as_flux(tmp_path, f"clusters/{cluster}"))
    tenants = {t.slug for t in fleet.TENANTS if cluster in t.clusters}
    assert {(item["apiVersion"], item["metadata"]["name"]) for item in roots} == {
        (FLUX, name) for name in ("kyverno", "kyverno-policies", *(f"tenant-{t}" for t in tenants))
    }
    for item in roots:
        if item["metadata"]["name"].startswith("tenant-"):
            assert build(trees.as_flux(tmp_path, item["spec"]["path"]))


@pytest.mark.parametrize("path", INFRASTRUCTURE)
def test_what_all_clusters_share_builds(path: str, tmp_path: Path, build: Build) -> None:
    built = build(trees.write(tmp_path, platform.files()) / path)
    files = {p: text for p, text in platform.files().items() if p.startswith(f"{path}/")}
    written = [i for items in trees.objects(files).values() for i in items]
    kept = [item for item in written if not trees.is_kustomization_file(item)]
    assert sorted(built, key=str) == sorted(kept, key=str)


def _bootstrapped(cluster: str, tmp_path: Path, *, installed: tuple[str, ...]) -> Path:
    """The cluster's directory with a stand-in for what bootstrap writes."""
    trees.write(tmp_path, platform.files())
    deployments = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "flux-system"},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "manager", "args": ["--log-level=info"]}]},
                },
            },
        }
        for name in installed
    ]
    sync = [
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"interval": "1m0s", "url": "ssh://git@git.example.com/platform/fleet"},
        },
        {
            "apiVersion": FLUX,
            "kind": "Kustomization",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"interval": "10m0s", "path": f"./clusters/{cluster}", "prune": True},
        },
    ]
    folder = tmp_path / f"clusters/{cluster}"
    for name, items in (("gotk-components", deployments), ("gotk-sync", sync)):
        target = folder / f"flux-system/{name}.yaml"
        target.write_text(yaml.safe_dump_all(items), encoding="utf-8")
    return trees.as_flux(tmp_path, f"clusters/{cluster}")


CROSS, REMOTE, ACCOUNT = (
    "--no-cross-namespace-refs=true",
    "--no-remote-bases=true",
    "--default-service-account=default",
)
LOCKED = {
    "source-controller": [],
    "kustomize-controller": [CROSS, REMOTE, ACCOUNT],
    "helm-controller": [CROSS, ACCOUNT],
    "notification-controller": [CROSS],
    "image-reflector-controller": [CROSS],
    "image-automation-controller": [CROSS],
}
EXTRA = ("image-reflector-controller", "image-automation-controller", "source-watcher")


@pytest.mark.parametrize(
    ("cluster", "extras"),
    [(name, True) for name in fleet.CLUSTERS] + [("dev-1", False), ("dev-2", False)],
)
def test_lockdown_reaches_what_bootstrap_writes(
    cluster: str, extras: bool, tmp_path: Path, build: Build
) -> None:
    wanted = dict(LOCKED)
    if fleet.CLUSTERS[cluster].flux >= FluxVersion.V2_7:
        wanted["source-watcher"] = [CROSS]
    if not extras:
        wanted = {name: added for name, added in wanted.items() if name not in EXTRA}
    items = build(_bootstrapped(cluster, tmp_path, installed=tuple(wanted)))
    found = {
        item["metadata"]["name"]: item["spec"]["template"]["spec"]["containers"][0]["args"]
        for item in items
        if item["kind"] == "Deployment"
    }
    assert found == {name: ["--log-level=info", *added] for name, added in wanted.items()}
    accounts = {
        item["metadata"]["name"]: item["spec"].get("serviceAccountName")
        for item in items
        if item["kind"] == "Kustomization"
    }
    assert accounts == dict.fromkeys(
        ("flux-system", "kyverno", "kyverno-policies"), "kustomize-controller"
    )


def _rules() -> dict[str, Any]:
    found = trees.objects(platform.files())
    policies = [i for p, items in found.items() if p.startswith(POLICIES) for i in items]
    rules = [r for p in policies if p["kind"] == "ClusterPolicy" for r in p["spec"]["rules"]]
    assert len({rule["name"] for rule in rules}) == len(rules)
    return {rule["name"]: rule for rule in rules}


def test_every_rule_is_enforced_for_updates_too() -> None:
    files = platform.files()
    for name in ("flux-multi-tenancy", "verify-git-repositories", "protect-guardrails"):
        policy = _one(files, f"{POLICIES}{name}.yaml")
        assert policy["metadata"]["name"] == name
        assert policy["spec"]["background"] is False
    for rule in _rules().values():
        assert rule["validate"]["failureAction"] == "Enforce"
        assert rule["validate"]["allowExistingViolations"] is False
        assert "UPDATE" in rule["match"]["any"][0]["resources"]["operations"]


def test_rules_that_the_portal_has_too_have_its_names() -> None:
    assert _rules().keys() - OBJECT_RULES.keys() == {
        "guardrails-are-the-platforms",
        "portal-objects-stay",
    }


def test_the_kustomization_file_lists_every_policy() -> None:
    files = platform.files()
    for base in INFRASTRUCTURE:
        listed = _one(files, f"{base}/kustomization.yaml")["resources"]
        there = {path.removeprefix(f"{base}/") for path in files if path.startswith(f"{base}/")}
        assert {*listed, "kustomization.yaml"} == there


def test_sources_of_the_demo_are_allowed() -> None:
    url = "http://127.0.0.1:8000/git/"
    files = platform.files(forge_url=url)
    path = f"{POLICIES}verify-git-repositories.yaml"
    [rule] = _one(files, path)["spec"]["rules"]
    [check] = rule["validate"]["cel"]["expressions"]
    assert check["expression"] == (
        f"['{url}', 'ssh://git@127.0.0.1/'].exists(p, object.spec.url.startsWith(p))"
    )
    assert url in files["README.md"]
    synced = [
        item["spec"]["url"]
        for items in trees.objects(trees.whole_platform()).values()
        for item in items
        if item["kind"] == "GitRepository"
    ]
    assert len(synced) == sum(len(t.placements) for t in fleet.TENANTS)
    assert all(address.startswith(platform.FORGE_URL) for address in synced)
