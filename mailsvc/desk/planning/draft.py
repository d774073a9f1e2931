"""A sound plan for one domain, made of the instant at which its mail ends. Pure.

Use: `draft(wanted, now)`, the plan; `earliest(now, zone)`, the soonest end that leaves the shortest notice.
The order behind the dates: tell now, let settings stand still, rehearse, stop mail in both directions at the instant,
leave time to read and to fetch copies, destroy, forward for as long as was promised, and let go of the domain last.
Fails: `Refused` for instants that no such plan could have.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from mailsvc.desk.planning.event import day_begins
from mailsvc.desk.planning.namings import day, length
from mailsvc.desk.refusals import Refused
from schedules.blocks.services import Calendar
from schedules.calendars import is_business_day
from schedules.moments import end_of_day, later, start_of_day, written
from schedules.names import DomainName
from schedules.plan import QUEUE_LIFE, BrownOut, Plan, StageLine
from schedules.text import Text
from schedules.words import Stage, Suspension

SHORTEST_NOTICE = timedelta(days=30)  # what a plan asks for that says nothing of it (KY-11)
PURGE_AFTER = timedelta(days=120)
_SOFT = timedelta(hours=6)
_FROZEN = timedelta(days=90)
_TOLD_FIRST = timedelta(days=7)  # between the announcement and the first rehearsal
_MORNING = time(10)
_MIDWEEK = range(1, 4)  # Tuesday to Thursday
# Rehearsals: how long before the end, and how long.
_REHEARSALS = (
    (timedelta(days=84), timedelta(minutes=15)),
    (timedelta(days=56), timedelta(hours=1)),
    (timedelta(days=28), timedelta(hours=2)),
    (timedelta(days=14), timedelta(hours=4)),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the domain, its instants in the plan's zone, and the plan's words."""

    domain: DomainName
    at: datetime
    zone: ZoneInfo
    name: str
    title: Text
    reason: Text
    notice_url: str = ""
    forward_until: datetime | None = None  # None: forwards end with receiving
    purge_after: timedelta = PURGE_AFTER
    short_notice: bool = False


def earliest(now: datetime, zone: ZoneInfo) -> datetime:
    """The first day that begins no sooner than the shortest notice allows."""
    return _day_from(later(_announced(now, zone), SHORTEST_NOTICE))


def draft(wanted: Wanted, now: datetime) -> Plan:
    """The plan. Raises Refused where the end has passed, comes with too little notice, or dates contradict it."""
    _refuse_impossible(wanted, now)
    told, at = _announced(now, wanted.zone), wanted.at
    instants = _instants(wanted, told)
    notice = timedelta(seconds=at.timestamp() - told.timestamp())
    return Plan(
        name=wanted.name,
        zone=wanted.zone,
        domains=(wanted.domain.ascii,),
        stages=MappingProxyType(
            {
                stage: StageLine(stage, instant, soft_for=_SOFT if stage is Stage.RECEIVE_END else timedelta())
                for stage, instant in instants.items()
            }
        ),
        brown_outs=_rehearsals(told, at, wanted.zone),
        suspension=Suspension.KEEP,
        notice_url=wanted.notice_url,
        reason=wanted.reason,
        title=wanted.title,
        shortest_notice=min(notice, SHORTEST_NOTICE),
    )


def default_title(domain: DomainName) -> Text:
    """What the plan is called where nobody says so."""
    return Text(f"{domain.ascii} のメールサービスの終了", f"The end of mail at {domain.ascii}")


def default_reason(domain: DomainName, at: datetime) -> Text:
    """What senders and subscribers are told, with the last day of use."""
    last = day(at.date() - timedelta(days=1) if day_begins(at) else at.date())
    return Text(
        f"{domain.ascii} のメールサービスは{last.ja}で終了しました", f"mail at {domain.ascii} ended on {last.en}"
    )


