"""A fleet as a document describes it, to the `Before` an operation looks at. Pure.

Read with the same described fields as payloads, so that a slip is named by its key path.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar

from gitops import names
from gitops.errors import Problem
from gitops.spec import NamespaceSpec, SizeClassSpec
from tenants.inventory import (
    Before,
    ClusterFacts,
    Member,
    MemberRole,
    Placement,
    RepositoryFacts,
    TenantFacts,
)
from tenants.operations.fields import fields_of
from tenants.operations.fleet_rows import ClusterRow, FleetRow, NamespaceRow, TenantRow
from tenants.operations.onboard_tenant import default_repository
from tenants.operations.parsing import found, problem, read_fields

T = TypeVar("T")
Problems = tuple[Problem, ...]
Read = tuple[T | None, Problems]

_AMOUNT_MAX = 10**15
_PARTS = ("quota", "limits", "requests")


def read_fleet(
    raw: object, *, tenant: object, today: date
) -> tuple[Before | None, tuple[Problem, ...]]:
    """The world as `raw` describes it, seen by `tenant`, or what is wrong with the description.

    A tenant nobody described is no problem here: `Before.tenant` is None.
    """
    fleet, maps, wrong = _row(FleetRow, raw, "/fleet", ("clusters", "size_classes", "tenants"))
    clusters, more = _each(maps, "/fleet", "clusters", _cluster)
    sizes, and_more = _each(maps, "/fleet", "size_classes", _size_class)
    if problems := (*wrong, *more, *and_more):
        return None, problems
    known = _Known(
        clusters=clusters,
        sizes=sizes,
        platform=fleet["platform_repository"],
        clone_url=fleet["clone_url"],
    )
    tenants, problems = _each(maps, "/fleet", "tenants", partial(_tenant, known))
    if problems:
        return None, problems
    own = tenants.get(tenant) if isinstance(tenant, str) else None
    return _before(known, fleet, tenants, own, today), ()


def _before(
    known: "_Known",
    fleet: Mapping[str, Any],
    tenants: Mapping[str, TenantFacts],
    own: TenantFacts | None,
    today: date,
) -> Before:
    return Before(
        tenant=own,
        clusters=known.clusters,
        size_classes=known.sizes,
        taken=frozenset(
            (placement.cluster, namespace.name)
            for tenant in tenants.values()
            for placement in tenant.placements
            for namespace in placement.namespaces
        ),
        relatives=frozenset(tenants),
        repositories=frozenset(
            (tenant.repository.repository, tenant.repository.branch) for tenant in tenants.values()
        ),
        platform_repository=known.repository(known.platform, fleet["platform_branch"]),
        clone_url=known.clone_url,
        today=fleet["today"] or today,
        usernames=None if fleet["users"] is None else frozenset(fleet["users"]),
    )


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the tenants of a fleet are made of."""

    clusters: Mapping[str, ClusterFacts]
    sizes: Mapping[str, SizeClassSpec]
    platform: str
    clone_url: str

    def repository(self, path: str, branch: str) -> RepositoryFacts:
        return RepositoryFacts(
            repository=path,
            branch=branch,
            url=self.clone_url.replace("{repository}", path),
            platform=path == self.platform,
        )


def _row(
    described: type[Any], raw: object, pointer: str, nested: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, Any], Problems]:
    """The described fields of a mapping, its `nested` parts unread, and what is wrong."""
    flat, parts = raw, {}
    if isinstance(raw, Mapping):
        flat = {key: value for key, value in raw.items() if key not in nested}
        parts = {key: value for key, value in raw.items() if key in nested}
    values, problems = read_fields(fields_of(described), flat, pointer=pointer)
    return values, parts, problems


def _each(
    maps: Mapping[str, object], pointer: str, key: str, read: Callable[[str, object, str], Read[T]]
) -> tuple[dict[str, T], Problems]:
    """A mapping of names to rows, each read by `read(name, row, pointer)`. It may be left out."""
    raw, pointer = maps.get(key), f"{pointer}/{key}"
    if raw is None:
        return {}, ()
    if not isinstance(raw, Mapping):
        return {}, problem(pointer, "wrong-type", "Write an object here: names, and what they are.")
    made: dict[str, T] = {}
    problems: list[Problem] = []
    for name, row in raw.items():
        broken = _key_problems(name, pointer)
        value, more = (None, broken) if broken else read(name, row, f"{pointer}/{name}")
        problems += more
        if value is not None:
            made[name] = value
    return made, tuple(problems)


