"""May the sender of a message be told that it could not be delivered? Only where it did not clearly forge its name.

    authentication = await Authenticator(...).of(claim, octets, complete=True)

FAILED needs proof: DMARC fails and its owner asks for quarantine or reject; or SPF says `-all` and no DKIM signature
of the sender's organization holds. Whatever could not be found out is no result, which is not FAILED. Asked for only
when a report is about to be written. Never fails.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, assert_never

from filters import dkim
from filters.auth import dmarc
from filters.auth.dmarc import Wish
from filters.auth.organisations import Organisations
from filters.auth.results import Field, Result, ours
from filters.auth.spf import Spf, check_host
from filters.auth.spf_macros import Asking
from filters.header import Header, read_header
from filters.lookup import DnsAway, Lookup, NameUnknown
from filters.mail import ClientKind
from schedules.names import Address, DomainName

# Seconds of real time for all of it; then there is no result.
PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Passed:
    """The sender's domain stands for the message."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The sender's name was forged, as far as its owner lets anybody know."""

    why: str


@dataclass(frozen=True, slots=True)
class NoResult:
    """Nothing speaks for the sender, and nothing that counts against."""

    why: str


Authentication = Passed | Failed | NoResult


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client said of a message; `sender` is its reverse-path."""

    kind: ClientKind
    ip: str
    helo: str
    sender: Address


