"""What a mailbox is, wherever it lives: folders, messages, and the two sides of a move.

A `Source` is read and never changed; a `Target` takes what is put into it. IMAP servers and Maildirs are both
(`migrator.imap`, `migrator.maildir`). `migrator.moving` knows nothing else of them.
Both raise MailboxAway where they cannot be reached now, MailboxLimited where they ask for patience, and MailboxRefused
where they will never do what is asked; what concerns one message is no error but an outcome.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from migrator.reasons import Reasoned


class MailboxError(Reasoned):
    """A mailbox cannot be used; the message is fit for the person who asked for the move."""


class MailboxAway(MailboxError):
    """It cannot be reached now, or the connection broke: worth another try."""


class MailboxStalled(MailboxAway):
    """It has had all the time that it may take: another try at once would take as long."""


class MailboxLimited(MailboxError):
    """It asks for patience ([THROTTLED], [LIMIT], [UNAVAILABLE], [INUSE]) or is full ([OVERQUOTA])."""

    def __init__(
        self, message: str, *, code: str, wait: timedelta | None = None, host: str = "", place: str = "", said: str = ""
    ) -> None:
        super().__init__(message, place=place, said=said)
        self.code = code
        self.wait = wait
        self.host = host  # in lower case; empty: this machine, or nobody knows


class MailboxRefused(MailboxError):
    """It does not let us in, or will never do this."""


class SpecialUse(StrEnum):
    """What a folder is for (RFC 6154)."""

    ALL = "\\All"
    ARCHIVE = "\\Archive"
    DRAFTS = "\\Drafts"
    FLAGGED = "\\Flagged"
    JUNK = "\\Junk"
    SENT = "\\Sent"
    TRASH = "\\Trash"


# A folder's name, level by level, as people read it: without the prefix of a personal namespace (RFC 2342). INBOX is
# written so, whatever the server writes.
FolderName = tuple[str, ...]
INBOX: FolderName = ("INBOX",)


@dataclass(frozen=True, slots=True)
class FolderState:
    """By what a folder is known to have changed or not. Equal states: nothing has come, gone or changed its flags."""

    uidvalidity: int
    uidnext: int
    messages: int
    modseq: int | None = None  # None: flags may have changed all the same


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder of a mailbox."""

    name: FolderName
    special_use: SpecialUse | None = None
    subscribed: bool = False
    holds_messages: bool = True
    left_out: str = ""  # why it is not ours to move: shared, virtual, unreadable; empty where it is
    state: FolderState | None = None  # None: not known without opening it
    octets: int | None = None  # None: not known without looking at each message
    note: str = ""  # what every receipt is to tell of it


class Content(Protocol):
    """A message's octets, lines ended by CRLF, readable more than once while it is kept."""

    @property
    def size(self) -> int:
        """How many octets."""
        ...

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of all octets."""
        ...

    def chunks(self) -> Iterable[bytes]:
        """The octets, in pieces that fit the memory."""
        ...

    def forget(self) -> None:
        """It is needed no more: what it takes on disk is freed."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of a message without its content."""

    uid: int
    flags: frozenset[str]  # system flags as \\Seen, keywords as written; never \\Recent
    size: int | None = None  # octets as announced; None where that is not known


@dataclass(frozen=True, slots=True)
class Message:
    """A message with everything that is to be kept of it."""

    folder: FolderName
    item: Item
    date: datetime  # INTERNALDATE, aware
    content: Content


