"""The header of a message or of a part, as a reader needs it: decoded, however broken, and bounded.

    fields = read_fields(header)              # octets before the empty line
    fields.text("subject")                    # encoded words decoded (RFC 2047), also broken ones
    kind = read_content_type(fields.raw("content-type"))    # kind.name, kind.parameter("charset")

Where a field comes twice the first one counts, save that people in several To or Cc are all named. Raises nothing.
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from migrator.viewer.charsets import decoded
from migrator.viewer.decoding import base64

HEADER: Final = 262_144  # octets that are looked at
_FIELD: Final = 16_384  # octets of one field
_WANTED = re.compile(
    rb"^(from|sender|reply-to|to|cc|bcc|subject|date|content-type|content-transfer-encoding|content-disposition"
    rb"|content-id|content-location)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*)",
    re.IGNORECASE | re.MULTILINE,
)
_SEVERAL: Final = frozenset({"to", "cc", "bcc"})
# RFC 2047 2, and what is met beside it: white space within, a lost end, a language (RFC 2231 5).
_WORD = re.compile(rb"=\?([!-~]{1,40}?)(?:\*[^?]*+)?\?([BbQq])\?([^?]*+)(?:\?=|\Z)")
_GAP = re.compile(rb"(\?=)\s+(?==\?)")
_TYPE = re.compile(rb"\s*+([^\s/;=\"]++)/([^\s/;=\"]++)")
# In octets of Shift_JIS and ISO-2022-JP the second half of a sign may look like a backslash or a quotation mark.
_SIGNS: Final = rb"[\x81-\x9f\xe0-\xfc][\x40-\xfc]|\x1b\$[@B](?:[!-~]{2})*"
_NO_SIGNS: Final = rb"[^\x00-\xff]"
_PARAMETER, _RAW_PARAMETER = (
    re.compile(rb';\s*+([^\s=;"]++)\s*+=\s*+("(?:' + signs + rb'|[^"\\]|\\.)*"?|[^;]*+)', re.DOTALL)
    for signs in (_NO_SIGNS, _SIGNS)
)
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_QUOTED_PAIR, _RAW_QUOTED_PAIR = (re.compile(rb"(" + signs + rb")|\\(.)", re.DOTALL) for signs in (_NO_SIGNS, _SIGNS))
_PERCENT = re.compile(r"(?:%[89A-F][0-9A-F]){2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one header that a reader needs."""

    octets: Mapping[str, bytes]  # by name in lower case

    def raw(self, name: str) -> bytes:
        """A field's octets, unfolded; empty where there is none."""
        return self.octets.get(name, b"")

    def text(self, name: str, charset: str = "") -> str:
        """A field as text, on one line; `charset` is what octets beyond ASCII are declared to be elsewhere."""
        return " ".join(decoded_words(self.raw(name), charset).split())


@dataclass(frozen=True, slots=True)
class ContentType:
    """A value with parameters: Content-Type and Content-Disposition."""

    name: str  # "text/html", "attachment", in lower case
    parameters: Mapping[str, str]

    def parameter(self, name: str) -> str:
        """A parameter, decoded; empty where there is none."""
        return self.parameters.get(name, "")


def read_fields(header: bytes) -> Fields:
    """Read the octets of a header, lines ended by LF with or without CR."""
    fields: dict[str, bytes] = {}
    for found in _WANTED.finditer(header[:HEADER]):
        name = found[1].lower().decode("ascii")
        value = found[2][:_FIELD].replace(b"\r", b"").replace(b"\n", b"").strip()
        if name not in fields:
            fields[name] = value
        elif name in _SEVERAL:
            fields[name] = fields[name][:_FIELD] + b", " + value
    return Fields(fields)


def decoded_words(octets: bytes, charset: str = "") -> str:
    """A header field's text. Words of one charset that follow each other may share a sign that was cut (it is met)."""
    if b"=?" not in octets:
        return decoded(octets, charset).text
    octets = _GAP.sub(rb"\1", octets)
    text, end = list[str](), 0
    waiting, declared, last = b"", "", 0
    for found in _WORD.finditer(octets):
        name = found[1].decode("ascii").lower()
        if waiting and (found.start() != last or name != declared):
            text.append(decoded(waiting, declared).text)
            waiting = b""
        text.append(decoded(octets[end : found.start()], charset).text)
        waiting, declared, last = waiting + _word(found[2], found[3]), name, found.end()
        end = found.end()
    if waiting:
        text.append(decoded(waiting, declared).text)
    return "".join((*text, decoded(octets[end:], charset).text))


def _word(encoding: bytes, octets: bytes) -> bytes:
    return base64(octets) if encoding in b"Bb" else a2b_qp(octets.replace(b" ", b"_"), header=True)


def read_content_type(value: bytes, charset: str = "") -> ContentType:
    """Read a Content-Type; what names no type is text/plain (RFC 2045 5.2)."""
    found = _TYPE.match(value)
    name = b"/".join(found.groups()).lower().decode("ascii", "replace") if found else "text/plain"
    return ContentType(name, _parameters(value, charset))


def read_disposition(value: bytes, charset: str = "") -> ContentType:
    """Read a Content-Disposition (RFC 2183)."""
    return ContentType(value.partition(b";")[0].strip().lower().decode("ascii", "replace"), _parameters(value, charset))


def _parameters(value: bytes, charset: str) -> Mapping[str, str]:
    """Parameters by lower-case name: plain, in pieces and encoded (RFC 2231), or in encoded words (met everywhere)."""
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bytes, bool]]] = {}
    parameter, quoted_pair = (_PARAMETER, _QUOTED_PAIR) if _is_utf8(value) else (_RAW_PARAMETER, _RAW_QUOTED_PAIR)
    for found in parameter.finditer(value):
        piece = _PIECE.fullmatch(found[1].lower().decode("ascii", "replace"))
        given = found[2].strip()
        if given.startswith(b'"'):
            given = quoted_pair.sub(rb"\1\2", given[1:].removesuffix(b'"'))
        if piece is None:
            continue
        if piece[2] or piece[3]:
            pieces.setdefault(piece[1], []).append((int(piece[2] or 0), given, bool(piece[3])))
        else:
            plain.setdefault(piece[1], _percents(decoded_words(given, charset)))
    return plain | {name: _joined(sorted(parts, key=lambda part: part[0])) for name, parts in pieces.items()}


def _is_utf8(value: bytes) -> bool:
    """Whether no octet is half of a sign in another charset."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return b"\x1b" not in value


def _percents(text: str) -> str:
    """A name that its program wrote as an address is written; others as they are."""
    if not _PERCENT.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _joined(pieces: list[tuple[int, bytes, bool]]) -> str:
    """Pieces in order, of which encoded ones may be parted anywhere, even within the digits of an octet."""
    declared, octets, waiting = "", b"", b""
    for number, (_, given, encoded) in enumerate(pieces):
        piece = given
        if encoded and number == 0 and given.count(b"'") >= 2:
            name, _, piece = given.split(b"'", 2)
            declared = name.decode("ascii", "replace")
        if encoded:
            waiting += piece
        else:
            octets, waiting = octets + unquote_to_bytes(waiting) + piece, b""
    return decoded(octets + unquote_to_bytes(waiting), declared).text
