"""A session with an IMAP server: connected, secured, logged in, and told what can be used.

    session = await Session.open(server, credentials, patience=60)
    session.can, session.line, session.utf8

In order: connect, STARTTLS where it is asked for, CAPABILITY, log in, CAPABILITY again, ID where the server wants one,
UTF8=ACCEPT where it is offered, COMPRESS where the caller wants it. What a server offers and does not do after all is
not used; nothing else depends on it.
Raises Gone, Garbled, Declined, NoWay; Stalled where a server is silent before one is logged in.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from migrator.imap.answers import Answer
from migrator.imap.errors import Declined, Silent, Stalled
from migrator.imap.line import Line
from migrator.imap.login import Credentials, NoWay, log_in
from migrator.imap.reading import Response, Spool

# What we say of ourselves where a server wants to know (RFC 2971; some refuse whoever does not say).
IDENTITY = b'("name" "lastpost")'


class Security(StrEnum):
    """How a connection is secured."""

    TLS = "tls"  # from the first octet (RFC 8314)
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is; `name` is what its certificate must say, and `address` where to connect instead of asking."""

    name: str
    port: int
    security: Security
    context: ssl.SSLContext | None = None  # needed unless security is NONE
    address: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


class Session:
    """One logged-in connection."""

    def __init__(self, line: Line, greeting: Answer) -> None:
        self.line = line
        self.can = _named(greeting)
        self.utf8 = False  # names and headers are UTF-8 (RFC 6855)

    @classmethod
    async def open(
        cls,
        server: Server,
        credentials: Credentials,
        *,
        patience: float,
        compress: bool = False,
        spool: Spool | None = None,
    ) -> "Session":
        """Connect and log in; what fails on the way closes the connection."""
        try:
            return await cls._opened(server, credentials, patience=patience, compress=compress, spool=spool)
        except Silent as silent:
            raise Stalled(str(silent)) from silent  # whoever lets nobody in will not do so a moment later

    async def close(self) -> None:
        """Log out and end."""
        await self.line.close()

    @classmethod
    async def _opened(
        cls, server: Server, credentials: Credentials, *, patience: float, compress: bool, spool: Spool | None
    ) -> "Session":
        context = server.context if server.security is Security.TLS else None
        if server.context is None and server.security is not Security.NONE:
            raise ValueError("a secured connection needs a context")
        place = server.address or server.name
        line = await Line.open(place, server.port, tls=context, patience=patience, name=server.name, spool=spool)
        try:
            session = cls(line, line.greeting)
            await session._begin(server, credentials)
            await session._enable(compress=compress)
        except BaseException:
            await line.close()
            raise
        return session

    async def _begin(self, server: Server, credentials: Credentials) -> None:
        match server.security:
            case Security.STARTTLS:
                await self._learn()
                await self._starttls(server)
                await self._learn(again=True)  # RFC 3501 6.2.1: what was said in clear counts no more
            case Security.TLS | Security.NONE:
                await self._learn()
            case _ as never:
                assert_never(never)
        if self.line.greeting.word == "PREAUTH":
            return
        said = await log_in(self.line, credentials, self.can)
        self.can = _named(said)
        await self._learn()

    async def _starttls(self, server: Server) -> None:
        if "STARTTLS" not in self.can or server.context is None:
            raise NoWay(f"{server} does not offer STARTTLS, and nothing is said to it in clear")
        await self.line.secure(server.context, server.name)

    async def _learn(self, *, again: bool = False) -> None:
        """Ask what the server can do, unless it has said so by itself."""
        if self.can and not again:
            return
        found: list[bytes] = []

        def take(response: Response) -> None:
            if response.first.upper().startswith(b"* CAPABILITY "):
                found.append(response.first[len(b"* CAPABILITY ") :])

        await self.line.run(b"CAPABILITY", take=take)
        self.can = frozenset(b" ".join(found).decode("ascii", "replace").upper().split())

    async def _enable(self, *, compress: bool) -> None:
        self.line.literals = "+" if "LITERAL+" in self.can else "-" if "LITERAL-" in self.can else ""
        if "ID" in self.can:
            await self.line.start(b"ID " + IDENTITY)  # nobody waits for what it says
        if {"ENABLE", "UTF8=ACCEPT"} <= self.can:
            self.utf8 = await self._try(b"ENABLE UTF8=ACCEPT")
        if compress and "COMPRESS=DEFLATE" in self.can:
            try:
                await self.line.deflate()
            except Declined:
                self.can -= {"COMPRESS=DEFLATE"}

    async def _try(self, command: bytes) -> bool:
        """Whether the server does what it offers."""
        return (await self.line.ask(command)).word == "OK"


@asynccontextmanager
async def session(
    server: Server, credentials: Credentials, *, patience: float, compress: bool = False, spool: Spool | None = None
) -> AsyncIterator[Session]:
    """A session that is closed where its block ends."""
    opened = await Session.open(server, credentials, patience=patience, compress=compress, spool=spool)
    try:
        yield opened
    finally:
        await opened.close()


def _named(answer: Answer) -> frozenset[str]:
    """The capabilities in an answer's response code (RFC 3501 7.1)."""
    return frozenset(answer.more.upper().split()) if answer.code == "CAPABILITY" else frozenset()
