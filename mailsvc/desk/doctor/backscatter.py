"""The backscatter trap: an inbound MTA that takes mail for addresses that do not exist, and must bounce it afterwards.

Use: `check_backscatter(desk)`. It asks each inbound MTA that the settings name by its own address, on port 25, for an
address that does not exist (MAIL FROM:<>, RCPT TO, RSET: no message is sent). A whole network, or a certificate, does
not say where such an MTA listens: then it tells what is to be made sure of.
Fails: as the records do.
"""

import secrets
import smtplib
from collections.abc import Iterator
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network

from mailsvc.desk.desk import Desk
from mailsvc.desk.doctor.finding import Finding, error, warning
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.service import Purpose
from mailsvc.records import directory
from mailsvc.standing.resolving import CATCH_ALL
from schedules.names import DomainName

CHECK = "backscatter"
PATIENCE = 5.0  # seconds
SMTP = 25
_MOST = 16
_REMEDY = "let it pass sessions on before its queue, or ask the policy service at RCPT: docs/TOPOLOGIES.md"


class _Found(Enum):
    REFUSES = auto()  # while its client waits: nothing will have to be bounced
    TAKES = auto()
    UNKNOWN = auto()


def check_backscatter(desk: Desk, port: int = SMTP) -> Iterator[Finding]:
    """Findings about inbound MTAs; none for a demo world, whose MTAs are made up."""
    settings = desk.settings
    networks = [one for listener in settings.gateway.listeners if listener.inbound for one in listener.inbound.networks]
    pinned = any(listener.inbound.certificates for listener in settings.gateway.listeners if listener.inbound)
    if settings.service.purpose is Purpose.DEMO or not (networks or pinned):
        return
    domain = _domain_without_catch_all(desk)
    hosts = [str(network.network_address) for network in networks if _is_one_host(network)][:_MOST]
    found = {host: _ask(host, port, domain, settings) if domain else _Found.UNKNOWN for host in hosts}
    for host in (host for host, what in found.items() if what is _Found.TAKES):
        what = f"the inbound MTA {host} takes mail for an address that {domain} does not have, and must bounce it"
        yield error(CHECK, f"{what} to senders who are mostly forged", _REMEDY)
    unknown = pinned or len(hosts) < len(networks) or _Found.UNKNOWN in found.values()
    if unknown and settings.policy.listen is None:
        what = "there are inbound MTAs that could not be asked whether they refuse unknown addresses at RCPT"
        yield warning(CHECK, f"{what}, and no policy service that tells them", f"make sure of each: {_REMEDY}")


def _is_one_host(network: IPv4Network | IPv6Network) -> bool:
    return network.num_addresses == 1


def _domain_without_catch_all(desk: Desk) -> DomainName | None:
    """A domain of ours for which an address can be unknown."""
    with desk.records.read() as connection:
        published = sorted(directory.ours(connection))
        known = (DomainName(name) for name in published)
        ours = (domain for domain in known if desk.settings.domain(domain) is not None)
        return next((domain for domain in ours if directory.find(connection, domain, CATCH_ALL) is None), None)


def _ask(host: str, port: int, domain: DomainName, settings: Settings) -> _Found:
    """What the MTA says to an address that does not exist."""
    try:
        with smtplib.SMTP(timeout=PATIENCE) as client:
            _, greeting = client.connect(host, port)
            if greeting.split()[:1] == [settings.service.hostname.encode("ascii")]:
                return _Found.UNKNOWN  # this is ourselves; whatever stands before us listens elsewhere
            client.ehlo(settings.service.hostname)
            if client.mail("")[0] != 250:
                return _Found.UNKNOWN
            code, _ = client.rcpt(f"lastpost-doctor-{secrets.token_hex(6)}@{domain}")
            client.rset()
    except (OSError, smtplib.SMTPException):
        return _Found.UNKNOWN
    if code >= 500:
        return _Found.REFUSES
    return _Found.TAKES if code < 300 else _Found.UNKNOWN
