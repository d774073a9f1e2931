"""A message's header as administrators see it: its fields, and never a line of its body.

Use: `header_fields(octets)` with the first octets of a message. Never fails.
"""

import re
from itertools import takewhile

from filters.header import read_header

_FOLD = re.compile(r"\r(?=\n|\Z)|\r?\n(?=[ \t])")  # RFC 5322 2.2.3; and the CR of each line end
_FIELD = re.compile(r"[!-9;-~]+[ \t]*:")  # RFC 5322 2.2


def header_fields(octets: bytes) -> tuple[str, ...]:
    """The fields in order, unfolded; the first line that is no field ends them, whether or not an empty line came."""
    header = octets[: read_header(octets).length].decode("utf-8", "replace")
    return tuple(takewhile(_FIELD.match, _FOLD.sub("", header).split("\n")))
