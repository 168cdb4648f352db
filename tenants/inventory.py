"""What an operation has to know of the world before it: frozen values, from rows or from a file.

`tenants.desired_state` fills these from the database, `manage.py render` from a document. An
operation looks at nothing else, so what it answers can be repeated anywhere. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gitops.names import in_tenant_space
from gitops.spec import FluxVersion, NamespaceSpec, SizeClassSpec


class Environment(StrEnum):
    """What approval rules look at. In the order in which a change usually travels."""

    DEV = "dev"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"
    OPERATIONS = "operations"


class MemberRole(StrEnum):
    """What a person is in a tenant. Access to the clusters is by access groups, never by this."""

    OWNER = "owner"
    MEMBER = "member"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person in a tenant."""

    username: str
    role: MemberRole


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """One branch of one repository: "owner/name", and the address Flux clones it from.

    `platform` says that a tenant's repository is a branch of the platform repository.
    """

    repository: str
    branch: str
    url: str
    platform: bool = False


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """A cluster of the fleet. One that is not `open` takes no further tenants or namespaces."""

    name: str
    group: str
    environment: Environment
    flux: FluxVersion
    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A tenant on a cluster with its namespaces there, the home one first."""

    cluster: str
    namespaces: tuple[NamespaceSpec, ...]


@dataclass(frozen=True, kw_only=True)
class TenantFacts:
    """A tenant as it is merged. `home` is the namespace its sync objects live in."""

    slug: str
    home: str
    repository: RepositoryFacts
    access_groups: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    placements: tuple[Placement, ...] = ()

    def placement_on(self, cluster: str) -> Placement | None:
        """Where the tenant is on this cluster; None when it is not."""
        return next((p for p in self.placements if p.cluster == cluster), None)


@dataclass(frozen=True, kw_only=True)
class Before:
    """The part of the world one request can see.

    `clusters` and `size_classes` are all of the fleet, by name. `tenant` is None when the request
    makes one. Of what exists or is held by another live request, only what touches the names asked
    for (`Operation.looks_up`) has to be here:

    - `taken`: (cluster, namespace) pairs;
    - `relatives`: tenants called exactly like a name asked for, or of which one name begins with
      the other and a hyphen;
    - `repositories`: ("owner/name", branch) pairs that belong to a tenant;
    - `usernames`: those of the asked-for people who have an account; None when nobody could look.

    `clone_url` makes "owner/name" an address for Flux: it contains "{repository}".
    """

    tenant: TenantFacts | None = None
    clusters: Mapping[str, ClusterFacts] = field(default_factory=dict)
    size_classes: Mapping[str, SizeClassSpec] = field(default_factory=dict)
    taken: frozenset[tuple[str, str]] = frozenset()
    relatives: frozenset[str] = frozenset()
    repositories: frozenset[tuple[str, str]] = frozenset()
    platform_repository: RepositoryFacts
    clone_url: str
    today: date
    usernames: frozenset[str] | None = None


def relatives_of(name: str, slugs: Iterable[str]) -> frozenset[str]:
    """Which of these tenants are called `name`, begin it, or are begun by it (and a hyphen)."""
    return frozenset(
        slug for slug in slugs if not in_tenant_space(name, slug) or not in_tenant_space(slug, name)
    )
