r"""Lines that begin with "From " in a message, as mboxrd writes them: with one ">" more, and read with one less.

    quoted(chunks), unquoted(chunks)        # "From x" <-> ">From x", ">From x" <-> ">>From x"
    with_lf(chunks), with_crlf(chunks)      # lines ended by LF, as on disk, and by CRLF, as on the wire
    softly_crlf(chunks)                     # the same where CRLF may stand already

Octets pass through in pieces of any size, and a few of them are held back, however long a line is. Pure.
"""

import re
from collections.abc import Iterable, Iterator

_LONGEST = 6  # octets that may still become part of what is looked for: ">From" and one more
_QUOTED = re.compile(rb"(\A|\n)(>*From )"), re.compile(rb"(\n)(>*From )")
_UNQUOTED = re.compile(rb"(\A|\n)>(>*From )"), re.compile(rb"(\n)>(>*From )")


def quoted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A message's octets, lines ended by LF, as mboxrd has them."""
    return _turned(chunks, _QUOTED, rb"\1>\2")


def unquoted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The octets that `quoted` was given."""
    return _turned(chunks, _UNQUOTED, rb"\1\2")


def with_lf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every CRLF becomes LF."""
    held = b""
    for chunk in chunks:
        octets = held + chunk
        held = b"\r" if octets.endswith(b"\r") else b""
        yield octets[: len(octets) - len(held)].replace(b"\r\n", b"\n")
    yield held


def with_crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every LF becomes CRLF, whatever stands in front of it: what `with_lf` was given, where it had no LF alone."""
    for chunk in chunks:
        yield chunk.replace(b"\n", b"\r\n")


def softly_crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every LF that has no CR gets one."""
    carriage = False
    for chunk in chunks:
        first = chunk[:1] if carriage and chunk.startswith(b"\n") else b""
        rest = chunk[len(first) :]
        if rest.count(b"\n") != rest.count(b"\r\n"):
            rest = rest.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        yield first + rest
        carriage = chunk.endswith(b"\r") if chunk else carriage


def _turned(
    chunks: Iterable[bytes], patterns: tuple[re.Pattern[bytes], re.Pattern[bytes]], instead: bytes
) -> Iterator[bytes]:
    """Put `instead` for what a pattern finds at the beginning of a line."""
    at_start, within = patterns
    held, fresh = b"", True  # fresh: in its line, nothing but ">" stands in front of what is held
    for chunk in chunks:
        octets = held + chunk
        cut = max(0, len(octets) - _LONGEST)
        if (last := octets.rfind(b"From ", max(0, cut - 4))) >= 0:
            cut = max(cut, last + 5)
        head, held = octets[:cut], octets[cut:]
        yield (at_start if fresh else within).sub(instead, head)
        line = head[head.rfind(b"\n") + 1 :]
        fresh = not line.strip(b">") and (fresh or len(line) < len(head))
    yield (at_start if fresh else within).sub(instead, held)
