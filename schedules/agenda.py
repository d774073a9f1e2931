"""Everything of a plan that falls due: what is told, asked, switched, let go, moved and deleted, and when.

    for falling in agenda(edition, since=now): ...

Pure: the same edition has the same agenda, in order of time; every entry has an id that stays the same when dates
move. What stands in one contract's dates alone (renewals, deadlines, reminders) is said by the contract rules.
A stage that waits has no date: what hangs on it is left out until it has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from schedules.blocks.dates import Audience, Channel, PlanNotice
from schedules.blocks.whom import Whom
from schedules.durations import print_duration
from schedules.edition import Edition
from schedules.positions import Position
from schedules.shifting import beside
from schedules.stage_dates import StageDate, dates_of
from schedules.text import Text
from schedules.words import Stage


class DeedKind(StrEnum):
    """What kind of thing falls due; things of one instant are told in this order."""

    NOTICE = "notice"  # letters, on paper or not
    NOTICE_PAGE = "notice-page"  # the public page says something new
    GATE = "gate"  # the gates of a stage are asked for the first time; then daily until it comes
    TELL_ADMINISTRATORS = "tell-administrators"
    HOLD_TOLD = "hold-told"  # that a hold will end is told to administrators
    HOLD_RELEASE = "hold-release"
    SWITCH = "switch"
    BROWN_OUT = "brown-out"
    SERVICE_END = "service-end"
    PRICE = "price"
    OPTIONS_LISTED = "options-listed"  # options that nothing at the successor stands for
    CONSOLIDATION = "consolidation"
    CUSTOMER_ID = "customer-id"  # new ids at the successor are told
    MOVE_MAILBOXES = "move-mailboxes"
    PURGE = "purge"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Falling:
    """One thing that falls due. `scope` says for whom dates were asked; `whom` which contracts of those it concerns."""

    id: str
    kind: DeedKind
    at: datetime  # in the plan's zone
    what: Text
    stage: Stage | None = None
    scope: str = ""  # empty: everybody for whom nothing closer falls due
    to: Audience | None = None
    by: tuple[Channel, ...] = ()
    whom: Whom = field(default_factory=Whom)
    until_done: bool = False  # told only to those who have not yet done what it asks
    date: StageDate | None = None  # the date of its stage that it hangs on
    source: Position = field(default=Position(""), compare=False)


def agenda(edition: Edition, *, since: datetime | None = None, until: datetime | None = None) -> tuple[Falling, ...]:
    """What falls due from `since` until, not at, `until` (left out: without end), in order of time."""
    ranks = {kind: rank for rank, kind in enumerate(DeedKind)}
    everything = [*_told(edition), *_of_stages(edition), *_of_holds(edition), *_switched(edition), *_else(edition)]
    first = since.timestamp() if since else float("-inf")
    last = until.timestamp() if until else float("inf")
    chosen = [one for one in everything if first <= one.at.timestamp() < last]
    return tuple(sorted(chosen, key=lambda one: (one.at.timestamp(), ranks[one.kind], one.id)))


def _told(edition: Edition) -> Iterator[Falling]:
    for notice in edition.plan.notices:
        for number, at in enumerate(notice.at, 1):
            yield from _notice(notice, f"{notice.id} #{number}", at.astimezone(edition.plan.zone), None)
        if notice.stage is None:
            continue
        offsets = [*(-length for length in notice.before), *notice.after] or [timedelta()]
        for date in dates_of(edition, notice.stage):
            for offset in dict.fromkeys(offsets):
                at = beside(date.at, offset, edition.plan.zone)
                yield from _notice(notice, f"{notice.id} {_signed(offset)}", at, date)


def _notice(notice: PlanNotice, name: str, at: datetime, date: StageDate | None) -> Iterator[Falling]:
    """Its letters, and where it goes onto the page too, the page: two deeds."""
    scope = date.scope if date else ""
    page = tuple(channel for channel in notice.by if channel is Channel.PAGE)
    letters = tuple(channel for channel in notice.by if channel is not Channel.PAGE)
    for kind, channels in ((DeedKind.NOTICE, letters), (DeedKind.NOTICE_PAGE, page)):
        if channels:
            yield Falling(
                id=_id(kind, name, scope),
                kind=kind,
                at=at,
                what=notice.text,
                stage=notice.stage,
                scope=scope,
                to=notice.to,
                by=channels,
                whom=notice.whom,
                until_done=notice.until_done,
                date=date,
                source=notice.source,
            )


_ACTS = {Stage.SUCCESSOR: DeedKind.MOVE_MAILBOXES, Stage.PURGE: DeedKind.PURGE, Stage.DNS_END: DeedKind.DNS}
_ACT_WORDS = {
    DeedKind.MOVE_MAILBOXES: Text("メールボックスを後継事業者へ移す", "mailboxes are moved to the successor"),
    DeedKind.PURGE: Text("保管しているデータを削除する", "what is kept is deleted"),
    DeedKind.DNS: Text("ドメインのメール受信先(MX)を閉じる", "DNS says that the domain takes no mail"),
}


def _of_stages(edition: Edition) -> Iterator[Falling]:
    for stage, line in edition.plan.stages.items():
        reached = Text(f"段階 {stage} に達したことを管理者に知らせる", f"administrators are told that {stage} has come")
        for date in dates_of(edition, stage):
            name, at = str(stage), date.at
            told, to, source = DeedKind.TELL_ADMINISTRATORS, Audience.ADMINISTRATORS, line.source
            if not date.scope or date.scope.startswith("domain "):
                yield Falling(
                    _id(told, name, date.scope),
                    told,
                    at,
                    reached,
                    stage,
                    date.scope,
                    to,
                    (Channel.MAIL,),
                    source=source,
                )
            act = _ACTS.get(stage)
            if act is not None:
                yield Falling(_id(act, name, date.scope), act, at, _ACT_WORDS[act], stage, date.scope, source=source)
        if line.gates:
            yield from _gate(edition, stage)


def _gate(edition: Edition, stage: Stage) -> Iterator[Falling]:
    """Gates belong to the stage's date for everybody."""
    line = edition.plan.stages[stage]
    at = edition.standing.instants.get(stage)
    if at is not None:
        kinds = ", ".join(gate.kind for gate in line.gates)
        what = Text(f"段階 {stage} の前の確認({kinds})を始める", f"the gates before {stage} are asked ({kinds})")
        asked = beside(at, -line.asked, edition.plan.zone)
        yield Falling(
            f"{DeedKind.GATE} {stage}",
            DeedKind.GATE,
            asked,
            what,
            stage,
            to=Audience.ADMINISTRATORS,
            source=line.source,
        )