def _refuse_impossible(wanted: Wanted, now: datetime) -> None:
    at, soonest = wanted.at, earliest(now, wanted.zone)
    if at.timestamp() <= now.timestamp():
        raise Refused(f"{at.isoformat()} has passed", f"the earliest end is {written(soonest, wanted.zone)}")
    notice = timedelta(seconds=at.timestamp() - _announced(now, wanted.zone).timestamp())
    if notice < SHORTEST_NOTICE and not wanted.short_notice:
        asked = length(SHORTEST_NOTICE).en
        raise Refused(
            f"{at.isoformat()} leaves less than {asked} after the announcement",
            f"the earliest end is {written(soonest, wanted.zone)}; --short-notice with --reason goes below that",
        )
    if wanted.forward_until is not None and wanted.forward_until.timestamp() < at.timestamp():
        raise Refused(
            f"mail cannot be forwarded until {wanted.forward_until.isoformat()} when it is received until later",
            f"forward until {written(at, wanted.zone)} at least, or leave --forward-until out",
        )
    if wanted.purge_after < QUEUE_LIFE:
        raise Refused(
            f"{length(wanted.purge_after).en} after the end, mail may still be on its way into mailboxes",
            f"purge {length(QUEUE_LIFE).en} after the end at the earliest",
        )


def _instants(wanted: Wanted, told: datetime) -> dict[Stage, datetime]:
    """When each stage comes; what people need to be awake for begins with a day."""
    at, after = wanted.at, wanted.purge_after
    notice = timedelta(seconds=at.timestamp() - told.timestamp())
    frozen = start_of_day(later(at, -min(_FROZEN, notice / 3)).date(), wanted.zone)
    purge = _day_from(later(at, after))
    read_end = min(purge, _day_from(later(at, after / 2)), key=datetime.timestamp)
    export_end = min(purge, _day_from(later(at, after * 3 / 4)), key=datetime.timestamp)
    forward_end = wanted.forward_until or at
    last = max(purge, forward_end, key=datetime.timestamp)
    return {
        Stage.ANNOUNCE: told,
        Stage.FREEZE: max(told, frozen, key=datetime.timestamp),
        Stage.HOMEPAGE_UPLOAD_END: at,
        Stage.SEND_END: at,
        Stage.RECEIVE_END: at,
        Stage.READ_ONLY: at,
        Stage.HOMEPAGE_END: read_end,
        Stage.READ_END: read_end,
        Stage.EXPORT_END: export_end,
        Stage.PURGE: purge,
        Stage.FORWARD_END: forward_end,
        # Whoever was answered 450 at the last moment, and reports to senders, still find the way while queues live.
        Stage.DNS_END: _day_from(later(last, QUEUE_LIFE)),
    }


def _rehearsals(told: datetime, at: datetime, zone: ZoneInfo) -> tuple[BrownOut, ...]:
    """Those for which there is time: on quiet mornings, over before mail in senders' queues would meet the end."""
    found: dict[date, BrownOut] = {}
    for before, lasts in _REHEARSALS:
        start = datetime.combine(_midweek(later(at, -before).date()), _MORNING, zone)
        end = later(start, lasts)
        after_told = start.timestamp() - told.timestamp() >= _TOLD_FIRST.total_seconds()
        if after_told and at.timestamp() - end.timestamp() >= QUEUE_LIFE.total_seconds():
            name = length(lasts)
            reason = Text(
                f"終了の予行（{name.ja}）のため、一時的に受信を停止しています",  # noqa: RUF001 -- Japanese
                f"receiving is paused for {name.en} to rehearse the end, please try again",
            )
            found[start.date()] = BrownOut(start, end, reason)
    return tuple(found.values())


def _midweek(latest: date) -> date:
    """The last working day from Tuesday to Thursday that is not after `latest`."""
    days = (latest - timedelta(days=back) for back in range(60))
    return next(one for one in days if one.weekday() in _MIDWEEK and is_business_day(one, Calendar()))


def _announced(now: datetime, zone: ZoneInfo) -> datetime:
    """Now, on the minute: the plan is applied a moment later, so this has come."""
    return now.astimezone(zone).replace(second=0, microsecond=0)


def _day_from(at: datetime) -> datetime:
    """Where the first day begins that does not begin before `at`."""
    zone = at.tzinfo
    if not isinstance(zone, ZoneInfo) or day_begins(at):
        return at
    return end_of_day(at.date(), zone)
