"""Rules about the set of files. Pure."""

from collections.abc import Iterator

from gitops.layout import place_of
from gitops.policies.base import Context, Finding, Manifest, Tree, finding
from gitops.spec import Role


def unreadable(tree: Tree, context: Context) -> Iterator[Finding]:
    """What cannot be read cannot be judged, and stops Flux for everything beside it."""
    yield from tree.unreadable
    for manifest in tree.manifests:
        if not isinstance(manifest.value, dict) or not manifest.kind or not manifest.api_version:
            message = "This is not a Kubernetes object."
            yield finding(manifest, (), message, "Give it apiVersion, kind and metadata.")


def path_of_tenant(tree: Tree, context: Context) -> Iterator[Finding]:
    """A request's files are its tenant's, and nobody else's."""
    if context.role is not Role.PLATFORM:
        return
    for path in tree.paths:
        place = place_of(path)
        if place is None or place.tenant != context.tenant:
            message = f"{path} does not belong to the tenant {context.tenant}."
            yield Finding(path=path, message=message, fix="Keep to the tenant's own directories.")


def duplicate_object(tree: Tree, context: Context) -> Iterator[Finding]:
    """kustomize refuses a build in which one object is there twice."""
    seen: dict[tuple[str, ...], Manifest] = {}
    for manifest in tree.manifests:
        if manifest.group == "kustomize.config.k8s.io":
            continue
        first = seen.setdefault(_identity(manifest, context), manifest)
        if first is not manifest:
            message = f"The {manifest.kind} {manifest.name} is in {first.path} already."
            yield finding(manifest, ("metadata", "name"), message, "Keep one of the two.")


def _identity(manifest: Manifest, context: Context) -> tuple[str, ...]:
    """Objects of two clusters, or of two of the tenant's overlays, are different objects."""
    place = manifest.place
    where = place.cluster if place else manifest.path.rpartition("/")[0]
    return where, manifest.group, manifest.kind, manifest.namespace, manifest.name


def foreign_file(tree: Tree, context: Context) -> Iterator[Finding]:
    """Flux applies whatever lies in a directory, whoever put it there."""
    for path in context.foreign:
        message = f"{path} was not written by the portal, and Flux applies it with the tenant."
        yield Finding(path=path, message=message, fix="Ask who put it there, or have it removed.")