def _key_problems(name: object, pointer: str) -> Problems:
    if not isinstance(name, str):
        return problem(pointer, "wrong-type", "Every name here is a text.")
    return found(pointer, names.label(name))


def _cluster(name: str, raw: object, pointer: str) -> Read[ClusterFacts]:
    values, _, problems = _row(ClusterRow, raw, pointer)
    return None if problems else ClusterFacts(name=name, **values), problems


def _size_class(name: str, raw: object, pointer: str) -> Read[SizeClassSpec]:
    if not isinstance(raw, Mapping):
        return None, problem(pointer, "wrong-type", "Write an object here.")
    problems = [
        p
        for key in raw
        if key not in _PARTS
        for p in problem(pointer, "unknown-field", f"A size class has {', '.join(_PARTS)}.")
    ]
    parts: dict[str, tuple[tuple[str, str], ...]] = {}
    for part in _PARTS:
        parts[part], broken = _amounts(raw.get(part), f"{pointer}/{part}")
        problems += broken
    return None if problems else SizeClassSpec(name=name, **parts), tuple(problems)


def _amounts(raw: object, pointer: str) -> tuple[tuple[tuple[str, str], ...], Problems]:
    if not isinstance(raw, Mapping) or not raw:
        return (), problem(pointer, "required", "Write resources and amounts, like pods: 20.")
    pairs: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for key, value in raw.items():
        amount = str(value) if _is_whole_number(value) else value
        if not isinstance(key, str) or not isinstance(amount, str):
            problems += problem(pointer, "wrong-type", "Write resources and amounts as texts.")
        elif broken := names.resource_name(key[:300]) + names.quantity(amount[:300]):
            problems += found(pointer, broken)
        else:
            pairs.append((key, amount))
    return tuple(pairs), tuple(problems)


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _AMOUNT_MAX


def _tenant(known: _Known, slug: str, raw: object, pointer: str) -> Read[TenantFacts]:
    values, maps, problems = _row(TenantRow, raw, pointer, ("placements",))
    placements, more = _each(maps, pointer, "placements", partial(_placement, known))
    if problems or more:
        return None, (*problems, *more)
    repository = values["repository"] or default_repository(slug)
    roles = ((MemberRole.OWNER, values["owners"]), (MemberRole.MEMBER, values["members"]))
    tenant = TenantFacts(
        slug=slug,
        home=values["home"] or slug,
        repository=known.repository(repository, values["branch"]),
        access_groups=values["access_groups"],
        members=tuple(Member(username=n, role=role) for role, people in roles for n in people),
        placements=tuple(placements.values()),
    )
    return tenant, tuple(_homeless(tenant, pointer))


def _homeless(tenant: TenantFacts, pointer: str) -> Iterator[Problem]:
    for placement in tenant.placements:
        if tenant.home not in {namespace.name for namespace in placement.namespaces}:
            where = f"{pointer}/placements/{placement.cluster}"
            detail = f"The home namespace {tenant.home} is missing here."
            yield from problem(where, "no-home", detail)


def _placement(known: _Known, cluster: str, raw: object, pointer: str) -> Read[Placement]:
    if cluster not in known.clusters:
        return None, problem(pointer, "unknown-cluster", "This cluster is not in /fleet/clusters.")
    if not isinstance(raw, list):
        return None, problem(pointer, "wrong-type", "Write a list of namespaces here.")
    made: list[NamespaceSpec] = []
    problems: list[Problem] = []
    for index, row in enumerate(raw):
        namespace, broken = _namespace(known, row, f"{pointer}/{index}")
        problems += broken
        if namespace is not None:
            made.append(namespace)
    return Placement(cluster=cluster, namespaces=tuple(made)), tuple(problems)


def _namespace(known: _Known, raw: object, pointer: str) -> Read[NamespaceSpec]:
    values, _, problems = _row(NamespaceRow, raw, pointer)
    if problems:
        return None, problems
    size = known.sizes.get(values.pop("size_class"))
    if size is None:
        detail = "This size class is not in /fleet/size_classes."
        return None, problem(f"{pointer}/size_class", "unknown-size-class", detail)
    lease = values.pop("lease")
    return NamespaceSpec(size=size, lease=lease.isoformat() if lease else "", **values), ()
