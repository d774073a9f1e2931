"""An SPF record, read once into terms (RFC 7208 4.6, 5, 6, 12); every term is checked before any is evaluated.

`read_record(text)` raises `BadRecord` for anything the grammar forbids: that is permerror, whatever stands before it.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

LONGEST: Final = 8_192  # octets: twenty times what fits a UDP answer
_MACRO_STRING = r"(?:%\{[slodiphv][0-9]*r?[-.+,/_=]*\}|%%|%_|%-|[!-$&-~])"
_MACRO_EXPAND = r"(?:%\{[slodiphv][0-9]*r?[-.+,/_=]*\}|%%|%_|%-)"
_TOP_LABEL = r"(?![0-9]+\.?\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"  # never digits alone
_DOMAIN_SPEC: Final = re.compile(rf"{_MACRO_STRING}*(?:\.{_TOP_LABEL}\.?|{_MACRO_EXPAND})", re.IGNORECASE)
_ZERO_DIGITS: Final = re.compile(r"%\{[a-z]0+[^0-9]", re.IGNORECASE)
# What `exp` and unknown modifiers may hold besides (RFC 7208 7.2): c, r, t only make sense in an explanation's text.
_MODIFIER: Final = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_ANY_MACRO: Final = re.compile(r"(?:%\{[slodiphcrtv][0-9]*r?[-.+,/_=]*\}|%%|%_|%-|[!-$&-~])*", re.IGNORECASE)
_MECHANISM: Final = re.compile(r"([-+?~]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?=[:/]|\Z)(.*)", re.IGNORECASE)
_LENGTHS: Final = re.compile(r"(?:/(?P<v4>0|[1-9][0-9]?))?(?://(?P<v6>0|[1-9][0-9]{0,2}))?\Z")


class BadRecord(ValueError):
    """A record that the grammar forbids: permerror (RFC 7208 4.6)."""


class Qualifier(StrEnum):
    """What a match means (RFC 7208 4.6.2)."""

    PASS = "+"  # noqa: S105 - a sign of the grammar
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


@dataclass(frozen=True, slots=True)
class Everybody:
    """`all`."""


@dataclass(frozen=True, slots=True)
class Include:
    """`include`: matches where another domain's record passes."""

    domain: str


@dataclass(frozen=True, slots=True)
class Hosts:
    """`a` and `mx`: the addresses of a name or of its mail servers, as networks of these lengths."""

    domain: str  # empty: the domain in question
    v4: int
    v6: int
    by_mx: bool


@dataclass(frozen=True, slots=True)
class Pointers:
    """`ptr`."""

    domain: str


@dataclass(frozen=True, slots=True)
class Network:
    """`ip4` and `ip6`."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Exists:
    """`exists`."""

    domain: str


Mechanism = Everybody | Include | Hosts | Pointers | Network | Exists


@dataclass(frozen=True, slots=True)
class Record:
    """A sound record."""

    directives: tuple[tuple[Qualifier, Mechanism], ...]
    redirect: str  # a domain-spec, empty where there is none


def read_record(text: str) -> Record:
    """Read what follows `v=spf1`. Raises BadRecord."""
    if len(text) > LONGEST:
        raise BadRecord(f"longer than {LONGEST} octets")
    directives: list[tuple[Qualifier, Mechanism]] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, text.split(" ")):
        found = _MECHANISM.fullmatch(term)
        if found:
            directives.append((Qualifier(found[1] or "+"), _mechanism(found[2].lower(), found[3])))
        else:
            _modifier(term, modifiers)
    return Record(tuple(directives), modifiers.get("redirect", ""))


def _modifier(term: str, known: dict[str, str]) -> None:
    """RFC 7208 6: `redirect` and `exp` at most once each; others are ignored where they are well formed."""
    found = _MODIFIER.fullmatch(term)
    if not found:
        raise BadRecord(f"no such term: {term[:60]}")
    name, value = found[1].lower(), found[2]
    if name in {"redirect", "exp"}:
        if name in known:
            raise BadRecord(f"{name} stands twice")
        known[name] = _domain_spec(value)
    elif not _ANY_MACRO.fullmatch(value) or _ZERO_DIGITS.search(value):
        raise BadRecord(f"{name} has no macro string")


def _mechanism(name: str, rest: str) -> Mechanism:
    match name:
        case "all":
            return Everybody() if not rest else _bad(name)
        case "include":
            return Include(_domain_spec(_after_colon(rest)))
        case "exists":
            return Exists(_domain_spec(_after_colon(rest)))
        case "ptr":
            return Pointers(_domain_spec(_after_colon(rest)) if rest else "")
        case "ip4" | "ip6":
            return Network(_network(name, _after_colon(rest)))
        case _:
            return _hosts(name, rest)


def _hosts(name: str, rest: str) -> Hosts:
    lengths = _LENGTHS.search(rest)
    if lengths is None:
        return _bad(name)
    domain = rest[: lengths.start()]
    v4, v6 = int(lengths["v4"] or 32), int(lengths["v6"] or 128)
    if v4 > 32 or v6 > 128:
        return _bad(name)
    return Hosts(_domain_spec(_after_colon(domain)) if domain else "", v4, v6, by_mx=name == "mx")


def _network(name: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, slash, length = text.partition("/")
    if slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", length):
        return _bad(name)
    try:
        if name == "ip4":
            return ipaddress.IPv4Network(f"{address}/{length or 32}", strict=False)
        return ipaddress.IPv6Network(f"{address}/{length or 128}", strict=False)
    except ValueError:
        return _bad(name)


def _after_colon(rest: str) -> str:
    if not rest.startswith(":"):
        raise BadRecord("a mechanism wants `:` and a domain")
    return rest[1:]


def _domain_spec(text: str) -> str:
    """RFC 7208 7.1: macros and literals that end in a top label or a macro."""
    if not _DOMAIN_SPEC.fullmatch(text) or _ZERO_DIGITS.search(text):
        raise BadRecord(f"no domain: {text[:60]}")
    return text


def _bad(name: str) -> NoReturn:
    raise BadRecord(f"bad {name}")
