"""Tenancy by Flux with Kyverno: service accounts, RBAC in namespaces, and a locked-down Flux. Pure.

What a tenant's life means here:

- active: everything
- suspended: the same, with the sync told to pause
- draining: no sync, so Flux removes the tenant's own objects while the account that may do so still
  exists; the namespaces lose their protection against being pruned
- absent: nothing, so Flux removes the rest

Each step is to be seen on the cluster before the next one is merged: Flux looks at the protection
of the live namespace, and an account that is gone cannot clean up.

A single namespace walks the same way. The sync is in the home namespace and looks at its life too.
"""

import shlex
from collections.abc import Iterator

from gitops import layout
from gitops.manifests import flux, labels, network, objects
from gitops.manifests.dump import dump
from gitops.manifests.kustomize import FILE_NAME, kustomization_file
from gitops.manifests.objects import Manifest
from gitops.rendered import Expectation, File, ManualStep, Observed, Rendered
from gitops.spec import (
    Life,
    NamespaceSpec,
    Ownership,
    PodSecurity,
    Role,
    Spec,
    TenantOnCluster,
    TenantRepository,
)
from gitops.systems.readme import readme

FLUX_NAMESPACE = "flux-system"
PLATFORM_SOURCE = "flux-system"
PLATFORM_ACCOUNT = "kustomize-controller"  # lockdown took the platform's own rights; this has them
POLICIES = "kyverno-policies"  # no tenant is let in before the admission policies are
MEMBERS_ROLE = "edit"
QUOTA = "tenant-quota"
LIMITS = "tenant-limits"
_SYNCED = (Life.ACTIVE, Life.SUSPENDED)


def render(spec: Spec) -> Rendered:
    """Everything one spec asks for. The spec has passed `gitops.spec_rules`."""
    if isinstance(spec, TenantRepository):
        return Rendered() if spec.life is Life.ABSENT else _repository(spec)
    if spec.life is Life.ABSENT:
        return Rendered(expects=(_expect(spec, *_entry_name(spec), gone=True),))
    return _on_cluster(spec)


def _on_cluster(spec: TenantOnCluster) -> Rendered:
    files = {layout.sync_entry(spec.cluster, spec.tenant): dump([_entry(spec)])}
    for namespace in spec.namespaces:
        if namespace.life is not Life.ABSENT:
            files |= _namespace_files(spec, namespace)
    return Rendered(
        files={(Role.PLATFORM, path): File(text=text) for path, text in files.items()},
        steps=tuple(_steps(spec)),
        expects=tuple(_expects(spec)),
    )


def _namespace_files(spec: TenantOnCluster, namespace: NamespaceSpec) -> dict[str, str]:
    """No kustomization file among them: Flux makes one of whatever lies in the directory."""
    directory = layout.namespace_dir(spec.cluster, spec.tenant, namespace.name)
    files = {
        "namespace.yaml": [_namespace(spec, namespace)],
        "rbac.yaml": list(_rbac(spec, namespace)),
        "guardrails.yaml": list(_guardrails(spec, namespace)),
    }
    if namespace.name == spec.home and _is_synced(spec, namespace):
        files["sync.yaml"] = _sync(spec, suspend=_is_suspended(spec, namespace))
    return {directory + name: dump(found) for name, found in files.items()}


def _is_synced(spec: TenantOnCluster, home: NamespaceSpec) -> bool:
    return spec.life in _SYNCED and home.life in _SYNCED


def _is_suspended(spec: TenantOnCluster, home: NamespaceSpec) -> bool:
    return Life.SUSPENDED in (spec.life, home.life)


def _entry(spec: TenantOnCluster) -> Manifest:
    """What the platform's Flux applies of this tenant.

    It does not wait for the objects to be ready: a tenant whose repository is broken is no fault of
    the platform, and its namespaces are there all the same.
    """
    namespace, name = _entry_name(spec)
    return flux.kustomization(
        name,
        namespace,
        path=layout.flux_path(layout.tenant_dir(spec.cluster, spec.tenant)),
        source=PLATFORM_SOURCE,
        service_account=PLATFORM_ACCOUNT,
        flux=spec.flux,
        retry_interval="1m0s",
        timeout="3m0s",
        depends_on=[POLICIES],
        labels=labels.of_tenant(spec.tenant),
    )


def _sync(spec: TenantOnCluster, *, suspend: bool) -> list[Manifest]:
    own = labels.of_tenant(spec.tenant)
    return [
        flux.git_repository(
            spec.tenant,
            spec.home,
            url=spec.sync.url,
            ref={"branch": spec.sync.branch},
            flux=spec.flux,
            secret_name=spec.sync.secret_name,
            suspend=suspend,
            labels=own,
        ),
        flux.kustomization(
            spec.tenant,
            spec.home,
            path=spec.sync.path,
            source=spec.tenant,
            service_account=spec.tenant,
            flux=spec.flux,
            retry_interval="1m0s",
            timeout="3m0s",
            patches=[flux.force_service_account(spec.tenant)],
            wait_for_deletion=True,
            suspend=suspend,
            labels=own,
        ),
    ]


