"""The header of one MIME entity (RFC 2045 2.4): its type, encoding and boundary, or why readers would not agree.

    entity = read_entity(header)    # octets up to the empty line; raises Odd

Octets in, no email package. What every reader takes alike is taken, however sloppy it is; `Odd` names the rest.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from filters.scan import Unreadable


class Oddity(StrEnum):
    """What stands in the way of one certain reading; the value is told to operators."""

    TWO_FIELDS = "two different Content-Type or Content-Transfer-Encoding fields in one part"
    SPACED_FIELD = "white space before the colon of a Content- field"
    BROKEN_HEADER = "a Content- field or a uuencoded file behind a line that is no header field"
    LONG_FIELD = "a Content- field longer than anybody writes"
    LONG_HEADER = "a header longer than anybody writes"
    CONTROL_IN_HEADER = "a NUL or bare CR in a header"
    ODD_TYPE = "a Content-Type that cannot be told from a multipart or message"
    WHOLLY_MESSAGE = "a message that is itself of a message/ type, in which clamd decodes nothing"
    ODD_PARAMETERS = "parameters of a multipart that cannot be told apart"
    TWO_PARAMETERS = "a boundary or charset given twice"
    SPLIT_BOUNDARY = "a boundary in pieces or encoded (RFC 2231)"
    NO_BOUNDARY = "a multipart without a boundary"
    ODD_BOUNDARY = "a boundary that RFC 2046 does not allow"
    LIKE_BOUNDARY = "a boundary that begins like an enclosing one"
    ODD_DELIMITER = "a line that begins like a boundary and goes on"
    REOPENED = "a boundary behind the end of its multipart"
    NEVER_OPENED = "a multipart in which its boundary never comes"
    NEVER_CLOSED = "a multipart that never ends"
    PIECE = "a piece of a message (message/partial)"
    ELSEWHERE = "content that lies elsewhere (message/external-body)"
    ENCODED_CONTAINER = "a multipart or message in base64 or quoted-printable"
    UNKNOWN_ENCODING = "an unknown Content-Transfer-Encoding"
    BEHIND_PADDING = "base64 that goes on behind its padding"
    DEEP = "nested deeper than anybody writes"
    MANY_PARTS = "more parts than anybody writes"
    SMIME = "wrapped by S/MIME"
    PGP = "encrypted by OpenPGP"

    @property
    def why(self) -> Unreadable:
        """What a virus check makes of it."""
        match self:
            case Oddity.DEEP | Oddity.MANY_PARTS:
                return Unreadable.TOO_DEEP
            case Oddity.SMIME | Oddity.PGP:
                return Unreadable.ENCRYPTED
            case _:
                return Unreadable.AMBIGUOUS


class Odd(Exception):
    """Reading ends here."""

    def __init__(self, oddity: Oddity) -> None:
        super().__init__(oddity)
        self.oddity = oddity


@dataclass(frozen=True, slots=True)
class Entity:
    """What the header says of the octets behind it."""

    kind: bytes  # type/subtype in lower case
    encoding: bytes  # Content-Transfer-Encoding in lower case; empty where the octets stand as they are
    boundary: bytes  # of a multipart, else empty
    sealed: Oddity | None = None  # encrypted, or wrapped so that a scanner does not look inside


PLAIN: Final = b"text/plain"
_FIELD_LIMIT: Final = 8192  # octets; beyond it nobody would look for a parameter

# RFC 5322 2.2: fields and their continuations. No line can be read in two ways, so time stays linear whatever comes.
_LINES = re.compile(rb"(?:[^\s:]++[ \t]*+:[^\n]*+(?:\n[ \t]++[^\s][^\n]*+)*(?:\n|\Z))*")
_UUENCODED = re.compile(rb"^begin(?:-base64)?[ \t]+[0-7]{3,4}[ \t]", re.MULTILINE)
_FROM_LINE = re.compile(rb">?From [^\n]*+\n")  # of an mbox, or of a mail system that kept it in a message
_CONTENT = re.compile(
    rb"^content-(type|transfer-encoding)([ \t]*+):([^\n]*+(?:\n[ \t][^\n]*+)*)", re.IGNORECASE | re.MULTILINE
)
# RFC 2045 5.1; tokens are taken as generously as mail programs do (`boundary=----=_Part_1`).
_TYPE = re.compile(rb'\s*+([^\s/;=()"<>@,:\\\[\]?]++/[^\s/;=()"<>@,:\\\[\]?]++)\s*+(?=;|\Z)')
_PARAMETER = re.compile(rb';\s*+(?:([^\s=;"]++)\s*+=\s*+(?:"([^"]*+)"|([^\s;"]*+))\s*+)?(?=;|\Z)')
_CONTAINERS = re.compile(rb"multipart|message|boundary", re.IGNORECASE)
# RFC 2046 5.1.1: 1 to 70 characters, the last no space; others that are printable are read alike by everyone.
_BOUNDARY = re.compile(rb"[!#-:<-\[\]-~](?:[ !#-:<-\[\]-~]{0,68}[!#-:<-\[\]-~])?")
_AS_IT_STANDS: Final = frozenset({b"", b"7bit", b"8bit", b"binary", b"7-bit", b"8-bit"})
_ENCODINGS: Final = frozenset({b"base64", b"quoted-printable", b"x-uuencode", b"uuencode", b"x-uue"})
_SMIME: Final = frozenset({b"application/pkcs7-mime", b"application/x-pkcs7-mime"})
_OPENPGP: Final = frozenset({b"multipart/encrypted", b"application/pgp-encrypted"})
MESSAGES: Final = frozenset({b"message/rfc822", b"message/global", b"message/news"})


def read_entity(header: bytes, default: bytes = PLAIN, *, whole: bool = False) -> Entity:
    """Read the header of one entity; `default` is its type where it names none (RFC 2046 5.1.5). Raises Odd.

    `whole`: it is a message's own header, not that of a part.
    """
    if b"\0" in header or header.count(b"\r") != header.count(b"\r\n"):
        raise Odd(Oddity.CONTROL_IN_HEADER)
    said = _content_fields(header)
    encoding = said.get(b"transfer-encoding", b"").strip().lower()
    kind, parameters = _content_type(said[b"type"]) if b"type" in said else (default, {})
    container = kind.startswith(b"multipart/") or kind in MESSAGES
    _check_encoding(encoding, container=container)
    if kind == b"message/partial":  # RFC 2046 5.2.2: the whole is put together where no scanner sees it
        raise Odd(Oddity.PIECE)
    if kind == b"message/external-body":
        raise Odd(Oddity.ELSEWHERE)
    if whole and kind.startswith(b"message/") and kind != b"message/rfc822":
        raise Odd(Oddity.WHOLLY_MESSAGE)
    boundary = _boundary(parameters) if kind.startswith(b"multipart/") else b""
    return Entity(kind, b"" if encoding in _AS_IT_STANDS else encoding, boundary, _sealed(kind, parameters))


def _content_fields(header: bytes) -> dict[bytes, bytes]:
    """Content-Type and Content-Transfer-Encoding by the end of their lower-case names."""
    mbox = _FROM_LINE.match(header)
    sound = _LINES.match(header, mbox.end() if mbox else 0)
    until = sound.end() if sound else 0
    if _UUENCODED.search(header, until):
        raise Odd(Oddity.BROKEN_HEADER)
    said: dict[bytes, bytes] = {}
    for field in _CONTENT.finditer(header):
        name, space, value = field[1].lower(), field[2], field[3]
        if field.end() > until + 1:  # some readers end the header at the broken line, others read on
            raise Odd(Oddity.BROKEN_HEADER)
        if space:
            raise Odd(Oddity.SPACED_FIELD)
        if len(value) > _FIELD_LIMIT:
            raise Odd(Oddity.LONG_FIELD)
        if said.setdefault(name, value).split() != value.split():
            raise Odd(Oddity.TWO_FIELDS)
    return said


def _content_type(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    kind = _TYPE.match(value)
    if kind is None:
        if _CONTAINERS.search(value):
            raise Odd(Oddity.ODD_TYPE)
        return PLAIN, {}  # "text", or nothing: RFC 2045 5.2
    return kind[1].lower(), _parameters(value, kind.end(), multipart=kind[1].lower().startswith(b"multipart/"))


def _parameters(value: bytes, at: int, *, multipart: bool) -> dict[bytes, bytes]:
    """Parameters by lower-case name; behind what cannot be read they are given up, save in a multipart."""
    parameters: dict[bytes, bytes] = {}
    while at < len(value):
        found = _PARAMETER.match(value, at)
        if found is None:
            if multipart:
                raise Odd(Oddity.ODD_PARAMETERS)
            break
        at = found.end()
        if found[1] is None:
            continue  # ";;" or a last ";"
        name, given = found[1].lower(), found[3] if found[2] is None else found[2]
        if parameters.setdefault(name, given) != given and name in {b"boundary", b"charset"}:
            raise Odd(Oddity.TWO_PARAMETERS)
    return parameters


def _boundary(parameters: dict[bytes, bytes]) -> bytes:
    if any(name.startswith(b"boundary*") for name in parameters):
        raise Odd(Oddity.SPLIT_BOUNDARY)
    boundary = parameters.get(b"boundary")
    if not boundary:
        raise Odd(Oddity.NO_BOUNDARY)
    if not _BOUNDARY.fullmatch(boundary):
        raise Odd(Oddity.ODD_BOUNDARY)
    return boundary


def _check_encoding(encoding: bytes, *, container: bool) -> None:
    if encoding in _AS_IT_STANDS:
        return
    if container:  # RFC 2045 6.4: forbidden; some readers decode it, others do not
        raise Odd(Oddity.ENCODED_CONTAINER)
    if encoding not in _ENCODINGS:
        raise Odd(Oddity.UNKNOWN_ENCODING)


def _sealed(kind: bytes, parameters: dict[bytes, bytes]) -> Oddity | None:
    """Signed-data of S/MIME (RFC 8551 3.5.2) counts too: what it wraps is opaque to a scanner."""
    if kind in _SMIME and parameters.get(b"smime-type", b"").lower() != b"certs-only":
        return Oddity.SMIME
    return Oddity.PGP if kind in _OPENPGP else None
