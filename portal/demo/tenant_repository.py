"""What a demo tenant ran before the portal came: a small application on each of its clusters. Pure.

Two ways of running something that tenants ask about: a plain Deployment (`frontend`), and a chart
by Flux (`backend`). Both are podinfo, which needs nothing but itself
(https://github.com/stefanprodan/podinfo). Everything is in the tenant's home namespace and keeps
the restricted level of the Pod Security Standards.
"""

from collections.abc import Sequence

from gitops import layout
from gitops.manifests.dump import dump, text
from gitops.manifests.kustomize import FILE_NAME, kustomization_file
from gitops.manifests.objects import Manifest, metadata
from gitops.manifests.versions import api_version
from gitops.spec import FluxVersion
from portal.demo import fleet
from tenants.inventory import Environment

_VERSION = "6.14.1"
_IMAGE = f"ghcr.io/stefanprodan/podinfo:{_VERSION}"
_PORT = 9898
_REPLICAS = {Environment.STAGING: 2, Environment.PRODUCTION: 3}

_POD = {"runAsGroup": 1000, "runAsNonRoot": True, "runAsUser": 1000}
_PROFILE = {"seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
_RESOURCES = {
    "limits": {"cpu": "200m", "memory": "128Mi"},
    "requests": {"cpu": "20m", "memory": "32Mi"},
}

_README = """\
# {tenant}

What runs in the namespaces of {tenant}. Flux applies `clusters/<cluster>/` to that cluster.

- `base/`: `frontend`, a Deployment, and `backend`, a chart.
- `clusters/`: what differs: how many of them there are. Now: {clusters}.

New namespaces, more quota and network access are asked for in the portal. Secrets do not belong
here.

Try a change before it is merged: `kubectl kustomize clusters/{first}`.
"""


def files(tenant: str, clusters: Sequence[str]) -> dict[str, str]:
    """Path to text of the whole repository of `tenant`, placed on `clusters` of the demo fleet."""
    found = {
        "README.md": _README.format(tenant=tenant, clusters=", ".join(clusters), first=clusters[0]),
        **_base(tenant),
    }
    for cluster in clusters:
        path = layout.repository_dir(cluster) + FILE_NAME
        found[path] = dump([_overlay(fleet.CLUSTERS[cluster].environment)])
    return dict(sorted(found.items()))


def _base(tenant: str) -> dict[str, str]:
    found = {
        "backend-release.yaml": _release(tenant),
        "backend-source.yaml": _source(tenant),
        "frontend-deployment.yaml": _deployment(tenant),
        "frontend-service.yaml": _service(tenant),
    }
    texts = {f"base/{name}": dump([item]) for name, item in found.items()}
    return {f"base/{FILE_NAME}": dump([kustomization_file(found)]), **texts}


def _overlay(environment: Environment) -> Manifest:
    """The base, with as many replicas as the environment is worth."""
    replicas = _REPLICAS.get(environment, 1)
    patches = [
        _replace("Deployment", "frontend", "/spec/replicas", replicas),
        _replace("HelmRelease", "backend", "/spec/values/replicaCount", replicas),
    ]
    return {**kustomization_file(["../../base"]), "patches": patches}


def _replace(kind: str, name: str, path: str, value: int) -> Manifest:
    operation = {"op": "replace", "path": path, "value": value}
    return {"patch": text([operation]), "target": {"kind": kind, "name": name}}


def _deployment(tenant: str) -> Manifest:
    own = {"app.kubernetes.io/name": "frontend"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata("frontend", tenant, own),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": own},
            "template": {"metadata": {"labels": own}, "spec": _pod()},
        },
    }


def _pod() -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "containers": [
            {
                "command": [
                    "./podinfo",
                    f"--port={_PORT}",
                    f"--backend-url=http://backend:{_PORT}/echo",
                ],
                "image": _IMAGE,
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                "name": "frontend",
                "ports": [{"containerPort": _PORT, "name": "http"}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}},
                "resources": _RESOURCES,
                "securityContext": _CONTAINER,
                "volumeMounts": [{"mountPath": "/data", "name": "data"}],
            }
        ],
        "securityContext": {**_POD, **_PROFILE},
        "volumes": [{"emptyDir": {}, "name": "data"}],
    }


def _service(tenant: str) -> Manifest:
    own = {"app.kubernetes.io/name": "frontend"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata("frontend", tenant, own),
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}], "selector": own},
    }


def _source(tenant: str) -> Manifest:
    """All Flux minors serve this version, and that of the release."""
    return {
        "apiVersion": api_version("HelmRepository", FluxVersion.V2_5),
        "kind": "HelmRepository",
        "metadata": metadata("podinfo", tenant),
        "spec": {"interval": "1h0m0s", "url": "https://stefanprodan.github.io/podinfo"},
    }


def _release(tenant: str) -> Manifest:
    chart = {
        "chart": "podinfo",
        "sourceRef": {"kind": "HelmRepository", "name": "podinfo"},
        "version": _VERSION,
    }
    return {
        "apiVersion": api_version("HelmRelease", FluxVersion.V2_5),
        "kind": "HelmRelease",
        "metadata": metadata("backend", tenant),
        "spec": {
            "chart": {"spec": chart},
            "interval": "10m0s",
            "releaseName": "backend",
            # Flux would act as this account even if another were named.
            "serviceAccountName": tenant,
            "values": {
                "fullnameOverride": "backend",
                "podSecurityContext": {**_POD, **_PROFILE},
                "replicaCount": 1,
                "resources": _RESOURCES,
                "securityContext": _CONTAINER,
            },
        },
    }
