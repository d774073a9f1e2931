"""What the gateway would answer for an address at an instant, and why.

Use: `explain(desk, address, at, kind)`. It asks the same standings and the same judge as the gateway, so its reply is
the gateway's, to the letter; nothing is written.
Fails: `BadName` for what is no address, `Wrong` for a bad time, `UnreadableEdition` for a stored plan of
another version.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from filters import judge, replies
from filters.mail import Client, ClientKind, Sender, Standing
from filters.replies import Reply
from filters.verdict import Accept, Because, Defer, Forward, RecipientVerdict
from mailsvc.desk.clockwork import trusted_now
from mailsvc.desk.desk import Desk
from mailsvc.kit.srs import srs_of
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records.store import RecordsAway
from mailsvc.standing import Almanac, FactsAway, Standings, UsageBook
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.usage_asked import AskedServers
from mailsvc.standing.usage_counts import Counted
from mailsvc.standing.usage_imap import ImapAsking, counting_of
from mailsvc.standing.verdicts import destinations
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.names import Address, DomainName
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Capability, Ruling, Rulings, Stage

_MEGABYTE = 1_000_000
_OUTSIDE = Address("somebody", DomainName("elsewhere.invalid"))


@dataclass(frozen=True, slots=True)
class UsageTold:
    """How full a mailbox is, and who says so. Sizes are octets."""

    used: int
    limit: int
    promised: int  # to mail that is on its way
    over_since: datetime | None
    told_by: str
    age: int  # seconds since that was so

    def __str__(self) -> str:
        when = f", {self.age} s ago" if self.age else ""
        return f"{self.used / _MEGABYTE:.1f} of {self.limit / _MEGABYTE:.1f} MB by {self.told_by}{when}"


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer for one address at one instant, and everything it follows from."""

    address: Address
    at: datetime
    client: ClientKind
    reply: str  # as the gateway says it, to a null or foreign sender
    because: Because
    note: str  # what could not be known, where the answer is 451 for that
    mailbox: Address | None  # where its mail is kept, after aliases and tags
    usage: "UsageTold | None"  # how full that is, where it is counted and has a limit
    forward_to: Address | None
    goes_to: tuple[str, ...]  # the place or next hop that takes its mail at that instant; empty where it is not taken
    plan: str
    edition: int
    position: Stage | None  # the latest stage that has come
    rule: str  # of the capability that decided; empty where no ruling did
    reason: Text | None
    source: Position | None
    since: datetime | None
    until: datetime | None
    next_change: datetime | None  # when any ruling for this address changes next
    as_sender: str | None  # from submission: the reply to this address sending to the world
    as_sender_because: Because | None
    rulings: tuple[Mapping[str, object], ...]

    def fields(self) -> dict[str, object]:
        """What a person reads."""
        rule = f"{self.rule} ({self.source})" if self.rule else ""
        return {
            "address": self.address,
            "at": self.at,
            "asked by": self.client,
            "reply": self.reply,
            "because": self.because,
            "note": self.note,
            "mailbox": self.mailbox,
            "holds": self.usage,
            "forwarded to": self.forward_to,
            "goes to": " ".join(self.goes_to),
            "as sender": self.as_sender,
            "plan": f"{self.plan}, edition {self.edition}" if self.edition else "no plan covers this domain",
            "position": self.position,
            "rule": rule,
            "reason": " / ".join(dict.fromkeys((self.reason.ja, self.reason.en))) if self.reason else "",
            "since": self.since,
            "until": self.until,
            "next change": self.next_change,
        }


_RESTS = "its forward rests, since the target refuses for good: see `lastpost forwards list`"


@dataclass(frozen=True, slots=True)
class _Answer:
    verdict: RecipientVerdict
    standing: Standing | None
    note: str = ""
    goes_to: tuple[str, ...] = ()


def explain(desk: Desk, address: str, at: str | None, kind: ClientKind) -> Explained:
    """Explain the reply for `address` at a time as a plan writes it; None is now."""
    asked = Address.parse(address)
    almanac = Almanac(desk.records, desk.settings.service.zoneinfo)
    almanac.refresh()
    edition = almanac.of(asked.domain)
    zone = edition.plan.zone
    now = Moment.parse(at).instant(zone) if at is not None else desk.clock.now().astimezone(zone)
    trusted = trusted_now(desk) if at is None else None
    unanswered: list[str] = []
    servers = AskedServers(
        ImapAsking(os.environ).ask, time.monotonic, away=lambda *why: unanswered.append(": ".join(why))
    )
    usage = UsageBook(
        desk.records,
        lambda: desk.settings.quota,
        mailbox_folders(desk.settings),
        asked=lambda mailbox: counting_of(desk.settings, mailbox, servers),
    )
    srs = srs_of(desk.settings.forwarding, os.environ)
    standings = Standings(desk.records, almanac, usage, desk.settings, srs=srs)
    client = Client(kind=kind, ip="", port=0)
    routes = Routes(lambda: desk.settings, lambda domain: almanac.of(domain).successor(domain, trusted or now))
    answer, as_sender = asyncio.run(_answers(desk, standings, routes, client, asked, now))
    if trusted is not None:
        without, sender_without = asyncio.run(_answers(desk, standings, routes, client, asked, trusted))
        answer = _unless_jumped(answer, without)
        as_sender = _unless_jumped(as_sender, sender_without) if as_sender and sender_without else as_sender
    if unanswered and not answer.note:
        answer = replace(answer, note=f"how full the mailbox is, nobody says now: {unanswered[0]}")
    counted = asyncio.run(_counted(usage, answer, desk.clock.now()))
    return _told(desk, asked, now, client, edition, answer, as_sender, _usage_told(answer, counted))


