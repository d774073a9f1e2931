"""Mailboxes in memory, with the faults that real ones have; a `Box`, as a server, outlives sources and targets."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from migrator.content import Kept
from migrator.mailbox import (
    FolderName,
    FolderState,
    Item,
    MailboxAway,
    MailFolder,
    Message,
    Missing,
    NameRules,
    Outcome,
    Refused,
    Room,
    Shortfall,
    SpecialUse,
    StaleFolder,
    Stored,
    Wanted,
)

DATE = datetime(2019, 4, 1, 9, 30, tzinfo=UTC)
SEEN = frozenset({"\\Seen"})
NONE = frozenset[str]()


@dataclass
class Held:
    """A message in a folder."""

    octets: bytes
    flags: frozenset[str] = NONE
    date: datetime = DATE


@dataclass
class Folder:
    """A folder of a box."""

    uidvalidity: int
    uidnext: int = 1
    messages: dict[int, Held] = field(default_factory=dict)
    modseq: int = 1
    subscribed: bool = False
    special_use: SpecialUse | None = None
    left_out: str = ""
    holds_messages: bool = True

    def add(self, *octets: bytes, flags: frozenset[str] = NONE, date: datetime = DATE) -> list[int]:
        """New messages; their UIDs."""
        uids = []
        for one in octets:
            uids.append(self.uidnext)
            self.messages[self.uidnext] = Held(one, flags, date)
            self.uidnext += 1
            self.modseq += 1
        return uids

    def expunge(self, *uids: int) -> None:
        for uid in uids:
            del self.messages[uid]
            self.modseq += 1

    def flag(self, uid: int, flags: frozenset[str]) -> None:
        self.messages[uid].flags = flags
        self.modseq += 1

    def renumber(self) -> None:
        """Another UIDVALIDITY, and other UIDs."""
        held = list(self.messages.values())
        self.uidvalidity += 1
        self.uidnext = 1000
        self.messages = {}
        for one in held:
            self.messages[self.uidnext] = one
            self.uidnext += 1

    @property
    def octets(self) -> list[bytes]:
        return sorted(one.octets for one in self.messages.values())


class Box:
    """What a server keeps."""

    def __init__(self, *, condstore: bool = True) -> None:
        self.folders: dict[FolderName, Folder] = {}
        self.condstore = condstore
        self._validities = itertools.count(7)

    def folder(self, *name: str) -> Folder:
        """The folder of this name, made where it is not there."""
        if name not in self.folders:
            self.folders[name] = Folder(next(self._validities))
        return self.folders[name]

    def state(self, name: FolderName) -> FolderState:
        if name not in self.folders:
            raise StaleFolder(name, "no such folder")
        one = self.folders[name]
        return FolderState(one.uidvalidity, one.uidnext, len(one.messages), one.modseq if self.condstore else None)

    def listed(self) -> list[MailFolder]:
        return [
            MailFolder(
                name,
                one.special_use,
                one.subscribed,
                one.holds_messages,
                one.left_out,
                self.state(name),
                sum(len(held.octets) for held in one.messages.values()),
            )
            for name, one in self.folders.items()
        ]

    @property
    def octets(self) -> dict[FolderName, list[bytes]]:
        """What every folder holds."""
        return {name: one.octets for name, one in self.folders.items()}


class MemorySource:
    """A box that is read. `before` is called before each message is given, and may change the box or raise."""

    described = "memory:source"

    def __init__(self, box: Box, *, before: Callable[[FolderName, int], None] | None = None) -> None:
        self.box = box
        self.before = before or (lambda _folder, _uid: None)
        self.missing: dict[tuple[FolderName, int], Missing] = {}
        self.hides: set[tuple[FolderName, int]] = set()  # listed, and never given
        self.blind: set[FolderName] = set()  # counted, and not shown
        self.independent: tuple[int, int] | None = None
        self.asked: list[str] = []

    async def folders(self) -> Sequence[MailFolder]:
        self.asked.append("folders")
        return self.box.listed()

    async def items(self, folder: FolderName) -> AsyncIterator[Item]:
        self.asked.append("items")
        self.box.state(folder)
        for uid, held in sorted(self.box.folders[folder].messages.items()):
            if folder not in self.blind:
                yield Item(uid, held.flags, len(held.octets))

    async def messages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Message | Missing]:
        self.asked.append("messages")
        for one in wanted:
            if self.box.state(one.folder).uidvalidity != one.uidvalidity:
                raise StaleFolder(one.folder, "numbered anew")
            folder = self.box.folders[one.folder]
            for uid in sorted(folder.messages):
                if one.uids is not None and not any(uid in run for run in one.uids):
                    continue
                self.before(one.folder, uid)
                if self.box.state(one.folder).uidvalidity != one.uidvalidity:
                    raise StaleFolder(one.folder, "numbered anew")
                if (message := self._message(one.folder, uid)) is not None:
                    yield message

    def _message(self, name: FolderName, uid: int) -> Message | Missing | None:
        if (name, uid) in self.missing:
            return self.missing[name, uid]
        held = self.box.folders[name].messages.get(uid)
        if held is None or (name, uid) in self.hides or name in self.blind:
            return None
        return Message(name, Item(uid, held.flags, len(held.octets)), held.date, Kept(held.octets))

    async def counted(self) -> tuple[int, int] | None:
        self.asked.append("counted")
        return self.independent

    async def close(self) -> None:
        self.asked.append("close")


class MemoryTarget:
    """A box that takes messages.

    `lose` names the put, counted from 1, of which so many messages are stored before the connection breaks: from then
    on every call raises MailboxAway, so that a test goes on with another target over the same box.
    """

    described = "memory:target"

    def __init__(
        self,
        box: Box,
        *,
        uidplus: bool = True,
        lose: Mapping[int, int] | None = None,
        rewrite: Callable[[bytes], bytes] = lambda octets: octets,
        refuse: Callable[[Message], Refused | None] = lambda _message: None,
        rules: NameRules | None = None,
    ) -> None:
        self.box = box
        self.uidplus = uidplus
        self.lose = dict(lose or {})
        self.rewrite = rewrite
        self.refuse = refuse
        self.rules = rules or NameRules()
        self.drops = frozenset[str]()
        self.unmakable: dict[FolderName, Shortfall] = {}
        self.makes_nothing: Shortfall | None = None
        self.before_put: Callable[[FolderName], None] = lambda _folder: None
        self.puts = 0
        self.finished = 0
        self.down = False
        self.asked: list[str] = []
        self.limits = Room()
        self.lags: Sequence[float] = ()

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise MailboxAway("the connection broke")

    async def folders(self) -> Sequence[MailFolder]:
        self._ask("folders")
        return self.box.listed()

    async def room(self) -> Room:
        self._ask("room")
        return self.limits

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        self._ask("make")
        if self.makes_nothing is not None:
            return dict.fromkeys((folder.name for folder in folders), self.makes_nothing)
        for folder in folders:
            if folder.name in self.unmakable and not self.unmakable[folder.name].there:
                continue
            made = self.box.folder(*folder.name)
            made.subscribed = made.subscribed or folder.subscribed
            made.special_use = made.special_use or folder.special_use
        return {folder.name: self.unmakable[folder.name] for folder in folders if folder.name in self.unmakable}

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        self._ask("put")
        self.puts += 1
        self.before_put(folder)
        self.box.state(folder)
        stored = messages[: self.lose[self.puts]] if self.puts in self.lose else messages
        outcomes = [self._put(folder, message) for message in stored]
        if self.puts in self.lose:
            self.down = True
            raise MailboxAway("the connection broke before the answer")
        return outcomes

    def _put(self, folder: FolderName, message: Message) -> Outcome:
        if (refused := self.refuse(message)) is not None:
            return refused
        octets = self.rewrite(b"".join(message.content.chunks()))
        there = self.box.folders[folder]
        (uid,) = there.add(octets, flags=message.item.flags - self.drops, date=message.date)
        dropped = message.item.flags & self.drops
        return Stored(there.uidvalidity, uid, dropped) if self.uidplus else Stored(dropped=dropped)

    async def mark(self, folder: FolderName) -> FolderState:
        self._ask("mark")
        return self.box.state(folder)

    async def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncIterator[tuple[int, int, bytes]]:
        self._ask("since")
        if self.box.state(folder).uidvalidity != state.uidvalidity:
            raise StaleFolder(folder, "numbered anew")
        for uid, held in sorted(self.box.folders[folder].messages.items()):
            if uid >= state.uidnext and (sizes is None or len(held.octets) in sizes):
                yield uid, len(held.octets), hashlib.sha256(held.octets).digest()

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        self._ask("reflag")
        for uid, wanted in flags.items():
            if uid in self.box.folders[folder].messages:
                self.box.folders[folder].flag(uid, wanted - self.drops)
        return frozenset(flag for wanted in flags.values() for flag in wanted & self.drops)

    async def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncIterator[tuple[int, int, bytes]]:
        self._ask("digests")
        for uid in uids:
            if (held := self.box.folders[folder].messages.get(uid)) is not None:
                yield uid, len(held.octets), hashlib.sha256(held.octets).digest()

    async def finish(self) -> None:
        self.finished += 1

    async def close(self) -> None:
        self.asked.append("close")
