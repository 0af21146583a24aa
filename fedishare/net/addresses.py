"""Which IP addresses this server may open a connection to."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from fedishare.core.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Our own lists, because `is_global` and `is_private` disagree between Python versions and let
# multicast, 6to4 relays, NAT64 and IPv4 in IPv6 pass. The IANA special-purpose registry (RFC 6890).
_IPV4_CLOSED: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_IPV6_OPEN: Final = ipaddress.IPv6Network("2000::/3")
_IPV6_CLOSED: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_LOOPBACK: Final = "127.0.0.1"


class Allowed:
    """The public internet, and what the settings add to it.

    `networks` are the extra ones, such as "127.0.0.0/8"; raises Invalid for one that cannot be read.
    """

    __slots__ = ("_extra",)

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._extra = tuple(_network(text) for text in networks)

    def permits(self, address: str) -> bool:
        """Whether a connection to `address`, a literal, may be opened. False on any doubt."""
        found = _address(address)
        return found is not None and (_is_public(found) or self._is_extra(found))

    def opens(self, address: str) -> bool:
        """Whether the settings name `address` as one of the extra ones."""
        found = _address(address)
        return found is not None and self._is_extra(found)

    @property
    def allows_loopback(self) -> bool:
        """Whether this machine may talk to itself, as tests and the demo do."""
        return self.opens(_LOOPBACK)

    def _is_extra(self, address: Address) -> bool:
        return any(address in network for network in self._extra)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a network such as 10.20.0.0/16.") from None


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.scope_id is not None:
        return None
    return address.ipv4_mapped or address


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _IPV4_CLOSED)
    return address in _IPV6_OPEN and not any(address in network for network in _IPV6_CLOSED)
