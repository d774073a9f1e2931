"""A command on its way to a server: its parts, and who waits for its answer.

A command is parts in order: octets as they stand, literals (`Sent`) and answers to what the server asks meanwhile
(`Challenged`).
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field

from migrator.imap.answers import Answer
from migrator.imap.errors import Declined
from migrator.imap.wire import Take

SMALL_LITERAL = 4_096  # octets: what LITERAL- lets go without asking (RFC 7888)


@dataclass(frozen=True, slots=True)
class Sent:
    """A literal to send: its size in octets, and its octets or where they come from."""

    size: int
    octets: bytes | AsyncIterable[bytes] = field(repr=False)  # it may be a password


@dataclass(frozen=True, slots=True)
class Challenged:
    """Waits for the server to ask (RFC 3501 6.2.2: a line with +), and sends what `answer` makes of what it asked."""

    answer: Callable[[bytes], bytes]


Part = bytes | Sent | Challenged


@dataclass(slots=True)
class Asked:
    """A command that waits for its answer."""

    tag: str
    name: str
    take: Take
    done: asyncio.Future[Answer]
    challenged: Callable[[bytes], bytes] | None = None
    sent: bool = False  # to its last octet
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    challenge: bytes = b""


def accepted(said: Answer, command: str) -> Answer:
    """An answer that is OK. Raises Declined for any other."""
    if said.word != "OK":
        raise Declined(command, said.word, said.code, said.text)
    return said


def named(parts: tuple[Part, ...]) -> str:
    """The command's own words, without what it is about: that may be a secret."""
    first = parts[0] if parts and isinstance(parts[0], bytes) else b""
    words = first.decode("ascii", "replace").split()
    return " ".join(words[: 2 if words[:1] == ["UID"] else 1]) or "a command"


def seen(future: asyncio.Future[Answer]) -> None:
    """An error that nobody waits for is told by `broken` alone."""
    if not future.cancelled():
        future.exception()
