"""Every rule a spec has to keep before it is rendered. Pure.

The forms check the same rules one field at a time (`gitops.names`, `texts`, `addresses`). This is
the last gate: whoever builds a spec, nothing that breaks a rule reaches a manifest.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from gitops import addresses, names, texts
from gitops.errors import InvalidSpec, Problem
from gitops.layout import repository_prefix
from gitops.names import Broken, Verdict
from gitops.spec import (
    Life,
    NamespaceSpec,
    SizeClassSpec,
    Spec,
    SyncSpec,
    TenantOnCluster,
    TenantRepository,
)

_ORDER = list(Life)


def problems_of(spec: Spec, *, allow_insecure_hosts: Collection[str] = ()) -> Iterator[Problem]:
    """The broken rules of one spec, with pointers into it. `allow_insecure_hosts` as `git_url`."""
    if isinstance(spec, TenantRepository):
        yield from _repository(spec)
    else:
        yield from _on_cluster(spec, allow_insecure_hosts)


def _at(pointer: str, found: Iterable[Broken]) -> Iterator[Problem]:
    for rule in found:
        yield Problem(pointer=pointer, code=rule.code, detail=rule.detail)


def _repository(spec: TenantRepository) -> Iterator[Problem]:
    yield from _at("/tenant", names.tenant_slug(spec.tenant))
    for index, cluster in enumerate(spec.clusters):
        yield from _at(f"/clusters/{index}", names.cluster_name(cluster))
    try:
        repository_prefix(spec.prefix)
    except InvalidSpec as error:
        yield from error.problems


def _on_cluster(spec: TenantOnCluster, insecure: Collection[str]) -> Iterator[Problem]:
    yield from _at("/tenant", names.tenant_slug(spec.tenant))
    yield from _at("/cluster", names.cluster_name(spec.cluster))
    yield from _at("/environment", names.environment_name(spec.environment))
    yield from _at("/cluster_role", names.role_name(spec.cluster_role))
    for index, group in enumerate(spec.access_groups):
        yield from _at(f"/access_groups/{index}", texts.group_name(group))
    yield from _sync(spec.sync, insecure)
    yield from _at("/namespaces", _twice(n.name for n in spec.namespaces))
    for index, namespace in enumerate(spec.namespaces):
        yield from _namespace(f"/namespaces/{index}", namespace, spec.tenant)
    yield from _at("/home", _home(spec))


def _twice(values: Iterable[str]) -> Verdict:
    again = [value for value, count in Counter(values).items() if count > 1]
    return names.broken("duplicate", f"{again[0]} is there twice.") if again else ()


def _home(spec: TenantOnCluster) -> Verdict:
    home = next((n for n in spec.namespaces if n.name == spec.home), None)
    if home is None:
        return names.broken("no-home", "The home namespace is not among the tenant's namespaces.")
    if _is_going(home.life) and _ORDER.index(home.life) > _ORDER.index(spec.life):
        # the sync, and with it everything in the other namespaces, lives in the home namespace
        return names.broken("home-leaves", "The home namespace leaves last, with its tenant.")
    return ()


def _is_going(life: Life) -> bool:
    return life in (Life.DRAINING, Life.ABSENT)


def _sync(sync: SyncSpec, insecure: Collection[str]) -> Iterator[Problem]:
    url = addresses.git_url(sync.url, allow_insecure_hosts=insecure)
    yield from _at("/sync/url", url)
    yield from _at("/sync/branch", addresses.branch(sync.branch))
    yield from _at("/sync/path", addresses.sync_path(sync.path))
    if sync.secret_name:
        yield from _at("/sync/secret_name", names.object_name(sync.secret_name))


def _namespace(pointer: str, namespace: NamespaceSpec, tenant: str) -> Iterator[Problem]:
    found = names.namespace_name(namespace.name) or names.in_tenant_space(namespace.name, tenant)
    yield from _at(f"{pointer}/name", found)
    yield from _at(f"{pointer}/purpose", texts.purpose(namespace.purpose))
    yield from _at(f"{pointer}/cost_centre", texts.cost_centre(namespace.cost_centre))
    if namespace.lease:
        yield from _at(f"{pointer}/lease", texts.iso_date(namespace.lease))
    yield from _size(f"{pointer}/size", namespace.size)


def _size(pointer: str, size: SizeClassSpec) -> Iterator[Problem]:
    yield from _at(f"{pointer}/name", names.label(size.name, what="size class's name"))
    for part in ("quota", "limits", "requests"):
        pairs: tuple[tuple[str, str], ...] = getattr(size, part)
        if not pairs:
            missing = names.broken("required", f"The size class has no {part}.")
            yield from _at(f"{pointer}/{part}", missing)
        for index, (resource, amount) in enumerate(pairs):
            found = names.resource_name(resource) + names.quantity(amount)
            yield from _at(f"{pointer}/{part}/{index}", found)
