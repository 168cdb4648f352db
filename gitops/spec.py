"""What should be: one frozen dataclass per kind of thing the portal keeps in a repository.

A spec holds values that were checked already where a person typed them; `gitops.spec_rules` checks
them once more before anything is rendered, so that no caller can forget to. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum


class Life(StrEnum):
    """How far something is from being taken away. Removal walks down this list, one step each."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # Flux leaves what runs alone and applies nothing new
    DRAINING = "draining"  # the sync is gone; accounts and namespaces stay, for Flux to clean up
    ABSENT = "absent"


class Role(StrEnum):
    """Which repository a file belongs to."""

    PLATFORM = "platform"
    TENANT = "tenant"


class Ownership(StrEnum):
    """Who keeps a file: the portal for good, or the tenant once the portal wrote it."""

    MANAGED = "managed"
    SEEDED = "seeded"


class NetworkProfile(StrEnum):
    """Whom the pods of a namespace may talk to. Each profile adds to the one before it."""

    ISOLATED = "isolated"  # the same namespace, and DNS
    TENANT = "tenant"  # the tenant's other namespaces as well
    INTERNET = "internet"  # web servers at public addresses as well


class PodSecurity(StrEnum):
    """Level of the Pod Security Standards a namespace enforces. `privileged` is not on offer."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"


class FluxVersion(StrEnum):
    """The Flux minor a cluster runs; decides API versions (`manifests.versions`)."""

    V2_5 = "2.5"
    V2_6 = "2.6"
    V2_7 = "2.7"
    V2_8 = "2.8"
    V2_9 = "2.9"


@dataclass(frozen=True, kw_only=True)
class SizeClassSpec:
    """A named ResourceQuota and LimitRange. Pairs are (resource, Kubernetes quantity)."""

    name: str
    quota: tuple[tuple[str, str], ...]  # ResourceQuota spec.hard
    limits: tuple[tuple[str, str], ...] = ()  # LimitRange default, per container
    requests: tuple[tuple[str, str], ...] = ()  # LimitRange defaultRequest, per container


@dataclass(frozen=True, kw_only=True)
class NamespaceSpec:
    """One namespace of a tenant on one cluster. `lease` is an ISO date or empty."""

    name: str
    size: SizeClassSpec
    network: NetworkProfile = NetworkProfile.ISOLATED
    pod_security: PodSecurity = PodSecurity.RESTRICTED
    purpose: str = ""
    cost_centre: str = ""
    lease: str = ""
    life: Life = Life.ACTIVE


@dataclass(frozen=True, kw_only=True)
class SyncSpec:
    """Where Flux finds the tenant's own manifests. `path` starts with "./"."""

    url: str
    branch: str
    path: str
    secret_name: str = ""  # of a Secret in the home namespace; empty for a public repository


@dataclass(frozen=True, kw_only=True)
class TenantOnCluster:
    """A tenant's namespaces, accounts and sync on one cluster. `home` is one of `namespaces`."""

    tenant: str
    cluster: str
    environment: str
    flux: FluxVersion
    home: str
    namespaces: tuple[NamespaceSpec, ...]
    access_groups: tuple[str, ...] = ()
    sync: SyncSpec
    life: Life = Life.ACTIVE
    cluster_role: str = "admin"  # what the tenant's reconciler may do inside its namespaces


@dataclass(frozen=True, kw_only=True)
class TenantRepository:
    """The first content of a tenant's own repository. `prefix` is "" or a directory ending "/"."""

    tenant: str
    clusters: tuple[str, ...]
    prefix: str = ""
    life: Life = Life.ACTIVE


Spec = TenantOnCluster | TenantRepository
