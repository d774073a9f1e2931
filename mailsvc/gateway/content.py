"""The octets of a message as they come in: dots unstuffed, bare CR and LF found, in whole chunks.

`Unstuffer` turns DATA's stream into content and finds its end, CRLF.CRLF and nothing else, wherever the borders of
chunks fall (RFC 5321 4.5.2, 4.1.1.4). `NewlineWatch` tells whether a CR or an LF stood alone (RFC 5321 2.3.8):
relaying one would make us the second half of SMTP smuggling. `normalised` mends them where settings ask for it.
`Opening` tells whether the content begins with a header, so that our own cannot run into something else.

Nothing here fails and nothing here reads lines: each chunk costs a few searches at memory speed.
"""

import re
from typing import Final

Octets = bytes | bytearray

_END: Final = b"\r\n.\r\n"
# Every way a chunk can stop inside the end mark, longest first.
_PARTS: Final = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))
_MARKED: Final = b"\x01"
_UNMARKED: Final = b"\x00"
_MARK_CR: Final = bytes(octet == 0x0D for octet in range(256))
_MARK_LF: Final = bytes(octet == 0x0A for octet in range(256))
# The regular expression engine finds a fixed text of several octets faster than bytes.find does.
_DOTTED: Final = re.compile(rb"\r\n\.")
_END_MARK: Final = re.compile(re.escape(_END))
# The end of an empty header, or a field's name; some write white space before its colon (RFC 5322 4.5).
_HEADED: Final = re.compile(rb"\r\n|[!-9;-~]+[ \t]*:")
# RFC 5322 2.1.1: no line is longer, and so no name of a field.
_LONGEST_NAME: Final = 998
_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")


class Unstuffer:
    """Feed it chunks until `done`; `rest` then holds what came after the end of the message."""

    def __init__(self) -> None:
        # The line break before the first line is the one that ended the DATA command: it is seen, not kept.
        self._held: Octets = b"\r\n"
        self._skip = 2
        self.done = False
        self.rest: Octets = b""

    def feed(self, chunk: Octets) -> Octets:
        """Return the content that is certain by now; it never ends between a CR and its LF."""
        stream = self._held + chunk if self._held else chunk
        # Base64 has no dot at all, and looking for one octet is twenty times faster.
        dot = _DOTTED.search(stream) if b"." in stream else None
        if dot and (end := _END_MARK.search(stream, dot.start())):
            self.done = True
            self.rest = stream[end.end() :]
            self._held = b""
            content: Octets = stream[: end.start() + 2]
        else:
            content = self._hold_back(stream)
        if dot and dot.end() <= len(content):
            content = content.replace(b"\r\n.", b"\r\n")
        return self._after_first_break(content)

    def _hold_back(self, stream: Octets) -> Octets:
        for part in _PARTS:
            if stream.endswith(part):
                self._held = part
                return stream[: -len(part)]
        self._held = b""
        return stream

    def _after_first_break(self, content: Octets) -> Octets:
        if self._skip and content:
            content = content[self._skip :]
            self._skip = 0
        return content


class NewlineWatch:
    """Whether every CR has its LF and every LF its CR, over chunks whose borders may fall between the two."""

    def __init__(self) -> None:
        self._open_cr = False
        self._bare = False

    def look(self, chunk: Octets) -> bool:
        """Look at the next chunk; returns whether it brought a bare one."""
        if not chunk:
            return False
        line_feeds, returns = chunk.translate(_MARK_LF), chunk.translate(_MARK_CR)
        # Each LF must stand one place after a CR, and nowhere else: one comparison for the whole chunk.
        bare = line_feeds != (_MARKED if self._open_cr else _UNMARKED) + returns[:-1]
        self._open_cr = returns.endswith(_MARKED)
        self._bare = self._bare or bare
        return bare

    @property
    def found(self) -> bool:
        """Whether one has been seen for certain."""
        return self._bare

    @property
    def bare(self) -> bool:
        """Whether any stood alone so far; a CR at the very end counts, as its LF has not come."""
        return self._bare or self._open_cr


class Opening:
    """Whether content begins with a header: its first line is a field (RFC 5322 2.2), or empty, or not there."""

    def __init__(self) -> None:
        self._line = b""
        self._decided = False
        self.headed = True

    def look(self, chunk: Octets) -> None:
        """Look at the next chunk; after the first line, at nothing any more."""
        if self._decided or not chunk:
            return
        self._line += chunk[: _LONGEST_NAME - len(self._line)]
        self.headed = _HEADED.match(self._line) is not None
        self._decided = self.headed or len(self._line) == _LONGEST_NAME or b"\n" in self._line


def normalised(content: Octets) -> bytes:
    """Bare LF becomes CRLF, bare CR a space, as Postfix does; `content` never ends between a CR and its LF."""
    return _BARE_CR.sub(b" ", _BARE_LF.sub(b"\r\n", content))
