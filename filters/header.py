"""The header of a message, read from its octets: bounded, without the email package, never failing.

    header = read_header(octets)            # from the start of the message
    header.first("Auto-Submitted")          # unfolded, without white space around it, or None
    len(header.all("Received"))

What a stranger wrote is told as it stands: octets, not text. Lines that are no field are passed over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

HEADER_LIMIT: Final = 262_144  # octets that are looked at

# RFC 5322 2.1: an empty line ends the header. A bare LF ends a line too: some hand over local files as they are.
_END = re.compile(rb"(?:\A|\n)\r?\n")
# RFC 5322 2.2 and 2.2.3, with the white space before the colon of RFC 5322 4.5; possessive, so time stays linear.
_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*)", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of one header by name, in the order they stand in."""

    complete: bool  # the empty line behind it was seen; where not, fields may be missing
    length: int  # octets up to and with the empty line, or as many as were read
    _fields: Mapping[bytes, Sequence[bytes]]  # by lower-case name, values still folded

    def all(self, name: str) -> Sequence[bytes]:
        """Every value of the field `name`, topmost first, unfolded (RFC 5322 2.2.3) and trimmed."""
        return [_FOLD.sub(b"", value).strip() for value in self._fields.get(name.lower().encode(), ())]

    def first(self, name: str) -> bytes | None:
        """The topmost value of the field `name`; None where there is no such field."""
        values = self._fields.get(name.lower().encode())
        return None if values is None else _FOLD.sub(b"", values[0]).strip()


def read_header(octets: bytes, *, limit: int = HEADER_LIMIT) -> Header:
    """Read the header at the start of `octets`, of which `limit` are looked at; a field cut by it is left out."""
    end = _END.search(octets, 0, limit)
    length = end.end() if end else min(len(octets), limit)
    until = length if end or len(octets) <= limit else octets.rfind(b"\n", 0, limit) + 1
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _FIELD.findall(octets, 0, until):
        fields.setdefault(name.lower(), []).append(value)
    return Header(end is not None, length, fields)
