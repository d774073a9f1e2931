"""Octets of mail as text, whatever they are declared to be: decided by what reads best. Never raises, loses nothing.

    decoded(octets, "Shift_JIS")     # Decoded(text, charset, damaged)

ISO-2022-JP with all its relatives is read by its escape sequences (`iso2022`), whatever is declared. UTF-8 shows
itself. Of the rest the declaration is believed, in the form that mail programs meant by it (Shift_JIS is cp932), unless
another charset makes much better text of the octets. What no charset can read becomes U+FFFD, and `damaged` says so.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from migrator.viewer import iso2022


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the charset it was read in, and whether some of it could not be read."""

    text: str
    charset: str
    damaged: bool = False


# What is declared, in lower case without signs between: how it is meant. Only these are ever looked up.
_MEANT: Final = {
    "cp932": "shiftjis sjis xsjis mskanji windows31j cp932 ms932 mscp932 cswindows31j csshiftjis shiftjisx0213",
    "euc_jp": "eucjp xeucjp ujis eucjpms cp51932 eucjpwin cseucpkdfmtjapanese",
    "iso2022_jp": "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms jis cp50220 cp50221 cp50222",
    "iso2022_kr": "iso2022kr iso2022cn iso2022cnext",
    "utf-8": "utf8 utf8mb4 unicode11utf8 cp65001 xutf8",
    "utf-7": "utf7 unicode11utf7 unicode20utf7 xunicode20utf7 cp65000",
    "utf-16": "utf16 ucs2 iso10646ucs2",
    "utf-16-le": "utf16le",
    "utf-16-be": "utf16be",
    "gb18030": "gb2312 gbk gb18030 cp936 xgbk euccn csgb2312 gb231280 chinese",
    "hz": "hzgb2312 hz",
    "cp950": "big5 xxbig5 cp950 big5eten csbig5",
    "big5hkscs": "big5hkscs",
    "cp949": "euckr ksc56011987 ksc5601 cp949 uhc kscs56011987 cseuckr korean",
    "cp1252": "iso88591 latin1 l1 windows1252 cp1252 iso885915 latin9 xansi ansi",
    "cp1250": "windows1250 cp1250",
    "iso8859-2": "iso88592 latin2",
    "cp1251": "windows1251 cp1251",
    "koi8-u": "koi8r koi8u",
    "iso8859-5": "iso88595",
    "cp1253": "iso88597 windows1253 cp1253",
    "cp1254": "iso88599 windows1254 cp1254 latin5",
    "cp1255": "iso88598 iso88598i windows1255 cp1255",
    "cp1256": "iso88596 windows1256 cp1256",
    "cp1257": "iso885913 iso88594 windows1257 cp1257",
    "cp1258": "windows1258 cp1258",
    "cp874": "tis620 windows874 cp874 iso885911",
}
_CODECS: Final = {name: codec for codec, names in _MEANT.items() for name in names.split()}
_SHIFTED: Final = frozenset({"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be"})
_SINGLE: Final = "cp1252"
_GUESSES: Final = ("utf-8", "cp932", "euc_jp")
_SURE, _BETTER = 1.3, 0.6  # a score that is believed at once; by how much another one must be better
_SAMPLE: Final = 4000  # signs that are looked at
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SCORES: Final = (
    (re.compile("[\u3000-\u30ff\uff01-\uff5e\u2460-\u247f\u25a0-\u25ff\u2500-\u257f]"), 2.0),
    (re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u058f\u4e00-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]"), 1.0),
    (re.compile("[\uff61-\uff9f]"), 0.5),
    (re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]"), -5.0),
)
_HALVES = re.compile("[\ud800-\udfff]")
_THREE_OCTETS = re.compile(rb"[\xe0-\xf4][\x80-\xbf][\x80-\xbf]")


