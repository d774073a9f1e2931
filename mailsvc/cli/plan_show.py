"""`lastpost plan show`: a plan in words and as a line of time, as a picture, as a calendar.

Use: `add_to(app)`.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, say, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson
from mailsvc.desk.refusals import Refused
from schedules.text import Language

if TYPE_CHECKING:
    from mailsvc.desk.planning.showing import Shown
    from schedules.edition import Edition

_STDOUT = "-"
_FILES = frozenset({"--svg", "--ics"})


def add_to(app: typer.Typer) -> None:
    """Add the command to the group `plan`."""
    app.command("show")(show)


def filled(words: Sequence[str]) -> Iterator[str]:
    """The words of a command line; where `--svg` or `--ics` stands without a file, stdout is named behind it."""
    for place, word in enumerate(words, 1):
        yield word
        if word in _FILES and (place == len(words) or words[place].startswith("--")):
            yield _STDOUT


def show(
    ctx: typer.Context,
    plan: Annotated[str | None, typer.Argument(metavar="[PLAN|FILE]", help="A plan in force, or a plan file.")] = None,
    *,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it looks at this time; naive: in the plan's zone.")
    ] = None,
    svg: Annotated[
        str | None, typer.Option(metavar="[FILE]", help="Draw one plan as an SVG picture, to FILE or to stdout.")
    ] = None,
    ics: Annotated[
        str | None, typer.Option(metavar="[FILE]", help="Write one plan as a calendar (RFC 5545), likewise.")
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(help="In this language; else words in English, pictures and calendars in both."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a plan file, or the plans in force with what amendments have made of them, and what comes when."""
    editions = _editions(ctx, plan)
    if svg is not None or ics is not None:
        _write(ctx, editions, at, (svg, ics), language)
        return
    from mailsvc.desk.planning.showing import shown

    plans = [shown(edition, applied_at) for edition, applied_at in editions]
    if as_json:
        show_json(plans)
        return
    for number, one in enumerate(plans):
        if number:
            out("")
        _show_plan(one, _now(ctx, at, editions[number][0]), language or "en")
    if not plans:
        say("no plan is in force: `lastpost plan apply FILE --reason TEXT` puts one in force")


def _editions(ctx: typer.Context, plan: str | None) -> "Sequence[tuple[Edition, datetime | None]]":
    from mailsvc.desk.planning.showing import file_edition, in_force

    if plan is not None and Path(plan).is_file():
        return [(file_edition(Path(plan)), None)]
    with session.of(ctx).desk() as desk:
        return in_force(desk, plan)


def _now(ctx: typer.Context, at: str | None, edition: "Edition") -> datetime:
    from schedules.moments import Moment

    return session.of(ctx).now() if at is None else Moment.parse(at).instant(edition.plan.zone)


def _show_plan(shown: "Shown", now: datetime, language: Language) -> None:
    from mailsvc.cli.plan_timeline import show_timeline

    show_fields(shown.fields())
    for rows, columns in (
        (shown.stage_rows(language), ("stage", "at", "written", "waits", "place")),
        (shown.amendments, ("number", "made_at", "by", "what", "reason")),
    ):
        if rows:
            out("")
            show_table(rows, columns)
    if shown.timeline:
        out("")
        show_timeline(shown.timeline, now, language)


def _write(
    ctx: typer.Context,
    editions: "Sequence[tuple[Edition, datetime | None]]",
    at: str | None,
    files: tuple[str | None, str | None],
    language: Language | None,
) -> None:
    """Write the picture, the calendar, or both."""
    from mailsvc.desk.planning.ics import calendar
    from mailsvc.desk.planning.svg import picture

    if len(editions) != 1:
        names = ", ".join(edition.plan.name for edition, _ in editions)
        raise Refused(
            "it is not said which plan is meant", f"name one: {names}" if names else "no plan is in force: name a file"
        )
    edition = editions[0][0]
    now = _now(ctx, at, edition)
    for file, suffix, make in zip(files, (".svg", ".ics"), (picture, calendar), strict=True):
        if file is not None:
            _put(make(edition, now, language), file, suffix)


def _put(text: str, file: str, suffix: str) -> None:
    if file == _STDOUT:
        with suppress(BrokenPipeError):
            typer.echo(text, nl=False)
        return
    if Path(file).suffix != suffix:
        raise Refused(f"{file} is not written over", f"name a file that ends with {suffix}")
    Path(file).write_text(text, encoding="utf-8", newline="")
    say(f"wrote {file}")
