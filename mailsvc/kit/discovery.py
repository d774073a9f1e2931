"""Where the mailboxes of a domain are, as the domain itself says: SRV records (RFC 6186), or a provider that is known.

    found = await discovered(Address.parse("hanako@old.example"), dns.srv, chance=random.random)
    found.url, found.host, found.outside

DNS proves nothing here (no DNSSEC is assumed): whoever can forge an answer could name a host of their own and be given
the password. So a host that lies outside of the domain is marked: nobody logs in there before a person has consented to
its name. Within the domain the certificate, which is checked for the host's name, is proof enough.
Raises NotFound, with what to do, where the domain says nothing or says that it has none; DnsAway where nobody answers.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from filters.lookup import NameUnknown
from mailsvc.kit.dns import Service
from mailsvc.kit.presets import preset_of, preset_of_domain
from schedules.names import Address, BadName, DomainName
from schedules.positions import Wrong

Asks = Callable[[str], Awaitable[Sequence[Service]]]
_SERVICES = {"_imaps._tcp": "imaps", "_imap._tcp": "imap", "_pop3s._tcp": "pop3s"}  # in this order (RFC 6186 3.4)
_SAFE = "!$'()*,-._~"


class NotFound(Wrong):
    """A domain does not say where its mailboxes are."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mailbox that was found by its address."""

    url: str  # as `mailbox_urls` reads it
    host: str
    outside: bool  # the host is not of the address's domain: a person has to consent to it


async def discovered(address: Address, asks: Asks, *, chance: Callable[[], float]) -> Found:
    """Where the mailbox of an address is. Raises NotFound, DnsAway."""
    domain = address.domain.ascii
    preset = preset_of_domain(domain)
    if preset is not None:
        return Found(f"{preset.name}:{address}", preset.host, outside=False)
    said_none = False
    for service, scheme in _SERVICES.items():
        try:
            records = await asks(f"{service}.{domain}")
        except NameUnknown:
            continue
        said_none |= any(not one.host for one in records)
        offered = [one for one in records if one.host and one.port and _is_name(one.host)]
        if offered:
            return _found(scheme, chosen(offered, chance()), address, domain)
    if said_none:
        raise NotFound(f"{domain} says that it has no mailboxes of a kind we read", "ask its provider, and write a URL")
    raise NotFound(f"{domain} does not say where its mailboxes are", f"write `imaps://{_user(address)}@HOST`")


def chosen(offered: Sequence[Service], chance: float) -> Service:
    """One of those with the lowest priority, by their weights (RFC 2782); `chance` from 0 to 1."""
    lowest = min(one.priority for one in offered)
    among = sorted((one for one in offered if one.priority == lowest), key=lambda one: (one.weight, one.host, one.port))
    left = chance * sum(one.weight for one in among)
    for one in among:
        left -= one.weight
        if left <= 0 and one.weight:
            return one
    return among[-1]


def _found(scheme: str, service: Service, address: Address, domain: str) -> Found:
    host = service.host.lower()
    known = preset_of(host)
    token = "?auth=token" if known.takes_token_alone else ""
    url = f"{scheme}://{_user(address)}@{host}:{service.port}{token}"
    return Found(url, host, outside=host != domain and not host.endswith(f".{domain}"))


def _user(address: Address) -> str:
    """The whole address is tried as the user's name (RFC 6186 4)."""
    return quote(str(address), safe=_SAFE)


def _is_name(host: str) -> bool:
    try:
        return bool(DomainName.parse(host).ascii)
    except BadName:
        return False