def _namespace(spec: TenantOnCluster, namespace: NamespaceSpec) -> Manifest:
    return objects.namespace(
        namespace.name,
        labels={
            **labels.of_tenant(spec.tenant),
            labels.ENVIRONMENT: spec.environment,
            labels.SIZE_CLASS: namespace.size.name,
            labels.POD_SECURITY_ENFORCE: namespace.pod_security.value,
            labels.POD_SECURITY_WARN: PodSecurity.RESTRICTED.value,
            labels.POD_SECURITY_AUDIT: PodSecurity.RESTRICTED.value,
        },
        annotations=_annotations(spec, namespace),
    )


def _annotations(spec: TenantOnCluster, namespace: NamespaceSpec) -> dict[str, str]:
    life = namespace.life if spec.life is Life.ACTIVE else spec.life
    draining = Life.DRAINING in (spec.life, namespace.life)
    found = {
        labels.PRUNE: "" if draining else labels.DISABLED,
        labels.SUBSTITUTE: labels.DISABLED,
        labels.PURPOSE: namespace.purpose,
        labels.COST_CENTRE: namespace.cost_centre,
        labels.LEASE: namespace.lease,
        labels.LIFE: "" if life is Life.ACTIVE else life.value,
    }
    return {key: value for key, value in found.items() if value}


def _rbac(spec: TenantOnCluster, namespace: NamespaceSpec) -> Iterator[Manifest]:
    own = labels.of_tenant(spec.tenant)
    yield objects.service_account(spec.tenant, namespace.name, labels=own)
    # The sync runs as the home namespace's account and needs rights in the other namespaces too.
    accounts = dict.fromkeys([namespace.name, spec.home])
    yield objects.role_binding(
        f"{spec.tenant}-reconciler",
        namespace.name,
        cluster_role=spec.cluster_role,
        subjects=[objects.service_account_subject(spec.tenant, name) for name in accounts],
        labels=own,
    )
    if spec.access_groups:
        yield objects.role_binding(
            f"{spec.tenant}-members",
            namespace.name,
            cluster_role=MEMBERS_ROLE,
            subjects=[objects.group_subject(group) for group in sorted(set(spec.access_groups))],
            labels=own,
        )


def _guardrails(spec: TenantOnCluster, namespace: NamespaceSpec) -> Iterator[Manifest]:
    own, size = labels.of_tenant(spec.tenant), namespace.size
    yield objects.resource_quota(QUOTA, namespace.name, hard=size.quota, labels=own)
    yield objects.limit_range(
        LIMITS, namespace.name, limits=size.limits, requests=size.requests, labels=own
    )
    yield from network.policies(
        namespace.network, tenant=spec.tenant, namespace=namespace.name, own_labels=own
    )


def _steps(spec: TenantOnCluster) -> Iterator[ManualStep]:
    """The portal writes no secret into git, so the one Flux clones with is made by a person."""
    if not spec.sync.secret_name or spec.life is not Life.ACTIVE:
        return
    words = ["flux", "create", "secret", "git", spec.sync.secret_name]
    words += [f"--namespace={spec.home}", f"--url={spec.sync.url}"]
    yield ManualStep(
        id=f"git-secret-{spec.cluster}-{spec.tenant}",
        title=f"Let Flux on {spec.cluster} read the repository of {spec.tenant}",
        commands=(shlex.join(words),),
        expect=f"The Secret {spec.sync.secret_name} is in the namespace {spec.home}.",
    )


def _expects(spec: TenantOnCluster) -> Iterator[Expectation]:
    yield _expect(spec, *_entry_name(spec))
    if spec.life is not Life.SUSPENDED:
        yield _expect(spec, spec.home, spec.tenant, gone=spec.life is Life.DRAINING)


def _entry_name(spec: TenantOnCluster) -> tuple[str, str]:
    return FLUX_NAMESPACE, f"tenant-{spec.tenant}"


def _expect(spec: TenantOnCluster, namespace: str, name: str, *, gone: bool = False) -> Expectation:
    return Expectation(
        cluster=spec.cluster,
        kind="Kustomization",
        namespace=namespace,
        name=name,
        condition=Observed.ABSENT if gone else Observed.READY,
    )


def _repository(spec: TenantRepository) -> Rendered:
    """First content, so that Flux has something to apply (nothing yet) from the first minute."""
    empty = dump([kustomization_file([])])
    files = {layout.repository_dir(c, spec.prefix) + FILE_NAME: empty for c in spec.clusters}
    files[layout.repository_readme(spec.prefix)] = readme(spec)
    return Rendered(
        files={
            (Role.TENANT, path): File(text=text, ownership=Ownership.SEEDED)
            for path, text in files.items()
        }
    )
