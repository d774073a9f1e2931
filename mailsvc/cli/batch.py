"""`lastpost migrate batch|report|find`: many mailboxes by one file, what became of them, and where a mailbox is.

Use: `add_to(app)` puts the commands into the group.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import counted, out, say, show_fields, show_json, show_table
from mailsvc.cli.served import Served
from mailsvc.cli.words import AsJson, leave
from schedules.text import Language

if TYPE_CHECKING:
    from mailsvc.desk.batching.report import Report
    from mailsvc.desk.desk import Desk

LOOK = 1.0  # seconds between two looks at a batch that is watched

Consent = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST", help="A host outside of an address's domain that may be logged in at; repeatable."),
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command("batch")(batch)
    app.command("report")(report)
    app.command("find")(find)


def batch(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE.csv", help="Mailboxes, a row each.")] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="The batch; without it the file's name.")] = "",
    consent: Consent = None,
    *,
    columns: Annotated[bool, typer.Option("--columns", help="Tell what the columns are, and do nothing.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let `?tls=none` send passwords and mail in clear to another machine.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and tell; ask for nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for many mailboxes to be moved in the background; the same file again adds nothing twice."""
    if columns:
        _tell_columns(as_json=as_json)
        return
    if file is None:
        raise typer.BadParameter("name a file, or ask for --columns", param_hint="FILE.csv")
    from mailsvc.desk.batching.finding import finder
    from mailsvc.desk.batching.importing import import_batch

    here = session.of(ctx)
    with here.desk() as desk, finder(here.settings, consent or ()) as search:
        told = import_batch(desk, file, name=name, find=search, insecure=insecure, dry_run=dry_run)
    if as_json:
        show_json([told])
    if told.secrets_inside:
        say(f"!!! {file} HOLDS PASSWORDS IN CLEAR: delete it once the batch is asked for, and every copy of it")
    parts = [f"{counted(told.added, 'mailbox').replace('xs', 'xes')} {'to be asked for' if dry_run else 'asked for'}"]
    parts += [f"{told.there} in the batch already"] if told.there else []
    parts += [f"{told.elsewhere} open as another job"] if told.elsewhere else []
    say(f"batch {told.batch}: {', '.join(parts)}; {'nothing was written' if dry_run else _NEXT.format(told.batch)}")
    if not dry_run:
        Served(desk).look()


_NEXT = "`lastpost migrate report {}` tells how it goes"


def report(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Its name or id.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as one HTML page.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as CSV, a row a mailbox.")] = None,
    language: Annotated[Language, typer.Option(help="The language of page and CSV.")] = "ja",
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Tell on stderr how far it is, until nothing more comes by itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what became of a batch: done, named, failed with remedies, still waiting, and how fast. 3: look at it."""
    from mailsvc.desk.batching.report import report_of
    from mailsvc.desk.batching.report_csv import write_csv
    from mailsvc.desk.batching.report_page import page
    from migrator.job import State

    with session.of(ctx).desk() as desk:
        found = _followed(desk, batch, as_json=as_json) if follow else report_of(desk, batch)
        if html is not None:
            _write(html, lambda to: to.writelines(page(desk, found, language)))
        if csv is not None:
            _write(csv, lambda to: write_csv(desk, found, to, language), mark="\ufeff")  # spreadsheets know UTF-8 by it
        if as_json:
            show_json([found])
        elif html is None and csv is None:
            show_fields(_fields(found))
    say(", ".join(f"{number:,} {state}" for state, number in found.totals.items()) or "it has no jobs")
    leave(Exit.PROBLEMS if found.count((State.FAILED, State.DONE_WITH_NAMED)) else Exit.OK)


def find(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address whose mailbox is to be found.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Find where the mailbox of an address is, as its domain says (RFC 6186). 3: the host needs your consent."""
    from mailsvc.desk.batching.finding import searching
    from schedules.names import Address

    here = session.of(ctx)
    with searching(here.settings if here.has_settings else None) as search:
        found = search(Address.parse(address))
    if as_json:
        show_json([found])
    else:
        out(found.url)
    if found.outside:
        say(f"{found.host} is outside of the domain: use it only if you know that it is the right one")
    leave(Exit.PROBLEMS if found.outside else Exit.OK)


def _followed(desk: "Desk", batch: str, *, as_json: bool) -> "Report":
    """Tell each change of a batch until all of its jobs have ended or are paused; what it is then."""
    import json

    from mailsvc.desk.batching.report import report_of
    from mailsvc.desk.plainly import plainly
    from migrator.job import HELD, State

    told, served = "", Served(desk)
    while True:
        found = report_of(desk, batch)
        if (news := _line(found)) != told:
            told = news
            end = f", until about {found.expected_end:%Y-%m-%d %H:%M}" if found.expected_end else ""
            say(json.dumps(plainly(found), ensure_ascii=False) if as_json else f"{news}{end}")
        if not found.count((*HELD, State.WAITING)):
            return found
        served.look()
        time.sleep(LOOK)


def _line(found: "Report") -> str:
    """How far it is, on one line."""
    states = ", ".join(f"{number:,} {state}" for state, number in found.totals.items())
    done = found.progress
    return f"{states}: {done.messages:,} of {done.of_messages:,} messages, {done.octets / 1e6:,.1f} MB"


def _tell_columns(*, as_json: bool) -> None:
    from mailsvc.desk.batching.columns import COLUMNS

    if as_json:
        show_json(COLUMNS)
        return
    rows = ({"column": one.name, "needed": one.needed, "meaning": one.meaning} for one in COLUMNS)
    show_table(rows, ("column", "needed", "meaning"))


def _fields(found: "Report") -> dict[str, object]:
    rates = found.rates
    return {
        "batch": found.name,
        "id": found.id,
        "asked_by": found.asked_by,
        "asked_at": found.asked_at,
        "began": found.began,
        "ended": found.ended,
        "expected_end": found.expected_end,
        "jobs": found.jobs,
        **{str(state): number for state, number in found.totals.items()},
        "messages": found.progress.messages,
        "octets": found.progress.octets,
        "mailboxes_per_hour": None if rates.mailboxes is None else round(rates.mailboxes),
        "messages_per_hour": None if rates.messages is None else round(rates.messages),
        "octets_per_hour": None if rates.octets is None else round(rates.octets),
    }


def _write(path: Path, work: Callable[[TextIO], None], *, mark: str = "") -> None:
    """A whole file or none, which only its owner may read: it holds people's addresses."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as to:
            to.write(mark)
            work(to)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
