"""The admission policies of the demo's platform team: the portal's checks, on the cluster.

Kyverno ClusterPolicies; rules that the policy pack flux-tenancy has too carry its name for them. A
rule says `failureAction: Enforce` itself, because the policy-wide field is deprecated. Pure.

Two settings are easily forgotten. `background` is off: nothing is admitted in a background scan, so
a rule could not know who acts. `allowExistingViolations` is off: Kyverno would otherwise judge the
object as it was before an update too, find it just as bad, and let every update through.
"""

from typing import Any
from urllib.parse import urlsplit

from gitops.manifests import labels
from gitops.manifests.objects import Manifest, metadata
from gitops.spec import PodSecurity

_APPLYING = ("kustomize.toolkit.fluxcd.io/*/Kustomization", "helm.toolkit.fluxcd.io/*/HelmRelease")
_SOURCES = ("source.toolkit.fluxcd.io/*/GitRepository",)
_GUARDRAILS = ("ResourceQuota", "LimitRange", "networking.k8s.io/*/NetworkPolicy")
_HOLDING = ("ServiceAccount", "rbac.authorization.k8s.io/*/RoleBinding", _APPLYING[0], *_SOURCES)
_CHANGED = ("CREATE", "UPDATE")
_TOUCHED = ("UPDATE", "DELETE")

_OF_TENANTS: Manifest = {"matchExpressions": [{"key": labels.TENANT, "operator": "Exists"}]}
_PLATFORM_ONLY: Manifest = {"any": [{"resources": {"namespaces": ["flux-system"]}}]}
# By account and never by role: a tenant may hold any ClusterRole inside its own namespaces.
_BY_PLATFORM: Manifest = {
    "any": [
        {
            "subjects": [
                {"kind": "Group", "name": "system:masters"},
                {"kind": "Group", "name": "system:serviceaccounts:flux-system"},
                # They remove what is in a namespace and what lost its owner; which of the two it
                # is depends on how the cluster was installed.
                {"kind": "Group", "name": "system:serviceaccounts:kube-system"},
                {"kind": "User", "name": "system:kube-controller-manager"},
            ]
        }
    ]
}


def flux_multi_tenancy() -> Manifest:
    """What Flux objects of tenants may say, refused at once instead of when Flux comes by."""
    return _policy(
        "flux-multi-tenancy",
        "Flux acts for a tenant as an account of the tenant, reads the tenant's own sources and "
        "stays on its cluster.",
        [
            _pattern(
                "service-account-required",
                "Set spec.serviceAccountName: without it Flux acts as nobody.",
                match=_resources(_APPLYING, _CHANGED),
                exclude=_PLATFORM_ONLY,
                pattern={"spec": {"serviceAccountName": "?*"}},
            ),
            _cel(
                "same-namespace-source",
                "Leave the namespace out of sourceRef, chartRef and dependsOn: the same one is "
                "meant then, and no other is allowed.",
                match=_resources(_APPLYING, _CHANGED),
                exclude=_PLATFORM_ONLY,
                variables={
                    "named": "[object.spec.?sourceRef, object.spec.?chartRef,"
                    " object.spec.?chart.?spec.?sourceRef].map(r, r.?namespace)"
                    " + object.spec.?dependsOn.orValue([]).map(d, d.?namespace)"
                },
                expression="variables.named.all(n,"
                " n.orValue(object.metadata.namespace) == object.metadata.namespace)",
            ),
            _cel(
                "other-cluster",
                "Remove spec.kubeConfig: Flux acts on the cluster it runs on.",
                match=_resources(_APPLYING, _CHANGED),
                exclude=_PLATFORM_ONLY,
                expression="!has(object.spec.kubeConfig)",
            ),
        ],
    )


def verify_git_repositories(forge_url: str) -> Manifest:
    """Manifests come from one forge. `forge_url` ends with "/"."""
    allowed = (forge_url, f"ssh://git@{urlsplit(forge_url).hostname}/")
    listed = ", ".join(f"'{prefix}'" for prefix in allowed)
    return _policy(
        "verify-git-repositories",
        "Flux applies manifests from the forge where they are reviewed, and from nowhere else.",
        [
            _cel(
                "source-address",
                f"Use a repository whose address begins with {' or '.join(allowed)}.",
                match=_resources(_SOURCES, _CHANGED),
                exclude=_PLATFORM_ONLY,
                expression=f"[{listed}].exists(p, object.spec.url.startsWith(p))",
            )
        ],
    )


def protect_guardrails() -> Manifest:
    """What keeps tenants apart is changed by a request in the portal, not by the tenant."""
    return _policy(
        "protect-guardrails",
        "Quota, limits, network policies, accounts and labels of a tenant's namespaces are the "
        "platform's.",
        [_guardrails(), _portal_objects(), _no_rights_for_everybody(), *_namespaces()],
    )


