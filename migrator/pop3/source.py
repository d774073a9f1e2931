"""A maildrop on a POP3 server that is read: UIDL, LIST and RETR alone, so that nothing in it changes.

    source = await Pop3Source.open(access, spool=folder, now=clock.now)
    async for message in source.messages([Wanted(INBOX)]): ...
    await source.close()

Is a `migrator.mailbox.Source` with one folder. POP3 knows neither flags nor dates of arrival: a date is that of the
topmost Received, else of Date, else of now, and the folder's note says so. Where the server pipelines, several RETR are
on their way; nothing is read before it is taken. Raises MailboxAway, MailboxLimited, MailboxRefused, StaleFolder.
"""

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Self

from migrator.ahead import Found, among
from migrator.dates import arrived
from migrator.imap.sessions import Access
from migrator.mailbox import (
    INBOX,
    FolderName,
    FolderState,
    Item,
    MailboxAway,
    MailboxLimited,
    MailFolder,
    Message,
    Missing,
    StaleFolder,
    Wanted,
)
from migrator.pop3.retrieving import NoRoom, Received, TooLong, retrieved
from migrator.pop3.session import Entry, Session, patience
from migrator.pop3.wire import Declined

UIDVALIDITY = 1  # a UID is made of the UIDL, which is never given anew (RFC 1939 section 7)
LARGEST = 1_073_741_823  # octets: what has a GiB is no mail
_AHEAD, _AHEAD_OCTETS = 32, 1_048_576  # messages asked for, and their octets
_GIVE_UP = 3  # times that a connection broke within the same message
_NOTE = (
    "POP3 knows no dates of arrival: each is that of the topmost Received, else of Date, else of the time of the move"
)


class Pop3Source:
    """Made by `open`."""

    def __init__(self, access: Access, spool: Path, now: Callable[[], datetime], *, largest: int) -> None:
        self._access, self._spool, self._now, self._largest = access, spool, now, largest
        self._session: Session | None = None
        self._listed: Session | None = None  # the session whose listing is the one that counts
        self._one = asyncio.Lock()  # a maildrop is opened once at a time (RFC 1939 section 4)
        self._fresh = False
        self._broke: Counter[int] = Counter()

    @classmethod
    async def open(cls, access: Access, *, spool: Path, now: Callable[[], datetime], largest: int = LARGEST) -> Self:
        """Connect, log in and list. A message of over `largest` octets is Missing. Raises MailboxError."""
        source = cls(access, spool, now, largest=largest)
        await source._ready()
        source._fresh = True
        return source

    @property
    def described(self) -> str:
        """Where it is."""
        return f"pop3 {self._access}"

    async def folders(self) -> Sequence[MailFolder]:
        """INBOX, as it is now: by a new session, unless the server wants those to be rare."""
        async with self._one:
            if not self._fresh and self._session is not None and not self._session.delayed:
                await self._leave()
            session = await self._ready()
            self._fresh = False
        uids = sorted(entry.uid for entry in session.drop)
        digest = hashlib.sha256(b"".join(b"%d\n" % uid for uid in uids)).digest()
        modseq = int.from_bytes(digest[:8], "big") >> 2
        state = FolderState(UIDVALIDITY, (uids[-1] if uids else 0) + 1, len(uids), modseq)
        return [MailFolder(INBOX, state=state, octets=sum(entry.size for entry in session.drop), note=_NOTE)]

    async def items(self, folder: FolderName) -> AsyncIterator[Item]:
        """Every message, by rising UID."""
        _check(folder)
        async with self._one:
            session = self._listed or await self._ready()
        for entry in sorted(session.drop, key=lambda one: one.uid):
            yield Item(entry.uid, frozenset(), entry.size)

    async def messages(self, wanted: Sequence[Wanted]) -> AsyncGenerator[Found, None]:
        """The messages wanted, in the order of the maildrop."""
        for one in wanted:
            _check(one.folder, one.uidvalidity)
            chosen, done = among(one.uids), set[int]()
            whole = False
            while not whole:
                async with aclosing(self._pass(chosen, done)) as coming:
                    async for found in coming:
                        yield found
                whole = self._session is not None
            async with self._one:
                listed = self._listed
            for entry in listed.drop if listed else ():
                if chosen(entry.uid) and entry.uid not in done:
                    yield Missing(INBOX, entry.uid, "it was removed meanwhile", gone=True)

    async def counted(self) -> tuple[int, int] | None:
        """What STAT says."""
        return self._listed.counted if self._listed is not None else None

    async def close(self) -> None:
        """Say goodbye."""
        async with self._one:
            await self._leave()

    async def _ready(self) -> Session:
        """The session, opened where there is none."""
        if self._session is None or not self._session.alive:
            self._session = await Session.open(self._access)
            self._listed = self._session
        return self._session

    async def _leave(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _pass(self, chosen: Callable[[int], bool], done: set[int]) -> AsyncGenerator[Found, None]:
        """What is still wanted, until all is done or the session is spent: then it is none any more."""
        async with self._one:
            session = await self._ready()
            wanted = [entry for entry in session.drop if chosen(entry.uid) and entry.uid not in done]
            whole = False
            try:
                for entry in wanted:
                    if entry.size > self._largest or self._broke[entry.uid] >= _GIVE_UP:
                        done.add(entry.uid)
                        yield Missing(INBOX, entry.uid, self._why_not(entry))
                left = [entry for entry in wanted if entry.uid not in done]
                async with aclosing(self._stream(session, left)) as coming:
                    async for found in coming:
                        done.add(found.uid if isinstance(found, Missing) else found.item.uid)
                        yield found
                whole = True
            except TooLong as why:
                done.add(why.uid)
                yield Missing(INBOX, why.uid, str(why))
            finally:
                if not whole:
                    self._session = None
                    await session.end()

    def _why_not(self, entry: Entry) -> str:
        if entry.size > self._largest:
            return f"it has {entry.size} octets, and more than {self._largest} are not taken"
        return f"the connection broke each of the {_GIVE_UP} times that it was asked for"

    async def _stream(self, session: Session, entries: Sequence[Entry]) -> AsyncGenerator[Found, None]:
        """Ask for these and give what comes, with as many asked for ahead as the server allows."""
        waiting, asked = deque(entries), deque[Entry]()
        while waiting or asked:
            while waiting and (not asked or (session.pipelines and _fits(asked, waiting[0]))):
                asked.append(waiting.popleft())
                await session.wire.say(b"RETR %d" % asked[-1].number)
            entry = asked.popleft()
            try:
                yield self._message(entry, await retrieved(session.wire, entry, self._spool, self._largest))
            except Declined as no:
                with session.told():
                    if patience(no):
                        raise
                yield Missing(INBOX, entry.uid, no.text)
            except MailboxAway:
                self._broke[entry.uid] += 1
                raise
            except NoRoom as full:
                raise MailboxLimited(str(full), code="DISKFULL") from full

    def _message(self, entry: Entry, received: Received) -> Message:
        date = arrived(received.head) or self._now().replace(microsecond=0)
        return Message(INBOX, Item(entry.uid, frozenset(), received.content.size), date, received.content)


def _fits(asked: Sequence[Entry], following: Entry) -> bool:
    return len(asked) < _AHEAD and sum(one.size for one in asked) + following.size <= _AHEAD_OCTETS


def _check(folder: FolderName, uidvalidity: int | None = None) -> None:
    if folder != INBOX or uidvalidity not in {None, UIDVALIDITY}:
        raise StaleFolder(folder, "a maildrop has no folder but INBOX, and numbers nothing anew")
