"""Netstrings, as Postfix' socketmaps speak: `5:hello,`.

`hear(reader)` gives the octets within, None where the other side has gone; `netstring(octets)` wraps an answer.
Garbled means that what came is none, or longer than any name that is looked up.
"""

import asyncio
from typing import Final

from mailsvc.policyd.door import Garbled

# The name of a map and an address at its limit.
LONGEST: Final = 4_096
_DIGITS: Final = len(str(LONGEST))


def netstring(octets: bytes) -> bytes:
    """The octets as one netstring."""
    return b"%d:%s," % (len(octets), octets)


async def hear(reader: asyncio.StreamReader) -> bytes | None:
    """What the next netstring holds, None at the end. Raises Garbled."""
    try:
        length = await _length(reader)
        if length is None:
            return None
        heard = await reader.readexactly(length + 1)
    except asyncio.IncompleteReadError:
        raise Garbled("the netstring breaks off") from None
    if heard[-1:] != b",":
        raise Garbled("the netstring does not end with a comma")
    return heard[:-1]


async def _length(reader: asyncio.StreamReader) -> int | None:
    digits = b""
    while (one := await reader.read(1)) != b":":
        if not one and not digits:
            return None
        if not one.isdigit() or len(digits) >= _DIGITS or digits == b"0":
            raise Garbled(f"{(digits + one)!r} is no length of a netstring")
        digits += one
    if not digits or int(digits) > LONGEST:
        raise Garbled(f"a netstring of {digits.decode() or 'no'} octets")
    return int(digits)
