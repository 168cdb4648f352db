"""Rules about who may talk to whom. Pure."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from gitops.manifests import labels
from gitops.manifests.network import PRIVATE_IPV4, PRIVATE_IPV6, PUBLIC_IPV6
from gitops.policies.base import Context, Finding, Manifest, dig, finding, items

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PRIVATE = tuple(ipaddress.ip_network(n) for n in (*PRIVATE_IPV4, *PRIVATE_IPV6))
_PUBLIC_IPV6 = ipaddress.IPv6Network(PUBLIC_IPV6)
_KUBE_SYSTEM = {"matchLabels": {labels.NAMESPACE_NAME: "kube-system"}}


def is_policy(manifest: Manifest) -> bool:
    return manifest.is_a("NetworkPolicy", "networking.k8s.io")


def too_open(manifest: Manifest, context: Context) -> Iterator[Finding]:
    """Only the same namespace, the tenant's others, DNS, and public addresses can be opened."""
    if not is_policy(manifest):
        return
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(items(manifest.get("spec", direction))):
            peers = items(dig(rule, side))
            ports = items(dig(rule, "ports"))
            if not peers or not all(_is_fine(p, ports, direction, context) for p in peers):
                yield finding(
                    manifest,
                    ("spec", direction, index),
                    f"{manifest.name} opens more than a tenant can have.",
                    "Open the same namespace, the tenant's namespaces, DNS or public addresses.",
                )


def _is_fine(peer: Any, ports: list[Any], direction: str, context: Context) -> bool:
    if not isinstance(peer, dict) or not peer:
        return False
    if "ipBlock" in peer:
        return direction == "egress" and bool(ports) and _is_public(peer["ipBlock"])
    selector = peer.get("namespaceSelector")
    if selector is None:
        return "podSelector" in peer  # pods of the same namespace
    if selector == _KUBE_SYSTEM:
        return direction == "egress" and is_dns(ports)
    return bool(selector == {"matchLabels": {labels.TENANT: context.tenant}})


def is_dns(ports: list[Any]) -> bool:
    """Whether `ports` are port 53 and nothing more."""
    return bool(ports) and all(dig(p, "port") == 53 and not dig(p, "endPort") for p in ports)


def _is_public(block: Any) -> bool:
    """Whether what is left of a block after its exceptions holds no private address."""
    try:
        cidr = ipaddress.ip_network(str(dig(block, "cidr")))
        holes = [ipaddress.ip_network(str(hole)) for hole in items(dig(block, "except"))]
    except ValueError:
        return False
    if isinstance(cidr, ipaddress.IPv6Network) and not cidr.subnet_of(_PUBLIC_IPV6):
        return False
    near = [private for private in _PRIVATE if _overlap(private, cidr)]
    return all(any(_inside(private, hole) for hole in holes) for private in near)


def _overlap(a: _Network, b: _Network) -> bool:
    return a.version == b.version and a.overlaps(b)


def _inside(a: _Network, b: _Network) -> bool:
    if isinstance(a, ipaddress.IPv4Network):
        return isinstance(b, ipaddress.IPv4Network) and a.subnet_of(b)
    return isinstance(b, ipaddress.IPv6Network) and a.subnet_of(b)
