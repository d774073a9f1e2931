"""Everything a judge needs to know of an address, gathered at one instant.

`await Standings(...).of(address, now)` resolves role addresses, plus-addressing, the catch-all and aliases, and adds
the plan's rulings and the mailbox's usage; for a forward to an address of ours the standing of that one, for a sender
we have rewritten (SRS) that of the sender. On SQLite nothing is awaited but a large count, a new note of a full
mailbox, and a fresh count before a refusal for good.
Raises FactsAway where a domain of ours has no published directory, an alias leads nowhere or a mailbox cannot be
counted, and RecordsAway where the records cannot be asked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from filters.mail import AddressKind, Standing
from mailsvc.kit.settings import DomainSettings, Settings
from mailsvc.kit.srs import Srs
from mailsvc.records.directory import Entry
from mailsvc.records.store import Records
from mailsvc.standing.almanac import Almanac
from mailsvc.standing.resolving import LONGEST_CHAIN, Found, forwarder, resolve, untagged
from mailsvc.standing.usage import Claim, UsageBook
from mailsvc.standing.usage_counts import FactsAway
from migrator.maildir.delivery import safe_user
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Capability, Profile, Rulings


class Standings:
    """The standing of any address, ours or not."""

    def __init__(
        self, records: Records, almanac: Almanac, usage: UsageBook, settings: Settings, *, srs: Srs | None = None
    ) -> None:
        self._records = records
        self._almanac = almanac
        self._usage = usage
        self._settings = settings
        self._srs = srs

    def renew(self, settings: Settings) -> None:
        """The settings were read again."""
        self._settings = settings

    async def of(self, address: Address, now: datetime, *, usage: bool = True, claim: Claim | None = None) -> Standing:
        """The standing of `address` at `now`; `usage` false leaves the mailbox uncounted, as for a sender.

        `claim` reserves room in every mailbox that is counted, before it is counted. Raises FactsAway and RecordsAway.
        """
        if self._srs is not None and self._srs.is_shaped(address):
            sender = self._srs.reverse(address, at=now)
            returned = await self.of(sender, now, claim=claim) if sender is not None else None
            return Standing(asked=address, ours=True, kind=None, returned=returned)
        return await self._of(address, now, usage=usage, claim=claim, behind=())

    async def forwarder(self, original: Address, target: Address) -> Entry | None:
        """The entry by whose forward mail for `original` goes to `target`; None where none is known now.

        Raises RecordsAway.
        """
        try:
            return await self._records.ask(
                lambda connection: forwarder(connection, original, target, self._settings.domain)
            )
        except FactsAway:
            return None

    async def _of(
        self, address: Address, now: datetime, *, usage: bool, claim: Claim | None, behind: tuple[Address, ...]
    ) -> Standing:
        """`behind` are the mailboxes of ours that have forwarded to this one."""
        domain = self._settings.domain(address.domain)
        if domain is None:
            return Standing(asked=address, ours=False, kind=None)
        found = await self._records.ask(lambda connection: resolve(connection, address, domain))
        standing = self._known(address, found, now, domain)
        if not usage or standing.routed:
            return standing
        if _takes_mail(standing) and standing.mailbox is not None:
            limit = found.chain[-1].quota if found.chain else None
            standing = replace(standing, usage=await self._usage.of(standing.mailbox, limit, now, claim=claim))
        return await self._followed(standing, now, claim, behind)

    async def _followed(
        self, standing: Standing, now: datetime, claim: Claim | None, behind: tuple[Address, ...]
    ) -> Standing:
        """With the standing of whom it forwards to, where that is one of ours; a way that leads back is none."""
        wish, mailbox = standing.forwarding, standing.mailbox or standing.asked
        if wish is None or not wish.confirmed or wish.paused or self._settings.domain(wish.target.domain) is None:
            return standing
        if len(behind) >= LONGEST_CHAIN or any(mailbox.same_mailbox(one) for one in behind):
            return replace(standing, forwarding=None)
        onward = await self._of(wish.target, now, usage=True, claim=claim, behind=(*behind, mailbox))
        if any((onward.mailbox or onward.asked).same_mailbox(one) for one in (*behind, mailbox)):
            return replace(standing, forwarding=None)
        return replace(standing, onward=onward)

    def _known(self, address: Address, found: Found, now: datetime, domain: DomainSettings) -> Standing:
        edition = self._almanac.of(address.domain)
        first, *rest = [self._rulings(entry, now) for entry in found.chain] or [
            edition.at(edition.profile(address), now)
        ]
        mailbox = _mailbox(address, found, plus=domain.plus_addressing)
        if mailbox is not None and self._routed(address, now):
            mailbox = address  # aliases and tags are the successor's to follow (II-1)
        routed = mailbox is not None and self._routed(mailbox, now)
        return Standing(
            asked=address,
            ours=True,
            kind=found.kind,
            mailbox=mailbox,
            rulings=_strictest(first, rest) if rest else first,
            left=next((entry.left for entry in found.chain if entry.left), None),
            forwarding=None if routed else found.forwarding,
            notice_url=edition.plan.notice_url or self._settings.service.notice_url,
            routed=routed,
        )

    def _routed(self, address: Address, now: datetime) -> bool:
        """Whether all mail of its domain goes to a successor, who counts and forwards it from then on (II-1)."""
        return bool(self._almanac.of(address.domain).successor(address.domain, now))

    def _rulings(self, entry: Entry, now: datetime) -> Rulings:
        edition = self._almanac.of(entry.address.domain)
        return edition.at(_profile(edition, entry), now)


def _mailbox(address: Address, found: Found, *, plus: bool) -> Address | None:
    """Where its mail is kept: a role address without an entry has one mailbox of its own, whatever the tag."""
    if found.chain:
        return found.chain[-1].address
    if found.kind is None:
        return None
    return Address(untagged(address.key) if plus else address.key, address.domain)


def mailbox_folders(settings: Settings) -> Callable[[Address], Path | None]:
    """Where the Maildir of a mailbox is by `settings`; None where it is not ours or cannot be seen from here."""

    def folder(mailbox: Address) -> Path | None:
        domain = settings.domain(mailbox.domain)
        target = domain.maildirs if domain else None
        return target.folder(mailbox.domain.ascii, safe_user(mailbox.local)) if target else None

    return folder


def _takes_mail(standing: Standing) -> bool:
    """Whether the mailbox's usage can matter: it is counted only where nothing else refuses the mail first."""
    if standing.kind in {None, AddressKind.ROLE} or standing.left or standing.rulings is None:
        return False
    return standing.rulings[Capability.RECEIVE].allowed


def _profile(edition: Edition, entry: Entry) -> Profile:
    return edition.profile(
        entry.address,
        group=entry.group,
        area=entry.area,
        course=entry.course,
        contract_type=entry.contract_type,
        contract_expiry=entry.contract_expiry,
        address_expiry=entry.address_expiry,
        suspended_since=entry.suspended_since,
    )


def _strictest(first: Rulings, rest: list[Rulings]) -> Rulings:
    """What all of them allow: mail to an alias ends with the alias's domain or with its mailbox, whichever is first."""
    of = dict(first.of)
    for rulings in rest:
        of = {capability: of[capability] if not of[capability].allowed else rulings[capability] for capability in of}
    changes = [r.next_change for r in (first, *rest) if r.next_change]
    return Rulings(of, first.position, min(changes, default=None))
