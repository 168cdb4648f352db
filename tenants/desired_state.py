"""From rows to what an operation needs to know: `Before`, as much of the inventory as it asks for.

The queries are bounded by the request, not by the fleet: names are looked up, never listed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from gitops.models import Repository
from gitops.spec import FluxVersion, Life, NamespaceSpec, NetworkProfile, PodSecurity, SizeClassSpec
from tenants.inventory import (
    Before,
    ClusterFacts,
    Environment,
    Member,
    MemberRole,
    Placement,
    RepositoryFacts,
    TenantFacts,
)
from tenants.models import Claim, Cluster, Membership, Namespace, Request, SizeClass, Tenant
from tenants.operations.base import Lookup, Operation


class NoFleet(Exception):
    """There is no cluster yet, so nothing can be asked for."""


def before(
    operation: Operation[Any],
    *,
    tenant: Tenant | None,
    values: Mapping[str, Any],
    own: Request | None = None,
) -> Before:
    """What `operation` has to know to judge and carry out a wish with these `values`.

    Names that `own` holds itself do not count as taken. Raises `NoFleet`.
    """
    lookup = operation.looks_up(values)
    clusters = list(Cluster.objects.select_related("group", "repository__connection"))
    if not clusters:
        raise NoFleet("No cluster is known yet. A platform admin adds the first one.")
    platform = clusters[0].repository
    return Before(
        tenant=tenant_facts(tenant) if tenant else None,
        clusters={c.name: _cluster(c) for c in clusters},
        size_classes={s.name: size_class(s) for s in SizeClass.objects.all()},
        taken=_taken(lookup.names, own),
        relatives=_relatives(lookup.names, own),
        repositories=_repositories(lookup, own),
        platform_repository=repository_facts(platform, platform=True),
        clone_url=clone_url(platform),
        today=timezone.localdate(),
        usernames=_usernames(lookup.usernames),
    )


def clone_url(repository: Repository) -> str:
    """The address Flux clones a repository of this connection from, with `{repository}` in it."""
    connection = repository.connection
    if connection.forge == "local":
        return f"{settings.PUBLIC_URL}/git/{{repository}}.git"
    return f"{connection.base_url.rstrip('/')}/{{repository}}.git"


def repository_facts(repository: Repository, *, platform: bool) -> RepositoryFacts:
    return RepositoryFacts(
        repository=repository.full_name,
        branch=repository.target_branch,
        url=clone_url(repository).replace("{repository}", repository.full_name),
        platform=platform,
    )


def tenant_facts(tenant: Tenant) -> TenantFacts:
    """The tenant as merged: members, placements, namespaces, repository."""
    repository = Repository.objects.select_related("connection").get(pk=tenant.repository_id)
    by_cluster: dict[str, list[NamespaceSpec]] = {
        p.cluster.name: [] for p in tenant.placements.select_related("cluster")
    }
    rows = tenant.namespaces.select_related("cluster", "size_class").order_by("name")
    for row in sorted(rows, key=lambda n: (n.name != tenant.home, n.name)):
        by_cluster.setdefault(row.cluster.name, []).append(namespace_spec(row))
    members = tenant.memberships.select_related("user")
    on_platform = Cluster.objects.filter(
        repository__connection=repository.connection,
        repository__owner=repository.owner,
        repository__name=repository.name,
    ).exists()
    return TenantFacts(
        slug=tenant.slug,
        home=tenant.home,
        repository=repository_facts(repository, platform=on_platform),
        access_groups=tuple(tenant.access_groups),
        members=tuple(Member(username=m.user.username, role=MemberRole(m.role)) for m in members),
        placements=tuple(
            Placement(cluster=name, namespaces=tuple(specs)) for name, specs in by_cluster.items()
        ),
    )


def namespace_spec(row: Namespace) -> NamespaceSpec:
    return NamespaceSpec(
        name=row.name,
        size=size_class(row.size_class),
        network=NetworkProfile(row.network),
        pod_security=PodSecurity(row.pod_security),
        purpose=row.purpose,
        cost_centre=row.cost_centre,
        lease=row.lease_until.isoformat() if row.lease_until else "",
        life=Life(row.life),
    )


def size_class(row: SizeClass) -> SizeClassSpec:
    return SizeClassSpec(
        name=row.name,
        quota=tuple(row.quota.items()),
        limits=tuple(row.limits.items()),
        requests=tuple(row.requests.items()),
    )


def _cluster(row: Cluster) -> ClusterFacts:
    return ClusterFacts(
        name=row.name,
        group=row.group.slug,
        environment=Environment(row.environment),
        flux=FluxVersion(row.flux),
        open=row.takes_tenants,
    )


def _taken(names: Iterable[str], own: Request | None) -> frozenset[tuple[str, str]]:
    wanted = list(names)
    exist = Namespace.objects.filter(name__in=wanted).values_list("cluster__name", "name")
    held = _live_claims(own).filter(kind=Claim.Kind.NAMESPACE, name__in=wanted)
    return frozenset(exist) | frozenset(held.values_list("cluster", "name"))


def _relatives(names: Iterable[str], own: Request | None) -> frozenset[str]:
    """Tenant names equal to one of `names`, a beginning of it, or begun by it."""
    found: set[str] = set()
    for name in names:
        parts = name.split("-")
        beginnings = ["-".join(parts[:i]) for i in range(1, len(parts) + 1)]
        found.update(
            Tenant.objects.filter(
                Q(slug__in=beginnings) | Q(slug__startswith=f"{name}-")
            ).values_list("slug", flat=True)
        )
        found.update(
            _live_claims(own)
            .filter(kind=Claim.Kind.TENANT)
            .filter(Q(name__in=beginnings) | Q(name__startswith=f"{name}-"))
            .values_list("name", flat=True)
        )
    return frozenset(found)


def _live_claims(own: Request | None) -> Any:
    live = Claim.objects.filter(released_at=None)
    return live.exclude(request=own) if own is not None else live


def _repositories(lookup: Lookup, own: Request | None) -> frozenset[tuple[str, str]]:
    """("owner/name", branch) pairs that are a tenant's, or asked for by another request.

    Compared without regard to case, as forges do.
    """
    found: set[tuple[str, str]] = set()
    for full_name in lookup.repositories:
        owner, _, name = full_name.rpartition("/")
        tenants = Tenant.objects.filter(
            repository__owner__iexact=owner, repository__name__iexact=name
        ).select_related("repository")
        found.update((t.repository.full_name, t.repository.target_branch) for t in tenants)
        held = _live_claims(own).filter(
            kind=Claim.Kind.REPOSITORY, name__startswith=f"{full_name.casefold()}@"
        )
        for claim in held:
            repository, _, branch = claim.name.partition("@")
            found.add((repository, branch))
    return frozenset(found)


def _usernames(asked: Iterable[str]) -> frozenset[str]:
    users = get_user_model().objects.filter(username__in=list(asked), is_active=True)
    return frozenset(users.values_list("username", flat=True))


def roles_of(user: Any) -> dict[str, MemberRole]:
    """What a person is in which tenant, by slug."""
    rows = Membership.objects.filter(user=user).select_related("tenant")
    return {m.tenant.slug: MemberRole(m.role) for m in rows}
