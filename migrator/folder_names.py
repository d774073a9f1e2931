r"""Folder names on the wire: modified UTF-7 (RFC 3501 section 5.1.3) or UTF-8, and quoting that nothing gets out of.

    decoded(b"&U,BTFw-/a &- b")      # "台北/a & b"
    encoded("台北")                   # b"&U,BTFw-"
    quoted(b'a "b"')                 # b'"a \"b\""'

What a server sent is kept as octets, so that a name that is no modified UTF-7 can still be selected; `decoded` gives
None for it. `quoted` raises BadFolderName for what can stand in no quoted string: such a name goes as a literal.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_PLAIN = re.compile(r"[\x20-\x7e]+")


class BadFolderName(ValueError):
    """A folder name that cannot be written so; the message says why."""


def encoded(name: str) -> bytes:
    """`name` in modified UTF-7, the one form of it. Raises BadFolderName for lone surrogates, which are no text."""
    written, at = [], 0
    for found in _PLAIN.finditer(name):
        written += [_shifted(name[at : found.start()]), found[0].replace("&", "&-").encode("ascii")]
        at = found.end()
    return b"".join([*written, _shifted(name[at:])])


def _shifted(text: str) -> bytes:
    if not text:
        return b""
    try:
        octets = text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise BadFolderName(f"{text!r} is no text") from None
    return b"&" + b64encode(octets, b"+,").rstrip(b"=") + b"-"


def decoded(octets: bytes) -> str | None:
    """What octets in modified UTF-7 say; None where they are none, or another form of a name than `encoded` gives."""
    text, at = [], 0
    try:
        for found in _SHIFTED.finditer(octets):
            text += [octets[at : found.start()].decode("ascii"), _unshifted(found[1])]
            at = found.end()
        name = "".join([*text, octets[at:].decode("ascii")])
        return name if encoded(name) == octets else None
    except (UnicodeDecodeError, BadBase64, BadFolderName):
        return None


def _unshifted(digits: bytes) -> str:
    if not digits:
        return "&"
    padded = digits + b"=" * (-len(digits) % 4)
    return b64decode(padded, b"+,", validate=True).decode("utf-16-be")


def quoted(octets: bytes) -> bytes:
    """A quoted string (RFC 3501 section 9): printable ASCII, or UTF-8 where UTF8=ACCEPT is enabled (RFC 6855)."""
    if any(octet < 0x20 or octet == 0x7F for octet in octets):
        raise BadFolderName("a control character cannot stand in a quoted string")
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
