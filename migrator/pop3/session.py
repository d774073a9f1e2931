"""A session with a POP3 server: connected, secured, logged in, and everything in the maildrop listed by its UIDL.

    session = await Session.open(access)
    session.drop                          # number, UID and size of each message, in the server's order
    session.counted                       # messages and octets as STAT says
    await session.close()

A message's UID is made of its UIDL, so it is the same in every session; UIDVALIDITY is 1. What comes meanwhile belongs
to the next session. Raises MailboxRefused, MailboxLimited where the server asks for patience, MailboxAway.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from migrator.imap.login import NoWay
from migrator.imap.session import Security
from migrator.imap.sessions import Access
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused
from migrator.pop3.login import Can, log_in
from migrator.pop3.wire import Declined, Wire
from migrator.reasons import Code

_BITS = 62  # of a UID
_MOST = 2_000_000  # messages
_CAPABILITIES = 100  # lines
_LONGEST_UIDL = 512  # octets; RFC 1939 allows 70
_PATIENCE = {"IN-USE": "INUSE", "LOGIN-DELAY": "LIMIT", "SYS/TEMP": "UNAVAILABLE"}
_LOCKED = re.compile(
    r"mail(?:drop|box).{0,60}\b(?:locked|in use|busy)\b|\block\b.{0,60}mail(?:drop|box)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it is listed: its number in this session, its UID in all of them."""

    number: int
    uid: int
    size: int  # octets as announced


