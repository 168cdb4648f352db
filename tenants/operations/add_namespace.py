"""add-namespace: a further namespace for a tenant, on clusters the tenant is on. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from gitops import layout, names, texts
from gitops.errors import Problem
from gitops.spec import NamespaceSpec, NetworkProfile, PodSecurity, Role, TenantOnCluster
from tenants.inventory import Before, TenantFacts
from tenants.operations import fields, shared
from tenants.operations.base import (
    Asker,
    ChangeClass,
    Check,
    Claim,
    ClaimKind,
    Lookup,
    Operation,
    Stage,
)
from tenants.operations.facts import NO_FACTS, RequestFacts
from tenants.operations.fields import Choice, Source
from tenants.operations.parsing import problem

LEASE_MAX = timedelta(days=731)
"""How far ahead a lease may end: two years, one of them a leap year."""


@dataclass(frozen=True, kw_only=True)
class AddNamespace:
    """What add-namespace is asked with."""

    name: Annotated[
        str,
        fields.name_field(
            title="Name",
            help="What the namespace is called on the cluster. It begins with the tenant's name "
            "and a hyphen; then lower-case letters, digits and hyphens.",
            rule=names.namespace_name,
            max_length=names.LABEL_MAX,
            pattern=fields.LABEL_PATTERN,
            example="iris-blue-payments",
        ),
    ]
    clusters: Annotated[
        tuple[str, ...],
        fields.sources_field(
            title="Clusters",
            help="Where the namespace is made. Each environment has its own clusters; production "
            "needs a second approval.",
            source=Source.CLUSTERS,
            max_items=shared.CLUSTERS_MAX,
        ),
    ]
    size_class: Annotated[
        str,
        fields.source_field(
            title="Size",
            help="How much computing power and memory everything in the namespace may use "
            "together.",
            source=Source.SIZE_CLASSES,
        ),
    ]
    network: Annotated[
        NetworkProfile,
        fields.choice_field(
            title="Network",
            help="Whom programs in the namespace may talk to.",
            choices=shared.NETWORK_CHOICES,
        ),
    ] = NetworkProfile.ISOLATED
    pod_security: Annotated[
        PodSecurity,
        fields.choice_field(
            title="Rights of programs",
            help="How much a program in the namespace may do on the machine it runs on.",
            choices=shared.POD_SECURITY_CHOICES,
        ),
    ] = PodSecurity.RESTRICTED
    lease: Annotated[
        date | None,
        fields.date_field(
            title="Needed until",
            help="The last day the namespace is needed. Leave it empty when there is no end in "
            "sight.",
            rule=texts.iso_date,
            example="2027-06-30",
        ),
    ] = None


def _name_is_the_tenants(before: Before, payload: AddNamespace) -> Iterator[Problem]:
    tenant = _tenant(before)
    if payload.name == tenant.home:
        detail = f"{payload.name} is the namespace {tenant.slug} began with."
        yield from problem("/spec/name", "taken", detail)
    elif not payload.name.startswith(f"{tenant.slug}-"):
        detail = f"Namespaces of {tenant.slug} begin with {tenant.slug}-."
        yield from problem("/spec/name", "not-prefixed", detail)
    else:
        yield from _apart(payload.name, tenant.slug, before.relatives)


def _apart(name: str, slug: str, others: frozenset[str]) -> tuple[Problem, ...]:
    # Only a longer name claims the namespace: with tenants plum and plum-jam, plum-jam-web is
    # plum-jam's, although it begins with plum- too.
    closer = [other for other in others if len(other) > len(slug)]
    for other in sorted(closer):
        if not names.in_tenant_space(name, other):
            detail = f"Names like {name} belong to the tenant {other}; choose another."
            return problem("/spec/name", "prefix-of-other-tenant", detail)
    return ()


def _tenant_is_there(before: Before, payload: AddNamespace) -> Iterator[Problem]:
    tenant = _tenant(before)
    for index, name in enumerate(payload.clusters):
        if name in before.clusters and tenant.placement_on(name) is None:
            detail = f"{tenant.slug} is not on {name} yet."
            yield from problem(f"/spec/clusters/{index}", "not-placed", detail)


def _name_is_free(before: Before, payload: AddNamespace) -> tuple[Problem, ...]:
    if payload.name == _tenant(before).home:
        return ()  # _name_is_the_tenants says it
    return shared.name_is_free(before, payload.name, payload.clusters)


def _lease_is_ahead(before: Before, payload: AddNamespace) -> Iterator[Problem]:
    if payload.lease is None:
        return
    if payload.lease <= before.today:
        yield from problem("/spec/lease", "past-date", "Choose a day that lies ahead.")
    elif payload.lease - before.today > LEASE_MAX:
        last = before.today + LEASE_MAX
        detail = f"Choose a day up to {last.isoformat()}; you can extend it later."
        yield from problem("/spec/lease", "too-far", detail)


def stages(
    before: Before, payload: AddNamespace, facts: RequestFacts = NO_FACTS, /
) -> tuple[Stage, ...]:
    """One stage: the tenant on each cluster with the namespace added; owns its directories only."""
    tenant = _tenant(before)
    directories = (
        layout.namespace_dir(cluster, tenant.slug, payload.name) for cluster in payload.clusters
    )
    return (
        Stage(
            title=f"Add {payload.name}",
            specs=tuple(
                _with_namespace(before, cluster, _namespace(before, payload, facts))
                for cluster in payload.clusters
            ),
            owned={Role.PLATFORM: tuple(directories)},
            claims=tuple(
                Claim(kind=ClaimKind.NAMESPACE, cluster=cluster, name=payload.name)
                for cluster in payload.clusters
            ),
        ),
    )


def _namespace(before: Before, payload: AddNamespace, facts: RequestFacts) -> NamespaceSpec:
    return NamespaceSpec(
        name=payload.name,
        size=before.size_classes[payload.size_class],
        network=payload.network,
        pod_security=payload.pod_security,
        purpose=facts.purpose,
        cost_centre=facts.cost_centre,
        lease=payload.lease.isoformat() if payload.lease else "",
    )


def _with_namespace(before: Before, cluster: str, added: NamespaceSpec) -> TenantOnCluster:
    tenant = _tenant(before)
    placement = tenant.placement_on(cluster)
    there = placement.namespaces if placement else ()
    # The same request, planned again after its merge, finds its own namespace there.
    kept = tuple(namespace for namespace in there if namespace.name != added.name)
    return shared.on_cluster(tenant, before.clusters[cluster], (*kept, added))


def _tenant(before: Before) -> TenantFacts:
    if before.tenant is None:
        raise ValueError("add-namespace needs a tenant; problems() would have said so")
    return before.tenant


def _sentence(payload: AddNamespace) -> str:
    lease = f", until {payload.lease.isoformat()}" if payload.lease else ""
    clusters = shared.listed(payload.clusters)
    return f"Add the namespace {payload.name} on {clusters}, size {payload.size_class}{lease}."


def _looks_up(values: Mapping[str, Any]) -> Lookup:
    return Lookup(names=frozenset({values["name"]} if "name" in values else ()))


def _offers(before: Before) -> Mapping[Source, tuple[Choice, ...]]:
    tenant = before.tenant
    return shared.offered(
        before, lambda c: tenant is not None and tenant.placement_on(c.name) is not None
    )


OPERATION: Operation[AddNamespace] = Operation(
    name="add-namespace",
    title="Add a namespace",
    description="A further place on the clusters for programs of your tenant, with its own limits.",
    payload=AddNamespace,
    change_class=ChangeClass.ADDS_NAMESPACE,
    asks=Asker.TENANT_OWNER_OR_MEMBER,
    needs_tenant=True,
    checks=(
        Check(reads=("name",), find=_name_is_the_tenants),
        Check(reads=("name", "clusters"), find=_name_is_free),
        Check(reads=("clusters",), find=shared.clusters_take_tenants),
        Check(reads=("clusters",), find=_tenant_is_there),
        Check(reads=("size_class",), find=shared.size_class_exists),
        Check(reads=("lease",), find=_lease_is_ahead),
    ),
    stages=stages,
    environments=shared.environments_of,
    subject=lambda payload: payload.name,
    sentence=_sentence,
    looks_up=_looks_up,
    offers=_offers,
)
