"""Macros of SPF: `%{i}` and its kin in the domain of a term (RFC 7208 7)."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_MACRO: Final = re.compile(r"%\{([a-z])([0-9]*)(r?)([-.+,/_=]*)\}|%([%_-])", re.IGNORECASE)
_SIGNS: Final[Mapping[str, str]] = {"%": "%", "_": " ", "-": "%20"}
LONGEST_NAME: Final = 253  # RFC 7208 7.3


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked about (RFC 7208 4.1)."""

    ip: IpAddress
    sender: str  # local@domain
    helo: str


def uses_pointer(spec: str) -> bool:
    """Whether `%{p}` stands in it: a name that must be looked up and confirmed first."""
    return any((found[1] or "").lower() == "p" for found in _MACRO.finditer(spec))


def expand(spec: str, asking: Asking, domain: str, pointer: str = "unknown") -> str:
    """The domain that a term names, cut from the left to what fits a name (RFC 7208 7.3)."""
    values = _values(asking, domain, pointer)
    name = _MACRO.sub(lambda found: _SIGNS[found[5]] if found[5] else _one(found, values), spec)
    if len(name) <= LONGEST_NAME:
        return name
    dot = name.find(".", len(name) - LONGEST_NAME - 1)  # in one step: a stranger's record may expand to 500,000 octets
    return name[dot + 1 :] if dot >= 0 else name.rpartition(".")[2]


def _values(asking: Asking, domain: str, pointer: str) -> Mapping[str, str]:
    local, _, host = asking.sender.rpartition("@")
    v4 = isinstance(asking.ip, ipaddress.IPv4Address)
    dotted = str(asking.ip) if v4 else ".".join(asking.ip.exploded.replace(":", ""))
    return {
        "s": asking.sender,
        "l": local,
        "o": host,
        "d": domain,
        "i": dotted,
        "p": pointer,
        "h": asking.helo,
        "v": "in-addr" if v4 else "ip6",
    }


def _one(found: re.Match[str], values: Mapping[str, str]) -> str:
    letter, digits, reverse, delimiters = found[1], found[2], found[3], found[4]
    value = values[letter.lower()]
    parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
    if reverse:
        parts.reverse()
    if digits:
        parts = parts[-int(digits) :]
    text = ".".join(parts) if digits or reverse or delimiters else value
    return quote(text, safe="-._~") if letter.isupper() else text
