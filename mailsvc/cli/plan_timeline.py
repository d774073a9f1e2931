"""What comes when, as a line down the terminal: past dimmed, now marked; plain where it goes into a file.

Use: `show_timeline(events, now, language)`. Times are those of the plan's zone. Fails: never by itself.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from rich.cells import cell_len

from mailsvc.cli.output import out
from mailsvc.desk.planning.event import Event, What
from mailsvc.desk.planning.namings import length
from mailsvc.desk.planning.timeline import briefly
from mailsvc.desk.planning.wrapping import wrapped
from mailsvc.kit.printable import printable
from schedules.text import Language

_PLAIN_WIDTH = 80
_NARROWEST = 24  # cells for the words, however narrow the terminal is
_SIGNS = {
    What.PAUSE: "‖",
    What.STAGE: "●",
    What.OWN_DATE: "○",
    What.BROWN_OUT: "◇",
    What.SWITCH_OFF: "▽",
    What.SWITCH_ON: "△",
    What.SERVICE_END: "□",
    What.CONSOLIDATION: "◎",
    What.HOLD_END: "◁",
    What.RELEASE_TOLD: "·",
    What.GATE: "?",
    What.NOTICE: "·",
}
_IRREVERSIBLE = "■"
_WEEKDAYS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": tuple("月火水木金土日")}
_MARGIN = 22  # cells before the words

Piece = tuple[str, str]  # style, words
Line = tuple[Piece, ...]


def show_timeline(events: Sequence[Event], now: datetime, language: Language) -> None:
    """Print the timeline on stdout."""
    if not sys.stdout.isatty():
        for line in timeline_lines(events, now, language, _PLAIN_WIDTH):
            out("".join(words for _, words in line).rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in timeline_lines(events, now, language, shutil.get_terminal_size().columns):
        console.print(Text.assemble(*((words, style) for style, words in line)))


def timeline_lines(events: Sequence[Event], now: datetime, language: Language, width: int) -> Iterator[Line]:
    """The lines, `width` cells wide; `now` stands where it belongs."""
    wide = max(_NARROWEST, width - _MARGIN)
    events = briefly(events)
    past = [event for event in events if event.at.timestamp() <= now.timestamp()]
    to_come = events[len(past) :]
    yield from _years(past, now, language, wide, None)
    if events:
        year = past[-1].at.year if past else None
        local = now.astimezone(events[0].at.tzinfo)
        yield from _year(local.year, year)
        yield from _now(local, to_come, language, wide)
        yield from _years(to_come, now, language, wide, local.year)


def _years(events: Iterable[Event], now: datetime, language: Language, wide: int, year: int | None) -> Iterator[Line]:
    for day, of_day in groupby(events, lambda event: event.at.date()):
        yield from _year(day.year, year)
        year = day.year
        stamp = ""
        for event in of_day:
            date_cells = _day_cells(day, language) if not stamp else ""
            time_cells = "" if event.whole_day else f"{event.at:%H:%M}"
            stamp = stamp or date_cells
            yield from _event(event, date_cells, time_cells, now, language, wide)


def _year(year: int, before: int | None) -> Iterator[Line]:
    if year != before:
        yield (("bold", str(year)),)


def _day_cells(day: date, language: Language) -> str:
    return f"{day:%m-%d} {_WEEKDAYS[language][day.weekday()]}"


def _event(
    event: Event, date_cells: str, time_cells: str, now: datetime, language: Language, wide: int
) -> Iterator[Line]:
    gone = event.past(now)
    sign = _IRREVERSIBLE if event.irreversible else _SIGNS[event.what]
    strong = "bold red" if event.irreversible else "bold" if event.what is What.STAGE else ""
    head = f"{_stamp(date_cells)} {time_cells:<5} "
    first, *more = wrapped(printable(_title(event, language)), wide, cell_len)
    style = "dim" if gone else strong
    yield ("dim" if gone else "", head), (style, f"{sign}  "), (style, first)
    for line in more:
        yield ("dim", " " * (_MARGIN - 3) + "│  "), (style, line)
    for note_style, note in _notes(event, language):
        for line in wrapped(printable(note), wide, cell_len):
            yield ("dim", " " * (_MARGIN - 3) + "│  "), ("dim" if gone else note_style, line)


def _title(event: Event, language: Language) -> str:
    title = event.title.in_(language)
    if event.until is None:
        return title
    end = f"{event.until:%H:%M}" if event.until.date() == event.at.date() else _when(event.until)
    return f"{title}、{end}まで" if language == "ja" else f"{title}, until {end}"


def _notes(event: Event, language: Language) -> Iterator[Piece]:
    ja = language == "ja"
    if event.waits is not None:
        yield "yellow", f"{'待機中：' if ja else 'waits: '}{event.waits.in_(language)}"  # noqa: RUF001 -- Japanese
    if event.written is not None:
        yield "yellow", f"{'当初の予定：' if ja else 'the plan says '}{_when(event.written)}"  # noqa: RUF001 -- Japanese
    for note in event.notes:
        yield "dim", note.in_(language)
    if event.reason is not None:
        yield "dim", event.reason.in_(language)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%d %H:%M}"


def _now(local: datetime, to_come: Sequence[Event], language: Language, wide: int) -> Iterator[Line]:
    following = next((event for event in to_come if event.what is not What.NOTICE), None)
    told = "現在" if language == "ja" else "now"
    if following is not None:
        left = length(_roughly(following.at.timestamp() - local.timestamp())).in_(language)
        name = following.title.in_(language)
        told += f"、「{name}」まで{left}" if language == "ja" else f", {left} before “{name}”"
    first, *more = wrapped(printable(told), wide, cell_len)
    yield (("bold cyan", f"{_stamp(_day_cells(local.date(), language))} {local:%H:%M} ▶  "), ("bold cyan", first))
    for line in more:
        yield ("dim", " " * (_MARGIN - 3) + "│  "), ("bold cyan", line)


def _stamp(date_cells: str) -> str:
    """The day in its column, which Japanese weekdays fill as well."""
    return f"  {date_cells}{' ' * (10 - cell_len(date_cells))}"


def _roughly(seconds: float) -> timedelta:
    """Whole days where there are two at least, else whole minutes."""
    time = timedelta(seconds=seconds)
    return timedelta(days=time.days) if time >= timedelta(days=2) else timedelta(minutes=time // timedelta(minutes=1))
