"""Messages put into a folder of a server: several in one APPEND where it can (RFC 3502), else pipelined one by one.

    outcomes = await appended(session, folder.wire, messages)     # one outcome for each message, in order

Raises Gone and Garbled: then nobody knows which of them have arrived, and the caller must look before it repeats any.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from migrator.imap.answers import Answer
from migrator.imap.folders import name_part
from migrator.imap.line import Part, Sent
from migrator.imap.session import Session

_APPENDUID = re.compile(r"(?P<validity>[0-9]{1,10}) (?P<uids>[0-9:,]+)")


@dataclass(frozen=True, slots=True)
class ToAppend:
    """A message as it goes out: flags and date as the target takes them."""

    flags: tuple[str, ...]
    date: str
    content: Sent


@dataclass(frozen=True, slots=True)
class Stored:
    """The message is there; its new UID, where the server says it (RFC 4315)."""

    uidvalidity: int | None = None
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The server did not take the message; `code` is such as TOOBIG, OVERQUOTA, TRYCREATE."""

    code: str
    text: str


Outcome = Stored | Refused


async def appended(session: Session, folder: bytes, messages: Sequence[ToAppend]) -> list[Outcome]:
    """Append messages to a folder; where one APPEND of several is refused, which took none, each is tried alone."""
    if len(messages) > 1 and "MULTIAPPEND" in session.can:
        parts = [part for message in messages for part in _parts(message)]
        answer = await session.line.ask(b"APPEND ", name_part(folder), *parts)
        if answer.word == "OK":
            return _stored(answer, len(messages))
    asked = [await session.line.start(b"APPEND ", name_part(folder), *_parts(one)) for one in messages]
    return [_outcome(await one) for one in asked]


def _parts(message: ToAppend) -> tuple[Part, ...]:
    flags = " ".join(message.flags).encode("utf-8")
    return (b" (" + flags + b') "' + message.date.encode("ascii") + b'" ', message.content)


def _outcome(answer: Answer) -> Outcome:
    return _stored(answer, 1)[0] if answer.word == "OK" else Refused(answer.code, answer.text)


def _stored(answer: Answer, count: int) -> list[Outcome]:
    found = _APPENDUID.fullmatch(answer.more) if answer.code == "APPENDUID" else None
    uids = _listed(found["uids"], count) if found else []
    if found is None or len(uids) != count:
        return [Stored()] * count
    return [Stored(int(found["validity"]), uid) for uid in uids]


def _listed(uids: str, at_most: int) -> list[int]:
    """The numbers of a UID set, in its order; none where they are more than could be meant."""
    found: list[int] = []
    for part in uids.split(","):
        first, _, last = part.partition(":")
        if not first.isdigit() or not (last or first).isdigit() or abs(int(last or first) - int(first)) >= at_most:
            return []
        found += range(int(first), int(last or first) + 1)
    return found
