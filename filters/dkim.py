"""DKIM (RFC 6376): which domains have signed a message, and whether their signatures hold. dkimpy does the arithmetic.

    named = signatures(header)                       # d= and s= of each, bounded
    if affordable(header, message):
        held = verify(message, {"sel._domainkey.b.example": key})     # 10 ms and more: run it in an executor

Keys are looked up beforehand, so nothing here waits. Never fails: a signature that cannot be read does not hold.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dkim

from filters.header import Header

# A message with more signatures than this asks for work, not for trust.
SIGNATURES: Final = 5
# Octets of a message, of its header and of one signature that are worth the arithmetic.
LIMIT: Final = 2 * 1024 * 1024
_HEADER_LIMIT: Final = 65_536
_FIELD_LIMIT: Final = 4_096
# Canonicalization takes time by the square of such a run, and stops the whole process meanwhile.
_LONG_RUN: Final = re.compile(rb"[ \t]{100}")
# Octets of a key's record: twice RSA-4096. A stranger's larger key would cost minutes.
KEY_LIMIT: Final = 1_500
_QUIET: Final = logging.getLogger("mailsvc.dkim")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What one DKIM-Signature field claims."""

    domain: str  # d=, lower case
    selector: str  # s=

    @property
    def key_name(self) -> str:
        """Where its key stands in DNS (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def signatures(header: Header) -> Sequence[Signature]:
    """The first few signatures, topmost first; an empty domain stands for one that names none."""
    fields = header.all("DKIM-Signature")[:SIGNATURES]
    return [_signature(value.decode("ascii", "replace")) for value in fields]


def affordable(header: Header, message: bytes) -> bool:
    """Whether the signatures of a message can be computed in a moment, whoever wrote it."""
    fields = header.all("DKIM-Signature")
    return (
        header.complete
        and header.length <= _HEADER_LIMIT
        and len(message) <= LIMIT
        and all(len(field) <= _FIELD_LIMIT for field in fields)
        and not _LONG_RUN.search(message)
    )


def verify(message: bytes, keys: Mapping[str, bytes]) -> Sequence[str]:
    """The domains whose signature of `message` holds; `keys` are the TXT records by name."""

    def key_of(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - as dkimpy calls it
        return keys.get(name.decode("ascii", "replace").rstrip(".").lower())

    held = []
    try:
        signed = dkim.DKIM(message, logger=_QUIET)
        fields = [value for name, value in signed.headers if name.lower() == b"dkim-signature"]
    except Exception:  # noqa: BLE001 - a stranger's octets in a library: what it cannot read does not hold
        return ()
    for index, value in enumerate(fields[:SIGNATURES]):
        try:
            if signed.verify(index, dnsfunc=key_of):
                held.append(_signature(value.decode("ascii", "replace")).domain)
        except Exception:  # noqa: BLE001, S112 - the same
            continue
    return held


def _signature(value: str) -> Signature:
    tags = dict(tag.strip().partition("=")[::2] for tag in value.split(";"))
    plain = {name.strip(): "".join(text.split()) for name, text in tags.items()}
    return Signature(plain.get("d", "").lower().rstrip("."), plain.get("s", "").lower())
