"""The upper part of a plan's picture: what still works until when, a bar for each thing.

Use: `draw_lanes(canvas, lanes(edition), span, now, y, language)`, which answers where the next part begins.
Bars are true to scale; what waits for a gate or for the plan to go on is drawn pale, since nobody knows its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailsvc.desk.planning.namings import CAPABILITY_NAMES
from mailsvc.desk.planning.svg_canvas import Canvas
from mailsvc.desk.planning.svg_style import wide
from mailsvc.desk.planning.timeline import stage_dates
from mailsvc.desk.planning.wrapping import wrapped
from schedules.edition import Edition
from schedules.moments import start_of_day
from schedules.plan import IRREVERSIBLE
from schedules.text import Language, Text
from schedules.words import Capability, Stage

MARGIN = 24.0
_LEFT, _BAR, _STEP, _TYPE = 164.0, 16.0, 26.0, 13.0
_TICK_ROOM = 56.0  # pixels that a label needs on the axis

_BY_STAGE: tuple[tuple[Stage, Stage | None, Text], ...] = (
    (Stage.FREEZE, None, CAPABILITY_NAMES[Capability.CHANGE_SETTINGS]),
    (Stage.SEND_END, None, CAPABILITY_NAMES[Capability.SEND]),
    (Stage.RECEIVE_END, None, CAPABILITY_NAMES[Capability.RECEIVE]),
    (Stage.READ_END, Stage.READ_ONLY, CAPABILITY_NAMES[Capability.READ]),
    (Stage.EXPORT_END, None, CAPABILITY_NAMES[Capability.EXPORT]),
    (Stage.HOMEPAGE_END, Stage.HOMEPAGE_UPLOAD_END, Text("ホームページ", "homepages")),
    (Stage.FORWARD_END, None, CAPABILITY_NAMES[Capability.FORWARD]),
    (Stage.PURGE, None, Text("データの保管", "data kept")),
    (Stage.DNS_END, None, Text("DNS", "DNS")),
)


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that works until `end`, from `less` on only in part."""

    name: Text
    end: datetime
    less: datetime | None = None
    gaps: tuple[tuple[datetime, datetime], ...] = ()  # rehearsals
    colour: str = "stage"
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The time that the axis shows, and where on the sheet."""

    start: datetime
    end: datetime
    width: float  # of the whole sheet

    def x(self, at: datetime) -> float:
        """Where an instant stands, within the axis."""
        whole = max(1.0, self.end.timestamp() - self.start.timestamp())
        share = (at.timestamp() - self.start.timestamp()) / whole
        return _LEFT + min(1.0, max(0.0, share)) * (self.width - MARGIN - _LEFT)


def lanes(edition: Edition) -> tuple[Lane, ...]:
    """What ends by the plan, in the order in which people ask for it; then services with ends of their own."""
    instants = dict(stage_dates(edition))
    waiting = edition.standing.waiting
    rehearsals = tuple((one.start, one.end) for one in edition.standing.brown_outs)
    found = [
        Lane(
            name,
            instants[stage],
            instants.get(less) if less else None,
            rehearsals if stage is Stage.RECEIVE_END else (),
            "gate" if stage in IRREVERSIBLE else "stage",
            waits=stage in waiting,
        )
        for stage, less, name in _BY_STAGE
        if stage in instants
    ]
    found += [
        Lane(one.title, one.end.astimezone(edition.plan.zone), colour="service")
        for one in edition.plan.services
        if one.end is not None
    ]
    return tuple(found)


def draw_lanes(
    canvas: Canvas, drawn: Sequence[Lane], span: Span, now: datetime, y: float, language: Language | None
) -> float:
    """Draw the bars from `y` down; answers with the y below them."""
    rows = [(lane, _names(lane.name, language)) for lane in drawn]
    heights = [max(_STEP, 8 + 16.0 * len(names)) for _, names in rows]
    bottom = y + sum(heights) + 6
    _axis(canvas, span, y, bottom)
    top = y + 4
    for (lane, names), height in zip(rows, heights, strict=True):
        for number, name in enumerate(names):
            canvas.word(MARGIN, top + 13 + number * 16, name, _TYPE, "ink")
        _bar(canvas, lane, span, top)
        top += height
    if span.start.timestamp() <= now.timestamp() <= span.end.timestamp():
        canvas.line((span.x(now), y - 4), (span.x(now), bottom), "now dashed", 1.6)
    return bottom + 30


def _names(name: Text, language: Language | None) -> tuple[str, ...]:
    """The lane's name, both languages on one line where they fit."""
    room = _LEFT - MARGIN - 12
    if language or name.ja == name.en:
        return _broken(name.in_(language or "en"), room)
    together = f"{name.ja} {name.en}"
    return (together,) if wide(together, _TYPE) <= room else (*_broken(name.ja, room), *_broken(name.en, room))


def _broken(name: str, room: float) -> tuple[str, ...]:
    return wrapped(name, room, lambda text: wide(text, _TYPE))


def _bar(canvas: Canvas, lane: Lane, span: Span, y: float) -> None:
    left, right = span.x(span.start), max(span.x(lane.end), span.x(span.start) + 3)
    middle = max(left, min(right, span.x(lane.less))) if lane.less else right
    pale = " pale" if lane.waits else ""
    if middle > left:
        canvas.box(left, y, middle - left, _BAR, lane.colour + pale, round_by=3)
    if right > middle:
        canvas.box(middle, y, right - middle, _BAR, f"{lane.colour} pale", round_by=3)
    for start, end in lane.gaps:
        canvas.box(span.x(start) - 1, y - 2, max(3.0, span.x(end) - span.x(start)), _BAR + 4, "rehearsal")


def _axis(canvas: Canvas, span: Span, y: float, bottom: float) -> None:
    free = 0.0
    for at, label in _ticks(span):
        x = span.x(at)
        canvas.line((x, y - 2), (x, bottom), "hair", 1)
        if x >= free and x + _TICK_ROOM / 2 <= span.width:
            canvas.word(x, bottom + 15, label, 12, "soft", anchor="middle")
            free = x + _TICK_ROOM


def _ticks(span: Span) -> Iterator[tuple[datetime, str]]:
    """The first days of years; where there are not two of them, of months."""
    zone = span.start.tzinfo
    if not isinstance(zone, ZoneInfo):
        return
    years = range(span.start.year, span.end.year + 1)
    whole = [year for year in years if span.start <= start_of_day(date(year, 1, 1), zone) <= span.end]
    if len(whole) > 1:
        yield from ((start_of_day(date(year, 1, 1), zone), str(year)) for year in whole)
        return
    for year in years:
        for month in range(1, 13):
            at = start_of_day(date(year, month, 1), zone)
            if span.start <= at <= span.end:
                yield at, f"{year}-{month:02}"
