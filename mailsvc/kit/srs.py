"""Reverse-paths of forwarded mail: the Sender Rewriting Scheme, SRS0 and SRS1, signed by secrets that may rotate.

    srs = Srs(DomainName("srs.surviving.example"), secrets)
    sender = srs.forward("someone@world.example", at=now)      # SRS0=…=world.example=someone@srs.surviving.example
    srs.reverse(Address.parse(sender), at=later)               # someone@world.example, for 21 days

The first secret signs, all are believed. What is signed is bound to a period of four weeks besides the day that SRS0
tells, so that SRS1 ends too and a day of two characters never comes round again. Time is an argument.
Fails: `NotRewritable` for a sender that no reverse-path of ours can hold; a forged, changed or expired address is None.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import srslib

from mailsvc.kit.secrets import Secret
from mailsvc.kit.settings.returning import ForwardingSettings
from schedules.names import Address, BadName, DomainName

# Bounces come within the sender's five days of trying and as long again for the bounce itself (RFC 5321 4.5.4.1).
VALID_DAYS: Final = 21
# Of base 64, compared without regard to case: some 40 bits, where the usual four characters can be guessed.
HASH_LENGTH: Final = 8
# RFC 5321 4.5.3.1.3, without its angle brackets. Local parts over 64 octets are real, and taken (4.5.3.1).
PATH_LIMIT: Final = 254
_DAY: Final = timedelta(days=1).total_seconds()
_PERIOD: Final = timedelta(weeks=4).total_seconds()


class NotRewritable(ValueError):
    """A sender that cannot stand in a reverse-path of ours; the message says why."""


def srs_of(settings: ForwardingSettings, environ: Mapping[str, str]) -> "Srs | None":
    """Rewriting as the settings ask for it; None where they name no domain for it. Raises BadSecret."""
    if settings.srs_domain is None or settings.srs_secrets is None:
        return None
    return Srs(DomainName.parse(settings.srs_domain), [one.resolve(environ) for one in settings.srs_secrets])


class Srs:
    """Rewrites senders to addresses at `domain`, and back."""

    def __init__(self, domain: DomainName, secrets: Sequence[Secret]) -> None:
        self.domain = domain
        self.believe(secrets)

    def believe(self, secrets: Sequence[Secret]) -> None:
        """Sign by the first of `secrets` from now on, and believe all of them, and no other."""
        if not secrets:
            raise ValueError("SRS needs a secret")
        self._secrets = tuple(secret.reveal().encode() for secret in secrets)

    def is_shaped(self, address: Address) -> bool:
        """Whether `address` is one of this scheme at our domain, genuine or not."""
        return address.domain == self.domain and address.key[:5] in _TAGS

    def forward(self, sender: str, *, at: datetime) -> str:
        """The reverse-path under which mail of `sender` is forwarded at `at`; the null sender stays null.

        Raises NotRewritable.
        """
        if not sender:
            return ""
        try:
            parsed = Address.parse(sender)
            rewritten = self._rewritten(parsed, at)
            Address.parse(rewritten)
        except ValueError as error:  # BadName, or a text that is no Unicode
            raise NotRewritable(f"{error}") from None
        if len(rewritten.encode()) > PATH_LIMIT:
            raise NotRewritable(f"the rewritten sender is longer than {PATH_LIMIT} octets")
        return rewritten

    def reverse(self, address: Address, *, at: datetime) -> Address | None:
        """Whose mail was forwarded under `address`; None: not of ours, forged, changed, or expired at `at`."""
        if not self.is_shaped(address):
            return None
        try:
            plain: str = self._guarded(at).reverse(f"{address.local}@{self.domain}")
        except (srslib.Error, ValueError):
            return None
        local, _, host = plain.rpartition("@")
        try:
            return Address(local, DomainName.parse(host)) if local else None
        except BadName:
            return None

    def _rewritten(self, sender: Address, at: datetime) -> str:
        guarded = self._guarded(at)
        local: str = guarded.forward(f"{sender.local}@{sender.domain}", "").removesuffix("@")
        if local.startswith("SRS1") and self.reverse(Address(local, self.domain), at=at) is None:
            # It looks like this scheme and names no host that it could go back to: a sender like any other.
            local = guarded.generate_srs0_address(sender.domain.ascii, sender.local, "").removesuffix("@")
        return str(Address(local, self.domain))

    def _guarded(self, at: datetime) -> "_Guarded":
        return _Guarded(tuple(_keys(self._secrets, at)), at)


_TAGS: Final = frozenset(f"srs{number}{mark}" for number in "01" for mark in "=+-")


def _keys(secrets: Sequence[bytes], at: datetime) -> Iterator[bytes]:
    """The keys of this period, of the one before, and of the one that begins tomorrow: clocks may differ."""
    tomorrow = int((at.timestamp() + _DAY) // _PERIOD)
    now = int(at.timestamp() // _PERIOD)
    for period in dict.fromkeys((now, now - 1, tomorrow)):
        for secret in secrets:
            yield hmac.digest(secret, f"lastpost srs {period}".encode(), "sha256")


class _Guarded(srslib.SRS):  # type: ignore[misc]  # the library has no types
    """The scheme at the instant given, with hashes of our length alone, compared in constant time.

    The library signs the fields without the marks between them; here they are signed too, so that no letter can move
    from a host to a local part.
    """

    def __init__(self, keys: Sequence[bytes], at: datetime) -> None:
        super().__init__(keys[0], hash_length=HASH_LENGTH)
        self._keys = keys
        self._at = at.timestamp()

    def generate_ts(self, t: float | None = None) -> str:
        """The day as SRS0 tells it; `t` in seconds since 1970, without it the instant given."""
        told: str = super().generate_ts(self._at if t is None else t)
        return told

    def check_ts(self, ts: str, addr: str) -> None:
        """Raises InvalidTimestampError for a day that is too long ago, or later than tomorrow."""
        if ts.upper() not in {self.generate_ts(self._at - days * _DAY) for days in range(-1, VALID_DAYS + 1)}:
            raise srslib.InvalidTimestampError(f"expired: {addr}")

    def generate_srs0_address(self, orig_host: str, orig_local_part: str, alias_host: str) -> str:
        """The first rewriting: where a bounce goes is told, with the day."""
        return self._signed("SRS0", f"{self.generate_ts()}={orig_host}={orig_local_part}", alias_host)

    def generate_srs1_address(self, first_hop_host: str, first_hop_local_part: str, alias_host: str) -> str:
        """Any further rewriting: a bounce goes back to whoever was first to rewrite."""
        return self._signed("SRS1", f"{first_hop_host}={first_hop_local_part}", alias_host)

    def check_hash(self, h: str, s: str, addr: str) -> None:  # noqa: ARG002 - `s` lacks the marks between the fields
        """Raises InvalidHashError unless one of the keys has signed it; mail systems may have changed the case."""
        local = addr.rpartition("@")[0]
        told, signed = h.lower().encode(), local[:4] + local[5 + len(h) :]
        made = [self.generate_hash(signed, key, HASH_LENGTH).lower().encode() for key in self._keys]
        if True not in [hmac.compare_digest(told, one) for one in made]:  # all of them, so that time tells nothing
            raise srslib.InvalidHashError(f"forged: {addr}")

    def _signed(self, tag: str, told: str, host: str) -> str:
        return f"{tag}={self.generate_hash(f'{tag}={told}', self._keys[0], HASH_LENGTH)}={told}@{host}"
