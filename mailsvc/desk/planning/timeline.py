"""What comes when, by a plan with its amendments: stages, rehearsals, switches, services, notices, holds, gates. Pure.

    for event in events(edition): event.at, event.title, event.past(now)

The terminal, the picture and the calendar are made of these events. Their instants are those that stand after all
amendments, in the plan's zone. Never fails.
"""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from mailsvc.deeds.stage_names import STAGE_NAMES
from mailsvc.desk.planning.event import Event, What, day_begins
from mailsvc.desk.planning.namings import AUDIENCE_NAMES, CHANNEL_NAMES, day, length, listed, powers, scope_name
from schedules.amendments import Pause, Resume
from schedules.applied import Held
from schedules.blocks.dates import PlanNotice
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.plan import IRREVERSIBLE, StageLine
from schedules.positions import Position
from schedules.shifting import beside
from schedules.stage_dates import comes
from schedules.text import Text
from schedules.words import Profile, Stage

_WHATS = {what: rank for rank, what in enumerate(What)}
_STAGES = {stage: rank for rank, stage in enumerate(Stage)}
_ENDING = frozenset(stage for stage in Stage if stage.endswith("-end"))  # after which something is no more


def events(edition: Edition) -> tuple[Event, ...]:
    """Everything that a plan and its amendments say will come, in order of time."""
    found = chain(
        _stages(edition),
        _exceptions(edition),
        _brown_outs(edition),
        _switches(edition),
        _services(edition),
        _consolidation(edition),
        _holds(edition),
        _gates(edition),
        _notices(edition),
        _pauses(edition),
    )
    return tuple(sorted((_in_zone(one, edition.plan.zone) for one in found), key=_order))


def briefly(found: Iterable[Event]) -> tuple[Event, ...]:
    """The same events, with the words of each notice told where it goes out first, and not with each reminder."""
    told: set[Text] = set()
    brief = list[Event]()
    for event in found:
        again = event.what is What.NOTICE and event.notes and event.reason in told
        brief.append(replace(event, reason=None) if again else event)
        if event.what is What.NOTICE and event.reason is not None:
            told.add(event.reason)
    return tuple(brief)


def _order(event: Event) -> tuple[float, int, int]:
    return event.at.timestamp(), _WHATS[event.what], _STAGES[event.stage] if event.stage else -1


def _in_zone(event: Event, zone: ZoneInfo) -> Event:
    until = event.until.astimezone(zone) if event.until else None
    event = replace(event, at=event.at.astimezone(zone), until=until)
    ends = event.what is What.SERVICE_END or (event.what in {What.STAGE, What.OWN_DATE} and event.stage in _ENDING)
    if not ends or not day_begins(event.at):
        return event
    last = day(event.at.date() - timedelta(days=1))
    return replace(event, notes=(Text(f"{last.ja}が最終日", f"last day {last.en}"), *event.notes))


def stage_dates(edition: Edition) -> tuple[tuple[Stage, datetime], ...]:
    """When each stage comes for everybody, in order of time: also after holds that concern the whole plan.

    Of a stage that waits, its date; of one that comes on several days for several domains, the plan's own.
    """
    patterns = edition.plan.domains or ("plan.invalid",)  # no address is there (RFC 2606)
    by_pattern = [comes(edition, Profile(DomainName(pattern))) for pattern in patterns]
    found = list[tuple[Stage, datetime]]()
    for stage, at in edition.stages():
        dates = {one.get(stage) for one in by_pattern}
        only = dates.pop() if len(dates) == 1 else None
        found.append((stage, (only or at).astimezone(edition.plan.zone)))
    return tuple(sorted(found, key=lambda pair: (pair[1].timestamp(), _STAGES[pair[0]])))


def _stages(edition: Edition) -> Iterator[Event]:
    plan = edition.plan
    for stage, at in stage_dates(edition):
        line = plan.stages[stage]
        yield Event(
            key=str(stage),
            what=What.STAGE,
            at=at,
            title=STAGE_NAMES[stage],
            notes=tuple(_stage_notes(line)),
            reason=line.reason,
            stage=stage,
            irreversible=stage in IRREVERSIBLE,
            written=line.at.astimezone(plan.zone) if line.at.timestamp() != at.timestamp() else None,
            waits=edition.standing.waiting.get(stage),
            source=line.source,
        )


