"""Strangers' text on its way to a terminal or into a log line.

`printable(text)` writes out, as Python would, every sign that a terminal obeys instead of showing: controls of C0 and
C1 (an escape sequence moves the cursor or renames the window), line breaks of Unicode (a forged line), signs that turn
the direction of writing, and lone surrogates. All else, Japanese with its own spaces too, stays as it is.
"""

import re
from typing import Final

_OBEYED: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]", re.UNICODE
)


def printable(text: str, *, keep: str = "") -> str:
    """`text` as it can be shown; signs in `keep` stay. Never fails."""
    if text.isprintable():
        return text
    return _OBEYED.sub(lambda found: found[0] if found[0] in keep else _written(found[0]), text)


def json_printable(line: str) -> str:
    """A line of JSON in which such signs, which can only stand inside its strings, are written as JSON escapes them."""
    return line if line.isprintable() else _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _written(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
