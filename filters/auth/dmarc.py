"""DMARC (RFC 7489): what the domain in From asks to be done where neither SPF nor DKIM speaks for it.

author = author_domain(header)                         # None: no one domain, so nothing is evaluated
policy = await published(lookup, organisations, author)   # None: nothing published. Raises DnsAway.
policy.aligned(author, "mail.b.example", strict=policy.strict_spf)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from enum import StrEnum
from typing import Final

from filters.auth.organisations import Organisations
from filters.header import Header
from filters.lookup import Lookup, NameUnknown
from schedules.names import BadName, DomainName

_FROM_LIMIT: Final = 4_096  # octets of a From field that are read


class Wish(StrEnum):
    """What is asked for a message that fails (RFC 7489 6.3)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Policy:
    """A published policy as it applies to one author domain."""

    wish: Wish
    strict_dkim: bool
    strict_spf: bool


def author_domain(header: Header) -> str | None:
    """The one domain in From (RFC 7489 6.6.1); None where there is none, or more than one."""
    fields = header.all("From")
    if len(fields) != 1 or len(fields[0]) > _FROM_LIMIT:
        return None
    pairs = getaddresses([fields[0].decode("utf-8", "replace")])
    domains = {address.rpartition("@")[2] for _, address in pairs if "@" in address}
    if len(domains) != 1:
        return None
    try:
        return DomainName.parse(domains.pop()).ascii
    except BadName:
        return None


async def published(lookup: Lookup, organisations: Organisations, author: str) -> Policy | None:
    """The author's own policy, else that of its organization (RFC 7489 6.6.3). Raises DnsAway."""
    own = await _record(lookup, author)
    if own is not None:
        return _policy(own, own.get("p", ""))
    organisation = organisations.of(author)
    if organisation == author:
        return None
    above = await _record(lookup, organisation)
    return None if above is None else _policy(above, above.get("sp", above.get("p", "")))


def aligned(author: str, authenticated: str, organisations: Organisations, *, strict: bool) -> bool:
    """Whether an authenticated domain speaks for the author's (RFC 7489 3.1)."""
    return author == authenticated or (not strict and organisations.same(author, authenticated))


async def _record(lookup: Lookup, domain: str) -> Mapping[str, str] | None:
    try:
        texts = await lookup.txt(f"_dmarc.{domain}")
    except NameUnknown:
        return None
    records = [tags for tags in map(_tags, texts) if next(iter(tags.items()), None) == ("v", "DMARC1")]
    return records[0] if len(records) == 1 else None  # RFC 7489 6.6.3: several are none


def _tags(text: bytes) -> Mapping[str, str]:
    pairs = (tag.partition("=")[::2] for tag in text.decode("ascii", "replace").split(";"))
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _policy(tags: Mapping[str, str], wish: str) -> Policy:
    tested_only = tags.get("pct") == "0"  # asked for nobody's mail
    known = wish.lower() in {str(one) for one in Wish} and not tested_only
    return Policy(
        wish=Wish(wish.lower()) if known else Wish.NONE,
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
    )
