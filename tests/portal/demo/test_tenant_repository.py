"""What demo tenants run builds on each of their clusters, fits, and passes the portal's checks."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gitops import layout
from gitops.policies import Context, verdicts
from gitops.schemas import Schemas
from gitops.spec import Role
from portal.demo import fleet, tenant_repository
from tests.portal.demo import trees
from tests.portal.demo.test_fleet import amount

PLACED = [(t.slug, p.cluster) for t in fleet.TENANTS for p in t.placements]
Build = Callable[[Path], list[Any]]
_BUILT: dict[tuple[str, str], list[Any]] = {}  # building is what takes time here


def _files(slug: str) -> dict[str, str]:
    [tenant] = [t for t in fleet.TENANTS if t.slug == slug]
    return tenant_repository.files(slug, tenant.clusters)


@pytest.fixture
def built(request: pytest.FixtureRequest, tmp_path: Path, build: Build) -> dict[str, Any]:
    """By kind and name, what Flux finds on one cluster. `indirect` gives (tenant, cluster)."""
    slug, cluster = request.param
    if (slug, cluster) not in _BUILT:
        folder = trees.write(tmp_path, _files(slug)) / layout.repository_dir(cluster)
        _BUILT[slug, cluster] = build(folder)
    items = _BUILT[slug, cluster]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


@pytest.mark.parametrize("slug", [t.slug for t in fleet.TENANTS])
def test_files_pass_the_portals_checks(slug: str) -> None:
    context = Context(role=Role.TENANT, tenant=slug, namespaces=frozenset({slug}))
    files = _files(slug)
    assert verdicts(files, context) == ()
    # and the checks do look at them
    release = files["base/backend-release.yaml"]
    files["base/backend-release.yaml"] = release.replace(f": {slug}\n", ": kustomize-controller\n")
    assert {v.rule for v in verdicts(files, context)} == {
        "foreign-service-account",
        "namespace-of-tenant",
    }


@pytest.mark.parametrize("built", PLACED, indirect=True, ids="/".join)
def test_every_cluster_gets_the_whole_application(built: dict[str, Any]) -> None:
    assert built.keys() == {
        "Deployment/frontend",
        "Service/frontend",
        "HelmRepository/podinfo",
        "HelmRelease/backend",
    }


@pytest.mark.parametrize(
    ("built", "placed"), [(p, p) for p in PLACED], indirect=["built"], ids=map(str, PLACED)
)
def test_every_object_fits_its_schema(
    built: dict[str, Any], placed: tuple[str, str], crds: Schemas
) -> None:
    flux = fleet.CLUSTERS[placed[1]].flux
    assert trees.misfits(built.values(), flux, crds) == []
    assert {item["metadata"]["namespace"] for item in built.values()} == {placed[0]}
    assert built["HelmRelease/backend"]["spec"]["serviceAccountName"] == placed[0]


@pytest.mark.parametrize(
    ("built", "replicas"),
    [
        (("iris-blue", "dev-1"), 1),
        (("iris-blue", "staging-1"), 2),
        (("iris-blue", "production-1"), 3),
    ],
    indirect=["built"],
)
def test_environments_differ_in_replicas(built: dict[str, Any], replicas: int) -> None:
    assert built["Deployment/frontend"]["spec"]["replicas"] == replicas
    assert built["HelmRelease/backend"]["spec"]["values"]["replicaCount"] == replicas


@pytest.mark.parametrize("built", [("iris-red", "dev-1")], indirect=True)
def test_pods_keep_the_restricted_level(built: dict[str, Any]) -> None:
    pod = built["Deployment/frontend"]["spec"]["template"]["spec"]
    values = built["HelmRelease/backend"]["spec"]["values"]
    pairs = [(pod["securityContext"], c["securityContext"]) for c in pod["containers"]]
    for of_pod, of_container in [
        *pairs,
        (values["podSecurityContext"], values["securityContext"]),
    ]:
        assert of_pod["runAsNonRoot"] is True
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert of_container["allowPrivilegeEscalation"] is False
        assert of_container["capabilities"] == {"drop": ["ALL"]}
    assert not any("hostPath" in volume for volume in pod["volumes"])


def _used(built: dict[str, Any], resource: str) -> Iterator[Fraction]:
    """What all pods may use, with the one more that each rollout starts."""
    frontend = built["Deployment/frontend"]["spec"]
    values = built["HelmRelease/backend"]["spec"]["values"]
    for container in frontend["template"]["spec"]["containers"]:
        limit = amount(container["resources"]["limits"][resource])
        yield limit * (frontend["replicas"] + 1)
    yield amount(values["resources"]["limits"][resource]) * (values["replicaCount"] + 1)


@pytest.mark.parametrize("built", [("iris-blue", "production-1")], indirect=True)
def test_the_largest_of_them_fits_the_smallest_size(built: dict[str, Any]) -> None:
    quota = dict(fleet.SMALL.quota)
    for resource in ("cpu", "memory"):
        assert sum(_used(built, resource)) <= amount(quota[f"limits.{resource}"])


def test_the_front_page_names_the_clusters() -> None:
    text = _files("iris-green")["README.md"]
    assert "dev-2, production-1" in text
    assert "kubectl kustomize clusters/dev-2" in text
