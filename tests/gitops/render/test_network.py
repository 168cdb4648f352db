"""What the internet profile lets out, address by address, against Python's own registry."""

import ipaddress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops.spec import NetworkProfile
from tests.gitops.render.samples import namespace, on_cluster, texts_of


def _internet() -> Any:
    texts = texts_of(on_cluster(namespaces=(namespace(network=NetworkProfile.INTERNET),)))
    found = yaml.safe_load_all(texts["tenants/dev-1/iris-blue/iris-blue/guardrails.yaml"])
    (rule,) = next(o for o in found if o["metadata"]["name"] == "allow-internet")["spec"]["egress"]
    return rule


RULE = _internet()


def allowed(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    blocks = [peer["ipBlock"] for peer in RULE["to"]]
    return any(
        ip in ipaddress.ip_network(block["cidr"])
        and not any(ip in ipaddress.ip_network(hole) for hole in block["except"])
        for block in blocks
    )


PRIVATE = """
    10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 127.0.0.1 0.0.0.0 0.0.0.1 255.255.255.255
    169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 224.0.0.1 198.18.0.1
    ::1 fe80::1 fd00:ec2::254 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1:: 2001:0:1::1
    2001:db8::1 ff02::1 fec0::1
"""


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "193.0.6.139", "2a00:1450:4001::1"])
def test_public_addresses_can_be_reached(address: str) -> None:
    assert allowed(address)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private_and_metadata_addresses_cannot(address: str) -> None:
    assert not allowed(address)


@given(st.ip_addresses())
def test_nothing_that_is_not_global_can_be_reached(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if allowed(str(ip)):
        assert ip.is_global
        assert not ip.is_multicast


def test_only_the_webs_ports_are_open() -> None:
    assert RULE["ports"] == [{"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]


def test_exceptions_lie_inside_their_block() -> None:
    """Kubernetes refuses the object otherwise."""
    for peer in RULE["to"]:
        cidr = ipaddress.ip_network(peer["ipBlock"]["cidr"])
        for hole in map(ipaddress.ip_network, peer["ipBlock"]["except"]):
            assert hole != cidr
            assert hole.subnet_of(cidr)  # type: ignore[arg-type]