def _stage_notes(line: StageLine) -> Iterator[Text]:
    if line.to:
        yield Text(f"行き先：{line.to}", f"to {line.to}")
    if line.soft_for:
        soft = length(line.soft_for)
        yield Text(
            f"最初の{soft.ja}は一時的な応答（450）、その後は拒否（550）", f"answered 450 for {soft.en}, 550 after that"
        )


def _exceptions(edition: Edition) -> Iterator[Event]:
    for exception in edition.standing.exceptions:
        whom = scope_name(exception.scope)
        for stage, at in exception.stages.items():
            name = STAGE_NAMES[stage]
            yield Event(
                key=f"{stage} {exception.scope}",
                what=What.OWN_DATE,
                at=at,
                title=Text(f"{name.ja}（{whom.ja}）", f"{name.en}, {whom.en}"),
                reason=exception.reason,
                stage=stage,
                source=exception.source,
                private=exception.scope.address is not None,
            )


def _brown_outs(edition: Edition) -> Iterator[Event]:
    for number, one in enumerate(edition.standing.brown_outs, 1):
        lasts = length(timedelta(seconds=one.end.timestamp() - one.start.timestamp()))
        yield Event(
            key=f"brown-out {number}",
            what=What.BROWN_OUT,
            at=one.start,
            until=one.end,
            title=Text(f"終了の予行（{lasts.ja}）", f"rehearsal of the end, {lasts.en}"),
            reason=one.reason,
            source=one.source,
        )


def _switches(edition: Edition) -> Iterator[Event]:
    for number, switch in enumerate(edition.plan.switches, 1):
        what, whom = powers(switch.capabilities), scope_name(switch.scope)
        ja, en = (f"（{whom.ja}）", f", {whom.en}") if str(switch.scope) != "everybody" else ("", "")
        off = Text(f"{what.ja}の停止{ja}", f"off: {what.en}{en}")
        private = switch.scope.address is not None
        yield Event(
            f"switch {number} off",
            What.SWITCH_OFF,
            switch.off,
            off,
            reason=switch.reason,
            source=switch.source,
            private=private,
        )
        if switch.on is not None:
            on = Text(f"{what.ja}の再開{ja}", f"on again: {what.en}{en}")
            yield Event(f"switch {number} on", What.SWITCH_ON, switch.on, on, source=switch.source, private=private)


def _services(edition: Edition) -> Iterator[Event]:
    for service in edition.plan.services:
        if service.end is not None:
            notes = tuple(note for note in (service.condition, service.advice) if note is not None)
            title = Text(f"{service.title.ja}の終了", f"end of {service.title.en}")
            yield Event(f"service {service.id}", What.SERVICE_END, service.end, title, notes, source=service.source)


def _consolidation(edition: Edition) -> Iterator[Event]:
    block = edition.plan.consolidation
    if block is None:
        return
    title = Text("契約の統合", "contracts become one at the successor")
    yield Event("consolidation", What.CONSOLIDATION, block.at, title, source=block.source)
    listing = Text("引き継げないオプションの一覧", "options that cannot move are listed")
    at = beside(block.at, -block.unmapped_listed, edition.plan.zone)
    yield Event("consolidation options-listed", What.CONSOLIDATION, at, listing, source=block.source)
    for price in block.prices:
        title = Text(f"{price.title.ja}の料金改定", f"new price: {price.title.en}")
        notes = (Text(f"{price.old:,}円から{price.new:,}円", f"{price.old:,} yen becomes {price.new:,} yen"),)
        moved = price.at or block.at
        yield Event(f"price {price.service}", What.CONSOLIDATION, moved, title, notes, source=block.source)


