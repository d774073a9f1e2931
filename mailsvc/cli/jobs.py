"""`lastpost jobs`: moves that the service carries out in the background, watched and steered.

Use: `app` is the group of commands.
"""

import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import counted, say, show_fields, show_json, show_json_texts, show_table
from mailsvc.cli.served import Served
from mailsvc.cli.words import AsJson, leave

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk
    from mailsvc.desk.exporting.jobs import Shown, Which
    from mailsvc.records.job import Side
    from migrator.job import Event, State

LISTED = (
    "id",
    "state",
    "position",
    "mailbox",
    "messages",
    "of_messages",
    "attempts",
    "next_at",
    "expected_end",
    "problem",
)
A_PAGE = 50  # rows on a terminal
LOOK = 1.0  # seconds between two looks at a job that is watched

app = typer.Typer(help="Moves in the background.", no_args_is_help=True, rich_markup_mode=None)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Jobs.")]
InBatch = Annotated[str, typer.Option("--batch", metavar="BATCH", help="All jobs of this batch: its id or name.")]
Of = Annotated[str, typer.Option("--address", metavar="ADDRESS", help="All jobs of this address.")]
Everything = Annotated[bool, typer.Option("--all", help="Every job that takes it.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the audit log for good.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    batch: InBatch = "",
    address: Of = "",
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only these, such as failed; repeatable.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many rows; without it 50 on a terminal, else all.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs in the order they were asked for, each with how far it is and its place in the queue."""
    from mailsvc.desk.exporting.jobs import Which, count_jobs, list_jobs

    which = Which((), batch, address, _states(state))
    cut = limit or (A_PAGE if sys.stdout.isatty() and not as_json else None)
    with session.of(ctx).desk() as desk:
        counts = count_jobs(desk, which)
        rows = list_jobs(desk, which, cut)
        if as_json:
            show_json(rows)
        else:
            show_table(({**_fields(row), "mailbox": row.address or row.source} for row in rows), LISTED)
    total = sum(counts.values())
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    say(f"{counted(total, 'job')}: {told}" if total else "there are no jobs")
    _tell_if_nobody_works(desk, counts)


@app.command()
def show(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(metavar="ID", help="A job.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Tell on stderr how far it is, until it has ended.")] = False,
    receipt: Annotated[bool, typer.Option("--receipt", help="Print its signed receipt instead, as JSON.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one job: both mailboxes, how far it is, and why it waits or has failed."""
    from mailsvc.desk.exporting.jobs import receipt_of, show_job

    with session.of(ctx).desk() as desk:
        if follow:
            _follow(desk, job, as_json=as_json)
        if receipt:
            show_json_texts([" ".join(receipt_of(desk, job).split("\n"))])
            return
        found = show_job(desk, job)
    if as_json:
        show_json([found])
    else:
        show_fields(_fields(found))
    _tell_if_nobody_works(desk, [found.state])
    if follow:
        leave(_code(found.state))


def _code(state: "State") -> Exit:
    """What became of a job that was followed, as `migrate mailbox` would end."""
    from migrator.job import State

    match state:
        case State.DONE_WITH_NAMED:
            return Exit.PROBLEMS
        case State.FAILED | State.CANCELLED:
            return Exit.FAILED
        case State.PAUSED:
            return Exit.PAUSED
        case _:
            return Exit.OK


@app.command()
def pause(
    ctx: typer.Context,
    ids: Ids = None,
    batch: InBatch = "",
    address: Of = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let jobs rest until they are resumed; one that runs stops when what is on its way has its answers."""
    from migrator.job import Event

    _change(ctx, _which(ids, batch, address, all_=all_), Event.PAUSE, reason, as_json=as_json)


@app.command()
def resume(
    ctx: typer.Context,
    ids: Ids = None,
    batch: InBatch = "",
    address: Of = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let paused jobs go on where they were."""
    from migrator.job import Event

    _change(ctx, _which(ids, batch, address, all_=all_), Event.RESUME, reason, as_json=as_json)


@app.command()
def cancel(
    ctx: typer.Context,
    ids: Ids = None,
    batch: InBatch = "",
    address: Of = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """End jobs that have not ended; what is moved stays moved, and their passwords are erased."""
    from migrator.job import Event

    _change(ctx, _which(ids, batch, address, all_=all_), Event.CANCEL, reason, as_json=as_json)


@app.command()
def retry(
    ctx: typer.Context,
    ids: Ids = None,
    batch: InBatch = "",
    address: Of = "",
    from_secret: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password (or token) of the source, of one job.")
    ] = None,
    to_secret: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password (or token) of the target, of one job.")
    ] = None,
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let jobs that wait, or have ended, go on at once; only what is missing is moved."""
    from mailsvc.records.job import Side
    from migrator.job import Event

    which = _which(ids, batch, address, all_=all_)
    files = {Side.SOURCE: from_secret, Side.TARGET: to_secret}
    given = {side: file for side, file in files.items() if file is not None}
    if given and len(which.ids) != 1:
        raise typer.BadParameter("passwords are those of one job: name it by its ID")
    _change(ctx, which, Event.RETRY, reason, given, as_json=as_json)


def _change(
    ctx: typer.Context,
    which: "Which",
    event: "Event",
    reason: str,
    files: "Mapping[Side, Path] | None" = None,
    *,
    as_json: bool,
) -> None:
    from mailsvc.desk.exporting.jobs import change_jobs, sealed
    from mailsvc.kit.secrets import read_secret

    secrets = {side: read_secret(file) for side, file in (files or {}).items()}
    with session.of(ctx).desk() as desk:
        changed = change_jobs(desk, which, event, reason, sealed(desk, which.ids[0], secrets) if secrets else None)
    if as_json:
        show_json(changed.jobs)
    told: dict[str, int] = {}
    for one in changed.jobs:
        told[one.after] = told.get(one.after, 0) + 1
    say(", ".join(f"{count:,} {state}" for state, count in told.items()) or "no job takes that now")
    _tell_if_nobody_works(desk, [one.after for one in changed.jobs])
    if changed.unsealed:
        say(f"{counted(len(changed.unsealed), 'job')} left: passwords are erased when a job ends, and needed again")
        say("next: `lastpost jobs retry ID --from-secret FILE --to-secret FILE`, or ask for a batch of another name")


def _follow(desk: "Desk", job: str, *, as_json: bool) -> None:
    """Tell each change of a job until nothing more will come by itself."""
    import json
    from dataclasses import replace

    from mailsvc.desk.exporting.jobs import show_job
    from mailsvc.desk.plainly import plainly
    from migrator.job import HELD, State

    told, served = "", Served(desk)
    while True:
        found = show_job(desk, job)
        line = json.dumps(plainly(found), ensure_ascii=False) if as_json else _line(found)
        news = _line(replace(found, expected_end=None))
        if news != told:
            say(line)
            told = news
        if found.state not in HELD | {State.WAITING}:
            return
        served.look()
        time.sleep(LOOK)


def _tell_if_nobody_works(desk: "Desk", states: "Collection[State]") -> None:
    """Whatever waits for a worker waits for a service."""
    from migrator.job import HELD, State

    if not (HELD | {State.WAITING}).isdisjoint(states):
        Served(desk).look()


def _line(found: "Shown") -> str:
    of = f" of {found.of_messages:,}" if found.of_messages else ""
    place = f", number {found.position} in the queue" if found.position else ""
    why = f", {found.problem or found.doing}" if found.problem or found.doing else ""
    until = f", until about {found.expected_end:%Y-%m-%d %H:%M}" if found.expected_end else ""
    return f"{found.state}{place}{until}: {found.messages:,}{of} messages, {found.octets / 1e6:,.1f} MB{why}"


def _fields(found: "Shown") -> Mapping[str, object]:
    from dataclasses import asdict

    return {**asdict(found), "reasons": ", ".join(one.code for one in found.reasons)}


def _states(asked: Sequence[str] | None) -> list["State"]:
    from migrator.job import State

    for one in asked or ():
        if one not in set(State):
            raise typer.BadParameter(f"there is no state {one!r}: {', '.join(State)}")
    return [State(one) for one in asked or ()]


def _which(ids: Sequence[str] | None, batch: str, address: str, *, all_: bool) -> "Which":
    from mailsvc.desk.exporting.jobs import Which

    if bool(ids or batch or address) == all_:
        raise typer.BadParameter("say which: IDs, --batch or --address, or --all alone")
    return Which(tuple(ids or ()), batch, address)
