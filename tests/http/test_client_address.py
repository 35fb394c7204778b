"""Whom a request comes from: however a proxy writes the address, it is the same client's."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.http.edge.limits import client_address

TRUSTED = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32")))
HOSTS = st.ip_addresses(v=4).filter(lambda host: host not in TRUSTED[0])
PREFIXES = st.integers(0x3000 << 48, 0x3FFF_FFFF_FFFF_FFFF)  # the first 64 bits of an address
PORTS = st.integers(1, 65_535)


@pytest.mark.contract("2.27")
@given(HOSTS, PORTS)
def test_an_address_is_the_same_however_a_proxy_writes_it(
    host: ipaddress.IPv4Address, port: int
) -> None:
    for written in (f"{host}", f"{host}:{port}", f"::ffff:{host}", f"[::ffff:{host}]:{port}"):
        for peer in ("10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"):
            for hops in (written, f"6.6.6.6, {written}", f'"{written}" , [2001:db8::9]:{port}'):
                assert client_address(peer, hops.encode(), TRUSTED) == str(host)
    assert client_address(f"::ffff:{host}", b"6.6.6.6", TRUSTED) == str(host)


@pytest.mark.contract("2.27")
@given(PREFIXES, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), PORTS)
def test_an_ipv6_client_is_its_network_of_64_bits(prefix: int, a: int, b: int, port: int) -> None:
    one, other = (ipaddress.IPv6Address(prefix << 64 | bits) for bits in (a, b))
    elsewhere = ipaddress.IPv6Address((prefix ^ 1) << 64)
    found = client_address(str(one), None, TRUSTED)
    for written in (f"{other}", f"[{other}]", f"[{other}]:{port}"):
        assert client_address("10.0.0.1", written.encode(), TRUSTED) == found
    assert client_address(str(elsewhere), None, TRUSTED) != found


@pytest.mark.contract("2.27")
@given(st.text(max_size=60).filter(lambda text: "," not in text))
def test_a_hop_that_is_no_address_names_nobody(text: str) -> None:
    """What counts then is an address that was written before it, and never free text."""
    raw = text.encode("latin-1", "ignore")
    found = client_address("10.0.0.1", b"6.6.6.6, " + raw, TRUSTED)
    assert ipaddress.ip_network(found).num_addresses in {1, 2**64}


def test_a_peer_without_an_address() -> None:
    assert client_address("", b"6.6.6.6", TRUSTED) == ""
