"""Rules about what each namespace has to have, looking at all its files together. Pure.

A namespace is a directory here, so a namespace whose own file got lost is noticed as well.
"""

from collections.abc import Callable, Iterator

from gitops.manifests import labels
from gitops.policies.base import Context, Finding, Manifest, Tree, dig, items, mapping
from gitops.policies.flux_tenancy.network import is_dns, is_policy
from gitops.spec import Role

_Test = Callable[[Manifest], bool]


def _lacking(
    tree: Tree, context: Context, test: _Test, message: str, fix: str
) -> Iterator[Finding]:
    """A finding for each namespace directory none of whose objects passes `test`."""
    if context.role is not Role.PLATFORM:
        return
    directories: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in tree.manifests:
        if manifest.place is not None and manifest.place.namespace is not None:
            key = (manifest.place.cluster, manifest.place.namespace)
            directories.setdefault(key, []).append(manifest)
    for (_, namespace), manifests in directories.items():
        if not any(test(manifest) for manifest in manifests):
            path = _file_for(manifests, namespace)
            yield Finding(path=path, message=message.format(namespace), fix=fix)


def _file_for(manifests: list[Manifest], namespace: str) -> str:
    """The Namespace's file when there is one: that is where a reader looks first."""
    own = [m.path for m in manifests if m.is_a("Namespace") and m.name == namespace]
    return (own or [m.path for m in manifests])[0]


def namespace_present(tree: Tree, context: Context) -> Iterator[Finding]:
    message, fix = "The namespace {} is not created.", "Add the Namespace."
    yield from _lacking(tree, context, lambda m: m.is_a("Namespace"), message, fix)


def account_present(tree: Tree, context: Context) -> Iterator[Finding]:
    def test(manifest: Manifest) -> bool:
        return manifest.is_a("ServiceAccount") and manifest.name == context.tenant

    message = "Flux has no account to act as in the namespace {}."
    yield from _lacking(tree, context, test, message, f"Add the ServiceAccount {context.tenant}.")


def quota_present(tree: Tree, context: Context) -> Iterator[Finding]:
    def test(manifest: Manifest) -> bool:
        return manifest.is_a("ResourceQuota") and bool(mapping(manifest.get("spec", "hard")))

    message = "Nothing limits what the namespace {} uses."
    yield from _lacking(tree, context, test, message, "Add a ResourceQuota with limits in it.")


def limits_present(tree: Tree, context: Context) -> Iterator[Finding]:
    message = "Containers that name no limits could not start in the namespace {}."
    fix = "Add a LimitRange with default and defaultRequest for containers."
    yield from _lacking(tree, context, _has_defaults, message, fix)


def _has_defaults(manifest: Manifest) -> bool:
    return manifest.is_a("LimitRange") and any(
        dig(entry, "type") == "Container" and dig(entry, "default") and dig(entry, "defaultRequest")
        for entry in items(manifest.get("spec", "limits"))
    )


def network_default_deny(tree: Tree, context: Context) -> Iterator[Finding]:
    message = "Every pod of the cluster could talk to the namespace {}."
    fix = "Add a NetworkPolicy for all pods, Ingress and Egress, that allows nothing."
    yield from _lacking(tree, context, _denies_all, message, fix)


def _denies_all(manifest: Manifest) -> bool:
    return (
        is_policy(manifest)
        and manifest.get("spec", "podSelector") == {}
        and set(map(str, items(manifest.get("spec", "policyTypes")))) == {"Ingress", "Egress"}
        and not manifest.get("spec", "ingress")
        and not manifest.get("spec", "egress")
    )


def network_dns(tree: Tree, context: Context) -> Iterator[Finding]:
    message = "Pods of the namespace {} could not look up any name."
    fix = "Add a NetworkPolicy that allows port 53 to kube-system."
    yield from _lacking(tree, context, _allows_dns, message, fix)


def _allows_dns(manifest: Manifest) -> bool:
    if not is_policy(manifest) or manifest.get("spec", "podSelector") != {}:
        return False
    for rule in items(manifest.get("spec", "egress")):
        name = ("namespaceSelector", "matchLabels", labels.NAMESPACE_NAME)
        to_system = any(dig(peer, *name) == "kube-system" for peer in items(dig(rule, "to")))
        if to_system and is_dns(items(dig(rule, "ports"))):
            return True
    return False
