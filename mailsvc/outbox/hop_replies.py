"""Replies of a next hop, read from its octets: never trusted, always bounded.

`Replies.feed` takes what came from the socket; `take` gives the next whole reply or None. What is no SMTP reply
raises `GarbageReply`; the connection is of no use after that.
"""

import re
from dataclasses import dataclass

LINE_LIMIT = 65_536  # octets; RFC 5321 4.5.3.1.5 asks for 512, we read more and keep less
LINES_LIMIT = 512
TEXT_KEPT = 500  # characters of a reply that are kept for records and logs

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")


class GarbageReply(ValueError):
    """What the next hop said is no SMTP reply (RFC 5321 4.2)."""


@dataclass(frozen=True, slots=True)
class HopReply:
    """One reply of a next hop. Code 0 marks a sentence of our own, where the hop said nothing."""

    code: int
    lines: tuple[str, ...]  # printable text only, without the code

    @property
    def severity(self) -> int:
        """The first digit: 2 taken, 3 go on, 4 later, 5 never."""
        return self.code // 100

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 2034) or an empty text."""
        found = _ENHANCED.match(self.lines[0]) if self.lines else None
        return found[1] if found else ""

    def __str__(self) -> str:
        text = " / ".join(self.lines)[:TEXT_KEPT]
        return f"{self.code} {text}".strip() if self.code else text


def said_by_us(code: int, text: str) -> HopReply:
    """A reply in the hop's place, for what we found out ourselves; `text` starts with an enhanced code."""
    return HopReply(code, (text,))


class Replies:
    """Octets in, replies out."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._lines: list[str] = []
        self._code = 0

    def feed(self, octets: bytes) -> int:
        """Take what the socket gave; tells how many octets wait now."""
        self._octets += octets
        return len(self._octets)

    @property
    def pending(self) -> bool:
        """Whether octets or lines wait that no reply has used."""
        return bool(self._octets or self._lines)

    def take(self) -> HopReply | None:
        """The next whole reply, or None while its end has not come. Raises GarbageReply."""
        while (end := self._octets.find(b"\n", 0, LINE_LIMIT)) >= 0:
            line = bytes(self._octets[:end]).removesuffix(b"\r")
            del self._octets[: end + 1]
            if not self._line(line):
                continue
            reply = HopReply(self._code, tuple(self._lines))
            self._lines = []
            return reply
        if len(self._octets) >= LINE_LIMIT:
            raise GarbageReply(f"a reply line of over {LINE_LIMIT} octets")
        return None

    def _line(self, line: bytes) -> bool:
        found = _LINE.fullmatch(line)
        if not found:
            raise GarbageReply(f"no SMTP reply: {_printable(line[:80])!r}")
        code = int(found[1])
        if self._lines and code != self._code:
            raise GarbageReply(f"a reply that begins with {self._code} and goes on with {code}")
        if len(self._lines) >= LINES_LIMIT:
            raise GarbageReply(f"a reply of over {LINES_LIMIT} lines")
        self._code = code
        self._lines.append(_printable((found[3] or b"")[:TEXT_KEPT]))
        return found[2] != b"-"


def _printable(octets: bytes) -> str:
    text = octets.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
