"""Rules every object has to keep, whatever its kind. Pure."""

from collections.abc import Iterator

from gitops.manifests import labels
from gitops.manifests.objects import RBAC_GROUP
from gitops.names import is_reserved
from gitops.policies.base import Context, Finding, Manifest, finding, mapping, walk, word
from gitops.spec import PodSecurity, Role

# (group, kind) the portal writes into a namespace's directory, and nothing else belongs there.
OURS = frozenset(
    {
        ("", "Namespace"),
        ("", "ServiceAccount"),
        ("", "ResourceQuota"),
        ("", "LimitRange"),
        (RBAC_GROUP, "RoleBinding"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("source.toolkit.fluxcd.io", "GitRepository"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    }
)
_ENTRY = frozenset({("kustomize.toolkit.fluxcd.io", "Kustomization")})
_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CapsuleConfiguration",
        "CertificateSigningRequest",
        "ClusterExternalSecret",
        "ClusterIssuer",
        "ClusterPolicy",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterSecretStore",
        "ConstraintTemplate",
        "CSIDriver",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "TMCNamespace",
        "Tenant",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingPolicy",
        "ValidatingWebhookConfiguration",
        "VolumeSnapshotClass",
    }
)
_ALLOWED_LABELS = frozenset(
    {
        labels.TENANT,
        labels.MANAGED_BY,
        labels.ENVIRONMENT,
        labels.SIZE_CLASS,
        labels.POD_SECURITY_ENFORCE,
        labels.POD_SECURITY_WARN,
        labels.POD_SECURITY_AUDIT,
    }
)
_ALLOWED_ANNOTATIONS = frozenset(
    {
        labels.PRUNE,
        labels.SUBSTITUTE,
        labels.PURPOSE,
        labels.COST_CENTRE,
        labels.LEASE,
        labels.LIFE,
    }
)
# Keys somebody's controller acts on. A tenant's own manifests must not carry them.
_RESERVED_DOMAINS = (
    "toolkit.fluxcd.io",
    "pod-security.kubernetes.io",
    "gatehouse.internal",
    "capsule.clastix.io",
    "projectcapsule.dev",
    "tmc.cloud.vmware.com",
    "admission.gatekeeper.sh",
    "kyverno.io",
)


def cluster_scoped_kind(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """One such object makes Flux refuse all that is applied with it, or reaches every tenant."""
    is_ours = manifest.is_a("Namespace") and context.role is Role.PLATFORM
    if manifest.kind in _CLUSTER_SCOPED and not is_ours:
        yield finding(
            manifest,
            ("kind",),
            f"A {manifest.kind} belongs to the whole cluster, not to a tenant.",
            "Take the object out.",
        )


def kind_not_allowed(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """In the platform repository a tenant's directories hold the portal's kinds only."""
    if context.role is not Role.PLATFORM or manifest.place is None:
        return
    allowed = OURS if manifest.place.namespace else _ENTRY
    if (manifest.group, manifest.kind) not in allowed:
        shown = f"{manifest.api_version} {manifest.kind}".strip() or "something without a kind"
        message = f"{shown} does not belong here."
        yield finding(manifest, ("kind",), message, "Take the object out.")


def secret_in_git(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Whoever reads the repository reads the secret, for as long as the history exists."""
    if manifest.is_a("Secret") and "sops" not in manifest.value:
        yield finding(
            manifest, ("kind",), "A Secret would be readable by everybody.", "Take the object out."
        )


def namespace_of_tenant(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Each object says which namespace it is in: the one its directory is named after."""
    place = manifest.place
    if context.role is Role.TENANT:
        if manifest.namespace and manifest.namespace not in context.namespaces:
            yield _elsewhere(manifest, context.tenant)
    elif place is not None and place.namespace is not None:
        is_namespace = manifest.is_a("Namespace")
        here = manifest.name if is_namespace else manifest.namespace
        stray = is_namespace and manifest.namespace
        if here != place.namespace or here not in context.namespaces or stray:
            yield _elsewhere(manifest, place.namespace)


def _elsewhere(manifest: Manifest, wanted: str) -> Finding:
    key = "name" if manifest.is_a("Namespace") else "namespace"
    return finding(
        manifest,
        ("metadata", key),
        f"The {manifest.kind} {manifest.name} is not in a namespace of the tenant.",
        f"Set metadata.{key} to one of the tenant's namespaces ({wanted}).",
    )


def protected_namespace(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Nobody's request touches a namespace of the cluster itself."""
    is_entry = manifest.place is not None and manifest.place.namespace is None
    for name in {manifest.namespace, manifest.name if manifest.is_a("Namespace") else ""}:
        if name and is_reserved(name) and not is_entry:
            yield finding(
                manifest,
                ("metadata",),
                f"{name} belongs to the cluster itself.",
                "Use a namespace of the tenant.",
            )


def tenant_label(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Policies and network rules tell tenants apart by this label."""
    if context.role is not Role.PLATFORM:
        return
    for key, value in labels.of_tenant(context.tenant).items():
        if manifest.get("metadata", "labels", key) != value:
            yield finding(
                manifest,
                ("metadata", "labels", key),
                f"The {manifest.kind} {manifest.name} does not carry the label {key}: {value}.",
                f"Set the label {key} to {value}.",
            )


def reserved_key(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Labels and annotations that controllers act on are set by the portal or not at all."""
    for part, allowed in (("labels", _ALLOWED_LABELS), ("annotations", _ALLOWED_ANNOTATIONS)):
        for key in mapping(manifest.get("metadata", part)):
            ours = context.role is Role.PLATFORM
            if key not in allowed if ours else _is_reserved_key(str(key)):
                at = ("metadata", part, str(key))
                yield finding(manifest, at, f"{key} is not for requests to set.", f"Remove {key}.")


def _is_reserved_key(key: str) -> bool:
    domain = key.rpartition("/")[0]
    return any(domain == d or domain.endswith(f".{d}") for d in _RESERVED_DOMAINS)


def pod_security(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Each namespace enforces one of the two safe levels."""
    if not manifest.is_a("Namespace"):
        return
    at = ("metadata", "labels", labels.POD_SECURITY_ENFORCE)
    if word(manifest.get(*at)) not in set(PodSecurity):
        yield finding(
            manifest,
            at,
            f"The namespace {manifest.name} lets pods do what they like.",
            f"Set the label {labels.POD_SECURITY_ENFORCE} to restricted or baseline.",
        )


def prune_protection(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """A namespace that goes takes everything in it along; that has to be a decision of its own."""
    if context.role is not Role.PLATFORM or not manifest.is_a("Namespace"):
        return
    at = ("metadata", "annotations", labels.PRUNE)
    if manifest.get(*at) != labels.DISABLED and manifest.name not in context.draining:
        yield finding(
            manifest,
            at,
            f"Flux would delete the namespace {manifest.name} when its file is lost.",
            f"Set the annotation {labels.PRUNE} to {labels.DISABLED}.",
        )


def substitution(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Flux replaces `${name}` by values the tenant may not know."""
    for path, value in walk(manifest.value):
        if isinstance(value, str) and "${" in value:
            yield finding(manifest, path, "Flux would replace ${…} here.", "Write it without ${.")
    if manifest.is_flux and manifest.get("spec", "postBuild") is not None:
        at = ("spec", "postBuild")
        yield finding(
            manifest, at, "Values would be replaced after the build.", "Remove postBuild."
        )
