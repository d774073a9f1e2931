"""What a message is about, for its file's name: the decoded Subject, or as much of it as can be read.

    subject_of(first_octets)         # "請求書", "" where there is none

Encoded words (RFC 2047) and raw octets in ISO-2022-JP, UTF-8, EUC-JP or Shift JIS are read. Raises nothing.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header

_HEADER = 65_536  # octets that are looked at
_LONGEST = 1000
_SUBJECT = re.compile(rb"(?:^|\r?\n)subject:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")
_RAW = ("iso2022_jp_ext", "utf-8", "euc_jp", "cp932", "latin-1")


def subject_of(octets: bytes) -> str:
    """The Subject of a message that begins so."""
    head = octets[:_HEADER]
    if end := _END.search(head):
        head = head[: end.start()]
    found = _SUBJECT.search(head)
    if not found:
        return ""
    said = _raw(found[1][:_LONGEST].replace(b"\r", b"").replace(b"\n", b""))
    return _decoded(said).strip() if "=?" in said else said.strip()


def _decoded(said: str) -> str:
    try:
        return "".join(_part(octets, charset) for octets, charset in decode_header(said))
    except (HeaderParseError, ValueError):
        return said


def _part(octets: bytes | str, charset: str | None) -> str:
    if isinstance(octets, str):
        return octets
    if charset is None:
        return octets.decode("raw_unicode_escape", "replace")  # as decode_header encodes what is no encoded word
    try:
        return octets.decode("iso2022_jp_ext" if charset == "iso-2022-jp" else charset)
    except (LookupError, ValueError):
        return _raw(octets)


def _raw(octets: bytes) -> str:
    """Octets in whichever charset they can be."""
    for charset in _RAW:
        try:
            return octets.decode(charset)
        except ValueError:
            continue
    return octets.decode("latin-1")
