"""Messages that show what a virus scanner does: a harmless test file, and archives that nobody can read.

Use: `eicar()`, `encrypted()`, `deep()`; each is a whole message with one attachment.
"""

import base64
import io
import zipfile
from typing import Final

# The test file that every virus scanner finds, by agreement; in two pieces, so that none finds it here.
_EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_LEVELS: Final = 40  # more archives within one another than any scanner opens
_CENTRAL: Final = b"PK\x01\x02"


def eicar() -> bytes:
    """The EICAR test file, attached."""
    return _attached("eicar.com", _EICAR)


def encrypted() -> bytes:
    """A zip archive whose member is marked as encrypted (APPNOTE.TXT 4.4.4)."""
    octets = bytearray(_zipped("secret.txt", b"nobody can read this"))
    octets[6] |= 1  # in the member's own header, then in the directory of the archive
    octets[octets.index(_CENTRAL) + 8] |= 1
    return _attached("encrypted.zip", bytes(octets))


def deep() -> bytes:
    """A zip archive in a zip archive, and so on."""
    octets = b"nobody looks this deep"
    for _ in range(_LEVELS):
        octets = _zipped("next.zip", octets)
    return _attached("deep.zip", octets)


def _zipped(name: str, octets: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, octets)
    return out.getvalue()


def _attached(name: str, octets: bytes) -> bytes:
    head = (
        "From: doctor@localhost\r\nTo: doctor@localhost\r\nSubject: a probe of the virus check\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="probe"\r\n\r\n--probe\r\nContent-Type: application/octet-stream\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    lines = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    return head.encode("ascii") + lines + b"--probe--\r\n"
