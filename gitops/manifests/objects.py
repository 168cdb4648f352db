"""Kubernetes' own objects, one function each. Pure.

Every object names its namespace itself: kustomize's `namespace:` cannot serve two namespaces.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Manifest = dict[str, Any]
Strings = Mapping[str, str]
Pairs = Iterable[tuple[str, str]]

RBAC_GROUP = "rbac.authorization.k8s.io"


def metadata(
    name: str,
    namespace: str | None = None,
    labels: Strings | None = None,
    annotations: Strings | None = None,
) -> Manifest:
    """An object's metadata; what is empty is left out."""
    given = {
        "name": name,
        "namespace": namespace,
        "labels": dict(labels or {}),
        "annotations": dict(annotations or {}),
    }
    return {key: value for key, value in given.items() if value}


def namespace(name: str, *, labels: Strings, annotations: Strings | None = None) -> Manifest:
    meta = metadata(name, labels=labels, annotations=annotations)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def service_account(name: str, namespace: str, *, labels: Strings) -> Manifest:
    meta = metadata(name, namespace, labels)
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}


def role_binding(
    name: str,
    namespace: str,
    *,
    cluster_role: str,
    subjects: Iterable[Manifest],
    labels: Strings,
) -> Manifest:
    """Gives `subjects` the rights of a ClusterRole, inside one namespace only."""
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": metadata(name, namespace, labels),
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": cluster_role},
        "subjects": list(subjects),
    }


def service_account_subject(name: str, namespace: str) -> Manifest:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def group_subject(name: str) -> Manifest:
    return {"apiGroup": RBAC_GROUP, "kind": "Group", "name": name}


def user_subject(name: str) -> Manifest:
    return {"apiGroup": RBAC_GROUP, "kind": "User", "name": name}


def resource_quota(name: str, namespace: str, *, hard: Pairs, labels: Strings) -> Manifest:
    """What all of a namespace may use together."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata(name, namespace, labels),
        "spec": {"hard": dict(hard)},
    }


def limit_range(
    name: str, namespace: str, *, limits: Pairs, requests: Pairs, labels: Strings
) -> Manifest:
    """What a container gets that says nothing; without it the quota would refuse the container."""
    given = {"default": dict(limits), "defaultRequest": dict(requests), "type": "Container"}
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(name, namespace, labels),
        "spec": {"limits": [{key: value for key, value in given.items() if value}]},
    }
