"""What settings allow but experience warns of: told by `lastpost doctor`, never in the way of a start."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailsvc.kit.settings.gateway import Peers
from mailsvc.kit.settings.model import Settings
from mailsvc.kit.settings.service import Purpose
from mailsvc.kit.targets import HopTls, SmtpTarget, Target
from schedules.names import BadName, DomainName
from schedules.positions import Problem


def advice(settings: Settings) -> tuple[Problem, ...]:
    """Everything worth a second look, in order of place; empty for a demo or test."""
    if settings.service.purpose is not Purpose.PRODUCTION:
        return ()
    return tuple(sorted([*_service(settings), *_listeners(settings), *_next_hops(settings)]))


def _service(settings: Settings) -> Iterator[Problem]:
    service = settings.service
    if not service.notice_url.startswith("https://"):
        what = "the notice page is not named" if not service.notice_url else "the notice page is not protected by TLS"
        yield Problem(
            settings.position("service", "notice_url"), what, "write an https:// URL that outlives the service"
        )
    for number, address in enumerate(service.administrators):
        if settings.domain(address.domain) is not None:
            place = settings.position("service", "administrators", number)
            yield Problem(place, f"{address} is on a domain that may end", "name an address on a surviving domain too")
    if service.letters_from is not None and settings.domain(service.letters_from.domain) is not None:
        place = settings.position("service", "letters_from")
        yield Problem(place, "letters come from a domain that may end", "choose an address on a surviving domain")
    if _may_end(settings, urlsplit(service.notice_url).hostname or ""):
        place = settings.position("service", "notice_url")
        yield Problem(place, "the notice page is on a domain that may end", "put it on a surviving domain")


def _may_end(settings: Settings, host: str) -> bool:
    try:
        return settings.domain(DomainName.parse(host)) is not None
    except BadName:
        return False


def _listeners(settings: Settings) -> Iterator[Problem]:
    for number, one in enumerate(settings.gateway.listeners):
        place = settings.position("gateway", "listeners", number)
        known: list[Peers] = [peers for peers in (one.inbound, one.submission) if peers is not None]
        if one.everyone_else and any(peers.certificates for peers in known):
            what = "servers of the world that show a certificate of their own cannot use TLS here"
            yield Problem(place, what, "give servers known by certificate their own listener with everyone_else: no")
        if settings.gateway.certificate is None and not ipaddress.ip_address(one.listen.host).is_loopback:
            yield Problem(place, "no STARTTLS is offered", "write `certificate` and `key` of the gateway")


def _next_hops(settings: Settings) -> Iterator[Problem]:
    hops: list[tuple[tuple[str, ...], Target]] = [
        (("domains", name, "deliver"), one.deliver) for name, one in settings.domains.items()
    ]
    if settings.outbound is not None:
        hops.append((("outbound", "deliver"), settings.outbound.deliver))
    for path, target in hops:
        if isinstance(target, SmtpTarget) and target.tls is HopTls.NONE and not _is_near(target.host):
            yield Problem(settings.position(*path), f"mail goes to {target.host} in clear", "write ?tls=required")


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or DomainName.parse(host).within(DomainName("localhost"))
