"""What a virus check can say of a message, and what a scanner is.

A scanner reads the content as often as it needs and answers one `Scan`; it never raises for what a stranger sent.
`ScanAway` is for now (451), `ScanUnread` for ever (the operator's policy); neither is ever taken for clean (KY-4).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Unreadable(StrEnum):
    """Why no scanner will ever be able to read a message; of several reasons the first in this order counts."""

    AMBIGUOUS = "ambiguous"  # a scanner and a mail program may read it differently
    TOO_DEEP = "too deep"  # nested deeper, or of more parts, than anybody writes
    TOO_LARGE = "too large"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class ScanClean:
    """Nothing was found. `scanner` names product and signatures; it promises no completeness (KY-4)."""

    scanner: str


@dataclass(frozen=True, slots=True)
class ScanInfected:
    """Something was found; `threat` is the signature's name, printable and bounded."""

    threat: str
    scanner: str


@dataclass(frozen=True, slots=True)
class ScanUnread:
    """It can never be read, by any scanner of ours; `detail` says what stood in the way."""

    why: Unreadable
    detail: str
    scanner: str = ""  # empty where our own reading of MIME said so


@dataclass(frozen=True, slots=True)
class ScanAway:
    """No trustworthy answer came in time; another attempt may get one."""

    why: str


Scan = ScanClean | ScanInfected | ScanUnread | ScanAway
Octets = Callable[[], AsyncIterator[bytes]]  # opens the content from its start; chunks of any size


def behind_our_trace(content: Octets, *, headed: bool) -> Octets:
    """`content` as mail programs read it: what begins with no header stands behind an empty line there.

    Looked at without that line, its first lines pass for a broken header, in which no scanner decodes anything.
    """

    async def parted() -> AsyncIterator[bytes]:
        yield b"\r\n"
        async for octets in content():
            yield octets

    return content if headed else parted


class Scanner(Protocol):
    """Something that looks through a message."""

    async def scan(self, content: Octets, size: int) -> Scan:
        """Look through `content`, which has `size` octets. Raises nothing but what `content` raises."""

    async def close(self) -> None:
        """Give back connections and threads that wait for work."""
