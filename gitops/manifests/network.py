"""Network policies: everything is closed, and each profile opens a little more. Pure.

Policies of a namespace add up, so each opening is an object of its own, and what a profile allows
can be read from the names.
"""

from typing import Any

from gitops.manifests import labels
from gitops.manifests.objects import Manifest, Strings, metadata
from gitops.spec import NetworkProfile

# Addresses that are no public web server. Source: IANA's special-purpose registries (RFC 6890),
# multicast, and 168.63.129.16, where Azure answers virtual machines in private.
PRIVATE_IPV4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
# Public IPv6 is 2000::/3 and nothing else; these parts of it lead elsewhere (protocol assignments
# with Teredo, documentation, 6to4).
PUBLIC_IPV6 = "2000::/3"
PRIVATE_IPV6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

_INGRESS, _EGRESS = "Ingress", "Egress"
DEFAULT_DENY = "default-deny"
ALLOW_DNS = "allow-dns"
ALLOW_SAME_NAMESPACE = "allow-same-namespace"
ALLOW_SAME_TENANT = "allow-same-tenant"
ALLOW_INTERNET = "allow-internet"


def policies(
    profile: NetworkProfile, *, tenant: str, namespace: str, own_labels: Strings
) -> list[Manifest]:
    """The network policies of one namespace."""
    found = {DEFAULT_DENY: _deny(), ALLOW_DNS: _dns(), ALLOW_SAME_NAMESPACE: _peers({})}
    if profile is not NetworkProfile.ISOLATED:
        found[ALLOW_SAME_TENANT] = _peers(_tenant(tenant))
    if profile is NetworkProfile.INTERNET:
        found[ALLOW_INTERNET] = _internet()
    return [_policy(name, namespace, own_labels, spec) for name, spec in found.items()]


def _policy(name: str, namespace: str, own_labels: Strings, spec: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, namespace, own_labels),
        "spec": {"podSelector": {}, **spec},  # an empty selector means every pod
    }


def _deny() -> dict[str, Any]:
    return {"policyTypes": [_INGRESS, _EGRESS]}


def _dns() -> dict[str, Any]:
    kube_system = {"namespaceSelector": {"matchLabels": {labels.NAMESPACE_NAME: "kube-system"}}}
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    return {"egress": [{"ports": ports, "to": [kube_system]}], "policyTypes": [_EGRESS]}


def _tenant(tenant: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {labels.TENANT: tenant}}}


def _peers(namespaces: dict[str, Any]) -> dict[str, Any]:
    """All pods of the selected namespaces, of this very one when nothing is selected."""
    peer = namespaces or {"podSelector": {}}
    return {
        "egress": [{"to": [peer]}],
        "ingress": [{"from": [peer]}],
        "policyTypes": [_INGRESS, _EGRESS],
    }


def _internet() -> dict[str, Any]:
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]
    blocks = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_IPV4)}},
        {"ipBlock": {"cidr": PUBLIC_IPV6, "except": list(PRIVATE_IPV6)}},
    ]
    return {"egress": [{"ports": ports, "to": blocks}], "policyTypes": [_EGRESS]}
