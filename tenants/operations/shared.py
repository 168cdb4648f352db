"""What several operations have in common: words for choices, rules about clusters, specs. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from gitops import layout
from gitops.errors import Problem
from gitops.spec import NamespaceSpec, NetworkProfile, PodSecurity, SyncSpec, TenantOnCluster
from tenants.inventory import Before, ClusterFacts, Environment, RepositoryFacts, TenantFacts
from tenants.operations.fields import Choice, Source
from tenants.operations.parsing import problem

CLUSTERS_MAX = 50

NETWORK_CHOICES: Mapping[NetworkProfile, tuple[str, str]] = {
    NetworkProfile.ISOLATED: (
        "Only itself",
        "Programs here reach each other and can look up names, nothing else.",
    ),
    NetworkProfile.TENANT: (
        "The tenant's namespaces",
        "As above, and the other namespaces of the same tenant on the same cluster.",
    ),
    NetworkProfile.INTERNET: (
        "The tenant's namespaces and the web",
        "As above, and web servers at public addresses.",
    ),
}
POD_SECURITY_CHOICES: Mapping[PodSecurity, tuple[str, str]] = {
    PodSecurity.RESTRICTED: (
        "Restricted",
        "Programs run as an ordinary user without special rights. Right for almost everything.",
    ),
    PodSecurity.BASELINE: (
        "Baseline",
        "Programs may also run as root inside their container. For images that need it.",
    ),
}


class OnClusters(Protocol):
    """A payload that names clusters."""

    @property
    def clusters(self) -> tuple[str, ...]: ...


class Sized(Protocol):
    """A payload that names a size class."""

    @property
    def size_class(self) -> str: ...


def clusters_take_tenants(before: Before, payload: OnClusters) -> Iterator[Problem]:
    """Every cluster is one of the fleet, and open."""
    for index, name in enumerate(payload.clusters):
        pointer = f"/spec/clusters/{index}"
        cluster = before.clusters.get(name)
        if cluster is None:
            yield from problem(pointer, "unknown-cluster", "There is no cluster of this name.")
        elif not cluster.open:
            detail = f"{name} takes no tenants; choose another cluster."
            yield from problem(pointer, "cluster-closed", detail)


def size_class_exists(before: Before, payload: Sized) -> Iterator[Problem]:
    """The size class is one of the fleet's."""
    if payload.size_class not in before.size_classes:
        words = ", ".join(before.size_classes)
        yield from problem("/spec/size_class", "unknown-size-class", f"Choose one of: {words}.")


def name_is_free(before: Before, name: str, clusters: Sequence[str]) -> tuple[Problem, ...]:
    """No namespace of this name exists or is asked for on any of the clusters."""
    there = [cluster for cluster in clusters if (cluster, name) in before.taken]
    if not there:
        return ()
    detail = f"{name} exists on {listed(there)} already, or another request asks for it."
    return problem("/spec/name", "taken", detail)


def environments_of(before: Before, payload: OnClusters) -> tuple[Environment, ...]:
    """The environments of the payload's clusters, in the order of `Environment`."""
    found = {before.clusters[name].environment for name in payload.clusters}
    return tuple(environment for environment in Environment if environment in found)


def offered(
    before: Before, takes: Callable[[ClusterFacts], bool]
) -> Mapping[Source, tuple[Choice, ...]]:
    """Open clusters that `takes` lets through, and all size classes, with words for a form."""
    return {
        Source.CLUSTERS: tuple(
            Choice(value=c.name, title=c.name, help=c.environment.value)
            for c in before.clusters.values()
            if c.open and takes(c)
        ),
        Source.SIZE_CLASSES: tuple(
            Choice(value=s.name, title=s.name, help=_amounts(s.quota))
            for s in before.size_classes.values()
        ),
    }


def _amounts(quota: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{resource} {amount}" for resource, amount in quota)


def on_cluster(
    tenant: TenantFacts, cluster: ClusterFacts, namespaces: tuple[NamespaceSpec, ...]
) -> TenantOnCluster:
    """What a tenant should be on one cluster when it has these namespaces there."""
    return TenantOnCluster(
        tenant=tenant.slug,
        cluster=cluster.name,
        environment=cluster.environment.value,
        flux=cluster.flux,
        home=tenant.home,
        namespaces=namespaces,
        access_groups=tenant.access_groups,
        sync=sync_of(tenant.repository, cluster.name),
    )


def sync_of(repository: RepositoryFacts, cluster: str) -> SyncSpec:
    """Where Flux on one cluster looks in the tenant's repository."""
    return SyncSpec(
        url=repository.url,
        branch=repository.branch,
        path=layout.flux_path(layout.repository_dir(cluster)),
    )


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
