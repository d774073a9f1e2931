"""A plan as a picture: what works until when, and below it what comes when, as SVG for pages and for paper.

Use: `picture(edition, now, language)`; without a language, words stand in both. The picture is 520 pixels wide and as
tall as it must be: labels are laid one below the other, so none ever covers another, however close their dates are.
It follows the reader's light or dark colours. Fails: never by itself.
"""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from mailsvc.desk.planning.event import Event, What
from mailsvc.desk.planning.svg_canvas import Canvas
from mailsvc.desk.planning.svg_lanes import MARGIN, Span, draw_lanes, lanes
from mailsvc.desk.planning.svg_style import wide
from mailsvc.desk.planning.timeline import briefly, events
from mailsvc.desk.planning.wrapping import wrapped
from schedules.edition import Edition
from schedules.text import Language, Text

WIDTH = 520.0
_RAIL, _WORDS = 132.0, 154.0  # where the line of time and the words stand
_ROOM = WIDTH - _WORDS - MARGIN
_REASONED = frozenset({What.SWITCH_OFF, What.OWN_DATE, What.HOLD_END, What.PAUSE, What.NOTICE})
_QUIET = frozenset({What.NOTICE, What.GATE, What.RELEASE_TOLD})
_COLOURS = {
    What.PAUSE: "hold",
    What.STAGE: "stage",
    What.OWN_DATE: "own",
    What.BROWN_OUT: "rehearsal",
    What.SWITCH_OFF: "switch",
    What.SWITCH_ON: "switch",
    What.SERVICE_END: "service",
    What.CONSOLIDATION: "service",
    What.HOLD_END: "hold",
    What.RELEASE_TOLD: "hold",
    What.GATE: "gate",
    What.NOTICE: "notice",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """One line of words and how it is set."""

    text: str
    size: float
    colour: str
    bold: bool = False
    language: Language | None = None


def picture(edition: Edition, now: datetime, language: Language | None) -> str:
    """The plan as one SVG document, as it looks at `now`."""
    plan, found = edition.plan, briefly(events(edition))
    local = now.astimezone(plan.zone)
    canvas = Canvas(WIDTH)
    y = _head(canvas, edition, language)
    drawn = lanes(edition)
    if drawn and found:
        # The axis begins where the first thing happens, and ends with the last.
        span = Span(found[0].at, max(one.until or one.at for one in found), WIDTH)
        y = draw_lanes(canvas, drawn, span, now, y + 8, language)
    y = _Column(canvas, local, language).draw(found, y + 14)
    y = _foot(canvas, edition, local, y + 12, language)
    told = "; ".join(f"{one.at:%Y-%m-%d} {_told(one.title, language, ' / ')}" for one in found)
    return canvas.text(y, _told(plan.title, language, " / "), told or "-")


def _told(text: Text, language: Language | None, between: str) -> str:
    if language:
        return text.in_(language)
    return text.ja if text.ja == text.en else f"{text.ja}{between}{text.en}"


def _both(text: Text, language: Language | None) -> tuple[Language, ...]:
    if language:
        return (language,)
    return ("en",) if text.ja == text.en else ("ja", "en")


def _head(canvas: Canvas, edition: Edition, language: Language | None) -> float:
    plan, y = edition.plan, 22.0
    lines: list[_Words] = []
    for number, spoken in enumerate(_both(plan.title, language)):
        size, colour = (20.0, "ink") if not number else (15.0, "soft")
        lines += _set(plan.title.in_(spoken), size, colour, WIDTH - 2 * MARGIN, bold=not number, language=spoken)
    lines += _set(" · ".join((*plan.domains, plan.zone.key)), 13, "soft", WIDTH - 2 * MARGIN)
    for line in lines:
        y += line.size * 1.36
        canvas.word(MARGIN, y - line.size * 0.3, line.text, line.size, line.colour, bold=line.bold, **_language(line))
    return y


def _foot(canvas: Canvas, edition: Edition, local: datetime, y: float, language: Language | None) -> float:
    number = len(edition.amendments)
    ja = f"第{edition.number}版" if edition.number else "計画ファイル"
    en = f"edition {edition.number}" if edition.number else "a plan file"
    if number:
        ja, en = f"{ja}、変更{number}件", f"{en}, {number} amendment{'' if number == 1 else 's'}"
    stand = Text(f"{local:%Y-%m-%d %H:%M}現在、{ja}", f"{en}, as of {local:%Y-%m-%d %H:%M}")
    canvas.line((MARGIN, y), (WIDTH - MARGIN, y), "hair", 1)
    for line in _set(_told(stand, language, " · "), 12, "soft", WIDTH - 2 * MARGIN):
        y += 18
        canvas.word(MARGIN, y, line.text, line.size, line.colour)
    return y + 20


def _set(
    text: str, size: float, colour: str, room: float, *, bold: bool = False, language: Language | None = None
) -> Iterator[_Words]:
    """Words broken into lines that have room."""
    for line in wrapped(text, room, lambda words: wide(words, size, bold=bold)):
        yield _Words(line, size, colour, bold, language)


def _language(line: _Words) -> dict[str, str]:
    return {"language": line.language} if line.language else {}


class _Column:
    """The line of time from top to bottom, with what comes at its right and the dates at its left."""

    def __init__(self, canvas: Canvas, now: datetime, language: Language | None) -> None:
        self._canvas = canvas
        self._now = now
        self._language = language

    def draw(self, found: Sequence[Event], y: float) -> float:
        """Draw all events from `y` down, and now among them; answers with the y below them."""
        before: datetime | None = None
        told = False
        for at, together in groupby(found, lambda event: event.at):
            if not told and at.timestamp() > self._now.timestamp():
                y, before, told = self._draw_now(y, before), self._now, True
            y = self._gap(y, before, at)
            y = self._group(y, at, list(together))
            before = at
        return y if told else self._draw_now(y, before)

    def _gap(self, y: float, before: datetime | None, at: datetime) -> float:
        """Room for the time in between: more for years than for days, though not by as much."""
        if before is None:
            return y
        days = max(0.0, (at.timestamp() - before.timestamp()) / 86_400)
        room = 6 + 7 * math.log2(1 + days / 3)
        colour = "hair" if at.timestamp() <= self._now.timestamp() else "stage pale"
        self._canvas.line((_RAIL, y), (_RAIL, y + room), colour, 2.5)
        return y + room

    def _group(self, y: float, at: datetime, together: list[Event]) -> float:
        past = all(event.past(self._now) for event in together)
        top, anchor = y, y + 17
        colour = "soft" if past or all(event.what in _QUIET for event in together) else "ink"
        self._canvas.word(MARGIN, anchor, f"{at:%Y-%m-%d}", 14, colour, bold=not past)
        if not all(event.whole_day for event in together):
            until = max((event.until for event in together if event.until), default=None)
            ends = f"–{until:%H:%M}" if until and until.date() == at.date() else ""
            self._canvas.word(MARGIN, anchor + 17, f"{at:%H:%M}{ends}", 12.5, "soft")
            y = max(y, top + 20) if len(together) > 1 else y
        marks: list[tuple[float, Event]] = []
        y = top
        for event in together:
            marks.append((y + 12, event))
            y = self._event(y, event)
        y = max(y, top + (40 if not together[0].whole_day else 26))
        rail = "hair" if past else "stage pale"
        self._canvas.line((_RAIL, top), (_RAIL, y), rail, 2.5)
        for middle, event in marks:
            self._mark(middle, event)
        return y

    def _event(self, y: float, event: Event) -> float:
        for line in self._lines(event):
            y += line.size * 1.38
            self._canvas.word(
                _WORDS, y - line.size * 0.3, line.text, line.size, line.colour, bold=line.bold, **_language(line)
            )
        return y + 5

    def _lines(self, event: Event) -> Iterator[_Words]:
        quiet, gone = event.what in _QUIET, event.past(self._now)
        for number, spoken in enumerate(_both(event.title, self._language)):
            size = 13.5 if quiet else 16.0 if not number else 14.0
            colour = "soft" if quiet or gone or number else "final" if event.irreversible else "ink"
            strong = not quiet and not number
            yield from _set(event.title.in_(spoken), size, colour, _ROOM, bold=strong, language=spoken)
        if event.waits is not None:
            waits = Text(f"待機中：{event.waits.ja}", f"waits: {event.waits.en}")
            yield from self._note(waits, "now")
        if event.written is not None:
            moved = Text(f"当初は{event.written:%Y-%m-%d}", f"moved from {event.written:%Y-%m-%d}")
            yield from self._note(moved, "now")
        reason = event.reason if event.what in _REASONED else None
        for note in (*event.notes, *((reason,) if reason is not None else ())):
            yield from self._note(note, "soft")

    def _note(self, note: Text, colour: str) -> Iterator[_Words]:
        """What else there is to know: both languages on one line where they fit, else each on its own."""
        together = _told(note, self._language, " · ")
        apart = [note.in_(spoken) for spoken in _both(note, self._language)]
        for line in [together] if wide(together, 13) <= _ROOM else apart:
            yield from _set(line, 13, colour, _ROOM)

    def _mark(self, y: float, event: Event) -> None:
        x, past = _RAIL, " past" if event.past(self._now) else ""
        colour = "final" if event.irreversible else _COLOURS[event.what]
        self._canvas.dot(x, y, 10, "paper")
        match event.what:
            case What.STAGE if event.irreversible:
                self._canvas.box(x - 6.5, y - 6.5, 13, 13, colour + past, round_by=2)
            case What.STAGE | What.CONSOLIDATION:
                self._canvas.dot(x, y, 6.5, colour + past)
            case What.BROWN_OUT | What.PAUSE:
                self._canvas.shape(((x, y - 7.5), (x + 7.5, y), (x, y + 7.5), (x - 7.5, y)), colour + past)
            case What.SWITCH_OFF:
                self._canvas.shape(((x - 7, y - 5), (x + 7, y - 5), (x, y + 7)), colour + past)
            case What.SWITCH_ON:
                self._canvas.shape(((x - 7, y + 5), (x + 7, y + 5), (x, y - 7)), colour + past)
            case What.SERVICE_END:
                self._canvas.box(x - 6, y - 6, 12, 12, colour + past, round_by=3)
            case What.OWN_DATE | What.HOLD_END | What.GATE:
                self._canvas.dot(x, y, 5.5, colour + past, ring=2.5)
            case What.NOTICE | What.RELEASE_TOLD:
                self._canvas.dot(x, y, 3.5, colour + past)

    def _draw_now(self, y: float, before: datetime | None) -> float:
        y = self._gap(y, before, self._now)
        label = _told(Text("現在", "now"), self._language, " · ")
        self._canvas.line((_RAIL, y), (_RAIL, y + 30), "hair", 2.5)
        self._canvas.line((MARGIN, y + 15), (WIDTH - MARGIN, y + 15), "now dashed", 1.6)
        text = f"{label}  {self._now:%Y-%m-%d %H:%M}"
        self._canvas.box(_WORDS - 10, y + 3, wide(text, 13, bold=True) + 20, 24, "now", round_by=12)
        self._canvas.word(_WORDS, y + 19.5, text, 13, "on-bar", bold=True)
        return y + 30