@dataclass(frozen=True, slots=True)
class Signed:
    """What DKIM says: domains whose signatures hold, and those whose signatures could not be computed."""

    held: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class Authenticator:
    """`is_ours`: whether a domain is one of ours; `authserv_ids`: names of our MTAs in Authentication-Results.

    Signatures are computed in `executor`.
    """

    def __init__(
        self,
        lookup: Lookup,
        organisations: Organisations,
        executor: Executor,
        *,
        is_ours: Callable[[DomainName], bool],
        authserv_ids: Collection[str],
        patience: float = PATIENCE,
    ) -> None:
        self._lookup = lookup
        self._organisations = organisations
        self._executor = executor
        self._is_ours = is_ours
        self._authserv_ids = frozenset(authserv_ids)
        self._patience = patience

    async def of(self, claim: Claim, octets: bytes, *, complete: bool) -> Authentication:
        """Judge a sender; `octets` are the message, or its beginning where it is too long (then DKIM has no say)."""
        try:
            async with asyncio.timeout(self._patience):
                match claim.kind:
                    case ClientKind.WORLD:
                        return await self._from_the_world(claim, octets, complete=complete)
                    case ClientKind.SUBMISSION if self._is_ours(claim.sender.domain):
                        return Passed("our own submission server speaks for this sender")
                    case ClientKind.SUBMISSION | ClientKind.INBOUND:
                        return await self._as_our_servers_found(claim, octets)
                    case _:
                        assert_never(claim.kind)
        except TimeoutError:
            return NoResult("authentication took too long")
        except DnsAway as away:
            return NoResult(f"DNS is away: {away}")

    # ── our own MTAs have looked ────────────────────────────────────────────────────────────────────────
    async def _as_our_servers_found(self, claim: Claim, octets: bytes) -> Authentication:
        """Field by field from the top: the first that decides does, so that nothing below can soften it."""
        header = read_header(octets)
        held: set[str] = set()
        for field in ours(octets, self._authserv_ids):
            held |= {result.domain("header.d", "header.i") for result in _said(field, "dkim", "pass")}
            decided = await self._decided(field, self._spoken_for(claim.sender, held), header)
            if decided is not None:
                return decided
        if self._spoken_for(claim.sender, held):
            return Passed("dkim=pass by our own server")
        return NoResult("our own server has told no result")

    async def _decided(self, field: Field, signed: bool, header: Header) -> Authentication | None:
        for result in _said(field, "dmarc", "fail"):
            author = result.domain("header.from") or dmarc.author_domain(header) or ""
            policy = await dmarc.published(self._lookup, self._organisations, author) if author else None
            if policy is not None and policy.wish is not Wish.NONE:
                return Failed(f"dmarc=fail by our own server, and {author} asks for {policy.wish}")
        spf = next((one for one in field.results if one.method == "spf" and "smtp.helo" not in one.properties), None)
        if spf is not None and spf.result == "pass":
            return Passed("spf=pass by our own server")
        if spf is not None and spf.result in {"fail", "hardfail"} and not signed:
            return Failed("spf=fail by our own server, and no signature of the sender")
        return None

    # ── the world's mail, judged by ourselves ───────────────────────────────────────────────────────────
    async def _from_the_world(self, claim: Claim, octets: bytes, *, complete: bool) -> Authentication:
        header = read_header(octets)
        spf = await self._spf(claim)
        signed = await self._signed(header, octets, complete=complete)
        failed = await self._refused_by_author(claim, header, spf, signed)
        if failed is not None:
            return failed
        if spf is Spf.PASS:
            return Passed("spf=pass")
        if self._spoken_for(claim.sender, signed.held):
            return Passed("dkim=pass")
        if spf is Spf.FAIL and not self._spoken_for(claim.sender, signed.unknown):
            return Failed("spf=fail, and no signature of the sender holds")
        return NoResult(f"spf={spf}, and no signature of the sender holds")

    async def _spf(self, claim: Claim) -> Spf:
        domain = claim.sender.domain
        if domain.is_literal:
            return Spf.NONE
        asking = Asking(ipaddress.ip_address(claim.ip.partition("%")[0]), str(claim.sender), claim.helo)
        return await check_host(self._lookup, domain.ascii, asking)

    async def _signed(self, header: Header, octets: bytes, *, complete: bool) -> Signed:
        if not dkim.affordable(header, octets):
            return Signed()  # who writes what nobody can compute must not pass for the domain it names in `d=`
        if not complete:
            return Signed(unknown=frozenset(one.domain for one in dkim.signatures(header)))
        keys: dict[str, bytes] = {}
        unknown: set[str] = set()
        for signature in dkim.signatures(header):
            try:
                keys |= await self._key(signature.key_name)
            except DnsAway:
                unknown.add(signature.domain)
        if not keys:
            return Signed(unknown=frozenset(unknown))
        loop = asyncio.get_running_loop()
        held = await loop.run_in_executor(self._executor, dkim.verify, octets, keys)
        return Signed(frozenset(held), frozenset(unknown))

    async def _key(self, name: str) -> Mapping[str, bytes]:
        """RFC 6376 3.6.2.2: the record of a selector, if there is exactly one of sound length."""
        try:
            records = await self._lookup.txt(name)
        except NameUnknown:
            return {}
        sound = len(records) == 1 and len(records[0]) <= dkim.KEY_LIMIT
        return {name: records[0]} if sound else {}

    async def _refused_by_author(self, claim: Claim, header: Header, spf: Spf, signed: Signed) -> Failed | None:
        """RFC 7489 6.6.2: neither SPF nor DKIM is aligned, and the owner asks for more than to be told of it."""
        author = dmarc.author_domain(header)
        policy = await dmarc.published(self._lookup, self._organisations, author) if author else None
        if author is None or policy is None or policy.wish is Wish.NONE or spf is Spf.TEMPERROR:
            return None
        sender = claim.sender.domain.ascii
        known = self._organisations
        by_spf = spf is Spf.PASS and dmarc.aligned(author, sender, known, strict=policy.strict_spf)
        by_dkim = any(
            dmarc.aligned(author, domain, known, strict=policy.strict_dkim) for domain in signed.held | signed.unknown
        )
        return None if by_spf or by_dkim else Failed(f"dmarc=fail, and {author} asks for {policy.wish}")

    def _spoken_for(self, sender: Address, domains: Collection[str]) -> bool:
        return any(self._organisations.same(sender.domain.ascii, domain) for domain in domains if domain)


def _said(field: Field, method: str, result: str) -> list[Result]:
    return [one for one in field.results if (one.method, one.result) == (method, result)]
