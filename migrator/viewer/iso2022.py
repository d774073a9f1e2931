"""ISO-2022-JP and its relatives (-1, -2, -3, -2004, -MS, CP5022x; -KR, -CN), and EUC-JP, with what vendors added.

    read(octets, eight_bits)     # Read(text, damaged); octets beyond 7 bits go to `eight_bits`
    euc_jp(octets)               # raises UnicodeDecodeError

The standard codecs stop at the first of the NEC special characters (①, ㈱), half-width kana or odd octets; here each
stretch between two escape sequences is read by itself. Nothing but `euc_jp` raises.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Read:
    """Text, and whether some of it could not be read."""

    text: str
    damaged: bool


_ESCAPE = re.compile(
    rb"(\x1b(?:\$\([A-Z@]|\$\)[A-Z]|\$[*+][A-Z]|\$[@AB]|\([A-Z]|[.][AF]|&@|[$(]{0,2}(?=\n|\Z))|[\x0e\x0f\n])"
)
_DOUBLE: Final = {  # sets of signs of two octets each: in which codec they stand, behind which octet
    **dict.fromkeys((b"\x1b$B", b"\x1b$@", b"\x1b$(B", b"\x1b$(@"), ("euc_jp", b"")),
    b"\x1b$(D": ("euc_jp", b"\x8f"),
    **dict.fromkeys((b"\x1b$(O", b"\x1b$(Q"), ("euc_jis_2004", b"")),
    b"\x1b$(P": ("euc_jis_2004", b"\x8f"),
    **dict.fromkeys((b"\x1b$A", b"\x1b$(A", b"\x1b$)A"), ("gb2312", b"")),
    **dict.fromkeys((b"\x1b$(C", b"\x1b$)C"), ("euc_kr", b"")),
}
_CUT: Final = frozenset(b"\x1b" + rest for rest in (b"", b"$", b"(", b"$(", b"$$", b"((", b"($"))
_LOST = re.compile(rb"(?<!\x1b)\$[@B]((?:[!-~]{2}){1,500}?)(?<!\x1b)\([BJ]")
_MENDED: Final = 262_144  # octets of text that can be mended: a search that looks far ahead at each sign
_FOREIGN = re.compile(rb"([\x80-\xff]+)")
_HIGH: Final = bytes(octet | 0x80 if 0x21 <= octet <= 0x7E else octet for octet in range(256))
_PAIR = re.compile(rb"[!-~]{2}")
_LATIN: Final = {b"\x1b.A": "iso8859-1", b"\x1b.F": "iso8859-7"}
_SINGLE_SHIFT = re.compile(rb"\x1bN(.)", re.DOTALL)
_EUC = re.compile(rb"([\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|(?:[\xa1-\xfe]{2})+)", re.DOTALL)
_CONTROLS: Final = b"\t\r\n \x0c"


def read(octets: bytes, eight_bits: Callable[[bytes], str]) -> Read:
    """What the octets say. Each line begins in ASCII again (RFC 1468), save that SO stays where -KR uses it."""
    pieces = list[str]()
    state, shifted, upper = b"\x1b(B", False, b""
    for piece in _ESCAPE.split(octets):
        if piece == b"\n":
            state, shifted = b"\x1b(B", False
            pieces.append("\n")
        elif piece in {b"\x0e", b"\x0f"}:
            shifted = piece == b"\x0e"
        elif piece[:3] == b"\x1b$)" or piece in _LATIN:
            upper = piece
        elif piece in _CUT:
            pieces.append("\ufffd")
        elif piece[:1] == b"\x1b" and _ESCAPE.fullmatch(piece):
            state = piece if piece != b"\x1b&@" else state
        elif piece:
            pieces.append(_stretch(piece, (upper or b"\x1b(I") if shifted else state, upper, eight_bits))
    text = "".join(pieces)
    return Read(text, "\ufffd" in text)


def with_escapes(octets: bytes) -> bytes:
    """ISO-2022-JP whose ESC octets some mail system took away, with them again; unchanged where that makes no text."""
    if len(octets) > _MENDED:
        return octets
    mended = _LOST.sub(lambda found: b"\x1b$B" + found[1] + b"\x1b(B", octets)
    return mended if mended != octets and not read(mended, lambda _: "\ufffd").damaged else octets


def euc_jp(octets: bytes) -> str:
    """EUC-JP with the characters that vendors added (eucJP-ms). Raises UnicodeDecodeError."""
    try:
        return octets.decode("euc_jp")
    except UnicodeDecodeError:
        text, end = list[str](), 0
        for found in _EUC.finditer(octets):
            if found.start() != end:
                raise
            end = found.end()
            text.append(_euc_stretch(found[0]))
        if end != len(octets):
            raise
        return "".join(text)


def _euc_stretch(octets: bytes) -> str:
    if octets[0] >= 0xA1:
        return _pairs(bytes(octet & 0x7F for octet in octets), "strict")
    return octets.decode("euc_jp")


def _stretch(octets: bytes, state: bytes, upper: bytes, eight_bits: Callable[[bytes], str]) -> str:
    """Octets in one state; those beyond 7 bits do not belong there and are read by themselves."""
    if octets.isascii():
        return _plain(octets, state, upper)
    pieces = _FOREIGN.split(octets)
    return "".join(eight_bits(one) if n % 2 else _plain(one, state, upper) for n, one in enumerate(pieces) if one)


def _plain(octets: bytes, state: bytes, upper: bytes) -> str:
    if state == b"\x1b(I":
        return octets.translate(_HIGH).decode("cp932", "replace").replace("\x1b", "\ufffd")
    if state in _DOUBLE:
        return _double(octets, *_DOUBLE[state])
    if state.startswith(b"\x1b$"):
        return "\ufffd" * ((len(octets) + 1) // 2)  # a set of signs that nothing here knows
    return _ascii(octets, upper)


def _ascii(octets: bytes, upper: bytes) -> str:
    """ASCII, with single shifts of ISO-2022-JP-2 into Latin or Greek. An escape left over is a damaged one."""
    if upper in _LATIN:
        pieces = _SINGLE_SHIFT.split(octets)
        read = (one.translate(_HIGH).decode(_LATIN[upper], "replace") if n % 2 else one.decode("ascii")
                for n, one in enumerate(pieces))  # fmt: skip
        return "".join(read).replace("\x1b", "\ufffd")
    return octets.decode("ascii").replace("\x1b", "\ufffd")


def _double(octets: bytes, codec: str, lead: bytes) -> str:
    """Signs of two octets each. Blanks between them stand for themselves."""
    try:
        if not lead:
            return octets.translate(_HIGH).decode(codec).replace("\x1b", "\ufffd")
    except UnicodeDecodeError:
        pass
    text, at = list[str](), 0
    while at < len(octets):
        pair = octets[at : at + 2]
        if _PAIR.fullmatch(pair):
            text.append(_one(pair, codec, lead))
            at += 2
        else:
            text.append(chr(pair[0]) if pair[0] in _CONTROLS else "\ufffd")
            at += 1
    return "".join(text)


def _one(pair: bytes, codec: str, lead: bytes) -> str:
    try:
        return (lead + pair.translate(_HIGH)).decode(codec)
    except UnicodeDecodeError:
        return _pairs(pair, "replace") if codec == "euc_jp" and not lead else "\ufffd"


def _pairs(octets: bytes, errors: str) -> str:
    """Signs of JIS X 0208 with NEC's and IBM's additions: as Shift_JIS, in which cp932 knows them."""
    return b"".join(_shift_jis(octets[at], octets[at + 1]) for at in range(0, len(octets), 2)).decode("cp932", errors)


def _shift_jis(row: int, cell: int) -> bytes:
    """The two octets of Shift_JIS for a row and a cell of JIS (JIS X 0208:1997, annex 1)."""
    lead = (row - 0x21) // 2 + 0x81
    lead += 0x40 if lead > 0x9F else 0
    if row % 2 == 0:
        return bytes((lead, cell + 0x7E))
    return bytes((lead, cell + (0x1F if cell < 0x60 else 0x20)))
