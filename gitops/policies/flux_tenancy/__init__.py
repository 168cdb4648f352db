"""Policy pack flux-tenancy: what keeps tenants apart under Flux with Kyverno. Pure.

The rules are one table; add a line here, a function beside it, and a mutant in the tests that only
this rule catches.
"""

from collections.abc import Callable, Iterator, Mapping

from gitops.policies.base import Context, Finding, Manifest, Severity, Tree, Verdict, tree_of
from gitops.policies.flux_tenancy import accounts, network, objects, presence, sync, whole

NAME = "flux-tenancy"

ObjectRule = Callable[[Manifest, Context], Iterator[Finding]]
TreeRule = Callable[[Tree, Context], Iterator[Finding]]

_E, _W = Severity.ERROR, Severity.WARNING

OBJECT_RULES: dict[str, tuple[Severity, ObjectRule]] = {
    "service-account-required": (_E, accounts.service_account_required),
    "foreign-service-account": (_E, accounts.foreign_service_account),
    "role-not-allowed": (_E, accounts.role_not_allowed),
    "subject-not-allowed": (_E, accounts.subject_not_allowed),
    "account-token": (_E, accounts.account_token),
    "cluster-scoped-kind": (_E, objects.cluster_scoped_kind),
    "kind-not-allowed": (_E, objects.kind_not_allowed),
    "secret-in-git": (_E, objects.secret_in_git),
    "namespace-of-tenant": (_E, objects.namespace_of_tenant),
    "protected-namespace": (_E, objects.protected_namespace),
    "tenant-label": (_E, objects.tenant_label),
    "reserved-key": (_E, objects.reserved_key),
    "pod-security": (_E, objects.pod_security),
    "prune-protection": (_E, objects.prune_protection),
    "substitution": (_E, objects.substitution),
    "same-namespace-source": (_E, sync.same_namespace_source),
    "prune-explicit": (_E, sync.prune_explicit),
    "sync-entry": (_E, sync.sync_entry),
    "child-service-account": (_E, sync.child_service_account),
    "source-address": (_E, sync.source_address),
    "other-cluster": (_E, sync.other_cluster),
    "remote-base": (_E, sync.remote_base),
    "network-too-open": (_E, network.too_open),
}

TREE_RULES: dict[str, tuple[Severity, TreeRule]] = {
    "unreadable": (_E, whole.unreadable),
    "path-of-tenant": (_E, whole.path_of_tenant),
    "duplicate-object": (_E, whole.duplicate_object),
    "foreign-file": (_W, whole.foreign_file),
    "namespace-present": (_E, presence.namespace_present),
    "account-present": (_E, presence.account_present),
    "quota-present": (_E, presence.quota_present),
    "limits-present": (_E, presence.limits_present),
    "network-default-deny": (_E, presence.network_default_deny),
    "network-dns": (_E, presence.network_dns),
}


def judge(files: Mapping[str, str], context: Context) -> Iterator[Verdict]:
    """Everything this pack has against `files` (path to text)."""
    tree = tree_of(files)
    for rule, (severity, on_tree) in TREE_RULES.items():
        for found in on_tree(tree, context):
            yield _verdict(rule, severity, found)
    for rule, (severity, on_object) in OBJECT_RULES.items():
        for manifest in tree.manifests:
            for found in on_object(manifest, context):
                yield _verdict(rule, severity, found)


def _verdict(rule: str, severity: Severity, found: Finding) -> Verdict:
    return Verdict(
        pack=NAME,
        rule=rule,
        severity=severity,
        path=found.path,
        line=found.line,
        message=found.message,
        fix=found.fix,
    )
