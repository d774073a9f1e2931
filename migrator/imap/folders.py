r"""Folders: their tree, subscriptions, special uses and counts, and opening one of them.

    folders = await listed(session)          # one LIST where the server can (RFC 5258, 5819, 6154), else several
    opened = await opened_for_reading(session, folder)      # EXAMINE: changes nothing, not even \Recent

What stands in shared and other users' namespaces (RFC 2342) is given too, marked, so that it can be left out and named.
Raises Declined, Gone, Garbled.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from migrator.folder_names import BadFolderName, quoted
from migrator.imap.answers import Answer, answer
from migrator.imap.commands import Part, Sent, accepted
from migrator.imap.errors import Garbled
from migrator.imap.namespaces import Namespaces, namespaces
from migrator.imap.reading import BadResponse, Response
from migrator.imap.session import Session
from migrator.imap.tokens import Token, tokens
from migrator.imap.wire import Take
from migrator.imap.words import atoms, is_word, name_of, number_of, numbers, octets_of, text_of

# RFC 6154 section 2, and \Important of RFC 8457.
SPECIAL_USES = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\junk", "\\sent", "\\trash", "\\important"})
FOLDERS_LIMIT = 100_000  # of one mailbox
_EXISTS = re.compile(rb"\* ([0-9]{1,10}) EXISTS", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as its server names it."""

    wire: bytes  # the name's own octets: what is sent to select it
    name: str  # what it says, levels parted by `delimiter`
    delimiter: str  # "" where there are no levels
    flags: frozenset[str]  # in lower case, such as \\noselect
    subscribed: bool = False
    foreign: bool = False  # in a shared or another user's namespace
    messages: int | None = None
    octets: int | None = None  # where the server says STATUS=SIZE (RFC 8438)
    uidvalidity: int | None = None
    uidnext: int | None = None
    modseq: int | None = None  # None: it keeps none (RFC 7162)

    @property
    def selectable(self) -> bool:
        """Whether it can hold messages."""
        return self.flags.isdisjoint({"\\noselect", "\\nonexistent"})

    @property
    def special_use(self) -> str:
        r"""Its special use as in RFC 6154, such as \Sent; "" for none."""
        return next((flag for flag in sorted(self.flags) if flag in SPECIAL_USES), "")

    @property
    def levels(self) -> tuple[str, ...]:
        """Its name, level by level."""
        return tuple(self.name.split(self.delimiter)) if self.delimiter else (self.name,)


@dataclass(frozen=True, slots=True)
class Listing:
    """All folders, and what the names of the user's own begin with (RFC 2342), such as "INBOX."."""

    folders: tuple[Folder, ...]
    prefix: str = ""
    delimiter: str = ""  # "" where it is not known: the folders' own say it


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder that is open, as its server says it is."""

    folder: Folder
    messages: int
    uidvalidity: int
    uidnext: int | None
    modseq: int | None  # None: the folder keeps none (RFC 7162)
    keeps: frozenset[str]  # flags that can be stored for good; \\\\* stands for any keyword


async def listed(session: Session) -> Listing:
    """Every folder, with its counts where it can be selected, in the server's order; all of it asked at once."""
    found: dict[bytes, Folder] = {}
    counts: dict[bytes, Mapping[str, int]] = {}

    def take(response: Response) -> bool:
        before = len(found) + len(counts)
        match tokens(response):
            case [b"*", kind, list() as flags, delimiter, name, *_] if is_word(kind, b"LIST", b"LSUB"):
                _add(found, kind, atoms(flags), _delimiter(delimiter), octets_of(name), utf8=session.utf8)
            case [b"*", kind, name, list() as items, *_] if is_word(kind, b"STATUS"):
                counts[octets_of(name)] = numbers(items)
        return len(found) + len(counts) > before

    asked = await _ask(session, take)
    spaces = await namespaces(session)
    for one in asked:
        accepted(await one, "LIST")
    if not {"LIST-EXTENDED", "LIST-STATUS"} <= session.can:
        await _count(session, [one for one in found.values() if one.selectable], take)
    folders = [_counted(one, counts.get(one.wire, {}), spaces) for one in found.values()]
    return Listing(tuple(folders), spaces.prefix, spaces.delimiter)


async def opened_for_reading(session: Session, folder: Folder) -> Opened:
    """EXAMINE a folder: nothing in it changes."""
    return await _opened(session, folder, b"EXAMINE ")


async def opened_for_writing(session: Session, folder: Folder) -> Opened:
    """SELECT a folder."""
    return await _opened(session, folder, b"SELECT ")


