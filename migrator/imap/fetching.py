"""Messages of an open folder, streamed: one UID FETCH for a run of UIDs, its messages handed on as they come.

    async for message in fetched(session, "1:500"): ...

While more than `window` octets wait to be taken, the line is held, so that a slow target slows the source and memory
stays flat. Octets are what the server has, CRLF as it gives them; BODY.PEEK[] sets no flag. A message that the server
answers with NIL, with another size than it announces, or not at all is Missing, with the reason.
Raises Declined, Gone, Garbled.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from migrator.imap.line import accepted
from migrator.imap.reading import BadResponse, Response, Sink
from migrator.imap.session import Session
from migrator.imap.tokens import String, Token, tokens

WINDOW = 8_388_608  # octets that may wait to be taken
_ITEMS = b" (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message with everything that is to be kept of it."""

    uid: int
    flags: tuple[str, ...]  # as the server writes them
    date: str  # INTERNALDATE as the server writes it
    size: int  # as the server announces it
    content: bytes | Sink


@dataclass(frozen=True, slots=True)
class Missing:
    """A message that did not come, and why."""

    uid: int
    why: str


class _Window:
    """What has come and waits to be taken."""

    def __init__(self, session: Session, limit: int) -> None:
        self._line = session.line
        self._limit = limit
        self._waiting = 0
        self._queue: asyncio.Queue[Fetched | Missing | None] = asyncio.Queue()

    def take(self, response: Response) -> None:
        """Read a FETCH response; others, and those of flags alone, are none of ours."""
        match tokens(response):
            case [b"*", _, kind, list() as items] if isinstance(kind, bytes) and kind.upper() == b"FETCH":
                message = _message(_paired(items))
                if message is not None:
                    self._put(message)

    def end(self) -> None:
        """No more will come."""
        self._queue.put_nowait(None)

    async def next(self) -> Fetched | Missing | None:
        """The next message; None where there are no more."""
        message = await self._queue.get()
        self._waiting -= _weight(message)
        if self._waiting <= self._limit // 2:
            self._line.go_on()
        return message

    def _put(self, message: Fetched | Missing) -> None:
        self._queue.put_nowait(message)
        self._waiting += _weight(message)
        if self._waiting > self._limit:
            self._line.hold()


async def fetched(session: Session, uids: str, *, window: int = WINDOW) -> AsyncIterator[Fetched | Missing]:
    """The messages of a UID set (RFC 3501 section 9 sequence-set) in the open folder, as they come."""
    waiting = _Window(session, window)
    answered = await session.line.start(b"UID FETCH ", uids.encode("ascii"), _ITEMS, take=waiting.take)
    answered.add_done_callback(lambda _: waiting.end())
    while (message := await waiting.next()) is not None:
        yield message
    accepted(await answered, "UID FETCH")


def _message(items: Mapping[bytes, Token]) -> Fetched | Missing | None:
    uid, body = _number(items.get(b"UID")), items.get(b"BODY[]", b"")
    if uid is None or b"BODY[]" not in items:
        return None  # flags that changed meanwhile
    size, date = _number(items.get(b"RFC822.SIZE")), items.get(b"INTERNALDATE")
    if body is None:
        return Missing(uid, "the server answers NIL instead of the message")
    content = body.octets if isinstance(body, String) else body
    if isinstance(content, list) or not isinstance(date, String):
        raise BadResponse("a message comes without its date or content")
    length = len(content) if isinstance(content, bytes) else 0
    return Fetched(
        uid, _flags(items), date.octets.decode("ascii", "replace"), length if size is None else size, content
    )


def _flags(items: Mapping[bytes, Token]) -> tuple[str, ...]:
    flags = items.get(b"FLAGS")
    words = flags if isinstance(flags, list) else []
    return tuple(word.decode("utf-8", "replace") for word in words if isinstance(word, bytes))


def _paired(items: list[Token]) -> Mapping[bytes, Token]:
    names = (name.upper() for name in items[::2] if isinstance(name, bytes))
    return dict(zip(names, items[1::2], strict=False))


def _number(token: Token) -> int | None:
    return int(token) if isinstance(token, bytes) and token.isdigit() else None


def _weight(message: Fetched | Missing | None) -> int:
    return len(message.content) if isinstance(message, Fetched) and isinstance(message.content, bytes) else 0
