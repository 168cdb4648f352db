"""Rules about what Flux reads and how it applies it. Pure."""

from collections.abc import Iterator

from gitops import layout
from gitops.addresses import git_url
from gitops.manifests.flux import force_service_account
from gitops.policies.base import Context, Finding, Manifest, dig, finding, items, walk, word
from gitops.spec import Role

_APPLIES = "kustomize.toolkit.fluxcd.io"
_REMOTE = ("://", "git@", "?ref=", "//", "github.com/")


def _is_entry(manifest: Manifest) -> bool:
    return manifest.place is not None and manifest.place.namespace is None


def same_namespace_source(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """A reference into another namespace reads what is another tenant's or the platform's."""
    if not manifest.is_flux:
        return
    for path, value in walk(manifest.get("spec"), ("spec",)):
        named = str(path[-1]).endswith("Ref") or path[-2:-1] in {("dependsOn",), ("eventSources",)}
        other = dig(value, "namespace") if named else None
        if other is not None and other != manifest.namespace:
            yield finding(
                manifest,
                (*path, "namespace"),
                f"The {manifest.kind} {manifest.name} refers to the namespace {other}.",
                "Leave the namespace out; the same one is meant then.",
            )


def prune_explicit(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """What is taken out of the repository has to go from the cluster."""
    if manifest.is_a("Kustomization", _APPLIES) and manifest.get("spec", "prune") is not True:
        yield finding(
            manifest,
            ("spec", "prune"),
            f"{manifest.name} leaves behind what is taken out of the repository.",
            "Set spec.prune to true.",
        )


def sync_entry(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """The entry runs with the platform's rights: it applies the tenant's directory and no other."""
    if not _is_entry(manifest) or manifest.place is None:
        return
    place, spec = manifest.place, ("spec",)
    directory = layout.tenant_dir(place.cluster, place.tenant)
    wanted = {
        ("metadata", "name"): f"tenant-{place.tenant}",
        ("metadata", "namespace"): "flux-system",
        (*spec, "path"): layout.flux_path(directory),
        (*spec, "sourceRef"): {"kind": "GitRepository", "name": "flux-system"},
        (*spec, "dependsOn"): [{"name": "kyverno-policies"}],
        (*spec, "targetNamespace"): None,
        (*spec, "patches"): None,
        (*spec, "components"): None,
    }
    for at, value in wanted.items():
        if manifest.get(*at) != value:
            shown = ".".join(at)
            fix = f"Remove {shown}." if value is None else f"Set {shown} to {value}."
            message = f"{shown} is not what the entry of a tenant has."
            yield finding(manifest, at, message, fix)


def child_service_account(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """What Flux finds in the tenant's repository must not choose its own account."""
    is_sync = manifest.is_a("Kustomization", _APPLIES) and not _is_entry(manifest)
    if context.role is not Role.PLATFORM or not is_sync:
        return
    if manifest.get("spec", "patches") != [force_service_account(context.tenant)]:
        yield finding(
            manifest,
            ("spec", "patches"),
            f"{manifest.name} does not force the tenant's account on what it applies.",
            f"Keep the one patch that sets spec.serviceAccountName to {context.tenant}.",
        )


def source_address(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """An address Flux takes, with no secret in it."""
    if not manifest.is_a("GitRepository", "source.toolkit.fluxcd.io"):
        return
    url = word(manifest.get("spec", "url"))
    for rule in git_url(url, allow_insecure_hosts=context.insecure_hosts):
        fix = "Write the address like https://forge.example.com/team/repository.git"
        yield finding(manifest, ("spec", "url"), rule.detail, fix)


def other_cluster(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """With a kubeconfig Flux would act on another cluster, where nothing of this holds."""
    if manifest.is_flux and manifest.get("spec", "kubeConfig") is not None:
        at = ("spec", "kubeConfig")
        message = f"{manifest.name} would act on another cluster."
        yield finding(manifest, at, message, "Remove spec.kubeConfig.")


def remote_base(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """A kustomization file reads its own repository; lockdown refuses anything remote."""
    if manifest.group != "kustomize.config.k8s.io":
        return
    for part in ("resources", "components", "bases", "crds"):
        for index, entry in enumerate(items(manifest.get(part))):
            if any(mark in str(entry) for mark in _REMOTE):
                message = f"{entry} is not in this repository."
                yield finding(
                    manifest, (part, index), message, "Copy what you need, and list that."
                )
