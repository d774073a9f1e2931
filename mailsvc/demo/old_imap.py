"""The old server of the demo world where no Dovecot is installed: a small IMAP4rev1 server over its Maildirs.

    users = Users({"hanako@closing.example": "secret"}, master="lastpost", secret="…")
    async with serving(Shelf(world.mail, numbers), users, socket): ...

It is read-only, in clear, for loopback, and knows what an export asks: LOGIN, AUTHENTICATE PLAIN (also the master user
for somebody else), NAMESPACE, LIST, STATUS, EXAMINE, UID FETCH of whole messages, UID SEARCH, LOGOUT. What it does
not know it answers BAD. A line of over 64 KiB ends the session.
"""

import asyncio
import hmac
import re
import socket
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailsvc.demo.old_shelf import Mail, Shelf
from migrator.folder_names import decoded, encoded, quoted

_CAN = b"IMAP4rev1 AUTH=PLAIN SASL-IR NAMESPACE UNSELECT"
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^ "]+)')
_SET = re.compile(r"(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?(?:,(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?)*")
_ITEMS = frozenset({b"UID", b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"BODY.PEEK[]"})
_STATE = frozenset({b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN", b"RECENT"})


class _Refused(Exception):
    """Answered instead of OK: NO or BAD, with the reason."""


@dataclass(frozen=True, slots=True)
class Users:
    """Who may log in: addresses with passwords, and a master user who may act for each of them."""

    passwords: Mapping[str, str] = field(repr=False)
    master: str
    secret: str = field(repr=False)

    def whose(self, user: str, password: str, authz: str = "") -> str:
        """The address whose mailbox is opened, "" for nobody's."""
        known = self.secret if user == self.master else self.passwords.get(user)
        if known is None or not hmac.compare_digest(known.encode(), password.encode()):
            return ""
        whose = authz or user
        return whose if whose in self.passwords and user in {whose, self.master} else ""


@asynccontextmanager
async def serving(shelf: Shelf, users: Users, listens: socket.socket) -> AsyncIterator[None]:
    """Serve on a socket that listens, while this lasts."""
    sessions: set[asyncio.Task[None]] = set()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            sessions.add(task)
            task.add_done_callback(sessions.discard)
        try:
            await _Session(shelf, users, reader, writer).run()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            return  # gone, or not what a client says
        finally:
            writer.close()

    server = await asyncio.start_server(session, sock=listens)
    try:
        yield
    finally:
        server.close()
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


class _Session:
    """One connection."""

    def __init__(self, shelf: Shelf, users: Users, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._shelf = shelf
        self._users = users
        self._reader = reader
        self._writer = writer
        self._whose = ""
        self._opened: list[Mail] | None = None
        self._open_to_all: Mapping[bytes, Callable[[list[bytes]], Iterator[bytes]]] = {
            b"CAPABILITY": lambda _: iter([b"* CAPABILITY " + _CAN]),
            b"NOOP": lambda _: iter(()),
            b"LOGIN": self._login,
        }
        self._inside: Mapping[bytes, Callable[[list[bytes]], Iterator[bytes]]] = {
            b"NAMESPACE": lambda _: iter([b'* NAMESPACE (("" "/")) NIL NIL']),
            b"LIST": self._list,
            b"LSUB": lambda words: (line.replace(b"* LIST", b"* LSUB", 1) for line in self._list(words)),
            b"STATUS": self._status,
            b"EXAMINE": self._examine,
            b"UNSELECT": self._unselect,
            b"UID": self._uid,
        }

    async def run(self) -> None:
        """Answer until the client leaves."""
        self._writer.write(b"* OK [CAPABILITY " + _CAN + b"] the old server of a demo world\r\n")
        while line := (await self._reader.readline()).rstrip(b"\r\n"):
            tag, *words = [plain or _unquoted(said) for said, plain in _WORD.findall(line)] or [b"*"]
            name = words[0].upper() if words else b""
            if name == b"LOGOUT":
                self._writer.write(b"* BYE good bye\r\n" + tag + b" OK\r\n")
                await self._writer.drain()
                return
            if name == b"AUTHENTICATE":
                words = await self._said(words)
            await self._answer(tag, name, words[1:])

    async def _said(self, words: list[bytes]) -> list[bytes]:
        """The words of AUTHENTICATE with what the client says for itself."""
        if len(words) == 2:
            self._writer.write(b"+ \r\n")
            words = [*words, (await self._reader.readline()).rstrip(b"\r\n")]
        return words

    async def _answer(self, tag: bytes, name: bytes, words: list[bytes]) -> None:
        act = self._open_to_all.get(name) or (self._inside.get(name) if self._whose else None)
        act = self._authenticate if name == b"AUTHENTICATE" else act
        end = b" OK done" if act else b" BAD that is not known here, or only after logging in"
        try:
            for line in act(words) if act else ():
                self._writer.write(line + b"\r\n")
                await self._writer.drain()
        except _Refused as refused:
            end = b" " + str(refused).encode()
        except (ValueError, IndexError):
            end = b" BAD that cannot be read"
        self._writer.write(tag + end + b"\r\n")
        await self._writer.drain()

    def _login(self, words: list[bytes]) -> Iterator[bytes]:
        user, password = words
        return self._enter(user.decode(), password.decode())

    def _authenticate(self, words: list[bytes]) -> Iterator[bytes]:
        mechanism, said = words
        if mechanism.upper() != b"PLAIN":
            raise _Refused("NO PLAIN is what is known here")
        authz, user, password = b64decode(said, validate=True).decode().split("\0")
        return self._enter(user, password, authz)

    def _enter(self, user: str, password: str, authz: str = "") -> Iterator[bytes]:
        self._whose = self._users.whose(user, password, authz)
        if not self._whose:
            raise _Refused("NO [AUTHENTICATIONFAILED] that is nobody known here")
        return iter(())

    def _list(self, words: list[bytes]) -> Iterator[bytes]:
        _, pattern = words
        if not pattern:
            yield b'* LIST (\\Noselect) "/" ""'
            return
        signs = {"*": ".*", "%": "[^/]*"}
        wanted = re.compile("".join(signs.get(sign) or re.escape(sign) for sign in decoded(pattern) or ""))
        for name in self._shelf.folders(self._whose):
            if wanted.fullmatch(name):
                yield b'* LIST () "/" ' + quoted(encoded(name))

    def _status(self, words: list[bytes]) -> Iterator[bytes]:
        mails = self._mails(words[0])
        told = {
            b"MESSAGES": len(mails),
            b"UIDNEXT": _next(mails),
            b"UIDVALIDITY": 1,
            b"UNSEEN": sum("\\Seen" not in mail.flags for mail in mails),
            b"RECENT": 0,
        }
        asked = [word.strip(b"()").upper() for word in words[1:]]
        if not _STATE.issuperset(asked):
            raise _Refused("BAD that is not counted here")
        yield b"* STATUS " + quoted(words[0]) + b" (" + b" ".join(b"%s %d" % (one, told[one]) for one in asked) + b")"

    def _examine(self, words: list[bytes]) -> Iterator[bytes]:
        self._opened = None
        mails = self._opened = self._mails(words[0])
        yield b"* %d EXISTS" % len(mails)
        yield b"* 0 RECENT"
        yield b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)"
        yield b"* OK [PERMANENTFLAGS ()] nothing is changed here"
        yield b"* OK [UIDVALIDITY 1] for ever"
        yield b"* OK [UIDNEXT %d] next" % _next(mails)

    def _unselect(self, _: list[bytes]) -> Iterator[bytes]:
        self._opened = None
        return iter(())

    def _uid(self, words: list[bytes]) -> Iterator[bytes]:
        if self._opened is None:
            raise _Refused("BAD no folder is open")
        match words[0].upper(), *words[1:]:
            case b"FETCH", which, *items:
                return _fetched(self._opened, which, {item.strip(b"()").upper() for item in items})
            case b"SEARCH", b"ALL":
                return _found(self._opened, b"1:*")
            case b"SEARCH", b"UID", which:
                return _found(self._opened, which)
            case _:
                raise _Refused("BAD that is not known here")

    def _mails(self, wire: bytes) -> list[Mail]:
        name = decoded(wire)
        mails = self._shelf.mails(self._whose, name) if name is not None else None
        if mails is None:
            raise _Refused("NO [NONEXISTENT] there is no such folder")
        return mails


def _fetched(mails: list[Mail], which: bytes, items: set[bytes]) -> Iterator[bytes]:
    if not items <= _ITEMS:
        raise _Refused("BAD that is not given here")
    for number, mail in _among(mails, which):
        octets = mail.octets()
        said = [b"UID %d" % mail.uid]
        if b"FLAGS" in items:
            said.append(b"FLAGS (" + mail.flags.encode() + b")")
        if b"INTERNALDATE" in items:
            said.append(b'INTERNALDATE "' + mail.date.encode() + b'"')
        if b"RFC822.SIZE" in items:
            said.append(b"RFC822.SIZE %d" % len(octets))
        if b"BODY.PEEK[]" in items:
            said.append(b"BODY[] {%d}\r\n%s" % (len(octets), octets))
        yield b"* %d FETCH (" % number + b" ".join(said) + b")"


def _found(mails: list[Mail], which: bytes) -> Iterator[bytes]:
    yield b"* SEARCH" + b"".join(b" %d" % mail.uid for _, mail in _among(mails, which))


def _among(mails: list[Mail], which: bytes) -> Iterator[tuple[int, Mail]]:
    """The messages of a set of UIDs, with their places."""
    text, last = which.decode("ascii"), mails[-1].uid if mails else 0
    if not _SET.fullmatch(text):
        raise ValueError(text)
    ends = [[last if end == "*" else int(end) for end in part.split(":")] for part in text.split(",")]
    for number, mail in enumerate(mails, 1):
        if any(min(pair) <= mail.uid <= max(pair) for pair in ends):
            yield number, mail


def _next(mails: list[Mail]) -> int:
    return mails[-1].uid + 1 if mails else 1


def _unquoted(said: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", said)
