"""The BDAT command's argument, and the octets of one that is refused (RFC 3030 2).

`parse` raises `Unacceptable`; an argument that is not understood leaves no octets to read, as nobody knows how many.
"""

import re
from typing import Final

from filters.replies import TOO_LARGE
from mailsvc.gateway import answers
from mailsvc.gateway.outcomes import Farewell, Unacceptable
from mailsvc.gateway.wire import Wire

_ARGUMENT: Final = re.compile(rb"([0-9]{1,20})(?:[ \t]+(LAST))?", re.IGNORECASE)


def parse(argument: bytes) -> tuple[int, bool]:
    """Read `octets [LAST]`."""
    found = _ARGUMENT.fullmatch(argument)
    if not found:
        raise Unacceptable(answers.SYNTAX_BDAT)
    return int(found[1]), found[2] is not None


async def swallow(wire: Wire, octets: int, limit: int) -> None:
    """Read a refused chunk for nothing; more than twice `limit` is not worth it (`limit` 0 means none)."""
    if limit and octets > 2 * limit:
        raise Farewell(TOO_LARGE)
    while octets:
        octets -= len(await wire.upto(octets))
