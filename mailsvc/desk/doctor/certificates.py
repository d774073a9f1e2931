"""From when until when a certificate file is valid, and whether its key can be read.

Use: `check_certificate(path, key, now)` for findings; `validity(pem)` alone is pure.
Fails: `ValueError` from `validity` for what is no certificate; the check turns it into a finding.
"""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailsvc.desk.doctor.finding import Finding, error, warning

CHECK = "certificate"
SOON = timedelta(days=21)

_EXPLICIT_0, _UTC_TIME = 0xA0, 0x17
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Validity:
    """When a certificate begins and ends to be valid (RFC 5280 4.1.2.5)."""

    begins: datetime
    ends: datetime


def validity(pem: str) -> Validity:
    """The validity of the first certificate in `pem`. Raises ValueError where there is none."""
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("it holds no certificate in PEM form")
    try:
        (_, whole), *_ = _elements(ssl.PEM_cert_to_DER_cert(found[0]))
        (_, signed), *_ = _elements(whole)
        fields = [body for tag, body in _elements(signed) if tag != _EXPLICIT_0]
        begins, ends = (_time(tag, body) for tag, body in _elements(fields[3]))  # serial, algorithm, issuer, validity
    except (IndexError, ValueError):
        raise ValueError("its certificate is damaged") from None
    return Validity(begins, ends)


def check_certificate(path: Path, key: Path, now: datetime) -> Iterator[Finding]:
    """Findings for a certificate file and its key at `now`."""
    try:
        valid = validity(path.read_text(encoding="ascii", errors="replace"))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, key, password=_no_password)
    except (OSError, ValueError) as problem:
        yield error(
            CHECK, f"{path}: {_said(problem)}", "put a certificate and its own key, readable to this user, there"
        )
        return
    if now < valid.begins:
        yield error(
            CHECK, f"{path} is valid only from {valid.begins:%Y-%m-%d %H:%M} UTC", "check the clock, or use another"
        )
    elif valid.ends <= now:
        yield error(CHECK, f"{path} ended on {valid.ends:%Y-%m-%d %H:%M} UTC", "renew it")
    elif valid.ends - now < SOON:
        yield warning(CHECK, f"{path} ends on {valid.ends:%Y-%m-%d %H:%M} UTC", "renew it before then")


def _no_password() -> str:
    raise ValueError("the key is protected by a password")


def _said(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLError):
        return f"certificate and key do not fit together or are damaged ({problem.reason})"
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER value, as tag and content (X.690 8.1)."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            length, at = int.from_bytes(der[at : at + octets], "big"), at + octets
        if at + length > len(der):
            raise ValueError("cut off")
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, body: bytes) -> datetime:
    text = body.decode("ascii")
    if tag == _UTC_TIME:  # RFC 5280 4.1.2.5.1: years from 50 on lie in the last century
        text = ("19" if text >= "5" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
