"""A mailbox on an IMAP server that takes messages: flags, dates and octets as they are, nothing added.

    target = await ImapTarget.open(access)
    outcomes = await target.put(("INBOX",), messages)       # several calls at once are pipelined
    await target.close()

Is a `migrator.mailbox.Target`. It has `most` connections at once, two at least: one reads, the others carry. Where a
server takes only synchronising literals (no LITERAL+), each message costs a round trip: all that carry share them then,
and messages may be numbered in another order than they came.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Self

from migrator.imap.answers import Answer
from migrator.imap.appending import Appended, ToAppend
from migrator.imap.dates import write_date
from migrator.imap.errors import Declined
from migrator.imap.fetching import BRIEF, WHOLE, Fetched
from migrator.imap.folders import Folder, name_part, opened_for_writing, status
from migrator.imap.hashing import Hashed
from migrator.imap.keywords import SYSTEM, Keeps
from migrator.imap.mailbox import ImapMailbox, check, check_fetched, stale
from migrator.imap.making import made
from migrator.imap.quota import largest
from migrator.imap.senders import Senders
from migrator.imap.session import Session
from migrator.imap.sessions import Access
from migrator.imap.storing import stored
from migrator.imap.streaming import Run, Stream
from migrator.imap.telling import PATIENCE, patience
from migrator.imap.tree import state_of
from migrator.imap.uids import runs
from migrator.mailbox import (
    FolderName,
    FolderState,
    MailFolder,
    Message,
    NameRules,
    Outcome,
    Refused,
    Room,
    Shortfall,
    StaleFolder,
    Stored,
)

GONE = frozenset({"TRYCREATE", "NONEXISTENT"})  # response codes: RFC 3501 section 7.1, RFC 5530
PAUSING = PATIENCE - {"OVERQUOTA"}
LAGS = (0.3, 1.0)
LAST = 4_294_967_295  # RFC 3501 section 9: nz-number


class ImapTarget(ImapMailbox):
    """Made by `open`."""

    def __init__(self, access: Access, *, most: int, said: int | None = None) -> None:
        super().__init__(access, lambda _: Hashed(), most=1)
        self._senders = Senders(self.sessions, max(1, most - 1))
        self._said = said
        self._largest: dict[bytes, int | None] = {}  # octets of a message, by the folder's name on the wire

    @classmethod
    async def open(cls, access: Access, *, most: int = 8, said: int | None = None) -> Self:
        """Connect and log in. Raises MailboxError.

        `said`: octets of the largest message, as its provider has published them. They are told beforehand, where the
        server does not say it, and decide nothing: the server itself refuses what it does not take.
        """
        target = cls(access, most=most, said=said)
        await target.connect()
        return target

    @property
    def rules(self) -> NameRules:
        """Which folder names it takes; asked after `folders`."""
        return self.listed.rules

    async def room(self) -> Room:
        """What it lets in."""
        quota = await self.quota()
        largest = self._said if quota.largest is None else quota.largest
        return Room(quota.octets_left, quota.messages_left, largest)

    @property
    def lags(self) -> Sequence[float]:
        """Seconds to wait for what a broken connection has brought: Dovecot stores it some tenths later."""
        return LAGS

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        """Make these folders, parents first, with subscription and special use; what could not be, and why."""
        tree = await self.tree()
        with self.told():
            return await made(await self._senders.main(), tree, folders)

    @asynccontextmanager
    async def asking(self) -> AsyncGenerator[Session, None]:
        """The session that carries, for what needs no open folder."""
        yield await self._senders.counting()

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Store messages: one outcome for each, in order.

        Raises MailboxAway: then nobody knows what was stored; StaleFolder where the folder is gone.
        """
        into = (await self.tree()).folder(folder)
        with self.told():
            limit = await self._limit(into)
        fitting = [one for one in messages if limit is None or one.content.size <= limit]
        stored = dict(zip(map(id, fitting), await self._put(folder, into, fitting) if fitting else (), strict=True))
        return [stored[id(one)] if id(one) in stored else _too_large(one, limit) for one in messages]

    async def _limit(self, folder: Folder) -> int | None:
        """How many octets a message may have, asked once for each folder (RFC 7889)."""
        if folder.wire not in self._largest:
            self._largest[folder.wire] = await largest(await self._senders.main(), name_part(folder.wire))
        return self._largest[folder.wire]

    async def _put(self, folder: FolderName, into: Folder, messages: Sequence[Message]) -> Sequence[Outcome]:
        known = self._senders.keeping.get(into.wire, Keeps())
        with self.told():
            ready = [ToAppend(known.kept(one.item.flags), write_date(one.date), one.content) for one in messages]
            said: Sequence[Appended] = await self._senders.send(into, ready)
            if said and all(one.answer.code in GONE for one in said):
                raise StaleFolder(folder, f"it is gone: {said[0].answer.text}")
            sent, said = await self._without_keywords(into, ready, said)
            keeps = self._senders.keeping.get(into.wire, known)
            return [
                _outcome(answer, message.item.flags - keeps.kept(one.flags))
                for answer, message, one in zip(said, messages, sent, strict=True)
            ]

    async def _without_keywords(
        self, folder: Folder, sent: Sequence[ToAppend], said: Sequence[Appended]
    ) -> tuple[Sequence[ToAppend], Sequence[Appended]]:
        """Send messages once more that may be refused for their keywords alone; not where patience is asked for."""
        again = {
            number: replace(one, flags=one.flags & SYSTEM)
            for number, (one, answer) in enumerate(zip(sent, said, strict=True))
            if not one.flags <= SYSTEM and _may_be_for_keywords(answer.answer)
        }
        if not again:
            return sent, said
        anew = dict(zip(again, await self._senders.send(folder, list(again.values())), strict=True))
        return (
            [again.get(number, one) for number, one in enumerate(sent)],
            [anew.get(number, answer) for number, answer in enumerate(said)],
        )

    async def mark(self, folder: FolderName) -> FolderState:
        """The state of a folder now. Raises StaleFolder where it is gone."""
        known = (await self.tree()).folder(folder)
        with self.told():
            try:
                state = state_of(await status(await self._senders.counting(), known))
            except Declined as refused:
                raise stale(folder, refused) from None
        if state is None:
            raise StaleFolder(folder, "the server does not say how it is numbered")
        return state

    async def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncGenerator[tuple[int, int, bytes], None]:
        """UID, size and SHA-256 of messages from UIDNEXT of `state` on; of these sizes alone, as the server counts."""
        uids = [range(state.uidnext, LAST + 1)]
        if sizes is not None:
            async with aclosing(self._fetched(folder, uids, state.uidvalidity, BRIEF)) as listed:
                uids = list(runs(sorted([one.uid async for one in listed if one.size in sizes])))
        async for found in self._read_back(folder, uids, state.uidvalidity):
            yield found

    async def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncGenerator[tuple[int, int, bytes], None]:
        """UID, size and SHA-256 of messages read back."""
        async for found in self._read_back(folder, list(runs(sorted(set(uids)))), None):
            yield found

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """Give messages, by their UID there, these flags; the flags that the target cannot keep."""
        known = (await self.tree()).folder(folder)
        with self.told():
            async with self.sessions.one() as session:
                try:
                    opened = await opened_for_writing(session, known)
                except Declined as refused:
                    raise stale(folder, refused) from None
                keeping = Keeps(opened.keeps)
                kept = await stored(session, {uid: keeping.kept(one) for uid, one in flags.items()}, keeping)
        return frozenset(flag for uid, wanted in flags.items() for flag in wanted - kept[uid])

    async def finish(self) -> None:
        """Nothing is held back."""

    async def _read_back(
        self, folder: FolderName, uids: Sequence[range], uidvalidity: int | None
    ) -> AsyncGenerator[tuple[int, int, bytes], None]:
        if not uids:
            return
        async with aclosing(self._fetched(folder, uids, uidvalidity, WHOLE)) as coming:
            async for fetched in coming:
                yield fetched.uid, *_digest(fetched)

    async def _fetched(
        self, folder: FolderName, uids: Sequence[range], uidvalidity: int | None, items: bytes
    ) -> AsyncGenerator[Fetched, None]:
        run = Run((await self.tree()).folder(folder), uids, items)
        with self.told():
            async with self.sessions.one() as session, aclosing(Stream(session).of([run])) as coming:
                async for _, fetched in coming:
                    check(run, folder, uidvalidity)
                    if fetched is not None and run.asks(fetched.uid) and run.seen.add(fetched.uid):
                        yield fetched
            check_fetched(run)


def _too_large(message: Message, limit: int | None) -> Refused:
    """What is known beforehand to be refused is not sent."""
    return Refused(f"it has {message.content.size} octets, and the target takes {limit} at most", "TOOBIG")


def _may_be_for_keywords(said: Answer) -> bool:
    return said.word != "OK" and said.code in {"", "LIMIT"} and not patience(said.code, said.text)


def _outcome(said: Appended, dropped: frozenset[str]) -> Outcome:
    """What came of a message. Raises Declined where the server asks for patience."""
    answer = said.answer
    if answer.word == "OK":
        return Stored(said.uidvalidity, said.uid, dropped)
    asked = patience(answer.code, answer.text)
    if asked in PAUSING:
        raise Declined("APPEND", answer.word, asked, answer.text)
    return Refused(answer.text or answer.word, asked or answer.code)


def _digest(fetched: Fetched) -> tuple[int, bytes]:
    match fetched.body:
        case bytes() as octets:
            return len(octets), sha256(octets).digest()
        case Hashed() as hashed:
            return hashed.size, hashed.sha256
        case _:
            return 0, b""