def _holds(edition: Edition) -> Iterator[Event]:
    for number, held in enumerate(edition.standing.holds, 1):
        named = _hold_name(held)
        end = Text(f"{named.ja}の終了", f"{named.en} ends")
        private = bool(held.legal_order) or held.scope.address is not None
        ends = Event(f"hold {number} end", What.HOLD_END, held.until, end, reason=held.reason, source=held.source)
        yield replace(ends, private=private)
        at = held.told_at(edition.plan.zone)
        if at is not None:
            told = Text(f"{named.ja}の終了予告", f"told: {named.en} ends in {length(held.announced).en}")
            yield Event(f"hold {number} told", What.RELEASE_TOLD, at, told, source=held.source, private=private)


def _hold_name(held: Held) -> Text:
    whom = scope_name(held.scope)
    what = listed(STAGE_NAMES[stage] for stage in held.stages) if held.stages else None
    ja, en = (f"、{what.ja}", f" ({what.en})") if what else ("", "")
    if held.legal_order:
        return Text(
            f"法的な保全（{whom.ja}{ja}、{held.legal_order}）", f"legal order for {whom.en}{en}, {held.legal_order},"
        )
    return Text(f"保留（{whom.ja}{ja}）", f"hold of {whom.en}{en}")


def _gates(edition: Edition) -> Iterator[Event]:
    for stage, at in stage_dates(edition):
        line = edition.plan.stages[stage]
        if line.gates:
            name = STAGE_NAMES[stage]
            title = Text(f"「{name.ja}」の条件の確認", f"gate of “{name.en}” first asked")
            named = ", ".join(gate.kind for gate in line.gates)
            first = beside(at, -line.asked, edition.plan.zone)
            yield Event(f"gate {stage}", What.GATE, first, title, (Text(named, named),), source=line.source)


def _notices(edition: Edition) -> Iterator[Event]:
    instants, zone = dict(stage_dates(edition)), edition.plan.zone
    for notice in edition.plan.notices:
        at = instants.get(notice.stage) if notice.stage else None
        if notice.stage and at is not None:
            name = STAGE_NAMES[notice.stage]
            for time in notice.before:
                note = Text(f"「{name.ja}」の{length(time).ja}前", f"{length(time).en} before “{name.en}”")
                yield _notice(notice, f"before {time // timedelta(seconds=1)}", beside(at, -time, zone), note)
            for time in notice.after:
                note = Text(f"「{name.ja}」の{length(time).ja}後", f"{length(time).en} after “{name.en}”")
                yield _notice(notice, f"after {time // timedelta(seconds=1)}", beside(at, time, zone), note)
            if not notice.before and not notice.after:
                yield _notice(notice, "with", at, None)
        for number, own in enumerate(notice.at, 1):
            yield _notice(notice, f"date {number}", own, None)


def _notice(notice: PlanNotice, key: str, at: datetime, note: Text | None) -> Event:
    to, by = AUDIENCE_NAMES[notice.to], listed(CHANNEL_NAMES[one] for one in notice.by)
    title = Text(f"{to.ja}へのお知らせ（{by.ja}）", f"{by.en} to {to.en}")
    notes = (note,) if note is not None else ()
    return Event(f"notice {notice.id} {key}", What.NOTICE, at, title, notes, notice.text, source=notice.source)


def _pauses(edition: Edition) -> Iterator[Event]:
    for amendment in edition.amendments:
        place = Position(f"amendment {amendment.number}")
        why = Text(amendment.reason, amendment.reason)
        match amendment.act:
            case Pause(until):
                title = Text("計画の一時停止", "the plan pauses")
                yield Event(f"pause {amendment.number}", What.PAUSE, amendment.made_at, title, reason=why, source=place)
                if until is not None:
                    end = Text("計画の再開", "the plan goes on")
                    yield Event(f"pause {amendment.number} end", What.PAUSE, until, end, source=place)
            case Resume():
                title = Text("計画の再開", "the plan goes on")
                yield Event(
                    f"resume {amendment.number}", What.PAUSE, amendment.made_at, title, reason=why, source=place
                )
            case _:
                pass