def decoded(octets: bytes, declared: str = "") -> Decoded:
    """What the octets say."""
    meant = _CODECS.get(re.sub(r"[^a-z0-9]", "", declared.lower()), "")
    if octets.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        meant = "utf-8-sig" if octets.startswith(codecs.BOM_UTF8) else "utf-16"
        return _strict(octets, meant) or _replaced(octets, meant)
    if meant in _SHIFTED and (text := _strict(octets, meant)):
        return text
    if meant == "utf-16" and (text := _strict(octets, "utf-16-be")):
        return text
    if b"\x1b" in octets or meant in {"iso2022_jp", "iso2022_kr"}:
        return _escaped(octets, meant)
    if octets.isascii():
        return Decoded(octets.decode("ascii"), "us-ascii")
    return _eight_bits(octets, meant)


def _escaped(octets: bytes, meant: str) -> Decoded:
    """ISO 2022, which may have lost its escapes, or hold something else altogether."""
    if meant == "iso2022_jp" and b"\x1b" not in octets:
        octets = iso2022.with_escapes(octets)
    if b"\x1b" not in octets and b"\x0e" not in octets and not octets.isascii():
        return _eight_bits(octets, "")
    if b"\x1b(J" not in octets and b"\x0e" not in octets and (plain := _strict(octets, "iso2022_jp")):
        return Decoded(plain.text, "iso-2022-jp")
    read = iso2022.read(octets, lambda foreign: _eight_bits(foreign, "").text)
    return Decoded(read.text, "iso-2022-jp", read.damaged)


def _eight_bits(octets: bytes, meant: str) -> Decoded:
    utf8 = _utf8(octets)
    if utf8 and (meant in {"", "utf-8", _SINGLE} or _THREE_OCTETS.search(octets)):
        return utf8
    declared = _strict(octets, meant) if meant and meant != "utf-8" else None
    first = _score(declared) if declared else -10.0
    if declared and first >= _SURE:
        return declared
    others = [read for codec in _GUESSES if codec != meant and (read := _strict(octets, codec))]
    if not meant and (single := _strict(octets, _SINGLE)):
        others.append(single)
    best = max(others, key=_score, default=None)
    if best and _score(best) > max(first + _BETTER, 0.0 if declared is None else first):
        return best
    return declared or _least_damage(octets, meant)


def _strict(octets: bytes, codec: str) -> Decoded | None:
    try:
        if codec == "euc_jp":
            return Decoded(iso2022.euc_jp(octets), "euc-jp")
        return Decoded(_whole(octets.decode(codec)), codec)
    except (UnicodeError, LookupError):
        return None


def _whole(text: str) -> str:
    """Text without halves of signs, which UTF-7 can spell."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _HALVES.search(text) else text


def _utf8(octets: bytes) -> Decoded | None:
    """UTF-8, of which the last sign may have been cut."""
    text = _strict(octets, "utf-8")
    if text is None and (cut := _strict(_whole_signs(octets), "utf-8")):
        return Decoded(cut.text + "\ufffd", "utf-8", damaged=True) if not cut.text.isascii() else None
    return text


def _whole_signs(octets: bytes) -> bytes:
    for back in range(1, min(4, len(octets)) + 1):
        if octets[-back] >= 0xC0:
            return octets[:-back]
    return octets


def _least_damage(octets: bytes, meant: str) -> Decoded:
    candidates = dict.fromkeys((meant, *_GUESSES)) if meant else dict.fromkeys((*_GUESSES, _SINGLE))
    read = [_replaced(octets, codec) for codec in candidates if codec]
    return min(read, key=lambda one: (one.text.count("\ufffd"), -_score(one)))


def _replaced(octets: bytes, codec: str) -> Decoded:
    return Decoded(octets.decode(codec, "replace"), codec, damaged=True)


def _score(read: Decoded) -> float:
    """How much a text looks like one that somebody wrote: points for each sign beyond ASCII."""
    signs = "".join(_NOT_ASCII.findall(read.text, 0, 16 * _SAMPLE))[:_SAMPLE]
    return sum(points * len(pattern.findall(signs)) for pattern, points in _SCORES) / len(signs) if signs else 0.0