async def _counted(usage: UsageBook, answer: _Answer, now: datetime) -> Counted | None:
    """What the answer was given by: it is remembered."""
    standing = answer.standing
    if standing is None or standing.usage is None or standing.mailbox is None:
        return None
    try:
        return await usage.held(standing.mailbox, now)
    except (FactsAway, RecordsAway):
        return None


def _usage_told(answer: _Answer, counted: Counted | None) -> UsageTold | None:
    found = answer.standing.usage if answer.standing else None
    if found is None or counted is None:
        return None
    return UsageTold(found.used, found.limit, found.promised, found.over_since, counted.told_by, round(counted.age))


async def _answers(
    desk: Desk, standings: Standings, routes: Routes, client: Client, asked: Address, now: datetime
) -> tuple[_Answer, _Answer | None]:
    """The reply to mail for the address, and where its own mail is submitted, the reply to mail from it."""
    answer = await _answer(standings, routes, client, Sender(None), asked, now)
    if client.kind is not ClientKind.SUBMISSION or desk.settings.domain(asked.domain) is None:
        return answer, None
    if answer.standing is None or answer.standing.kind is None:
        return answer, None
    sender = Sender(asked, answer.standing)
    return answer, await _answer(standings, routes, client, sender, _OUTSIDE, now)


async def _answer(
    standings: Standings, routes: Routes, client: Client, sender: Sender, asked: Address, now: datetime
) -> _Answer:
    try:
        standing = await standings.of(asked, now)
    except FactsAway as why:
        return _Answer(judge.facts_away(), None, str(why))
    except RecordsAway as why:
        return _Answer(judge.facts_away(full=why.full), None, str(why))
    verdict = judge.recipient(client, sender, standing)
    if verdict.because is Because.OVER_QUOTA and not (standing.usage and standing.usage.fresh):
        verdict = Defer(Because.OVER_QUOTA_GRACE, replies.OVER_QUOTA_GRACE)
    taken = destinations(verdict) if isinstance(verdict, Accept | Forward) else ()
    try:
        goes_to = tuple(str(routes.of(target).target) for target, _ in taken)
    except NoRoute as why:
        return _Answer(judge.facts_away(), standing, str(why))
    resting = standing.forwarding is not None and standing.forwarding.paused
    return _Answer(verdict, standing, _RESTS if resting else "", goes_to)


def _unless_jumped(at_now: _Answer, at_trusted: _Answer) -> _Answer:
    verdict = judge.unless_clock_jumped(at_now.verdict, at_trusted.verdict)
    doubt = "the clock is in doubt: see `lastpost clock show`"
    return at_now if verdict == at_now.verdict else _Answer(verdict, at_now.standing, doubt)


def _told(
    desk: Desk,
    asked: Address,
    now: datetime,
    client: Client,
    edition: Edition,
    answer: _Answer,
    as_sender: _Answer | None,
    usage: UsageTold | None,
) -> Explained:
    zone = edition.plan.zone
    rulings = answer.standing.rulings if answer.standing else None
    ruling = _deciding(answer.verdict, rulings)
    return Explained(
        address=asked,
        at=now,
        client=client.kind,
        reply=str(_softly(desk, answer.verdict.reply)),
        because=answer.verdict.because,
        note=answer.note,
        mailbox=answer.standing.mailbox if answer.standing else None,
        usage=usage,
        forward_to=answer.verdict.target if isinstance(answer.verdict, Forward) else None,
        goes_to=answer.goes_to,
        plan=edition.plan.name if edition.number else "",
        edition=edition.number,
        position=rulings.position if rulings else None,
        rule=str(ruling.rule) if ruling else "",
        reason=ruling.reason if ruling else None,
        source=ruling.source if ruling else None,
        since=_local(ruling.since if ruling else None, zone),
        until=_local(ruling.until if ruling else None, zone),
        next_change=_local(rulings.next_change if rulings else None, zone),
        as_sender=str(_softly(desk, as_sender.verdict.reply)) if as_sender else None,
        as_sender_because=as_sender.verdict.because if as_sender else None,
        rulings=tuple(_ruling_row(one, zone) for one in rulings.of.values()) if rulings else (),
    )


def _softly(desk: Desk, reply: Reply) -> Reply:
    return reply.softened() if desk.settings.soft_bounce else reply


def _deciding(verdict: RecipientVerdict, rulings: Rulings | None) -> Ruling | None:
    """The ruling by which it was decided: of forwarding for what is forwarded, else of receiving."""
    if rulings is None:
        return None
    return rulings[Capability.FORWARD if isinstance(verdict, Forward) else Capability.RECEIVE]


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at is not None else None


def _ruling_row(ruling: Ruling, zone: ZoneInfo) -> Mapping[str, object]:
    return {
        "capability": ruling.capability,
        "allowed": ruling.allowed,
        "deferred": ruling.deferred,
        "rule": ruling.rule,
        "stage": ruling.stage,
        "reason": ruling.reason,
        "source": ruling.source,
        "since": _local(ruling.since, zone),
        "until": _local(ruling.until, zone),
    }
