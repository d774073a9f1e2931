"""DNS as judges and routes ask it: a few questions, each with an answer, with "no such name" or with "not now".

A judge takes a `Lookup` and never meets a socket; `mailsvc.kit.dns.Dns` is the one that asks real servers, and a table
in memory is enough for a rule's test. No data of the asked type is an empty tuple, not an error.
Fails with `NameUnknown` (for good, as long as nobody registers the name) or `DnsAway` (ask again: answer 4xx).
"""

from collections.abc import Sequence
from typing import Protocol


class DnsAway(Exception):
    """No answer that can be trusted came: SERVFAIL, a timeout, a truncated answer without TCP. Temporary."""


class NameUnknown(Exception):
    """The name does not exist (NXDOMAIN, RFC 2308 2.1)."""


class Lookup(Protocol):
    """The questions; names are in A-label or Unicode form, with or without the final dot."""

    async def txt(self, name: str) -> Sequence[bytes]:
        """Each TXT record with its strings joined (RFC 7208 3.3). Raises NameUnknown, DnsAway."""

    async def mx(self, name: str) -> Sequence[tuple[int, str]]:
        """Preference and host, the lowest preference first; a null MX is `(0, "")`. Raises NameUnknown, DnsAway."""

    async def addresses(self, name: str, *, v6: bool) -> Sequence[str]:
        """The AAAA or the A records. Raises NameUnknown, DnsAway."""

    async def ptr(self, ip: str) -> Sequence[str]:
        """The names that an IP address claims. Raises NameUnknown, DnsAway."""