def _of_holds(edition: Edition) -> Iterator[Falling]:
    seen: dict[str, int] = {}
    for hold in edition.standing.holds:
        scope = str(hold.scope)
        seen[scope] = seen.get(scope, 0) + 1
        name = f"{scope} #{seen[scope]}" if seen[scope] > 1 else scope
        until = hold.until.astimezone(edition.plan.zone)
        kind, source = DeedKind.HOLD_RELEASE, hold.source
        yield Falling(f"{kind} {name}", kind, until, hold.reason, scope=scope, source=source)
        told = hold.told_at(edition.plan.zone)
        if told is not None:
            kind, to = DeedKind.HOLD_TOLD, Audience.ADMINISTRATORS
            yield Falling(
                f"{kind} {name}", kind, told, hold.reason, scope=scope, to=to, by=(Channel.MAIL,), source=source
            )


def _switched(edition: Edition) -> Iterator[Falling]:
    kind, zone = DeedKind.SWITCH, edition.plan.zone
    for number, switch in enumerate(edition.plan.switches, 1):
        scope = "" if str(switch.scope) == "everybody" else str(switch.scope)
        for word, at in (("off", switch.off), ("on", switch.on)):
            if at is not None:
                there = at.astimezone(zone)
                yield Falling(f"{kind} {number} {word}", kind, there, switch.reason, scope=scope, source=switch.source)
    for number, brown_out in enumerate(edition.standing.brown_outs, 1):
        start, reason = brown_out.start.astimezone(zone), brown_out.reason
        yield Falling(f"{DeedKind.BROWN_OUT} {number}", DeedKind.BROWN_OUT, start, reason, source=brown_out.source)


def _else(edition: Edition) -> Iterator[Falling]:
    """Services, and what a consolidation does."""
    zone = edition.plan.zone
    for service in edition.plan.services:
        if service.end is not None:
            end, kind = service.end.astimezone(zone), DeedKind.SERVICE_END
            yield Falling(f"{kind} {service.id}", kind, end, service.title, whom=service.whom, source=service.source)
    consolidation = edition.plan.consolidation
    if consolidation is None:
        return
    at, source = consolidation.at.astimezone(zone), consolidation.source
    for number, price in enumerate(consolidation.prices, 1):
        moved, kind = (price.at or at).astimezone(zone), DeedKind.PRICE
        yield Falling(f"{kind} {number} {price.service}", kind, moved, price.title, source=source)
    listed = Text("引き継がれないオプションの一覧を作る", "options that are not carried over are listed")
    joined = Text("契約を後継事業者に統合する", "contracts become the successor's")
    told = Text("新しいお客さま番号を知らせる", "new customer ids are told")
    to, by = Audience.SUBSCRIBERS, tuple(Channel(word) for word in consolidation.id_told_by if word in {*Channel})
    early = beside(at, -consolidation.unmapped_listed, zone)
    kind = DeedKind.OPTIONS_LISTED
    yield Falling(str(kind), kind, early, listed, to=Audience.ADMINISTRATORS, source=source)
    yield Falling(str(DeedKind.CONSOLIDATION), DeedKind.CONSOLIDATION, at, joined, source=source)
    yield Falling(str(DeedKind.CUSTOMER_ID), DeedKind.CUSTOMER_ID, at, told, to=to, by=by, source=source)


def _signed(offset: timedelta) -> str:
    if not offset:
        return "at"
    return f"-{print_duration(-offset)}" if offset < timedelta() else f"+{print_duration(offset)}"


def _id(kind: DeedKind, name: str, scope: str) -> str:
    return f"{kind} {name}" + (f" {scope}" if scope else "")
