"""What is attached to the demo world's old mail: pictures, a quotation, a table, a card, all made here.

    thing("夕日.png")    # -> Thing("image", "png", octets); always the same octets for the same name

Raises ValueError for a name whose ending is none of them.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT = 480, 300
_Colour = tuple[int, int, int]
_CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:緑病院\r\nTEL:000-0000-0000\r\nADR:;;;金沢市;石川県;;日本\r\nEND:VCARD\r\n"
_TABLE = "品目,数量,金額\r\n流し台,1,248000\r\n工事,1,164000\r\n食器棚,1,92000\r\n"


@dataclass(frozen=True, slots=True)
class Thing:
    """A file with its media type."""

    main: str
    sub: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class _View:
    """A landscape: the sky from top to horizon, what lies below, and a sun."""

    top: _Colour
    horizon: _Colour
    ground: _Colour
    sun: _Colour


_VIEWS = {
    "夕日.png": _View((52, 40, 92), (250, 150, 70), (40, 50, 90), (255, 226, 150)),
    "山.png": _View((90, 150, 220), (214, 234, 248), (46, 94, 62), (255, 250, 220)),
    "湖.png": _View((120, 170, 210), (236, 240, 236), (50, 112, 140), (255, 246, 230)),
    "川辺の桜.png": _View((170, 205, 235), (252, 226, 234), (236, 170, 190), (255, 255, 245)),
}


def thing(name: str) -> Thing:
    """The file of this name."""
    match name.rpartition(".")[2]:
        case "png":
            return Thing("image", "png", _picture(_VIEWS[name]))
        case "pdf":
            return Thing("application", "pdf", _page(("QUOTATION", "Kitchen: 504,000 JPY", "Tanaka")))
        case "csv":
            return Thing("text", "csv", _TABLE.encode("shift_jis"))
        case "vcf":
            return Thing("text", "x-vcard", _CARD.encode())
        case _:
            raise ValueError(f"nothing of that kind is made: {name}")


def _picture(view: _View) -> bytes:
    """A PNG: lines of three octets a dot, each behind a zero that says it is not filtered."""
    lines = b"".join(b"\0" + b"".join(bytes(_dot(view, x, y)) for x in range(_WIDTH)) for y in range(_HEIGHT))
    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(octets)) + kind + octets + struct.pack(">I", zlib.crc32(kind + octets))
        for kind, octets in chunks
    )


def _dot(view: _View, x: int, y: int) -> _Colour:
    line = 190 + abs((x + 60) % 240 - 120) // -3 + abs(x % 90 - 45) // 5  # hills
    if y > line:
        return _mixed(view.ground, (0, 0, 0), min(60, (y - line) // 2))
    if (x - 330) ** 2 + (y - 120) ** 2 < 34**2:
        return view.sun
    return _mixed(view.top, view.horizon, min(100, y * 100 // 190))


def _mixed(one: _Colour, other: _Colour, percent: int) -> _Colour:
    red, green, blue = ((a * (100 - percent) + b * percent) // 100 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _page(lines: Sequence[str]) -> bytes:
    """A PDF of one page with these lines of ASCII."""
    said = "BT /F1 20 Tf 60 760 Td 30 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        f"<< /Length {len(said)} >>\nstream\n{said}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Font << /F1 5 0 R >> >>",
    )
    text, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "0000000000 65535 f \n" + "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"trailer << /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return (text + f"xref\n0 {len(places) + 1}\n{table}{end}").encode("ascii")
