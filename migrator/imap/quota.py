"""Room in a mailbox: quotas (RFC 2087, RFC 9208) and the largest message (APPENDLIMIT, RFC 7889)."""

from collections.abc import Iterable
from dataclasses import dataclass

from migrator.imap.commands import Part
from migrator.imap.reading import Response
from migrator.imap.session import Session
from migrator.imap.tokens import Token, tokens
from migrator.imap.words import is_word, number_of, numbers

UNIT = 1_024  # octets of STORAGE (RFC 2087 section 3)


@dataclass(frozen=True, slots=True)
class Resource:
    """Of one resource of one quota root: how much is used, and how much may be."""

    name: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What the server says of INBOX; None where it does not say."""

    octets_used: int | None = None
    messages_used: int | None = None
    octets_left: int | None = None
    messages_left: int | None = None
    largest: int | None = None


async def quota(session: Session) -> Quota:
    """Ask for the quotas of INBOX, and for the largest message."""
    found = await resources(session)
    storage = [one for one in found if one.name == "STORAGE"]
    messages = [one for one in found if one.name == "MESSAGE"]
    used, left = _summed(storage)
    return Quota(
        used * UNIT if used is not None else None,
        _summed(messages)[0],
        left * UNIT if left is not None else None,
        _summed(messages)[1],
        await largest(session),
    )


async def resources(session: Session) -> list[Resource]:
    """Of all quota roots of INBOX, all resources; none where the server keeps no quotas, or none of this mailbox."""
    found: list[Resource] = []

    def take(response: Response) -> None:
        match tokens(response):
            case [b"*", kind, _, list() as items] if is_word(kind, b"QUOTA"):
                found.extend(_resources(items))

    if "QUOTA" in session.can:
        await session.line.ask(b"GETQUOTAROOT INBOX", take=take)
    return found


def _summed(resources: Iterable[Resource]) -> tuple[int | None, int | None]:
    """The largest use and the smallest rest among quota roots."""
    listed = list(resources)
    if not listed:
        return None, None
    rests = [max(0, one.limit - one.used) for one in listed if one.limit]  # 0: without a limit, as servers say it
    return max(one.used for one in listed), min(rests) if rests else None


def _resources(items: list[Token]) -> Iterable[Resource]:
    for name, used, limit in zip(items[::3], items[1::3], items[2::3], strict=False):
        values = numbers([b"USED", used, b"LIMIT", limit])
        if isinstance(name, bytes) and len(values) == 2:
            yield Resource(name.decode("ascii", "replace").upper(), values["USED"], values["LIMIT"])


async def largest(session: Session, folder: Part = b"INBOX") -> int | None:
    """Octets of the largest message that a folder takes; None: the server does not say."""
    for word in session.can:
        name, _, octets = word.partition("=")
        if name == "APPENDLIMIT":
            said = number_of(octets.encode())
            return said if said is not None else await _largest_in(session, folder)
    return None


async def _largest_in(session: Session, folder: Part) -> int | None:
    found: list[int] = []

    def take(response: Response) -> None:
        match tokens(response):
            case [b"*", kind, _, list() as items] if is_word(kind, b"STATUS"):
                found.extend(value for name, value in numbers(items).items() if name == "APPENDLIMIT")

    await session.line.ask(b"STATUS ", folder, b" (APPENDLIMIT)", take=take)
    return found[0] if found else None
