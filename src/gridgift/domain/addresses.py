"""Which internet addresses are public: those that a server may be told to send something to.

By the registries of special-purpose addresses (IANA), and not by what this version of Python knows
of them. Of IPv6 only what is given to networks at all (2000::/3) can be public, so that addresses
with an IPv4 address inside (mapped, NAT64) are not; nor are 6to4 and Teredo.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_PRIVATE_NAMES: Final = frozenset({"localhost", "local", "internal"})
_GIVEN: Final = ip_network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's hosts, as seen from their guests
        "169.254.0.0/16",  # link-local, and what tells a guest its credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one on the internet, and in nobody's private network."""
    if address.version == 6 and address not in _GIVEN:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def may_be_public(host: str) -> bool:
    """Tell whether a host is a public address, or a name that may lead to one."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        first, _, last = host.rstrip(".").lower().rpartition(".")
        is_number = last.isdecimal() or last.startswith("0x")  # another way to write an address
        return bool(first) and last not in _PRIVATE_NAMES and not is_number
