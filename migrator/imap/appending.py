"""Messages put into a folder of a server: several in one APPEND where it can (RFC 3502), else pipelined one by one.

    appender = Appender(session, keeping={})
    sent = await appender.send(folder, [ToAppend(flags, date, content)])     # they are on their way
    answers = await sent.answers()                                          # one for each message, in order

Raises Gone and Garbled: then nobody knows which of them have arrived, and the caller must look before it repeats any.
"""

import asyncio
import re
from collections.abc import AsyncIterator, MutableMapping, Sequence
from dataclasses import dataclass

from migrator.content import Kept
from migrator.imap.answers import Answer
from migrator.imap.commands import Part, Sent
from migrator.imap.fetching import LAST
from migrator.imap.folders import Folder, Opening, name_part
from migrator.imap.keywords import Keeps
from migrator.imap.session import Session
from migrator.imap.telling import patience
from migrator.mailbox import Content

_DIGITS = 10  # of a UID
_APPENDUID = re.compile(r"(?P<validity>[0-9]{1,10}) (?P<uids>[0-9:,]+)")


@dataclass(frozen=True, slots=True)
class ToAppend:
    """A message as it goes out: flags and date as the target takes them."""

    flags: frozenset[str]
    date: str
    content: Content


@dataclass(frozen=True, slots=True)
class Appended:
    """What the server said to one message; its new UID where it says it (RFC 4315)."""

    answer: Answer
    uidvalidity: int | None = None
    uid: int | None = None


class Appender:
    """One session that takes messages. What folders keep is put into `keeping`, by their names on the wire.

    The folder is selected meanwhile: it says which keywords it keeps, and servers need not open it for each APPEND.
    Nobody waits for that.
    """

    def __init__(self, session: Session, keeping: MutableMapping[bytes, Keeps]) -> None:
        self.session = session
        self.turn = asyncio.Lock()
        self._keeping = keeping
        self._selected = b""

    async def send(self, folder: Folder, messages: Sequence[ToAppend]) -> "Sending":
        """Send messages to a folder."""
        together = len(messages) > 1 and "MULTIAPPEND" in self.session.can
        await self._select(folder)
        if together:
            parts = [part for message in messages for part in _parts(self.session, message)]
            asked = [await self.session.line.start(b"APPEND ", name_part(folder.wire), *parts)]
        else:
            asked = [await self.start(folder, message) for message in messages]
        return Sending(self, folder, messages, asked, together=together)

    async def look_up(self) -> None:
        """Have the server see what has been stored: some count what is in a folder as it was when it was selected."""
        if self._selected and "UNSELECT" in self.session.can:  # RFC 3691
            self._selected = b""
            await self.session.line.start(b"UNSELECT")
        elif self._selected:
            await self.session.line.ask(b"NOOP")  # awaited: Dovecot looks at nothing while more is asked already

    async def start(self, folder: Folder, message: ToAppend) -> asyncio.Future[Answer]:
        """Send one message."""
        return await self.session.line.start(b"APPEND ", name_part(folder.wire), *_parts(self.session, message))

    async def _select(self, folder: Folder) -> None:
        wire = folder.wire
        if self._selected == wire:
            return
        opening = Opening(folder)
        selected = await self.session.line.start(b"SELECT ", name_part(wire), take=opening.take)
        selected.add_done_callback(lambda _: self._keeping.setdefault(wire, Keeps(opening.keeps)))
        self._selected = wire


@dataclass(frozen=True, slots=True)
class Sending:
    """Messages on their way."""

    appender: Appender
    folder: Folder
    messages: Sequence[ToAppend]
    asked: Sequence[asyncio.Future[Answer]]
    together: bool

    async def answers(self) -> list[Appended]:
        """Wait for all; where one APPEND of several is refused, which took none, each is tried alone.

        Not so where the server asks for patience: it would be asked as often as there are messages.
        """
        said = [await asked for asked in self.asked]
        if not self.together:
            return [alone(one) for one in said]
        if said[0].word == "OK":
            return _each(said[0], len(self.messages))
        if patience(said[0].code, said[0].text) not in {"", "OVERQUOTA"}:
            return [Appended(said[0])] * len(self.messages)
        asked = [await self.appender.start(self.folder, message) for message in self.messages]
        return [alone(await one) for one in asked]


def alone(answer: Answer) -> Appended:
    """What an answer says of one message."""
    return _each(answer, 1)[0]


def _parts(session: Session, message: ToAppend) -> tuple[Part, ...]:
    content = message.content
    literal = Sent(content.size, content.octets if isinstance(content, Kept) else _flow(content))
    head = b" (" + " ".join(sorted(message.flags)).encode() + b') "' + message.date.encode("ascii") + b'" '
    if session.utf8 and _has_utf8_header(content):  # RFC 6855 section 4
        return head + b"UTF8 (~", literal, b")"
    return head, literal


async def _flow(content: Content) -> AsyncIterator[bytes]:
    for chunk in content.chunks():
        yield chunk


def _has_utf8_header(content: Content) -> bool:
    first: bytes = next(iter(content.chunks()), b"")
    return not first.partition(b"\r\n\r\n")[0].isascii()


def _each(answer: Answer, count: int) -> list[Appended]:
    found = _APPENDUID.fullmatch(answer.more) if answer.code == "APPENDUID" and answer.word == "OK" else None
    uids = _listed(found["uids"], count) if found else []
    if found is None or len(uids) != count:
        return [Appended(answer)] * count
    return [Appended(answer, int(found["validity"]), uid) for uid in uids]


def _listed(uids: str, at_most: int) -> list[int]:
    """The numbers of a UID set, in its order; none where they are more than could be meant."""
    found: list[int] = []
    for part in uids.split(","):
        first, _, last = part.partition(":")
        if not first.isdigit() or not (last or first).isdigit() or max(len(first), len(last)) > _DIGITS:
            return []
        run = range(int(first), int(last or first) + 1)
        if len(run) > at_most:
            return []
        found += run
    return found if all(0 < uid <= LAST for uid in found) else []
