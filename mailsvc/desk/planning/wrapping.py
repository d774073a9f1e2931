"""Sentences broken into lines, in both scripts: English between words, Japanese between any two signs.

Use: `wrapped(sentence, width, wide)`, where `wide` says how wide a text is, in the unit of `width`. A sign that
must not begin a line, such as 。, stays with the one before it. Never fails; a word wider than a line is broken.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

_CLOSING = "、。，．：；！？）」』】〉》・ー々っゃゅょッャュョ）”’,.;:!?)]}"  # noqa: RUF001 -- Japanese has signs of its own
_OPENING = "（「『【〈《“‘"  # noqa: RUF001 -- Japanese has signs of its own
_SIGN = re.compile(r"\s+|\S")


def is_wide(sign: str) -> bool:
    """Whether a sign takes the room of two: Japanese and what belongs to it."""
    return unicodedata.east_asian_width(sign) in {"W", "F"}


def wrapped(sentence: str, width: float, wide: Callable[[str], float]) -> tuple[str, ...]:
    """The lines of `sentence`, each at most `width` wide; at least one."""
    lines, line = list[str](), ""
    for piece in _pieces(sentence):
        if wide((line + piece).rstrip()) <= width:
            line += piece if line else piece.lstrip()
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip()
        while wide(line) > width and len(line) > 1:
            fits = next((count for count in range(len(line), 1, -1) if wide(line[:count]) <= width), 1)
            lines.append(line[:fits])
            line = line[fits:]
    return (*lines, line.rstrip()) if line.strip() or not lines else tuple(lines)


def _pieces(sentence: str) -> Iterator[str]:
    """What must stay together."""
    piece = ""
    for found in _SIGN.finditer(sentence):
        sign = found[0]
        if piece and _may_break(piece[-1], sign):
            yield piece
            piece = ""
        piece += sign
    if piece:
        yield piece


def _may_break(before: str, sign: str) -> bool:
    if sign in _CLOSING or before in _OPENING:
        return False
    return before.isspace() or sign in _OPENING or is_wide(before) or is_wide(sign[0])
