"""Flux's objects, one function each. Pure."""

from collections.abc import Iterable, Mapping

from gitops.manifests.dump import text
from gitops.manifests.objects import Manifest, Strings, metadata
from gitops.manifests.versions import PROFILES, api_version
from gitops.spec import FluxVersion


def git_repository(
    name: str,
    namespace: str,
    *,
    url: str,
    ref: Mapping[str, str],
    flux: FluxVersion,
    interval: str = "1m0s",
    secret_name: str = "",
    provider: str = "",
    suspend: bool = False,
    labels: Strings | None = None,
) -> Manifest:
    """A source. `ref` is one of branch, tag, semver, name, commit (commit may have a branch)."""
    spec: Manifest = {"interval": interval, "ref": dict(ref), "url": url}
    if provider:
        spec["provider"] = provider
    if secret_name:
        spec["secretRef"] = {"name": secret_name}
    if suspend:
        spec["suspend"] = True
    return {
        "apiVersion": api_version("GitRepository", flux),
        "kind": "GitRepository",
        "metadata": metadata(name, namespace, labels),
        "spec": spec,
    }


def kustomization(
    name: str,
    namespace: str,
    *,
    path: str,
    source: str,
    service_account: str,
    flux: FluxVersion,
    prune: bool = True,
    interval: str = "5m0s",
    retry_interval: str = "",
    timeout: str = "",
    depends_on: Iterable[str] = (),
    patches: Iterable[Manifest] = (),
    wait_for_deletion: bool = False,
    suspend: bool = False,
    labels: Strings | None = None,
) -> Manifest:
    """Applies `path` of the GitRepository `source`, which is in the same namespace.

    `prune` is always written: the API requires it, and the Flux CLI would default to false. The
    source never has a namespace: lockdown forbids one, and the admission policy too.
    """
    spec: Manifest = {
        "interval": interval,
        "path": path,
        "prune": prune,
        "serviceAccountName": service_account,
        "sourceRef": {"kind": "GitRepository", "name": source},
        "retryInterval": retry_interval,
        "timeout": timeout,
        "dependsOn": [{"name": other} for other in depends_on],
        "patches": list(patches),
        "deletionPolicy": PROFILES[flux].deletion_policy if wait_for_deletion else "",
    }
    if suspend:
        spec["suspend"] = True
    return {
        "apiVersion": api_version("Kustomization", flux),
        "kind": "Kustomization",
        "metadata": metadata(name, namespace, labels),
        "spec": {key: value for key, value in spec.items() if value or key == "prune"},
    }


def force_service_account(name: str) -> Manifest:
    """A patch that makes everything Flux finds in the tenant's repository run as the tenant.

    Kustomizations and HelmReleases there do not inherit the account of the one that applies them.
    Left out it would be added, and another value is replaced.
    """
    operation = {"op": "add", "path": "/spec/serviceAccountName", "value": name}
    return {"patch": text([operation]), "target": {"kind": "(HelmRelease|Kustomization)"}}
