"""The one resolver of a house: dnspython asks, this remembers.

    dns = Dns(["192.0.2.53"], 5.0, clock.monotonic)
    await dns.mx("newhome.example")

Answers, and that there is none, are kept as long as their TTL says, within bounds; who asks what another is asking
already waits for the same answer; a truncated answer is fetched again by TCP. The size of the cache is bounded.
Raises NameUnknown for NXDOMAIN and for what cannot be a name at all, DnsAway for everything that may pass.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.resolver
import dns.reversename
import dns.ttl
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.SRV import SRV

from filters.lookup import DnsAway, Lookup, NameUnknown

SIZE = 20_000  # questions remembered
OCTETS = 32 * 1024 * 1024  # that remembered answers may take, about; a stranger's answer may hold thousands of records
_OBJECT = 400  # octets of a record in memory besides its own
SHORTEST = 1.0  # seconds: even TTL 0 answers everybody who waits, and a burst
LONGEST = 3_600.0
LONGEST_NO = 300.0  # that a name or type is not there (RFC 2308 5)
AWAY = 5.0  # that nobody answers (RFC 2308 7 allows 300)
UDP_PAYLOAD = 1232  # octets: fits an IPv6 packet, so that nothing is fragmented

Question = tuple[dns.name.Name, RdataType]


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """An SRV record."""

    priority: int  # lower goes first
    weight: int  # among those of one priority
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of a question: its records, or the trouble to raise."""

    records: tuple[Rdata, ...]
    until: float
    trouble: DnsAway | NameUnknown | None = None

    @property
    def octets(self) -> int:
        """What it takes in memory, about."""
        return _OBJECT + sum(_OBJECT + len(one.to_digestable()) for one in self.records)


class Dns(Lookup):
    """A Lookup over the network. `servers` are IP or IP@PORT, none for those of the system; `timeout` is in seconds."""

    def __init__(
        self, servers: Sequence[str], timeout: float, monotonic: Callable[[], float], *, size: int = SIZE
    ) -> None:
        self._resolver = _resolver(servers, timeout)
        self._monotonic = monotonic
        self._size = size
        self._known: OrderedDict[Question, _Known] = OrderedDict()
        self._octets = 0
        self._asked: dict[Question, asyncio.Task[_Known]] = {}

    async def txt(self, name: str) -> Sequence[bytes]:
        """Each TXT record with its strings joined. Raises NameUnknown, DnsAway."""
        found = await self._answer(name, RdataType.TXT)
        return tuple(b"".join(one.strings) for one in found if isinstance(one, TXT))

    async def mx(self, name: str) -> Sequence[tuple[int, str]]:
        """Preference and host, the lowest preference first; a null MX is `(0, "")`. Raises NameUnknown, DnsAway."""
        found = await self._answer(name, RdataType.MX)
        return sorted((one.preference, _text(one.exchange)) for one in found if isinstance(one, MX))

    async def addresses(self, name: str, *, v6: bool) -> Sequence[str]:
        """The AAAA or the A records. Raises NameUnknown, DnsAway."""
        found = await self._answer(name, RdataType.AAAA if v6 else RdataType.A)
        return tuple(one.address for one in found if isinstance(one, A | AAAA))

    async def ptr(self, ip: str) -> Sequence[str]:
        """The names an IP address claims. Raises NameUnknown, DnsAway."""
        found = await self._answer(dns.reversename.from_address(ip), RdataType.PTR)
        return tuple(_text(one.target) for one in found if isinstance(one, PTR))

    async def srv(self, name: str) -> Sequence[Service]:
        """Who serves what a name asks for (RFC 2782); one without a host says that nobody does. As above."""
        found = await self._answer(name, RdataType.SRV)
        given = [one for one in found if isinstance(one, SRV)]
        return tuple(Service(one.priority, one.weight, _text(one.target), one.port) for one in given)

    def __len__(self) -> int:
        return len(self._known)

    async def _answer(self, name: str | dns.name.Name, kind: RdataType) -> tuple[Rdata, ...]:
        question = (_name(name), kind)
        known = self._known.get(question)
        if known is None or known.until <= self._monotonic():
            known = await asyncio.shield(self._asking(question))
        if known.trouble is not None:
            raise type(known.trouble)(*known.trouble.args)
        return known.records

    def _asking(self, question: Question) -> "asyncio.Task[_Known]":
        """The one query for this question that is under way, begun now if there is none."""
        task = self._asked.get(question)
        if task is None:
            task = self._asked[question] = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda _: self._asked.pop(question, None))
        return task

    async def _ask(self, question: Question) -> _Known:
        known = await self._query(question)
        self._forget(question)
        self._known[question] = known
        self._octets += known.octets
        while len(self._known) > self._size or self._octets > OCTETS:
            self._forget(next(iter(self._known)))
        return known

    def _forget(self, question: Question) -> None:
        old = self._known.pop(question, None)
        self._octets -= old.octets if old else 0

    async def _query(self, question: Question) -> _Known:
        name, kind = question
        try:
            answer = await self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            gone = NameUnknown(f"{name} does not exist")
            return self._keep((), _ttl(error.response(name)), LONGEST_NO, gone)  # type: ignore[no-untyped-call]
        except (dns.exception.DNSException, OSError, EOFError) as error:
            why = str(error).split(":")[0] or type(error).__name__
            return self._keep((), AWAY, AWAY, DnsAway(f"no answer about {name} {kind.name}: {why}"))
        records = tuple(answer.rrset or ())
        return self._keep(records, _ttl(answer.response), LONGEST if records else LONGEST_NO)

    def _keep(
        self, records: tuple[Rdata, ...], ttl: float, longest: float, trouble: DnsAway | NameUnknown | None = None
    ) -> _Known:
        return _Known(records, self._monotonic() + min(max(ttl, SHORTEST), longest), trouble)


def _resolver(servers: Sequence[str], timeout: float) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [_server(text) for text in servers]
    resolver.lifetime = timeout
    resolver.timeout = timeout / 2  # a lost packet is sent once more
    resolver.cache = None
    resolver.use_edns(0, payload=UDP_PAYLOAD)
    return resolver


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    host, _, port = text.partition("@")
    return dns.nameserver.Do53Nameserver(host, int(port or 53))


def _name(name: str | dns.name.Name) -> dns.name.Name:
    if isinstance(name, dns.name.Name):
        return name
    try:
        return dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_UTS_46).canonicalize()
    except dns.exception.DNSException:
        raise NameUnknown(f"{name!r} cannot be a domain name") from None


def _ttl(response: dns.message.Message) -> float:
    """The lowest TTL on the way to the answer, or what the SOA says of its absence; 0 where nothing says it."""
    try:
        ttl = response.resolve_chaining().minimum_ttl  # type: ignore[attr-defined]
    except (AttributeError, dns.exception.DNSException):
        return 0.0
    return 0.0 if ttl >= dns.ttl.MAX_TTL else float(ttl)


def _text(name: dns.name.Name) -> str:
    return "" if name == dns.name.root else name.to_text(omit_final_dot=True)
