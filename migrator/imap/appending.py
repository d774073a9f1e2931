"""Messages put into a folder of a server: several in one APPEND where it can (RFC 3502), else pipelined one by one.

    sent = await send(session, wire, [ToAppend(flags, date, content)])      # they are on their way
    answers = await sent.answers()                                          # one for each message, in order

Raises Gone and Garbled: then nobody knows which of them have arrived, and the caller must look before it repeats any.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from migrator.content import Kept
from migrator.imap.answers import Answer
from migrator.imap.commands import Part, Sent
from migrator.imap.folders import name_part
from migrator.imap.session import Session
from migrator.mailbox import Content

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


class Sending:
    """Messages on their way. Made by `send`."""

    def __init__(self, session: Session, folder: bytes, messages: Sequence[ToAppend]) -> None:
        self._session = session
        self._folder = folder
        self._messages = messages
        self._together = len(messages) > 1 and "MULTIAPPEND" in session.can
        self._asked: list[asyncio.Future[Answer]] = []

    async def start(self) -> None:
        """Send what is to be sent."""
        if self._together:
            parts = [part for message in self._messages for part in _parts(self._session, message)]
            self._asked = [await self._session.line.start(b"APPEND ", name_part(self._folder), *parts)]
        else:
            self._asked = [await start(self._session, self._folder, message) for message in self._messages]

    async def answers(self) -> list[Appended]:
        """Wait for all; where one APPEND of several is refused, which took none, each is tried alone."""
        said = [await asked for asked in self._asked]
        if self._together and said[0].word == "OK":
            return _each(said[0], len(self._messages))
        if self._together:
            self._together = False
            await self.start()
            said = [await asked for asked in self._asked]
        return [alone(one) for one in said]


async def send(session: Session, folder: bytes, messages: Sequence[ToAppend]) -> Sending:
    """Send messages to a folder."""
    sending = Sending(session, folder, messages)
    await sending.start()
    return sending


async def start(session: Session, folder: bytes, message: ToAppend) -> asyncio.Future[Answer]:
    """Send one message."""
    return await session.line.start(b"APPEND ", name_part(folder), *_parts(session, message))


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
        if not first.isdigit() or not (last or first).isdigit() or abs(int(last or first) - int(first)) >= at_most:
            return []
        found += range(int(first), int(last or first) + 1)
    return found
