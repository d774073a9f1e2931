"""The wire below a line: aioimaplib's protocol with our own reader, compression and flow control.

It tells `heard` every response and, once, `lost` why there are no more. `pour` writes and waits while the server is
slow. aioimaplib's own reading is recursive, keeps whole messages and learns of a lost
connection only when a timer ends.
"""

import asyncio
import os
import ssl
import zlib
from collections.abc import Callable, Iterator

from aioimaplib.aioimaplib import IMAP4ClientProtocol

from migrator.imap.errors import Garbled, Gone, ImapError, NoRoom, NotImap, NoTls, Oversized, Silent, Untrusted
from migrator.imap.reading import BadResponse, Response, ResponseReader, Spool, TooLarge
from migrator.imap.waiting import Waiting

PIECE = 262_144  # octets

Take = Callable[[Response], bool | None]  # whether it was asked for, and new; nothing where nobody knows


def ignore(_: Response) -> None:
    """Take no notice."""


class Wire(IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib has no annotations
    """aioimaplib's protocol with a reader of our own; tells `heard` every response and `lost` why there are no more."""

    def __init__(self, spool: Spool | None, patience: float) -> None:
        super().__init__(asyncio.get_running_loop())
        self.heard: Callable[[Response], None] = ignore
        self.lost: Callable[[ImapError], None] = lambda _: None
        self.writable = asyncio.Event()
        self.writable.set()
        self.waiting = Waiting(patience, self.loop.time)
        self._reader = ResponseReader(spool)
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None
        self._ended = False
        self._held = False
        self._rest: bytes | None = None  # came while nothing more was to be read

    def data_received(self, d: bytes) -> None:
        """Cut what came into responses; what cannot be read ends the line."""
        self.waiting.heard()
        d, self._rest = (self._rest or b"") + d, None
        try:
            for octets in self._plain(d):
                if self._reader.spooling:
                    self.waiting.poured(len(octets))
                for response in self._reader.feed(octets):
                    self.heard(response)
        except TooLarge as why:
            self.end(Oversized(str(why)))
        except (BadResponse, zlib.error) as why:
            self.end(Garbled(f"the server speaks no IMAP: {why}"))
        except OSError as why:
            self.end(NoRoom(f"what the server sends cannot be kept here: {why.strerror or why}"))

    def eof_received(self) -> bool:
        """The server has closed; what is half said is cut."""
        self.end(Gone("the server closed the connection" + (" within a response" if self._reader.within else "")))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.end(Gone(f"the connection broke: {exc}" if exc else "the connection is closed"))

    def pause_writing(self) -> None:
        """Enough is on its way."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """There is room again."""
        self.writable.set()

    def hold(self) -> None:
        """Read no more, and inflate no more of what has been read."""
        self._held = True
        self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        self._held = False
        self.transport.resume_reading()
        if self._rest is not None:
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self._ended and not self._held:
            self.data_received(b"")

    def end(self, why: ImapError) -> None:
        """Tell why, once, and cut."""
        if self._ended:
            return
        self._ended = True
        self.lost(why)
        self.writable.set()
        if self.transport is not None:
            self.transport.abort()

    @property
    def within(self) -> bool:
        """Whether something has come that is not yet a whole response."""
        return self._reader.within

    async def pour(self, octets: bytes) -> None:
        """Write, and wait while the server is slow."""
        if self._deflate is not None:
            octets = self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self.transport.write(octets)
        await self.writable.wait()
        self.waiting.got()

    def _plain(self, octets: bytes) -> Iterator[bytes]:
        """What came, inflated in pieces: a few octets can stand for very many."""
        if self._inflate is None:
            yield octets
            return
        whole = False
        while not whole:
            if self._held:
                self._rest = octets
                return
            piece = self._inflate.decompress(octets, PIECE)
            octets = self._inflate.unconsumed_tail
            whole = not octets and len(piece) < PIECE
            yield piece

    def compress(self) -> None:
        """Both directions are deflated from here on (RFC 4978)."""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)


async def connected(
    host: str, port: int, *, tls: ssl.SSLContext | None, patience: float, name: str, spool: Spool | None
) -> Wire:
    """Connect, with `tls` from the first octet. Raises Gone, Silent, Untrusted, NoTls, NotImap."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience):
            _, wire = await loop.create_connection(
                lambda: Wire(spool, patience), host, port, ssl=tls, server_hostname=(name or host) if tls else None
            )
    except TimeoutError:
        raise Silent(f"{host}:{port} does not answer") from None
    except ssl.SSLError as error:
        raise tls_failed(f"{host}:{port}", error) from None
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        raise Gone(f"{host}:{port} cannot be reached: {why}") from None
    return wire


def tls_failed(place: str, error: OSError) -> ImapError:
    """Why TLS did not come about: what another try would meet again, unless the connection broke meanwhile."""
    match error:
        case ssl.SSLCertVerificationError():
            return Untrusted(f"the certificate of {place} is not to be trusted: {error.verify_message}")
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "RECORD_LAYER_FAILURE"):
            return NotImap(f"what {place} answers is no TLS: some ports begin in clear, for STARTTLS")
        case ssl.SSLError() if not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return NoTls(f"{place} and we agree on no TLS: {error.reason or error}")
        case _:
            return Gone(f"TLS with {place} failed: {error.strerror or error}")