class Session:
    """One logged-in connection. Used by one at a time."""

    def __init__(self, wire: Wire, access: Access) -> None:
        self.wire = wire
        self.place = str(access)
        self._host = access.server.name.lower()
        self.can: Can = {}
        self.drop: Sequence[Entry] = ()
        self.counted = 0, 0
        self.alive = True

    @classmethod
    async def open(cls, access: Access) -> "Session":
        """Connect, log in and list; what fails on the way closes the connection."""
        server = access.server
        if server.context is None and server.security is not Security.NONE:
            raise ValueError("a secured connection needs a context")
        session = cls(await Wire.open(server, patience=access.patience), access)
        try:
            with session.told():
                await session._begin(access)
                await session._list()
        except BaseException:
            await session.end()
            raise
        return session

    @property
    def pipelines(self) -> bool:
        """Whether several commands may be on their way (RFC 2449 section 6.6)."""
        return "PIPELINING" in self.can

    @property
    def delayed(self) -> bool:
        """Whether it takes a while until one may log in again (RFC 2449 section 6.5)."""
        return bool(self.can.get("LOGIN-DELAY"))

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the server refuses, as what a mailbox raises."""
        try:
            yield
        except Declined as no:
            if code := patience(no):
                asked = f"{self.place}: {no}"
                where = {"host": self._host, "place": self.place}
                raise MailboxLimited(asked, code=code, wait=self._wait(no), said=no.text, **where) from None
            reason = Code.LOGIN if no.command.startswith(("USER", "PASS", "AUTH")) else Code.DECLINED
            raise MailboxRefused(f"{self.place}: {no}", reason=reason, place=self.place, said=no.text) from None
        except NoWay as no:
            raise MailboxRefused(f"{self.place}: {no}", reason=Code.LOGIN_WAY, place=self.place) from None

    async def close(self) -> None:
        """Say goodbye. Nothing was marked as deleted, so nothing is."""
        # A server that lets nothing stay (EXPIRE 0) might delete what was read; without QUIT it must not (RFC 1939 6).
        await self._end(politely=self.alive and self.can.get("EXPIRE", ())[:1] != ("0",))

    async def end(self) -> None:
        """Cut: something is half said."""
        await self._end(politely=False)

    async def _end(self, *, politely: bool) -> None:
        self.alive = False
        await self.wire.close(politely=politely)

    async def _begin(self, access: Access) -> None:
        server = access.server
        await self.wire.answer("the connection")
        await self._learn()
        if server.security is Security.STARTTLS and server.context is not None:
            if "STLS" not in self.can:
                why = f"{server} does not offer STLS, and nothing is said to it in clear"
                raise MailboxRefused(why, reason=Code.TLS, place=str(server))
            await self.wire.ask(b"STLS")
            await self.wire.secure(server, server.context)
            await self._learn()  # RFC 2595 section 4: what was said in clear counts no more
        await log_in(self.wire, access.credentials, self.can)
        before = self.can
        await self._learn()
        self.can = self.can or before

    async def _learn(self) -> None:
        """Ask what the server can do; one that does not know the question can little."""
        try:
            await self.wire.ask(b"CAPA")
        except Declined:
            self.can = {}
            return
        found = {}
        async for line in self.wire.lines(most=_CAPABILITIES):
            name, *more = line.decode("ascii", "replace").split() or [""]
            found[name.upper()] = tuple(more)
        self.can = found

    async def _list(self) -> None:
        count, octets = _numbers(await self.wire.ask(b"STAT"), "STAT")
        if count > _MOST:
            raise MailboxRefused(f"{self.place}: there are {count} messages, and more than {_MOST} are not taken")
        self.counted = count, octets
        names = await self._names(count)
        await self.wire.ask(b"LIST")
        sizes = dict([_numbers(line.decode("ascii", "replace"), "LIST") async for line in self.wire.lines(most=count)])
        if len(names) != count or names.keys() != sizes.keys():
            raise MailboxAway(f"{self.place}: UIDL and LIST do not name the same {count} messages")
        uids = _uids(name for _, name in sorted(names.items()))
        self.drop = [Entry(number, uid, sizes[number]) for number, uid in zip(sorted(names), uids, strict=True)]

    async def _names(self, count: int) -> dict[int, bytes]:
        """The UIDL of each message."""
        try:
            await self.wire.ask(b"UIDL")
        except Declined as no:
            if patience(no):
                raise
            raise MailboxRefused(
                f"{self.place}: the server knows no UIDL ({no.text}): nobody could tell what was moved before"
            ) from None
        found = {}
        async for line in self.wire.lines(most=count):
            number, _, name = line.partition(b" ")
            if not number.isdigit() or not 0 < len(name.strip()) <= _LONGEST_UIDL:
                raise MailboxRefused(f"{self.place}: what it lists by UIDL is no list")
            found[int(number)] = name.strip()
        return found

    def _wait(self, no: Declined) -> timedelta | None:
        said = self.can.get("LOGIN-DELAY", ())
        if no.code == "LOGIN-DELAY" and said and said[0].isdigit():
            return timedelta(seconds=min(int(said[0][:6]), 86_400))
        return None


def patience(no: Declined) -> str:
    """The code by which a server asks for patience, as IMAP names it; "" where it does not (RFC 2449, RFC 3206).

    A server without codes says in words that somebody else has the maildrop open (RFC 1939 section 4).
    """
    said = not no.code and no.command.startswith(("PASS", "AUTH")) and _LOCKED.search(no.text)
    return "INUSE" if said else _PATIENCE.get(no.code, "")


def _uids(names: Iterable[bytes]) -> Iterator[int]:
    """The UIDs that UIDLs make; identical copies may share one (RFC 1939), and get the next ones."""
    taken, following = set[int](), dict[bytes, int]()
    for name in names:
        first = following.get(name)
        uid = first or (int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> (64 - _BITS)) or 1
        while uid in taken:
            uid += 1
        taken.add(uid)
        following[name] = uid + 1
        yield uid


def _numbers(text: str, command: str) -> tuple[int, int]:
    words = text.split()
    if len(words) < 2 or not all(word.isascii() and word.isdigit() and len(word) < 16 for word in words[:2]):
        raise MailboxRefused(f"the server speaks no POP3: {text[:80]!r} answers {command}")
    return int(words[0]), int(words[1])
