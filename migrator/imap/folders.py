r"""Folders: their tree, subscriptions, special uses and counts, and opening one of them.

    folders = await listed(session)          # one LIST where the server can (RFC 5258, 5819, 6154), else several
    opened = await opened_for_reading(session, folder)      # EXAMINE: changes nothing, not even \Recent

What stands in shared and other users' namespaces (RFC 2342) is given too, marked, so that it can be left out and named.
Raises Declined, Gone, Garbled.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from migrator.imap.answers import answer
from migrator.imap.errors import Garbled
from migrator.imap.folder_names import BadFolderName, decoded, quoted
from migrator.imap.line import Part, Sent, accepted
from migrator.imap.reading import BadResponse, Response
from migrator.imap.session import Session
from migrator.imap.tokens import String, Token, tokens

# RFC 6154 section 2, and \Important of RFC 8457.
SPECIAL_USES = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\junk", "\\sent", "\\trash", "\\important"})
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
class Opened:
    """A folder that is open, as its server says it is."""

    folder: Folder
    messages: int
    uidvalidity: int
    uidnext: int | None
    modseq: int | None  # None: the folder keeps none (RFC 7162)
    keeps: frozenset[str]  # flags that can be stored for good; \\\\* stands for any keyword


async def listed(session: Session) -> list[Folder]:
    """Every folder, with its counts where it can be selected, in the server's order."""
    found: dict[bytes, Folder] = {}
    counts: dict[bytes, Mapping[str, int]] = {}

    def take(response: Response) -> None:
        words = tokens(response)
        match words:
            case [b"*", kind, list() as flags, delimiter, name, *_] if _is(kind, b"LIST", b"LSUB"):
                _add(found, kind, _flags(flags), _text(delimiter), _octets(name), utf8=session.utf8)
            case [b"*", kind, name, list() as items, *_] if _is(kind, b"STATUS"):
                counts[_octets(name)] = _numbers(items)

    await _ask(session, take)
    foreign = await _foreign_prefixes(session)
    if not {"LIST-EXTENDED", "LIST-STATUS"} <= session.can:
        await _count(session, [one for one in found.values() if one.selectable], take)
    return [_counted(one, counts.get(one.wire, {}), foreign) for one in found.values()]


async def opened_for_reading(session: Session, folder: Folder) -> Opened:
    """EXAMINE a folder: nothing in it changes."""
    return await _opened(session, folder, b"EXAMINE ")


async def opened_for_writing(session: Session, folder: Folder) -> Opened:
    """SELECT a folder."""
    return await _opened(session, folder, b"SELECT ")


def name_part(wire: bytes) -> Part:
    """A folder's name as it goes into a command."""
    try:
        return quoted(wire)
    except BadFolderName:
        return Sent(len(wire), wire)


async def _ask(session: Session, take: Callable[[Response], None]) -> None:
    line, can = session.line, session.can
    if "LIST-EXTENDED" in can:
        status = b" STATUS (" + _items(session) + b")" if "LIST-STATUS" in can else b""
        use = b" SPECIAL-USE" if "SPECIAL-USE" in can else b""
        await line.run(b'LIST "" "*" RETURN (SUBSCRIBED' + use + status + b")", take=take)
        return
    asked = [await line.start(b'LIST "" "*"', take=take), await line.start(b'LSUB "" "*"', take=take)]
    for one in asked:
        accepted(await one, "LIST")


async def _count(session: Session, folders: Iterable[Folder], take: Callable[[Response], None]) -> None:
    """STATUS of each, pipelined; a folder that refuses it has no counts, and says so when it is opened."""
    items = b" (" + _items(session) + b")"
    asked = [await session.line.start(b"STATUS ", name_part(one.wire), items, take=take) for one in folders]
    for one in asked:
        await one


