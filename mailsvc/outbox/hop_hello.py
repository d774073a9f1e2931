"""The first words with a next hop: connection, greeting, EHLO (by LMTP: LHLO), STARTTLS.

`greet` returns a `Session`, the line and what the hop offers, or raises `HopAway`; whatever the reason, nothing has
been said about any message yet. A greeting of 5xx is read as "away" too: a next hop that refuses us is a mistake that
somebody will mend, not a verdict on mail.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Protocol

from mailsvc.kit.targets import HopTls
from mailsvc.outbox.hop_replies import HopReply
from mailsvc.outbox.hop_trouble import HopAway, TlsFailed
from mailsvc.outbox.hopline import HopLine, LineBroken


@dataclass(frozen=True, slots=True)
class HopOffers:
    """What the hop's EHLO announced (RFC 5321 4.1.1.1)."""

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    starttls: bool = False
    dsn: bool = False  # RFC 3461
    size: int | None = None  # None: not announced; 0: announced without a limit (RFC 1870 4)


class HelloTimes(Protocol):
    """Seconds to wait while greeting."""

    @property
    def connect(self) -> float:
        """For the connection."""

    @property
    def greeting(self) -> float:
        """For the greeting, EHLO and TLS."""


@dataclass(frozen=True, slots=True)
class Hop:
    """Where to connect and how; `context` is needed where `tls` is not NONE."""

    host: str
    port: int
    tls: HopTls = HopTls.NONE
    context: ssl.SSLContext | None = None
    lmtp: bool = False
    socket: str = ""  # where it is reached by a socket in the file system, instead of host and port
    name: str = ""  # the name its certificate shows, where `host` is an address found by DNS


@dataclass(slots=True)
class Session:
    """A line on which a hop has greeted us."""

    line: HopLine
    offers: HopOffers
    lmtp: bool = False
    used: int = 0  # transactions so far


async def greet(hop: Hop, hello: str, times: HelloTimes) -> Session:
    """Connect and say EHLO as `hello`, over TLS where asked for. Raises HopAway."""
    try:
        line = await HopLine.open(hop.host, hop.port, socket=hop.socket, within=times.connect)
    except LineBroken as error:
        raise HopAway(str(error)) from None
    try:
        _need(await line.reply(within=times.greeting), 220, "greeting")
        offers = await (_lhlo if hop.lmtp else _hello)(line, hello, times.greeting)
        if hop.tls is HopTls.REQUIRED or (hop.tls is HopTls.STARTTLS and offers.starttls):
            offers = await _over_tls(line, offers, hop, hello, times.greeting)
    except LineBroken as error:
        line.drop()
        raise HopAway(str(error)) from None
    except (asyncio.CancelledError, Exception):
        line.drop()
        raise
    return Session(line, offers, hop.lmtp)


async def _hello(line: HopLine, hello: str, within: float) -> HopOffers:
    line.say(f"EHLO {hello}")
    reply = await line.reply(within=within)
    if reply.severity == 5:  # RFC 5321 3.2: an old server; HELO then
        line.say(f"HELO {hello}")
        _need(await line.reply(within=within), 250, "HELO")
        return HopOffers()
    _need(reply, 250, "EHLO")
    return _offers(reply.lines[1:])


async def _lhlo(line: HopLine, hello: str, within: float) -> HopOffers:
    line.say(f"LHLO {hello}")  # RFC 2033 4.1
    reply = await line.reply(within=within)
    _need(reply, 250, "LHLO")
    return _offers(reply.lines[1:])


async def _over_tls(line: HopLine, offers: HopOffers, hop: Hop, hello: str, within: float) -> HopOffers:
    try:
        return await _secured(line, offers, hop, hello, within)
    except (LineBroken, HopAway) as error:
        if hop.tls is HopTls.REQUIRED:
            raise
        raise TlsFailed(error.reply if isinstance(error, HopAway) else str(error)) from None


async def _secured(line: HopLine, offers: HopOffers, hop: Hop, hello: str, within: float) -> HopOffers:
    if not offers.starttls or hop.context is None:
        raise HopAway("TLS is required, but cannot be had from this next hop")
    line.say("STARTTLS")
    _need(await line.reply(within=within), 220, "STARTTLS")
    await line.secure(hop.context, hop.name or hop.host, within=within)
    return await _hello(line, hello, within)  # RFC 3207 4.2: forget what was heard in clear


def _need(reply: HopReply, code: int, what: str) -> None:
    if reply.code != code:
        raise HopAway(HopReply(reply.code, (f"{what}: {' / '.join(reply.lines)}",)))


def _offers(lines: tuple[str, ...]) -> HopOffers:
    words = {line.split()[0].upper(): line.split()[1:] for line in lines if line.strip()}
    size = words.get("SIZE")
    limit = int(size[0]) if size and size[0].isascii() and size[0].isdigit() and len(size[0]) <= 20 else 0
    return HopOffers(
        pipelining="PIPELINING" in words,
        eight_bit="8BITMIME" in words,
        smtputf8="SMTPUTF8" in words,
        starttls="STARTTLS" in words,
        dsn="DSN" in words,
        size=None if size is None else limit,
    )
