"""The octets of a part without their transfer encoding (RFC 2045 6): as much as can be read. Raises nothing.

decode(octets, "base64")
"""

import binascii
import re
from contextlib import suppress

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_UNPADDED = re.compile(rb"[^=]+")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)?[ \t]+[0-7]{3,4}[ \t][^\n]*\n", re.MULTILINE)


def decode(octets: bytes, encoding: str) -> bytes:
    """What a part holds; octets in an unknown encoding stay as they are."""
    match encoding:
        case "base64":
            return base64(octets)
        case "quoted-printable":
            return binascii.a2b_qp(octets)
        case "x-uuencode" | "uuencode" | "x-uue":
            return _uu(octets)
        case _:
            return octets


def base64(octets: bytes) -> bytes:
    """Base64, however it is padded and whatever stands between; what follows a padding is read on."""
    if b"=" not in octets.rstrip(b"=- \t\r\n"):
        with suppress(binascii.Error):
            return binascii.a2b_base64(octets)
    whole = bytearray()  # of as many pieces as there are paddings, which may be millions
    for piece in _UNPADDED.finditer(octets):
        whole += _whole(_NOT_BASE64.sub(b"", piece[0]))
    return bytes(whole)


def _whole(digits: bytes) -> bytes:
    """Base64 without padding; a last digit alone says nothing."""
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _uu(octets: bytes) -> bytes:
    begin = _UU_BEGIN.search(octets)
    lines = list[bytes]()
    for line in octets[begin.end() if begin else 0 :].splitlines():
        if line.strip() in {b"end", b"`", b""}:
            break
        lines.append(_uu_line(line))
    return b"".join(lines)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # some writers pad a line with anything
        digits = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:digits])
        except binascii.Error:
            return b""
