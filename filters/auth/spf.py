"""SPF: whether a domain lets this host send for it (RFC 7208), over any `Lookup`.

    result = await check_host(lookup, ip, domain, Asking(ip, sender, helo))

Never fails: DNS that is away is TEMPERROR, a record that is wrong or asks too much PERMERROR. At most 10 terms that
look something up, 10 mail servers and names each, and 2 answers that hold nothing (RFC 7208 4.6.4). Explanations are
not fetched: nobody would read them.
"""

import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, assert_never

from filters.auth.spf_macros import Asking, IpAddress, expand, uses_pointer
from filters.auth.spf_record import (
    BadRecord,
    Everybody,
    Exists,
    Hosts,
    Include,
    Mechanism,
    Network,
    Pointers,
    Qualifier,
    Record,
    read_record,
)
from filters.lookup import DnsAway, Lookup, NameUnknown

TERMS: Final = 10
NAMES: Final = 10
VOIDS: Final = 2
_VERSION: Final = re.compile(rb"v=spf1(?= |\Z)", re.IGNORECASE)
_LABEL: Final = re.compile(r"[^.]{1,63}")


class Spf(StrEnum):
    """RFC 7208 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a word of the RFC
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_MEANS: Final = {
    Qualifier.PASS: Spf.PASS,
    Qualifier.FAIL: Spf.FAIL,
    Qualifier.SOFTFAIL: Spf.SOFTFAIL,
    Qualifier.NEUTRAL: Spf.NEUTRAL,
}


async def check_host(lookup: Lookup, domain: str, asking: Asking) -> Spf:
    """Whether `domain` lets `asking.ip` send (RFC 7208 4)."""
    if not _askable(domain) or "." not in domain.rstrip("."):
        return Spf.NONE  # RFC 7208 4.3
    mapped = asking.ip.ipv4_mapped if isinstance(asking.ip, ipaddress.IPv6Address) else None
    local, at, host = asking.sender.rpartition("@")
    sender = f"{local or 'postmaster'}@{host}" if at else f"postmaster@{asking.sender}"
    evaluation = _Evaluation(lookup, Asking(mapped or asking.ip, sender, asking.helo))
    try:
        return await evaluation.of(domain)
    except DnsAway:
        return Spf.TEMPERROR
    except BadRecord:
        return Spf.PERMERROR


class _Evaluation:
    """One evaluation with its limits, which hold over all records it reads."""

    def __init__(self, lookup: Lookup, asking: Asking) -> None:
        self._lookup = lookup
        self._asking = asking
        self._terms = 0
        self._voids = 0

    async def of(self, domain: str) -> Spf:
        """The result for one domain. Raises DnsAway, BadRecord."""
        record = await self._record(domain)
        if record is None:
            return Spf.NONE
        for qualifier, mechanism in record.directives:
            if await self._matches(mechanism, domain):
                return _MEANS[qualifier]
        if not record.redirect:
            return Spf.NEUTRAL  # RFC 7208 4.7
        self._count_term()
        result = await self.of(await self._expanded(record.redirect, domain))
        if result is Spf.NONE:  # RFC 7208 6.1
            raise BadRecord("a redirect to a domain without a record")
        return result

    async def _record(self, domain: str) -> Record | None:
        try:
            texts = await self._lookup.txt(domain) if _askable(domain) else ()
        except NameUnknown:
            return None
        ours = [text for text in texts if _VERSION.match(text)]
        if not ours:
            return None
        if len(ours) > 1:
            raise BadRecord("more than one record")  # RFC 7208 4.5
        try:
            return read_record(ours[0][len("v=spf1") :].decode("ascii"))
        except UnicodeDecodeError:
            raise BadRecord("a record beyond ASCII") from None

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        match mechanism:
            case Everybody():
                return True
            case Network(network):
                return _inside(self._asking.ip, network)
            case Include(spec):
                return await self._includes(spec, domain)
            case Hosts():
                return await self._among_hosts(mechanism, domain)
            case Exists(spec):
                self._count_term()
                return bool(await self._addresses(await self._expanded(spec, domain), v6=False))
            case Pointers(spec):
                self._count_term()
                target = await self._expanded(spec, domain)
                return bool(await self._confirmed(target))
            case _:
                assert_never(mechanism)

    async def _includes(self, spec: str, domain: str) -> bool:
        """RFC 7208 5.2."""
        self._count_term()
        result = await self.of(await self._expanded(spec, domain))
        if result is Spf.NONE:
            raise BadRecord("an include of a domain without a record")
        return result is Spf.PASS

    async def _among_hosts(self, hosts: Hosts, domain: str) -> bool:
        """RFC 7208 5.3, 5.4."""
        self._count_term()
        target = await self._expanded(hosts.domain, domain)
        names = await self._mail_servers(target) if hosts.by_mx else [target]
        v6 = self._asking.ip.version == 6
        for name in names:
            for address in await self._addresses(name, v6=v6):
                network = ipaddress.ip_network(f"{address}/{hosts.v6 if v6 else hosts.v4}", strict=False)
                if _inside(self._asking.ip, network):
                    return True
        return False

    async def _mail_servers(self, target: str) -> Sequence[str]:
        try:
            found = await self._lookup.mx(target) if _askable(target) else ()
        except NameUnknown:
            found = ()
        self._count_void(found)
        if len(found) > NAMES:
            raise BadRecord("more than 10 mail servers")
        return [host for _, host in found if host]

    async def _addresses(self, name: str, *, v6: bool) -> Sequence[str]:
        try:
            found = await self._lookup.addresses(name, v6=v6) if _askable(name) else ()
        except NameUnknown:
            found = ()
        self._count_void(found)
        return found

    async def _confirmed(self, target: str) -> str:
        """A name of the host that leads back to it and lies at or below `target`; empty if none (RFC 7208 5.5)."""
        ip, wanted = self._asking.ip, target.rstrip(".").lower()
        try:
            names = (await self._lookup.ptr(str(ip)))[:NAMES]
        except (DnsAway, NameUnknown):
            names = ()
        self._count_void(names)
        for name in names:
            plain = name.rstrip(".").lower()
            if (not wanted or plain == wanted or plain.endswith(f".{wanted}")) and await self._leads_back(plain):
                return plain
        return ""

    async def _leads_back(self, name: str) -> bool:
        ip = self._asking.ip
        try:
            found = await self._lookup.addresses(name, v6=ip.version == 6) if _askable(name) else ()
        except (DnsAway, NameUnknown):
            return False
        return any(ipaddress.ip_address(address) == ip for address in found)

    async def _expanded(self, spec: str, domain: str) -> str:
        if not spec:
            return domain
        pointer = await self._pointer(domain) if uses_pointer(spec) else ""
        return expand(spec, self._asking, domain, pointer or "unknown").rstrip(".")

    async def _pointer(self, domain: str) -> str:
        """RFC 7208 7.3: a confirmed name, that of the domain or below it before others."""
        return await self._confirmed(domain) or await self._confirmed("")

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > TERMS:
            raise BadRecord("more than 10 terms that look something up")

    def _count_void(self, found: Sequence[object]) -> None:
        self._voids += not found
        if self._voids > VOIDS:
            raise BadRecord("more than 2 answers that hold nothing")


def _askable(name: str) -> bool:
    plain = name.removesuffix(".")
    return len(plain) <= 253 and all(map(_LABEL.fullmatch, plain.split(".")))


def _inside(ip: IpAddress, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return ip.version == network.version and ip in network
