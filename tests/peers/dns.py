"""A scripted DNS server over UDP and TCP on one port, answering from a table.

    table = {("closing.example", "MX"): ["10 mx.closing.example."], ("null.example", "MX"): NULL_MX,
             ("sick.example", "MX"): Fault.SERVFAIL}
    async with DnsPeer(table) as dns: ... dns.port ... dns.asked

Values are records in zone-file words, or a Fault. A name with no row at all is NXDOMAIN; a name with rows of other
types answers NOERROR without records. Faults: SERVFAIL, REFUSED, NXDOMAIN, TIMEOUT (no answer at all), TRUNCATED (TC
by UDP without its records, given with `truncated(records)`), GARBAGE.
"""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

NULL_MX = ("0 .",)  # RFC 7505 section 3
TTL = 60


class Fault(Enum):
    """What goes wrong for one name and type."""

    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    NXDOMAIN = "NXDOMAIN"
    TIMEOUT = "TIMEOUT"
    GARBAGE = "GARBAGE"


@dataclass(frozen=True)
class Truncated:
    """Records that UDP only announces (TC) and TCP gives whole."""

    records: Sequence[str]


Value = Sequence[str] | Fault | Truncated
Table = Mapping[tuple[str, str], Value]


class DnsPeer(asyncio.DatagramProtocol):
    """Listens on 127.0.0.1, UDP and TCP on the same port."""

    def __init__(self, table: Table) -> None:
        self._table = {(name.rstrip(".").lower(), kind): value for (name, kind), value in table.items()}
        self.asked: list[tuple[str, str]] = []
        self.by_tcp: list[tuple[str, str]] = []
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._tcp is not None, "the peer is not started"
        port: int = self._tcp.sockets[0].getsockname()[1]
        return port

    def answer(self, query: bytes, *, tcp: bool) -> bytes | None:
        """The answer's octets, or None where the script says nothing."""
        asked = dns.message.from_wire(query)
        question = asked.question[0]
        key = (question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype))
        (self.by_tcp if tcp else self.asked).append(key)
        value = self._table.get(key)
        reply = dns.message.make_response(asked)
        match value:
            case Fault.TIMEOUT:
                return None
            case Fault.GARBAGE:
                return query[:2] + b"\xff" * 30
            case Fault():
                reply.set_rcode(dns.rcode.from_text(value.value))
            case Truncated(records) if tcp:
                reply.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", key[1], list(records)))
            case Truncated():
                reply.flags |= dns.flags.TC
            case None:
                if not any(name == key[0] for name, _ in self._table):
                    reply.set_rcode(dns.rcode.NXDOMAIN)
            case records:
                reply.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", key[1], list(records)))
        return reply.to_wire(max_size=65_535)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        answer = self.answer(data, tcp=False)
        if answer is not None and self._udp is not None:
            self._udp.sendto(answer, addr)

    async def _by_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                answer = self.answer(await reader.readexactly(size), tcp=True)
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        self._tcp = await asyncio.start_server(self._by_tcp, "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._tcp is not None
        assert self._udp is not None
        self._udp.close()
        self._tcp.close()
        await asyncio.sleep(0)