@dataclass(frozen=True, slots=True)
class Missing:
    """A message that could not be read, and why: it is named in the receipt."""

    folder: FolderName
    uid: int
    why: str
    gone: bool = False  # expunged meanwhile: nothing is missing that is still there


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages of a folder are to be read: all of them, or those of these UIDs; under the UIDVALIDITY known."""

    folder: FolderName
    uidvalidity: int | None = None
    uids: tuple[range, ...] | None = None  # None: all
    messages: int | None = None  # how many were listed in `uids`; None: each of those numbers was


@dataclass(frozen=True, slots=True)
class Stored:
    """A message is in the target; `uid` is None where the target does not say which it is there."""

    uidvalidity: int | None = None
    uid: int | None = None
    dropped: frozenset[str] = frozenset()  # flags that the target cannot keep


@dataclass(frozen=True, slots=True)
class Refused:
    """The target does not take a message: named in the receipt, and the rest goes on."""

    why: str
    code: str = ""  # TOOBIG, OVERQUOTA, …


Outcome = Stored | Refused


@dataclass(frozen=True, slots=True)
class Room:
    """What a target lets in; None: it does not say."""

    octets: int | None = None  # left under its quota
    messages: int | None = None
    largest: int | None = None  # octets of one message (APPENDLIMIT, RFC 7889)


def _octets(name: FolderName) -> int:
    """The length of a whole name in UTF-8, with a sign between its levels."""
    return sum(len(level.encode("utf-8", "surrogatepass")) + 1 for level in name) - 1


@dataclass(frozen=True, slots=True)
class NameRules:
    """Which folder names a target takes. Control characters and lone surrogates never get to it."""

    delimiter: str = "/"  # cannot stand in a level; "": there are no levels, and theirs are joined to one name
    forbidden: frozenset[str] = frozenset()  # further characters that cannot stand in a level
    longest: int = 200  # of a whole name, as `length` counts
    length: Callable[[FolderName], int] = _octets


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What could not be done for a folder; `there`: the folder itself is, without special use or subscription."""

    why: str
    there: bool = False


class Mailbox(Protocol):
    """What both sides of a move have."""

    @property
    def described(self) -> str:
        """Where it is, for people: without any secret."""
        ...

    async def close(self) -> None:
        """End every connection."""
        ...


class Source(Mailbox, Protocol):
    """A mailbox that is read. Nothing in it changes, not even a flag."""

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder; those that are not ours to move are marked."""
        ...

    def items(self, folder: FolderName) -> AsyncIterator[Item]:
        """Every message of a folder, without content, by rising UID. Raises StaleFolder where it is gone."""
        ...

    def messages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Message | Missing]:
        """The messages wanted, folder by folder in this order, read ahead as far as memory allows."""
        ...

    async def counted(self) -> tuple[int, int] | None:
        """Messages and octets by an independent count (quota, STATUS=SIZE); None where there is none."""
        ...


class StaleFolder(MailboxError):
    """A folder is not what it was: it is gone, or its UIDVALIDITY has changed. It must be looked at anew."""

    def __init__(self, folder: FolderName, why: str) -> None:
        super().__init__(f"{'/'.join(folder)}: {why}", place="/".join(folder))
        self.folder = folder


class Target(Mailbox, Protocol):
    """A mailbox that takes messages."""

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder that is there."""
        ...

    @property
    def rules(self) -> NameRules:
        """Which folder names it takes; asked after `folders`."""
        ...

    async def room(self) -> Room:
        """What it lets in."""
        ...

    @property
    def lags(self) -> Sequence[float]:
        """Seconds to wait, one after the other: it may still be storing what a broken connection has brought it."""
        ...

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        """Make these folders, parents first, or give them the subscription and special use they lack; what failed."""
        ...

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Store messages in `folder`, whatever folder they come from: one outcome for each, in order.

        Several calls may run at once. Raises MailboxAway: then nobody knows what was stored; StaleFolder where the
        folder is gone: then nothing was.
        """
        ...

    async def mark(self, folder: FolderName) -> FolderState:
        """The state of a folder now. Raises StaleFolder where it is gone."""
        ...

    def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of messages from UIDNEXT of `state` on, to find what an answer got lost for.

        Where `sizes` are given, messages of other sizes are left out. Raises StaleFolder where the folder is gone, or
        is numbered otherwise than in `state`.
        """
        ...

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """Give messages, by their UID there, these flags; the flags that the target cannot keep."""
        ...

    def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of messages read back."""
        ...

    async def finish(self) -> None:
        """Everything is put: what was held back until then gets its final name. Without it, the next run goes on."""
        ...
