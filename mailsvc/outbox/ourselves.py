"""Whether a mail server that DNS names is this very host, so that mail is never sent to ourselves (RFC 5321 5.1).

`ourselves(settings)` gives the question that `Exchangers` asks: of a host's name, or of an IP address on the port that
mail by MX goes to. A listener on every address is known by whether this machine has the address.
"""

import socket
from collections.abc import Callable

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.settings.model import Settings
from mailsvc.kit.targets import MxTarget


def ourselves(settings: Callable[[], Settings]) -> Callable[[str], bool]:
    """The question, by the settings of the moment in which it is asked."""

    def is_us(name: str) -> bool:
        now = settings()
        if name.rstrip(".").lower() == now.service.hostname.lower():
            return True
        way = now.outbound.deliver if now.outbound else None
        port = way.port if isinstance(way, MxTarget) else MxTarget().port
        return any(_listens(one.listen, name, port) for one in now.gateway.listeners)

    return is_us


def _listens(endpoint: Endpoint, ip: str, port: int) -> bool:
    if endpoint.port != port:
        return False
    return endpoint.host == ip or (endpoint.is_everywhere and _is_of_this_machine(ip))


def _is_of_this_machine(ip: str) -> bool:
    """Only an address of this machine can be bound to."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))
    except OSError:
        return False
    return True
