"""Plain text as HTML: quotations stand apart, addresses of web pages can be clicked, nothing else can.

    as_html(text)                # escaped, "> " as blockquotes
    printable(text)              # without control characters that HTML does not have
    language(text)               # the attribute that tells in which language it seems to be

Links go to http and https alone. Pure; raises nothing.
"""

import html
import re
from itertools import groupby
from typing import Final

LONGEST: Final = 1_000_000  # signs
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_QUOTE = re.compile(r"(?:> ?){1,20}")
_QUOTED = re.compile(r"^>", re.MULTILINE)
_DEEPEST: Final = 8  # quotations in one another that are told apart
# In escaped text: what an ampersand begins ends an address, save an ampersand itself.
_ADDRESS = re.compile(r"https?://(?:&amp;|[^\s&<>\"'()「」『』【】\uff08\uff09、。\uff0c]){1,2000}", re.IGNORECASE)
_STOPS: Final = ".,;:!?"
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def as_html(text: str) -> str:
    """Text as it is shown."""
    text = text[:LONGEST]
    if not _QUOTED.search(text):
        return _block(text)
    told, deep = list[str](), 0
    for depth, lines in groupby(text.split("\n"), key=_depth):
        told.append("<blockquote>" * (depth - deep) + "</blockquote>" * (deep - depth))
        told.append(_block("\n".join(_QUOTE.sub("", line, count=1) if depth else line for line in lines)))
        deep = depth
    return "".join((*told, "</blockquote>" * deep))


def printable(text: str) -> str:
    """Text with LF between its lines; other controls become signs that can be seen."""
    text = text.replace("\r\n", "\n")
    return _CONTROLS.sub(_shown, text) if _CONTROLS.search(text) else text


def language(text: str) -> str:
    """Nothing for Japanese, which a page is in; for all else the attribute that says that it is not known."""
    return "" if _JAPANESE.search(text) or not text else ' lang=""'


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\n" if code in {0x0C, 0x0D} else chr(0x2400 + code) if code < 0x20 else "\u2421"


def _depth(line: str) -> int:
    found = _QUOTE.match(line)
    return min(found[0].count(">"), _DEEPEST) if found else 0


def _block(text: str) -> str:
    text = text.strip("\n")
    if not text.strip():
        return ""
    escaped = html.escape(text)
    linked = _ADDRESS.sub(_link, escaped) if "://" in escaped else escaped
    lines = linked.replace("\n", "<br>")  # and not by a style alone: some browsers have none
    return f'<div class="text">{lines}</div>'


def _link(found: re.Match[str]) -> str:
    address = found[0].rstrip(_STOPS)
    rest = found[0][len(address) :]
    if address.lower() in {"http://", "https://"}:
        return found[0]
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}</a>{rest}'
