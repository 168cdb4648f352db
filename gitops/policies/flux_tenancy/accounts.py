"""Rules about who acts: service accounts, roles and subjects. Pure."""

from collections.abc import Iterator

from gitops.manifests.objects import RBAC_GROUP
from gitops.policies.base import Context, Finding, Manifest, finding, items, word

PLATFORM_ACCOUNT = "kustomize-controller"
_APPLYING = {"Kustomization", "HelmRelease"}
_ACCOUNT = ("spec", "serviceAccountName")


def _applies(manifest: Manifest) -> bool:
    return manifest.is_flux and manifest.kind in _APPLYING


def service_account_required(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Without an account Flux would use its own, or under lockdown one that may do nothing."""
    account = manifest.get(*_ACCOUNT)
    if _applies(manifest) and not (isinstance(account, str) and account.strip()):
        yield finding(
            manifest,
            _ACCOUNT,
            f"The {manifest.kind} {manifest.name} does not say as whom Flux acts.",
            f"Set spec.serviceAccountName to {context.tenant}.",
        )


def foreign_service_account(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Inside a tenant's namespaces Flux acts as the tenant, never as itself or as `default`."""
    account = manifest.get(*_ACCOUNT)
    is_entry = manifest.place is not None and manifest.place.namespace is None
    wanted = PLATFORM_ACCOUNT if is_entry else context.tenant
    if _applies(manifest) and account and account != wanted:
        yield finding(
            manifest,
            _ACCOUNT,
            f"The {manifest.kind} {manifest.name} acts as {account}.",
            f"Set spec.serviceAccountName to {wanted}.",
        )


def role_not_allowed(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """A tenant gets one of few roles, and only inside its namespaces."""
    if not manifest.is_a("RoleBinding", RBAC_GROUP):
        return
    kind, role = manifest.get("roleRef", "kind"), manifest.get("roleRef", "name")
    if kind != "ClusterRole" or word(role) not in context.cluster_roles:
        allowed = ", ".join(sorted(context.cluster_roles))
        yield finding(
            manifest,
            ("roleRef", "name"),
            f"{manifest.name} gives the {kind} {role}.",
            f"Refer to one of these ClusterRoles: {allowed}.",
        )


def subject_not_allowed(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Only the tenant's own accounts and groups of people; no single persons, no system groups."""
    if not manifest.is_a("RoleBinding", RBAC_GROUP):
        return
    for index, subject in enumerate(items(manifest.get("subjects"))):
        if not _is_allowed(subject, context):
            yield finding(
                manifest,
                ("subjects", index),
                f"{manifest.name} gives rights to somebody who is not of {context.tenant}.",
                "Keep the tenant's service accounts and access groups only.",
            )


def _is_allowed(subject: object, context: Context) -> bool:
    if not isinstance(subject, dict):
        return False
    name, kind = word(subject.get("name")), subject.get("kind")
    if kind == "ServiceAccount":
        return name == context.tenant and word(subject.get("namespace")) in context.namespaces
    return kind == "Group" and bool(name) and not name.casefold().startswith("system:")


def account_token(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """An account of ours is bare: what it could carry reaches into clouds or registries."""
    if manifest.is_a("ServiceAccount") and manifest.value.keys() - _BARE:
        extra = min(str(key) for key in manifest.value.keys() - _BARE)
        yield finding(
            manifest,
            (extra,),
            f"The service account {manifest.name} carries {extra}.",
            f"Leave {extra} out.",
        )


_BARE = {"apiVersion", "kind", "metadata"}
