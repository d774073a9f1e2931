"""What may stand on the wire: dot-stuffed content without bare newlines, and paths that cannot inject commands.

Feed a message's octets in any slices to `DotStuffing`; `end` gives the rest with the terminating dot.
A body with a bare CR or LF raises `BareNewline` before the slice that holds it is given out, unless the operator
has chosen to normalise, which is the one named exception to untouched bytes. An address that cannot be written
raises `BadPath`.
"""

import re
from typing import Literal

from schedules.names import Address, BadName

BarePolicy = Literal["refuse", "normalise"]

_ANY_NEWLINE = re.compile(rb"\r\n|\r|\n")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BareNewline(ValueError):
    """The content holds a CR without LF or an LF without CR: sending it would be SMTP smuggling."""


class BadPath(ValueError):
    """An address that cannot stand in a MAIL or RCPT command."""


class DotStuffing:
    """Turns a message's octets, slice by slice, into DATA content (RFC 5321 4.5.2)."""

    def __init__(self, bare: BarePolicy = "refuse") -> None:
        self._bare = bare
        self._held = b""  # a CR at the end of a slice, whose LF may come with the next
        self._line_start = True

    def feed(self, octets: bytes) -> bytes:
        """The wire form of these octets; a CR at their end waits for the next slice.

        Raises BareNewline.
        """
        octets = self._held + octets
        self._held = b"\r" if octets.endswith(b"\r") else b""
        return self._stuffed(octets[: len(octets) - len(self._held)])

    def end(self) -> bytes:
        """The rest, a CRLF where the last line lacks one, and the terminating dot. Raises BareNewline."""
        rest = self._stuffed(self._held)
        self._held = b""
        return rest + (b"" if self._line_start else b"\r\n") + b".\r\n"

    def _stuffed(self, octets: bytes) -> bytes:
        if not octets:
            return b""
        pairs = octets.count(b"\r\n")
        if octets.count(b"\r") != pairs or octets.count(b"\n") != pairs:
            if self._bare == "refuse":
                raise BareNewline("the content holds a bare CR or LF")
            octets = _ANY_NEWLINE.sub(b"\r\n", octets)
        stuffed = octets.replace(b"\r\n.", b"\r\n..")
        if self._line_start and octets.startswith(b"."):
            stuffed = b"." + stuffed
        self._line_start = octets.endswith(b"\r\n")
        return stuffed


def path(address: str) -> str:
    """The reverse-path or forward-path of this address with its brackets; the empty text is the null sender.

    Local parts that are no dot-string are quoted (RFC 5321 4.1.2), so `a..b.@x` goes out as `"a..b."@x`.
    Raises BadPath where the text is no address or holds a control character.
    """
    if not address:
        return "<>"
    if _CONTROL.search(address):
        raise BadPath("the address holds a control character")
    try:
        parsed = Address.parse(address)
        address.encode("utf-8")
    except (BadName, UnicodeEncodeError) as error:
        raise BadPath(str(error)) from None
    local = parsed.local
    if not all(_DOT_ATOM.fullmatch(atom) for atom in local.split(".")):
        local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    return f"<{local}@{parsed.domain}>"
