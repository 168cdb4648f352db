"""Compatibility mode against the text the Flux CLI prints, which is not ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops.manifests.compat import create_kustomization, create_source_git, create_tenant

TENANTS: dict[str, dict[str, Any]] = {
    "basic": {},
    "with-cluster-role": {"cluster_role": "custom-role"},
    "with-service-account": {"service_account": "flux-tenant"},
    "with-skip-namespace": {"skip_namespace": True},
}
PODINFO = "https://github.com/stefanprodan/podinfo"
TEST = {"branch": "test"}
SOURCES: dict[str, dict[str, Any]] = {
    "branch": {"ref": TEST},
    "branch-commit": {"ref": {"branch": "main", "commit": "c88a2f41"}},
    "commit": {"ref": {"commit": "c88a2f41"}},
    "refname": {"ref": {"name": "refs/heads/main"}},
    "semver": {"ref": {"semver": "v1.01"}},
    "tag": {"ref": {"tag": "test"}},
    "provider-azure": {
        "ref": TEST,
        "provider": "azure",
        "url": "https://dev.azure.com/foo/bar/_git/podinfo",
    },
    "provider-generic": {"ref": TEST, "provider": "generic"},
    "provider-github": {"ref": TEST, "provider": "github", "secret_ref": "appinfo"},
}


def _cases(folder: Path, prefix: str) -> dict[str, str]:
    """What the CLI printed, by what the file's name says about the arguments."""
    return {
        path.stem.removeprefix(prefix): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob(f"{prefix}*.yaml"))
    }


def test_tenants_are_byte_equal(need: Callable[[str], str]) -> None:
    printed = _cases(Path(need("flux-cli-samples"), "create_tenant"), "tenant-")
    assert printed.keys() == TENANTS.keys()
    for case, arguments in TENANTS.items():
        assert create_tenant("dev-team", ["apps"], **arguments) == printed[case], case


def test_sources_are_byte_equal(need: Callable[[str], str]) -> None:
    printed = _cases(Path(need("flux-cli-samples"), "create_source_git"), "source-git-")
    assert printed.keys() == SOURCES.keys()
    for case, arguments in SOURCES.items():
        assert create_source_git("podinfo", **{"url": PODINFO, **arguments}) == printed[case], case


def test_a_tenant_with_two_namespaces_and_a_label() -> None:
    """Our own text, so that the mode is checked where the CLI's output is not at hand."""
    made = create_tenant("red", ["a", "b"], labels={"env": "no"}, skip_namespace=True)
    assert made == "".join(
        f"""\
---
apiVersion: v1
kind: ServiceAccount
metadata:
  labels:
    env: "no"
    toolkit.fluxcd.io/tenant: red
  name: red
  namespace: {namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  labels:
    env: "no"
    toolkit.fluxcd.io/tenant: red
  name: red-reconciler
  namespace: {namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: gotk:{namespace}:reconciler
- kind: ServiceAccount
  name: red
  namespace: {namespace}
"""
        for namespace in "ab"
    )


def test_a_source_and_its_kustomization() -> None:
    made = create_source_git("red", url="https://h/o/r", ref={"branch": "main"}, namespace="a")
    made += create_kustomization(
        "red", source="red", path="./", service_account="red", namespace="a"
    )
    assert (
        made
        == """\
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: red
  namespace: a
spec:
  interval: 1m0s
  ref:
    branch: main
  url: https://h/o/r
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: red
  namespace: a
spec:
  interval: 1m0s
  path: ./
  prune: false
  serviceAccountName: red
  sourceRef:
    kind: GitRepository
    name: red
"""
    )


def test_unknown_kinds_have_no_version() -> None:
    from gitops.manifests.versions import NEWEST, api_version

    with pytest.raises(KeyError):
        api_version("ClusterRole", NEWEST)
