"""What clamd answers, read strictly: a verdict, or `Away`; nothing unexpected is ever taken for clean.

`numbered` splits a reply of an IDSESSION into its number and text, `verdict` reads the text, `product` a VERSION.
"""

import re
from datetime import datetime
from typing import Final

from filters.scan import Scan, ScanClean, ScanInfected, ScanUnread, Unreadable

REPLY_LIMIT: Final = 4096  # octets

_NUMBERED = re.compile(rb"([1-9][0-9]{0,9}): (.*)", re.DOTALL)
_FOUND = re.compile(rb"stream: ([!-~](?:[ -~]{0,254}[!-~])?) FOUND")
_VERSION = re.compile(rb"ClamAV ([0-9A-Za-z.+~_-]{1,40})(?:/([0-9]{1,9})/([ -~]{1,40}))?")
_DEEP: Final = ("Heuristics.Limits.Exceeded.MaxRecursion", "Heuristics.Limits.Exceeded.MaxFiles")
_LIMITS: Final = "Heuristics.Limits.Exceeded"
_ENCRYPTED: Final = "Heuristics.Encrypted"
_OVERSIZE: Final = b"INSTREAM size limit exceeded. ERROR"


class Away(Exception):
    """This clamd cannot be trusted for an answer now; the words say why."""


def numbered(reply: bytes) -> tuple[int, bytes]:
    """The number and text of one reply in an IDSESSION, without its NUL. Raises Away."""
    found = _NUMBERED.fullmatch(reply)
    if found is None:
        raise Away(f"it said {_shown(reply)}")
    return int(found[1]), found[2]


def verdict(text: bytes, scanner: str) -> Scan:
    """Read the answer to an INSTREAM. Raises Away for all but verdicts."""
    if text == b"stream: OK":
        return ScanClean(scanner)
    if text == _OVERSIZE:  # StreamMaxLength
        return ScanUnread(Unreadable.TOO_LARGE, "larger than clamd's StreamMaxLength", scanner)
    found = _FOUND.fullmatch(text)
    if found is None:
        raise Away(f"it said {_shown(text)}")
    name = found[1].decode("ascii")
    if name.startswith(_DEEP):
        return ScanUnread(Unreadable.TOO_DEEP, name, scanner)
    if name.startswith(_LIMITS):
        return ScanUnread(Unreadable.TOO_LARGE, name, scanner)
    if name.startswith(_ENCRYPTED):
        return ScanUnread(Unreadable.ENCRYPTED, name, scanner)
    return ScanInfected(name, scanner)


def product(text: bytes) -> str:
    """Read the answer to a VERSION: `ClamAV 1.0.9/27800/2026-11-20`, engine, signatures and their day. Raises Away."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise Away(f"it gave {_shown(text)} for its version")
    engine, signatures, made = (part.decode("ascii") if part else "" for part in found.groups())
    return f"ClamAV {engine}/{signatures}/{_day(made)}" if signatures else f"ClamAV {engine}"


def _day(made: str) -> str:
    try:
        return f"{datetime.strptime(made, '%a %b %d %H:%M:%S %Y'):%Y-%m-%d}"  # noqa: DTZ007 - only the day is kept
    except ValueError:
        return made.strip()


def _shown(octets: bytes) -> str:
    return ascii(octets[:60].decode("latin-1")) + ("…" if len(octets) > 60 else "")
