"""Where files go. Paths are built here and nowhere else, and every segment of them is checked.

    clusters/<cluster>/tenants/<tenant>.yaml         what Flux is told about the tenant
    tenants/<cluster>/<tenant>/<namespace>/*.yaml    its namespaces; the home one has the sync

One directory per tenant and namespace on each cluster and no list that two tenants share, so two
requests never edit one file. Directories end with "/". Pure.
"""

import re
from dataclasses import dataclass

from gitops.errors import InvalidSpec, Problem

# fullmatch, because `$` would let a final newline pass.
_SEGMENT = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){0,8}")
_PLACE = re.compile(
    r"clusters/(?P<entry_cluster>[^/]+)/tenants/(?P<entry_tenant>[^/]+)\.yaml"
    r"|tenants/(?P<cluster>[^/]+)/(?P<tenant>[^/]+)/(?P<namespace>[^/]+)/[^/]+"
)


def _segment(value: str, what: str) -> str:
    if _SEGMENT.fullmatch(value):
        return value
    detail = f"{value!r} cannot be part of a file's path"
    raise InvalidSpec([Problem(pointer=f"/{what}", code="bad-path-segment", detail=detail)])


def sync_entry(cluster: str, tenant: str) -> str:
    """The file in which the platform's Flux finds the tenant. Raises InvalidSpec."""
    return f"clusters/{_segment(cluster, 'cluster')}/tenants/{_segment(tenant, 'tenant')}.yaml"


def tenant_dir(cluster: str, tenant: str) -> str:
    """Everything of one tenant on one cluster. Raises InvalidSpec."""
    return f"tenants/{_segment(cluster, 'cluster')}/{_segment(tenant, 'tenant')}/"


def namespace_dir(cluster: str, tenant: str, namespace: str) -> str:
    """Everything of one namespace on one cluster. Raises InvalidSpec."""
    return f"{tenant_dir(cluster, tenant)}{_segment(namespace, 'namespace')}/"


def repository_prefix(prefix: str) -> str:
    """Below what a tenant repository keeps everything: "" or "a/b/". Raises InvalidSpec."""
    parts = prefix.split("/")
    if _PREFIX.fullmatch(prefix) and not any(p.lower() in {".", "..", ".git"} for p in parts):
        return prefix
    detail = f"{prefix!r} is not a directory inside a repository; write it like apps/"
    raise InvalidSpec([Problem(pointer="/prefix", code="bad-path-segment", detail=detail)])


def repository_dir(cluster: str, prefix: str = "") -> str:
    """Where the tenant's repository keeps what runs on one cluster. Raises InvalidSpec."""
    return f"{repository_prefix(prefix)}clusters/{_segment(cluster, 'cluster')}/"


def repository_readme(prefix: str = "") -> str:
    """The tenant repository's front page. Raises InvalidSpec."""
    return f"{repository_prefix(prefix)}README.md"


def flux_path(directory: str) -> str:
    """A directory as a Flux Kustomization's `spec.path`: "tenants/x/" is "./tenants/x"."""
    return f"./{directory.rstrip('/')}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose file a path of the platform repository is. A sync entry has no namespace."""

    cluster: str
    tenant: str
    namespace: str | None


def place_of(path: str) -> Place | None:
    """The reverse of the functions above; None for a path that none of them builds."""
    found = _PLACE.fullmatch(path)
    if not found:
        return None
    place = Place(
        cluster=found["entry_cluster"] or found["cluster"],
        tenant=found["entry_tenant"] or found["tenant"],
        namespace=found["namespace"],
    )
    names = (place.cluster, place.tenant, place.namespace or "x")
    return place if all(_SEGMENT.fullmatch(name) for name in names) else None
