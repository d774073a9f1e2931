r"""Lines and bodies as a POP3 server sends them (RFC 1939), each bounded.

    wire = await Wire.open(server, patience=60)
    await wire.ask(b"STAT")                    # what stands behind "+OK "; raises Declined for "-ERR"
    async for line in wire.lines(most=100): ...
    async for octets in wire.body(): ...       # as it comes, dot-unstuffed; only CRLF ends a line

The reader takes no more from the network than is asked for, so a slow taker slows the server.
Raises Declined; MailboxAway where the connection is lost, or where we have waited `patience` seconds in all for an
answer or for the next 16 KiB of one; MailboxRefused where what answers speaks no POP3 or has a certificate that is not
to be trusted.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator

from migrator.imap.answers import printable
from migrator.imap.session import Security, Server
from migrator.mailbox import MailboxAway, MailboxRefused, MailboxStalled
from migrator.reasons import Code

LONGEST = 8192  # octets of a line that is no message's (RFC 2449 section 4 allows 512)
_PIECE = 65_536
_ENOUGH = 16_384  # octets that have to come while our patience lasts
_HELD = 4  # octets that may be part of what ends a body
_CODE = re.compile(r"\[([A-Za-z][A-Za-z0-9/-]{0,40})\] ?(.*)", re.DOTALL)


class Declined(Exception):
    """The server said -ERR; `code` is its response code in upper case, as SYS/TEMP (RFC 3206), or ""."""

    def __init__(self, command: str, said: str) -> None:
        found = _CODE.match(said)
        self.command = command
        self.code = found[1].upper() if found else ""
        self.text = said or "no reason given"
        super().__init__(f"{command} was refused: {self.text}")


class Wire:
    """One connection."""

    def __init__(self, place: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._place, self._patience = place, patience
        self._reader, self._writer = reader, writer
        self._held = bytearray()
        self._left, self._came = patience, 0  # seconds of patience, and octets since it was whole

    @classmethod
    async def open(cls, server: Server, *, patience: float) -> "Wire":
        """Connect, by TLS from the first octet where `server` says so."""
        context = server.context if server.security is Security.TLS else None
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(
                    server.address or server.name,
                    server.port,
                    ssl=context,
                    server_hostname=server.name if context else None,
                    limit=_PIECE,
                )
        except TimeoutError:
            raise MailboxStalled(f"{server} does not answer", place=str(server)) from None
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(server, error) from None
        except OSError as error:
            raise MailboxAway(f"{server} cannot be reached: {error.strerror or error}", place=str(server)) from None
        return cls(str(server), reader, writer, patience)

    async def secure(self, server: Server, context: ssl.SSLContext) -> None:
        """Go on by TLS; what was sent before that in clear is no answer to anything."""
        if self._held:
            why = f"{self._place} sends in clear what belongs behind STLS"
            raise MailboxRefused(why, reason=Code.TLS, place=self._place)
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.start_tls(context, server_hostname=server.name)
        except TimeoutError:
            raise MailboxAway(f"{self._place} does not answer", place=self._place) from None
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(server, error) from None
        except OSError as error:
            raise self._lost(str(error)) from None

    async def ask(self, command: bytes, *, name: str = "") -> str:
        """Say a command and hear its answer; `name` stands for it where it holds a secret."""
        await self.say(command)
        return await self.answer(name or command.decode("ascii", "replace"))

    async def say(self, command: bytes) -> None:
        """Say a command, or several that are joined by CRLF."""
        self._be_patient()
        try:
            async with asyncio.timeout(self._patience):
                self._writer.write(command + b"\r\n")
                await self._writer.drain()
        except TimeoutError:
            raise MailboxAway(f"{self._place} takes nothing more", place=self._place) from None
        except OSError as error:
            raise self._lost(str(error)) from None

    async def answer(self, command: str) -> str:
        """The first line of an answer, without its "+OK " or "+ "."""
        line = await self.line()
        self._be_patient()
        word, _, rest = line.partition(b" ")
        match word.upper():
            case b"+OK" | b"+":
                return printable(rest)
            case b"-ERR":
                raise Declined(command, printable(rest.strip()))
            case _:
                why = f"{self._place} speaks no POP3: {printable(line[:80])}"
                raise MailboxRefused(why, reason=Code.PROTOCOL, place=self._place)

    async def lines(self, *, most: int) -> AsyncGenerator[bytes, None]:
        """The lines behind an answer, up to the dot that ends them; `most` are more than can be meant."""
        count = 0
        while (line := await self.line()) != b".":
            count += 1
            if count > most:
                raise MailboxRefused(f"{self._place} sends a list without end")
            yield line[1:] if line.startswith(b".") else line

    async def line(self) -> bytes:
        """One line, without what ends it."""
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > LONGEST:
                raise MailboxRefused(f"{self._place} sends a line without end")
            await self._more()
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return line.removesuffix(b"\r")

    async def body(self) -> AsyncGenerator[bytes, None]:
        """A message in pieces, up to the dot that ends it."""
        start = True  # whether what comes begins a line
        while True:
            octets = bytes(self._held)
            if start and octets.startswith(b".\r\n"):
                del self._held[:3]
                return
            end = octets.find(b"\r\n.\r\n")
            cut = end + 2 if end >= 0 else _safe(octets)
            if cut:
                del self._held[:cut]
                yield _unstuffed(octets[:cut], start=start)
                start = octets[:cut].endswith(b"\r\n")
            if end < 0:
                await self._more()

    async def close(self, *, politely: bool) -> None:
        """End; `politely`: by QUIT, for whose answer nobody waits long."""
        try:
            if politely:
                async with asyncio.timeout(min(self._patience, 2.0)):
                    await self.ask(b"QUIT")
        except (Declined, MailboxAway, MailboxRefused, TimeoutError):
            pass  # there is nothing that it could have changed
        finally:
            self._writer.transport.abort()

    async def _more(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._left):
                octets = await self._reader.read(_PIECE)
        except TimeoutError:
            came = f"sent {self._came} octets" if self._came else "said nothing"
            raise MailboxAway(f"{self._place} has {came} for {self._patience:g} s", place=self._place) from None
        except OSError as error:
            raise self._lost(str(error)) from None
        if not octets:
            raise self._lost("the server closed it")
        self._held += octets
        self._left -= clock() - began
        self._came += len(octets)
        if self._came >= _ENOUGH:
            self._be_patient()

    def _be_patient(self) -> None:
        """Wait from now on as long as ever."""
        self._left, self._came = self._patience, 0

    def _lost(self, why: str) -> MailboxAway:
        return MailboxAway(f"the connection to {self._place} broke: {why}", place=self._place)


def _safe(octets: bytes) -> int:
    """Up to where octets are surely within a message, however they go on."""
    cut = max(0, len(octets) - _HELD)
    return cut - 1 if octets[:cut].endswith(b"\r") else cut


def _unstuffed(octets: bytes, *, start: bool) -> bytes:
    """Octets without the dots that were put in front of lines that begin with one (RFC 1939 section 3)."""
    first = 1 if start and octets.startswith(b".") else 0
    return octets[first:].replace(b"\r\n.", b"\r\n")


def _untrusted(server: Server, error: ssl.SSLCertVerificationError) -> MailboxRefused:
    why = f"the certificate of {server} is not to be trusted: {error.verify_message}"
    return MailboxRefused(why, reason=Code.CERTIFICATE, place=str(server))