def _guardrails() -> Manifest:
    """The role `admin` lets a tenant write network policies, and each one opens a little more."""
    return _denied(
        "guardrails-are-the-platforms",
        "Ask for quota and network access in the portal.",
        match=_resources(_GUARDRAILS, (*_CHANGED, "DELETE"), namespaces=_OF_TENANTS),
        exclude=_BY_PLATFORM,
    )


def _portal_objects() -> Manifest:
    """Annotations may change, so that `flux reconcile` still works."""
    key = f"'{labels.MANAGED_BY}'"
    same = " && ".join(
        f"object.?{part}.orValue(null) == oldObject.?{part}.orValue(null)"
        for part in ("spec", "subjects", "metadata.?labels")
    )
    return _cel(
        "portal-objects-stay",
        "The portal keeps this object; ask there for a change.",
        match=_resources(_HOLDING, _TOUCHED, namespaces=_OF_TENANTS),
        exclude=_BY_PLATFORM,
        preconditions={
            "kept-by-the-portal": f"oldObject.metadata.?labels[?{key}].orValue('')"
            f" == '{labels.MANAGER}'"
        },
        expression=f"object != null && {same}",
    )


def _no_rights_for_everybody() -> Manifest:
    """A tenant may give away its own rights, but not to groups that other tenants are in."""
    return _cel(
        "subject-not-allowed",
        "Give rights to your own accounts and groups; system:… means people of other tenants too.",
        match=_resources((_HOLDING[1],), _CHANGED, namespaces=_OF_TENANTS),
        exclude=_BY_PLATFORM,
        expression="object.?subjects.orValue([]).all(s,"
        " s.kind == 'ServiceAccount' || !s.name.startsWith('system:'))",
    )


def _namespaces() -> list[Manifest]:
    """For everybody, the platform included: policies and network rules rest on these labels."""
    levels = " | ".join(PodSecurity)
    key = f"'{labels.TENANT}'"
    return [
        _pattern(
            "pod-security",
            f"Set the label {labels.POD_SECURITY_ENFORCE} to {' or '.join(PodSecurity)}.",
            match=_resources(("Namespace",), _CHANGED, selector=_OF_TENANTS),
            pattern={"metadata": {"labels": {labels.POD_SECURITY_ENFORCE: levels}}},
        ),
        _cel(
            "tenant-label",
            "A namespace stays with its tenant.",
            match=_resources(("Namespace",), ("UPDATE",)),
            preconditions={
                "has-a-tenant": f"oldObject.metadata.?labels[?{key}].hasValue()",
            },
            expression=f"object.metadata.?labels[?{key}] == oldObject.metadata.?labels[?{key}]",
        ),
    ]


def _policy(name: str, description: str, rules: list[Manifest]) -> Manifest:
    annotations = {"policies.kyverno.io/description": description}
    return {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": metadata(name, annotations=annotations),
        "spec": {"background": False, "rules": rules},
    }


def _resources(
    kinds: tuple[str, ...],
    operations: tuple[str, ...],
    *,
    namespaces: Manifest | None = None,
    selector: Manifest | None = None,
) -> Manifest:
    """What a rule looks at: kinds, operations, and selectors of their namespaces or themselves."""
    found: Manifest = {"kinds": list(kinds), "operations": list(operations)}
    if namespaces:
        found["namespaceSelector"] = namespaces
    if selector:
        found["selector"] = selector
    return {"any": [{"resources": found}]}


def _rule(
    name: str, message: str, match: Manifest, exclude: Manifest | None, how: Manifest
) -> Manifest:
    validate = {
        "allowExistingViolations": False,
        "failureAction": "Enforce",
        "message": message,
        **how,
    }
    found: dict[str, Any] = {"name": name, "match": match, "validate": validate}
    return found | ({"exclude": exclude} if exclude else {})


def _pattern(
    name: str,
    message: str,
    *,
    match: Manifest,
    pattern: Manifest,
    exclude: Manifest | None = None,
) -> Manifest:
    return _rule(name, message, match, exclude, {"pattern": pattern})


def _denied(name: str, message: str, *, match: Manifest, exclude: Manifest) -> Manifest:
    """Whatever is matched is refused."""
    return _rule(name, message, match, exclude, {"deny": {}})


def _cel(
    name: str,
    message: str,
    *,
    match: Manifest,
    expression: str,
    exclude: Manifest | None = None,
    variables: dict[str, str] | None = None,
    preconditions: dict[str, str] | None = None,
) -> Manifest:
    """A rule in CEL. Kyverno runs it itself: what is excluded by account has no other form."""
    cel: Manifest = {"expressions": [{"expression": expression, "message": message}]}
    if variables:
        cel["variables"] = _named(variables)
    found = _rule(name, message, match, exclude, {"cel": {"generate": False, **cel}})
    return found | ({"celPreconditions": _named(preconditions)} if preconditions else {})


def _named(expressions: dict[str, str]) -> list[Manifest]:
    return [{"name": name, "expression": value} for name, value in expressions.items()]
