"""A host that a subscriber typed: mail is moved there only where it is on the public Internet (no request forgery).

    guard = PublicOnly()                                     # one for every side that a stranger has named
    guard.check(url)                                         # Wrong: no URL that a stranger may write
    address = await guard.address(url.host)                  # what to connect to, and nothing else

The name is asked for once, and the answer is what is connected to, so that a name which answers otherwise a moment
later gains nothing; the certificate is still checked against the name. One address that is not public refuses them
all: who points a name at somebody's inner network wants no mail moved. A name that is not there is refused in the same
words, so that nobody learns which names our network has.
Raises NotPublic with a sentence for the subscriber; HostAway where nobody answers.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MailboxUrl
from schedules.positions import Wrong

PORTS = frozenset({143, 993})  # where IMAP is
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Asking = Callable[[str], Awaitable[Sequence[str]]]  # the IP addresses of a name; OSError where there are none

# What Python's own table of special addresses does not know in every version: protocol assignments (RFC 6890), relays
# for 6to4 (RFC 7526), documentation (RFC 9637); and IPv6 networks whose addresses hold an IPv4 address that the packets
# go to: NAT64 (RFC 6052, 8215), 6to4, Teredo (in 2001::/23), and the old forms (RFC 4291 2.5.5.1).
_SPECIAL = tuple(
    ipaddress.ip_network(one)
    for one in (
        "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20",
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96",
    )
)  # fmt: skip


class NotPublic(Exception):
    """The host is none that a subscriber's mail is moved from or to."""


class HostAway(Exception):
    """Nobody answers for the name now."""


async def asked_of_system(host: str) -> Sequence[str]:
    """The addresses that the system's resolver gives."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_address(text: str) -> bool:
    """Whether a text is an IP address in its plain form."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Whether an IP address is on the public Internet: neither private, shared, local, reserved nor multicast."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.is_site_local:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True, slots=True)
class PublicOnly:
    """The guard of a side that a stranger has named; `is_allowed` and `ports` are others in tests alone."""

    asking: Asking = asked_of_system
    is_allowed: Callable[[str], bool] = is_public
    ports: frozenset[int] = PORTS

    def check(self, url: MailboxUrl) -> None:
        """Raises Wrong for what no stranger may ask of this machine."""
        if not isinstance(url, ImapUrl):
            raise Wrong("a folder of this machine is nobody's mailbox elsewhere", _REMEDY)
        if url.tls is MailboxTls.NONE:
            raise Wrong("passwords and mail go to no host of the Internet in clear", "leave `tls=none` out")
        if url.ca is not None:
            raise Wrong("whom this machine trusts is not for a URL to say", "leave `ca=` out")
        if url.port not in self.ports:
            raise Wrong(f"port {url.port} is none where mailboxes are", "leave it out, or write 993 or 143")

    async def address(self, host: str) -> str:
        """The IP address of a host to connect to. Raises NotPublic, HostAway."""
        try:
            found = [host] if is_address(host) else list(await self.asking(host))
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise _away(host) from None
            found = []
        except UnicodeError:  # no name that DNS could have
            found = []
        except OSError:
            raise _away(host) from None
        if not found or not all(self.is_allowed(one) for one in found):
            raise NotPublic(f"{host} is no host that mail is moved from or to")
        return found[0]


_REMEDY = "write `imaps://USER@HOST` or `imap://USER@HOST`"


def _away(host: str) -> HostAway:
    return HostAway(f"nobody answers for the name {host} now")
