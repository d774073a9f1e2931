"""One pass over a message's octets, for next hops that lack 8BITMIME or SMTPUTF8.

`look_over` reads everything and keeps nothing; it is called only where the answer decides whether mail can go on.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Octets:
    """Whether the message, and its header alone, are pure ASCII."""

    ascii: bool
    ascii_header: bool


async def look_over(content: AsyncIterator[bytes]) -> Octets:
    """Read the content to its end; the header ends at the first empty line (RFC 5322 2.1)."""
    ascii_all = ascii_header = True
    in_header = True
    tail = b""
    async for chunk in content:
        ascii_all = ascii_all and chunk.isascii()
        if in_header:
            window = tail + chunk
            end = window.find(b"\r\n\r\n")
            ascii_header = ascii_header and (window if end < 0 else window[:end]).isascii()
            in_header = end < 0
            tail = window[-3:]
    return Octets(ascii_all, ascii_header)
