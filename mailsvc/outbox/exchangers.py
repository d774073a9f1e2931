"""Which servers take the mail of a domain: what DNS says, in the order in which they are to be tried.

`Exchangers(...).of(domain)` follows RFC 5321 5.1: MX records by preference, chance within one preference, the domain's
own addresses where it has no MX, every address of a host, and no host behind ourselves. Raises `NoExchanger` where
there will never be one (its reply says why), `HopAway` where DNS gives no answer now.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Final

from filters.lookup import DnsAway, Lookup, NameUnknown
from mailsvc.outbox.hop_replies import HopReply, said_by_us
from mailsvc.outbox.hop_trouble import HopAway
from schedules.names import DomainName

Host = tuple[int, str]  # preference and name
HOSTS: Final = 20  # mail servers of one domain that are looked up: a domain that names thousands keeps nobody waiting


@dataclass(frozen=True, slots=True)
class Place:
    """An address to connect to, and the host name it belongs to."""

    host: str
    ip: str


class NoExchanger(Exception):
    """Nobody will ever take this domain's mail; `reply` is fit for the records."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reply: HopReply = said_by_us(code, text)


class Exchangers:
    """Asks `lookup`; `is_us` tells whether a host name or IP address is our own, so that mail never comes back."""

    def __init__(self, lookup: Lookup, random: Random, *, is_us: Callable[[str], bool]) -> None:
        self._lookup = lookup
        self._random = random
        self._is_us = is_us

    async def of(self, domain: DomainName) -> Sequence[Place]:
        """Where to try, in this order. Raises NoExchanger, HopAway."""
        if domain.is_literal:  # RFC 5321 4.1.3
            ip = domain.ascii[1:-1].removeprefix("IPv6:")
            return self._without_us(domain, [(0, [Place(domain.ascii, ip)])])
        try:
            hosts = await self._hosts(domain)
        except NameUnknown:
            raise NoExchanger(550, f"5.1.2 the domain {domain} does not exist") from None
        except DnsAway as error:
            raise HopAway(f"4.4.3 {error}") from None
        return self._without_us(domain, await self._places(domain, hosts))

    async def _hosts(self, domain: DomainName) -> Sequence[Host]:
        hosts = await self._lookup.mx(domain.ascii)
        if any(not host for _, host in hosts):
            raise NoExchanger(556, f"5.1.10 the domain {domain} takes no mail (null MX)")  # RFC 7505 4.2
        return sorted(hosts)[:HOSTS] or [(0, domain.ascii)]  # RFC 5321 5.1: the implicit MX

    async def _places(self, domain: DomainName, hosts: Sequence[Host]) -> list[tuple[int, list[Place]]]:
        """The addresses of all hosts, by preference; what DNS cannot say of one keeps no other from being tried."""
        found: list[tuple[int, list[Place]]] = []
        doubt: DnsAway | None = None
        for preference, group in groupby(sorted(hosts, key=itemgetter(0)), key=itemgetter(0)):
            names = [host for _, host in group]
            self._random.shuffle(names)
            places: list[Place] = []
            for name in names:
                try:
                    places += await self._addresses(name)
                except DnsAway as error:
                    doubt = error
            found.append((preference, places))
        if any(places for _, places in found):
            return found
        if doubt is not None:
            raise HopAway(f"4.4.3 {doubt}")
        raise NoExchanger(550, f"5.4.4 no mail server of {domain} has an address")

    async def _addresses(self, host: str) -> list[Place]:
        """IPv6 first, then IPv4; a family that DNS cannot tell of now is passed over if the other is known."""
        if self._is_us(host):
            return [Place(host, "")]
        found: list[Place] = []
        doubts: list[DnsAway] = []
        for v6 in (True, False):
            try:
                with suppress(NameUnknown):
                    found += [Place(host, ip) for ip in await self._lookup.addresses(host, v6=v6)]
            except DnsAway as error:
                doubts.append(error)
        if doubts and not found:
            raise doubts[0]
        return found

    def _without_us(self, domain: DomainName, found: Sequence[tuple[int, list[Place]]]) -> Sequence[Place]:
        """Only hosts preferred to ourselves (RFC 5321 5.1): the others would send it back to us."""
        before: list[Place] = []
        for _, places in found:
            if any(self._is_us(place.ip or place.host) for place in places):
                break
            before += places
        if not before:
            raise NoExchanger(554, f"5.4.6 the mail servers of {domain} lead back to us")
        return before
