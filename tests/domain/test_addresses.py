"""Which addresses are public, by the registries; and nothing with an IPv4 address inside."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.domain.addresses import is_public

PUBLIC = [
    "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
    "223.255.255.255", "168.63.129.17", "2606:4700::1111", "2a00:1450:4001::200e", "2001:200::1",
]  # fmt: skip
NOT_PUBLIC = [
    "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:20::1", "2001:db8::1",
    "2002:5db8:d822::1", "2002:7f00:1::", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
# Networks with an IPv4 address inside, and where it begins, in bits from the right: compatible,
# mapped, translated, NAT64, 6to4, and Teredo's server and client.
EMBEDDING = [
    ("::", 0), ("::ffff:0:0", 0), ("::ffff:0:0:0", 0), ("64:ff9b::", 0), ("64:ff9b:1::", 0),
    ("2002::", 80), ("2001::", 64), ("2001::", 0),
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_all_others(text: str) -> None:
    assert not is_public(ip_address(text))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_comes_in_by_way_of_ipv6(inside: IPv4Address) -> None:
    number = int(inside)
    for network, shift in EMBEDDING:
        base = int(IPv6Address(network))
        assert not is_public(IPv6Address(base + (number << shift)))
