"""How many connections each peer has, so that one alone never takes the places of all."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network

_SUBNET_OCTETS: Final = 8
"""An IPv6 peer is a /64: whoever has one address of it may use all (RFC 4291 2.5.1, RFC 6177)."""

_MAPPED: Final = bytes(10) + b"\xff\xff"
"""Before an IPv4 address in an IPv6 one (RFC 4291 2.5.5.2)."""


def household(address: str) -> bytes:
    """The octets that all addresses of one peer share; ``address`` is as the system writes it."""
    if ":" not in address:
        return address.encode()
    octets = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    if octets.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, octets[len(_MAPPED) :]).encode()
    return octets[:_SUBNET_OCTETS]


class Peers:
    """Counts; one peer may have ``most``, 0 for any number, those of ``exempt`` any number."""

    def __init__(self, most: int, exempt: Sequence[Network]) -> None:
        self._most = most
        self._exempt = exempt
        self._counts: dict[bytes, int] = {}

    def come(self, address: str) -> bool:
        """Count a connection, unless that is one too many."""
        peer = household(address)
        count = self._counts.get(peer, 0)
        if 0 < self._most <= count and not self.is_exempt(address):
            return False
        self._counts[peer] = count + 1
        return True

    def gone(self, address: str) -> None:
        """One that was counted has ended."""
        peer = household(address)
        if self._counts[peer] > 1:
            self._counts[peer] -= 1
        else:
            del self._counts[peer]

    def __len__(self) -> int:
        """How many peers are connected."""
        return len(self._counts)

    def is_exempt(self, address: str) -> bool:
        """Whether it may have any number; as the system writes it."""
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        return any(parsed in each for each in self._exempt)