async def status(session: Session, folder: Folder) -> Folder:
    """The folder with its counts as they are now. Raises Declined, Gone, Garbled."""
    found: dict[bytes, Mapping[str, int]] = {}

    def take(response: Response) -> None:
        match tokens(response):
            case [b"*", kind, _, list() as items, *_] if is_word(kind, b"STATUS"):
                found[folder.wire] = numbers(items)

    await session.line.run(b"STATUS ", name_part(folder.wire), b" (" + _items(session) + b")", take=take)
    return _counted(folder, found.get(folder.wire, {}), Namespaces())


def name_part(wire: bytes) -> Part:
    """A folder's name as it goes into a command."""
    try:
        return quoted(wire)
    except BadFolderName:
        return Sent(len(wire), wire)


async def _ask(session: Session, take: Take) -> list[asyncio.Future[Answer]]:
    line, can = session.line, session.can
    if "LIST-EXTENDED" in can:
        status = b" STATUS (" + _items(session) + b")" if "LIST-STATUS" in can else b""
        use = b" SPECIAL-USE" if "SPECIAL-USE" in can else b""
        return [await line.start(b'LIST "" "*" RETURN (SUBSCRIBED' + use + status + b")", take=take)]
    return [await line.start(b'LIST "" "*"', take=take), await line.start(b'LSUB "" "*"', take=take)]


async def _count(session: Session, folders: Iterable[Folder], take: Take) -> None:
    """STATUS of each, pipelined; a folder that refuses it has no counts, and says so when it is opened."""
    items = b" (" + _items(session) + b")"
    asked = [await session.line.start(b"STATUS ", name_part(one.wire), items, take=take) for one in folders]
    for one in asked:
        await one


def _add(
    found: dict[bytes, Folder], kind: Token, flags: frozenset[str], delimiter: str, wire: bytes, *, utf8: bool
) -> None:
    known = found.get(wire)
    if is_word(kind, b"LSUB"):
        if known is not None and "\\noselect" not in flags:
            found[wire] = replace(known, subscribed=True)
        return
    if known is None and len(found) >= FOLDERS_LIMIT:
        raise BadResponse(f"more than {FOLDERS_LIMIT} folders are listed")
    found[wire] = Folder(wire, name_of(wire, utf8=utf8), delimiter, flags, subscribed="\\subscribed" in flags)


def _delimiter(token: Token) -> str:
    """RFC 3501 section 7.2.2: one character, or NIL."""
    said = text_of(token)
    if len(said) > 1:
        raise BadResponse(f"{said[:40]!r} is said to part the levels of a name")
    return said


def _counted(folder: Folder, counts: Mapping[str, int], spaces: Namespaces) -> Folder:
    return replace(
        folder,
        foreign=spaces.foreign(folder.name, folder.delimiter),
        messages=counts.get("MESSAGES"),
        octets=counts.get("SIZE"),
        uidvalidity=counts.get("UIDVALIDITY"),
        uidnext=counts.get("UIDNEXT"),
        modseq=counts.get("HIGHESTMODSEQ") or None,
    )


async def _opened(session: Session, folder: Folder, command: bytes) -> Opened:
    opening = Opening(folder)
    await session.line.run(command, name_part(folder.wire), take=opening.take)
    return opening.opened()


class Opening:
    """Hears what a server says of a folder while it opens it."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._exists = 0
        self._numbers: dict[str, int] = {}
        self.keeps = frozenset[str]()

    def take(self, response: Response) -> None:
        """Take an untagged response."""
        said = answer(response)
        if said is not None and said.code == "PERMANENTFLAGS":
            self.keeps = frozenset(said.more.strip("()").split())
        elif said is not None and (number := number_of(said.more.encode())) is not None:
            self._numbers[said.code] = number
        elif found := _EXISTS.fullmatch(response.first):
            self._exists = int(found[1])

    def opened(self) -> Opened:
        """The folder, once the server has said OK. Raises Garbled where it did not say what it must."""
        said = self._numbers
        if "UIDVALIDITY" not in said:
            raise Garbled(f"the server gives {self._folder.name} no UIDVALIDITY")
        modseq = said.get("HIGHESTMODSEQ")
        return Opened(self._folder, self._exists, said["UIDVALIDITY"], said.get("UIDNEXT"), modseq, self.keeps)


def _items(session: Session) -> bytes:
    size = b" SIZE" if "STATUS=SIZE" in session.can else b""
    modseq = b" HIGHESTMODSEQ" if {"CONDSTORE", "QRESYNC"} & session.can else b""  # RFC 7162 3.2: one has the other
    return b"MESSAGES UIDNEXT UIDVALIDITY" + modseq + size
