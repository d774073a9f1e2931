"""A plan as a calendar that people subscribe to or import (RFC 5545).

Use: `calendar(edition, now, language)`; `now` is the DTSTAMP. Without a language, words stand in both.
Each thing has the same UID for ever, made of the plan's name and the thing's; SEQUENCE rises with each edition and each
amendment. So a stage that is postponed moves in people's calendars, and does not stand there twice. What comes where a
day begins is a whole day; all else has its time in UTC. What waits for a gate, or while the plan pauses, is tentative.
Letters that are counted from a stage are left out: they are many, and nobody has to do anything. So are single
addresses, legal orders and the reasons that administrators wrote: a calendar goes around.
Fails: never by itself.
"""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Alarm, Calendar
from icalendar import Event as CalendarEvent

from mailsvc.desk.planning.event import Event, What
from mailsvc.desk.planning.namings import length
from mailsvc.desk.planning.timeline import events
from schedules.edition import Edition
from schedules.text import Language, Text

# The names of this program's things: never changed, or every calendar would have each of them twice.
_NAMES = UUID("6f0f9a0e-5d0c-5f57-9a36-6f2d2f1b7d11")
_ALARMS = (timedelta(days=14), timedelta(days=3), timedelta(days=1))
_CATEGORIES = {
    What.STAGE: "STAGE",
    What.OWN_DATE: "STAGE",
    What.BROWN_OUT: "REHEARSAL",
    What.SERVICE_END: "SERVICE",
}


def calendar(edition: Edition, now: datetime, language: Language | None) -> str:
    """The plan as one iCalendar object, lines folded at 75 octets."""
    plan = edition.plan
    title = _told(plan.title, language)
    made = Calendar()
    made.add("prodid", "-//Lastpost//plan//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", title)
    made.add("x-wr-calname", title)
    made.add("x-wr-timezone", plan.zone.key)
    for event in events(edition):
        if _is_of_interest(event):
            made.add_component(_entry(event, edition, now, language))
    written: bytes = made.to_ical()
    return written.decode("utf-8")


def uid(plan: str, key: str) -> str:
    """The UID of a plan's thing: the same whenever and wherever it is made."""
    return f"{uuid5(_NAMES, f'{plan}/{key}')}@lastpost"


def _is_of_interest(event: Event) -> bool:
    return not event.private and (event.what is not What.NOTICE or " date " in event.key)


def _told(text: Text, language: Language | None) -> str:
    if language:
        return text.in_(language)
    return text.ja if text.ja == text.en else f"{text.ja} / {text.en}"


def _entry(event: Event, edition: Edition, now: datetime, language: Language | None) -> CalendarEvent:
    entry = CalendarEvent()
    entry.add("uid", uid(edition.plan.name, event.key))
    entry.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    entry.add("sequence", edition.number + max((one.number for one in edition.amendments), default=0))
    entry.add("summary", _told(event.title, language))
    if event.whole_day:
        entry.add("dtstart", event.at.date())
        entry.add("dtend", event.at.date() + timedelta(days=1))
    else:
        entry.add("dtstart", event.at.astimezone(UTC))
        if event.until is not None:
            entry.add("dtend", event.until.astimezone(UTC))
    description = _description(event, edition, language)
    if description:
        entry.add("description", description)
    if edition.plan.notice_url:
        entry.add("url", edition.plan.notice_url)
    entry.add("status", "CONFIRMED" if event.waits is None else "TENTATIVE")
    entry.add("transp", "TRANSPARENT")
    entry.add("categories", [_CATEGORIES.get(event.what, "PLAN")])
    if event.irreversible:
        for before in _ALARMS:
            entry.add_component(_alarm(event, before, language))
    return entry


def _description(event: Event, edition: Edition, language: Language | None) -> str:
    told = event.reason is not None and event.source.line > 0
    lines = [*event.notes, *((event.reason,) if told and event.reason else ())]
    if event.waits is not None:
        lines.insert(0, Text("待機中", "it waits"))
    if event.written is not None:
        was = f"{event.written:%Y-%m-%d %H:%M}"
        lines.append(Text(f"当初の予定：{was}", f"the plan says {was}"))
    if not event.whole_day:
        local = f"{event.at:%Y-%m-%d %H:%M} {edition.plan.zone.key}"
        lines.append(Text(local, local))
    lines.append(edition.plan.title)
    return "\n".join(_told(line, language) for line in lines)


def _alarm(event: Event, before: timedelta, language: Language | None) -> Alarm:
    left = length(before)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -before)
    text = Text(f"{left.ja}後に取り消せない処理：{event.title.ja}", f"in {left.en}, for good: {event.title.en}")
    alarm.add("description", _told(text, language))
    return alarm
