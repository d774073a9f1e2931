"""Who a client is: the world, or one of the provider's own MTAs, by network or by TLS client certificate.

`Doorman(listener).kind(ip, certificate)` answers, None for a client this listener does not serve. A certificate says
more than a network and the smaller of two networks more than the larger. Nobody becomes submission by default, so
there is no way to an open relay from here.
"""

import ipaddress
from functools import lru_cache

from filters.mail import ClientKind
from mailsvc.kit.settings.gateway import Listener, Peers

_IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Doorman:
    """Knows the clients of one listener."""

    def __init__(self, listener: Listener) -> None:
        named = ((ClientKind.SUBMISSION, listener.submission), (ClientKind.INBOUND, listener.inbound))
        peers: list[tuple[ClientKind, Peers]] = [(kind, those) for kind, those in named if those]
        self._certificates = {pin: kind for kind, those in peers for pin in those.certificates}
        self._networks = sorted(
            ((network, kind) for kind, those in peers for network in those.networks),
            key=lambda known: known[0].prefixlen,
            reverse=True,
        )
        self._others = ClientKind.WORLD if listener.everyone_else else None

    def kind(self, ip: str, certificate: str = "") -> ClientKind | None:
        """What `ip` is here; `certificate` is the SHA-256 of the one it showed, in lower-case hex."""
        known = self._certificates.get(certificate) if certificate else None
        return known or self._by_network(ip)

    @property
    def certificates_matter(self) -> bool:
        """Whether a client not served yet may become known by STARTTLS."""
        return bool(self._certificates)

    def _by_network(self, ip: str) -> ClientKind | None:
        address = plain_address(ip)
        for network, kind in self._networks:
            if _inside(address, network):
                return kind
        return self._others


@lru_cache(maxsize=4096)
def plain_address(ip: str) -> _IpAddress:
    """The address without a zone, and as IPv4 where a dual-stack socket wrapped it in IPv6 (RFC 4291 2.5.5.2)."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _inside(address: _IpAddress, network: _IpNetwork) -> bool:
    return address.version == network.version and address in network
