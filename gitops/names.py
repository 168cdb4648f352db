"""What names, addresses and short texts may look like: plain rules over plain values. Pure.

Every rule answers with the rules that are broken, `()` when the value is fine. `code` is stable and
for programs, `detail` is a sentence for a developer who does not know Kubernetes. Where the value
stood (a JSON pointer) is for the caller to add.

Rules about text that people type freely are in `gitops.texts`, about git addresses in
`gitops.addresses`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One broken rule."""

    code: str
    detail: str


Verdict = tuple[Broken, ...]  # () when every rule is kept

# RFC 1123 label. fullmatch everywhere, because `$` would let a final newline pass.
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_ROLE = re.compile(r"[a-z0-9](?:[-a-z0-9.:]*[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?(?:m|k|Ki|[MGTPE]i?)?")
_RESOURCE = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")

TENANT_MAX = 40  # leaves room for "<tenant>-<namespace>" below the 63 of Kubernetes
LABEL_MAX = 63

# Namespaces that belong to Kubernetes, to Flux or to a policy engine.
RESERVED_NAMES = frozenset(
    {
        "flux-system",
        "default",
        "capsule-system",
        "kyverno",
        "gatekeeper-system",
        "azure-arc",
        "external-secrets",
        "cert-manager",
    }
)
RESERVED_PREFIXES = ("kube-", "tanzu-", "vmware-system-")
# A tenant's service account has the tenant's name; these accounts are Flux's own.
CONTROLLER_ACCOUNTS = frozenset(
    {
        "kustomize-controller",
        "helm-controller",
        "source-controller",
        "notification-controller",
        "image-reflector-controller",
        "image-automation-controller",
    }
)


def broken(code: str, detail: str) -> Verdict:
    """One broken rule, as the rules answer it."""
    return (Broken(code=code, detail=detail),)


def label(value: str, *, what: str = "name", longest: int = LABEL_MAX) -> Verdict:
    """RFC 1123 label: what Kubernetes takes as the name of a namespace."""
    if not value:
        return broken("required", f"The {what} is missing.")
    if len(value) > longest:
        detail = f"The {what} has {len(value)} characters; at most {longest} are possible."
        return broken("too-long", detail)
    if not _LABEL.fullmatch(value):
        return broken(
            "not-a-label",
            f"Use only lower-case letters a to z, digits and hyphens for the {what}, "
            "and begin and end it with a letter or digit.",
        )
    return ()


def is_reserved(name: str) -> bool:
    """Whether a namespace of this name belongs to the cluster itself."""
    return name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES)


def namespace_name(value: str) -> Verdict:
    """A namespace's name, whoever's it is."""
    found = label(value, what="namespace's name")
    if not found and is_reserved(value):
        return broken("reserved-name", f"{value} is kept for the cluster itself; choose another.")
    return found


def tenant_slug(value: str) -> Verdict:
    """A tenant's name. It becomes a service account, a label and the start of namespace names."""
    found = label(value, what="tenant's name", longest=TENANT_MAX)
    if found:
        return found
    if "--" in value:
        # "--" separates the tenant from the rest in names of shared secrets
        return broken("double-hyphen", "Use single hyphens in the tenant's name.")
    if is_reserved(value) or is_reserved(f"{value}-x") or value in CONTROLLER_ACCOUNTS:
        return broken("reserved-name", f"{value} is kept for the cluster itself; choose another.")
    return ()


def cluster_name(value: str) -> Verdict:
    """A cluster's name in the inventory and in paths."""
    return label(value, what="cluster's name")


def environment_name(value: str) -> Verdict:
    """An environment's name; it becomes a label of namespaces."""
    return label(value, what="environment's name")


def object_name(value: str) -> Verdict:
    """Name of a Secret or another object whose name Kubernetes takes as a DNS subdomain."""
    if not value:
        return broken("required", "The name is missing.")
    if len(value) > 253 or not _SUBDOMAIN.fullmatch(value):
        return broken(
            "not-an-object-name",
            "Use lower-case letters a to z, digits, hyphens and dots, begin and end with a letter "
            "or digit, at most 253 characters.",
        )
    return ()


def role_name(value: str) -> Verdict:
    """Name of a ClusterRole, such as admin or edit. (Kubernetes allows more; nobody needs it.)"""
    if len(value) <= LABEL_MAX and _ROLE.fullmatch(value):
        return ()
    return broken("not-a-role", f"{value!r} is not the name of a ClusterRole.")


def label_value(value: str) -> Verdict:
    """The value of a Kubernetes label; it may be empty."""
    if _LABEL_VALUE.fullmatch(value):
        return ()
    return broken(
        "not-a-label-value",
        "Use at most 63 letters, digits, hyphens, underscores and dots, "
        "and begin and end with a letter or digit.",
    )


def quantity(value: str) -> Verdict:
    """A Kubernetes quantity in the short form people write: 500m, 4, 8Gi."""
    if _QUANTITY.fullmatch(value):
        return ()
    return broken("not-a-quantity", f"{value!r} is not an amount; write it like 500m, 4 or 8Gi.")


def resource_name(value: str) -> Verdict:
    """What a quota counts: pods, requests.cpu, count/services and the like."""
    if len(value) <= 253 and _RESOURCE.fullmatch(value):
        return ()
    return broken("not-a-resource", f"{value!r} is not something a quota can count.")


def in_tenant_space(namespace: str, tenant: str) -> Verdict:
    """A tenant's namespaces are called like the tenant, or begin with "<tenant>-"."""
    if namespace == tenant or namespace.startswith(f"{tenant}-"):
        return ()
    return broken(
        "tenant-prefix",
        f"Namespaces of {tenant} begin with {tenant}-, for example {tenant}-{namespace}.",
    )


def apart_from(tenant: str, others: Iterable[str]) -> Verdict:
    """No tenant's name is the beginning of another's, or their namespaces could not be told apart.

    With tenants iris and iris-blue, iris-blue-web could be either's. `others` are the names of the
    other tenants; the tenant's own name among them counts as taken.
    """
    clash = sorted(o for o in others if _one_space(o, tenant))
    if tenant in clash:
        return broken("name-taken", f"There is a tenant called {tenant} already.")
    if clash:
        return broken(
            "prefix-of-tenant",
            f"{tenant} and {clash[0]} cannot both be tenants: "
            "namespaces of the one would look like namespaces of the other.",
        )
    return ()


def _one_space(a: str, b: str) -> bool:
    return f"{a}-".startswith(f"{b}-") or f"{b}-".startswith(f"{a}-")


def outside_other_tenants(namespace: str, tenant: str, others: Iterable[str]) -> Verdict:
    """A namespace must not lie in another tenant's space, whatever made that possible."""
    for other in sorted(others):
        if other != tenant and not in_tenant_space(namespace, other):
            detail = f"{namespace} is a name that belongs to the tenant {other}."
            return broken("other-tenants-name", detail)
    return ()
