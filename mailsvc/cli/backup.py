"""`lastpost backup`, `verify`, `restore` and `release`: everything in one file, and back again.

Use: `add_to(app)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import out, say, show_fields, show_json
from mailsvc.cli.words import AsJson, Reason, leave

if TYPE_CHECKING:
    from mailsvc.desk.backups import Verified
    from mailsvc.desk.held import Waiting
    from mailsvc.records.copying import Tell

File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command("backup")(backup)
    app.command("verify")(verify)
    app.command("restore")(restore)
    app.command("release")(release)


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup goes; it must not be there yet.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything in the records to FILE, as it is at one moment, while the service runs."""
    from mailsvc.desk.backups import backup as act

    with session.of(ctx).desk() as desk, _progress("backup") as tell:
        made = act(desk, file, tell)
    if as_json:
        show_json([made])
    else:
        show_fields(made)


def verify(ctx: typer.Context, file: File, *, as_json: AsJson = False) -> None:
    """Read a backup wholly and say whether it is whole; needs no settings. Code 3 where it is not.

    Where the records it was made of are at hand, they note that their newest backup is whole: gates may ask for that.
    """
    from mailsvc.desk.backups import told
    from mailsvc.desk.backups import verify as act

    with _progress("verify") as tell:
        verified = act(file, tell)
    fields = told(file, verified)
    if as_json:
        show_json([fields])
    else:
        rows = ", ".join(f"{name} {one.rows:,}" for name, one in verified.facts.tables.items() if one.rows)
        show_fields({**fields, "tables": rows, "problems": ""})
        for problem in verified.problems:
            out(problem)
    say(f"{file} must not be relied upon" if verified.problems else f"{file} is whole")
    if not verified.problems:
        _note(session.of(ctx), verified)
    leave(Exit.PROBLEMS if verified.problems else Exit.OK)


def _note(here: session.Session, verified: "Verified") -> None:
    """Whatever keeps it from being noted says nothing about the backup."""
    from mailsvc.desk.backups import note_verified
    from mailsvc.desk.refusals import Refused
    from mailsvc.kit.secrets import BadSecret
    from mailsvc.records.errors import RecordsError
    from schedules.positions import BadFile

    if not here.has_settings:
        return
    try:
        with here.desk() as desk:
            noted = note_verified(desk, verified)
    except (BadFile, BadSecret, RecordsError, Refused, OSError) as why:
        say(f"not noted in the records: {why}")
        return
    if noted:
        say("noted in the records as their newest backup")


def restore(
    ctx: typer.Context,
    file: File,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Let go what the records hold now.")] = False,
    reason: Reason,
) -> None:
    """Make a backup the records, where no service runs; no mail goes out and no deed is done until `release`."""
    from mailsvc.desk.backups import restore as act
    from mailsvc.desk.desk import clock_of

    here = session.of(ctx)
    with _progress("restore") as tell:
        verified = act(
            here.settings, clock_of(here.settings), session.actor(), file, tell, reason=reason, replace=replace
        )
    say(f"restored what was there at {verified.facts.made_at.isoformat(timespec='seconds')}; everything is held")
    say("next: lastpost doctor; lastpost release (shows what would go out); lastpost release --reason TEXT")


def release(
    ctx: typer.Context,
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why it may go now; without it nothing is released, only shown.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what is held after a restore; with --reason let it go."""
    from mailsvc.desk.held import release_all, waiting

    with session.of(ctx).desk() as desk:
        held = waiting(desk)
        if as_json:
            show_json([held])
        else:
            _show_waiting(held)
        if reason:
            release_all(desk, reason)
    say("released" if reason else "nothing is released yet: lastpost release --reason TEXT")


def _show_waiting(held: "Waiting") -> None:
    show_fields({"held since": held.since, "why": held.why})
    for lane, count in held.lanes.items():
        out(f"{count:>10,}  {lane}")
    for age, count in held.ages.items():
        out(f"{count:>10,}  {age}")
    for deed in held.deeds:
        out(f"deed due    {deed}")


@contextmanager
def _progress(name: str) -> Iterator["Tell"]:
    """A bar on a terminal, and the place where the work may be interrupted."""
    from mailsvc.cli.interrupts import between_rows
    from mailsvc.cli.progress import Steps

    with between_rows() as look, Steps(name, look=look) as steps:
        yield steps