async def _foreign_prefixes(session: Session) -> tuple[str, ...]:
    """The beginnings of names in other users' and shared namespaces."""
    found: list[str] = []

    def take(response: Response) -> None:
        match tokens(response):
            case [b"*", kind, _, *others] if _is(kind, b"NAMESPACE"):
                lists = [one for one in others if isinstance(one, list)]
                spaces = [space for one in lists for space in one if isinstance(space, list) and space]
                found.extend(_name(_octets(space[0]), utf8=session.utf8) for space in spaces)

    if "NAMESPACE" in session.can:
        await session.line.run(b"NAMESPACE", take=take)
    return tuple(prefix for prefix in found if prefix)


def _add(
    found: dict[bytes, Folder], kind: Token, flags: frozenset[str], delimiter: str, wire: bytes, *, utf8: bool
) -> None:
    known = found.get(wire)
    if _is(kind, b"LSUB"):
        if known is not None and "\\noselect" not in flags:
            found[wire] = replace(known, subscribed=True)
        return
    found[wire] = Folder(wire, _name(wire, utf8=utf8), delimiter, flags, subscribed="\\subscribed" in flags)


def _counted(folder: Folder, counts: Mapping[str, int], foreign: tuple[str, ...]) -> Folder:
    return replace(
        folder,
        foreign=any(folder.name.startswith(prefix) or folder.name + folder.delimiter == prefix for prefix in foreign),
        messages=counts.get("MESSAGES"),
        octets=counts.get("SIZE"),
        uidvalidity=counts.get("UIDVALIDITY"),
        uidnext=counts.get("UIDNEXT"),
    )


async def _opened(session: Session, folder: Folder, command: bytes) -> Opened:
    exists, numbers, keeps = 0, dict[str, int](), frozenset[str]()

    def take(response: Response) -> None:
        nonlocal exists, keeps
        said = answer(response)
        if said is not None and said.code == "PERMANENTFLAGS":
            keeps = frozenset(said.more.strip("()").lower().split())
        elif said is not None and said.more.isdecimal():
            numbers[said.code] = int(said.more)
        elif found := _EXISTS.fullmatch(response.first):
            exists = int(found[1])

    await session.line.run(command, name_part(folder.wire), take=take)
    if "UIDVALIDITY" not in numbers:
        raise Garbled(f"the server gives {folder.name} no UIDVALIDITY")
    modseq = numbers.get("HIGHESTMODSEQ")
    return Opened(folder, exists, numbers["UIDVALIDITY"], numbers.get("UIDNEXT"), modseq, keeps)


def _items(session: Session) -> bytes:
    return b"MESSAGES UIDNEXT UIDVALIDITY" + (b" SIZE" if "STATUS=SIZE" in session.can else b"")


def _is(token: Token, *words: bytes) -> bool:
    return isinstance(token, bytes) and token.upper() in words


def _flags(words: Iterable[Token]) -> frozenset[str]:
    return frozenset(word.decode("ascii", "replace").lower() for word in words if isinstance(word, bytes))


def _octets(token: Token) -> bytes:
    """A name: an atom, a string or a literal; NIL, which is no name, is read as the atom it was written as."""
    match token:
        case String(octets):
            return octets
        case bytes():
            return token
        case None:
            return b"NIL"
        case _:
            raise BadResponse("a name is expected where something else stands")


def _text(token: Token) -> str:
    return "" if token is None else _octets(token).decode("ascii", "replace")


def _name(wire: bytes, *, utf8: bool) -> str:
    """What a name says; one that is in no known form says its octets, so that it can still be told from others."""
    if utf8:
        return wire.decode("utf-8", "backslashreplace")
    read = decoded(wire)
    return read if read is not None else wire.decode("utf-8", "backslashreplace")


def _numbers(items: list[Token]) -> Mapping[str, int]:
    names, values = items[::2], items[1::2]
    pairs = zip(names, values, strict=False)
    return {
        name.decode("ascii", "replace").upper(): int(value)
        for name, value in pairs
        if isinstance(name, bytes) and isinstance(value, bytes) and value.isdigit()
    }
