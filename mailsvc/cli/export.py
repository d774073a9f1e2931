"""`lastpost export`: a subscriber's mailbox into files to take home.

Use: `add_to(app)`.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import counted, out, say, show_fields, show_json
from mailsvc.cli.served import Served
from mailsvc.cli.words import AsJson, leave

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk
    from mailsvc.desk.exporting.export import Asked

_LOOKS_EACH = 0.5  # seconds


def add_to(app: typer.Typer) -> None:
    """Make it a command of `app`."""
    app.command()(export)


def export(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose mailbox.")],
    form: Annotated[str, typer.Option("--format", metavar="mbox|maildir|zip", help="What it becomes.")],
    *,
    secret: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds the subscriber's own password; else the settings' master user's."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is done, and print a link to it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export a mailbox; the running service does it, then writes to the subscriber. Again: what has come since."""
    from mailsvc.desk.exporting.export import export as act
    from mailsvc.kit.secrets import read_secret
    from mailsvc.records.exports import ExportForm

    if form not in set(ExportForm):
        raise typer.BadParameter("say mbox, maildir or zip", param_hint="--format")
    with session.of(ctx).desk() as desk:
        asked = act(desk, address, ExportForm(form), own=read_secret(secret) if secret else None)
        served = Served(desk)
        served.look()
        if not wait:
            _tell(asked, as_json=as_json)
            return
        _wait(desk, asked, served, as_json=as_json)


def _show(asked: "Asked", *, as_json: bool) -> None:
    if as_json:
        show_json([asked])
    else:
        show_fields({"job": asked.job, "address": asked.address, "format": asked.form, "place": asked.place})


def _tell(asked: "Asked", *, as_json: bool) -> None:
    _show(asked, as_json=as_json)
    say(f"next: `lastpost jobs show {asked.job}` tells how far it is; {_then(asked)}")


def _then(asked: "Asked") -> str:
    if asked.link:
        return "then a letter with a link goes to its subscriber"
    return "no link is made, since the settings name no `exports.public_url`"


def _wait(desk: "Desk", asked: "Asked", served: Served, *, as_json: bool) -> None:
    from mailsvc.cli.progress import Steps
    from mailsvc.desk.exporting.export import what_became
    from mailsvc.desk.exporting.jobs import show_job
    from mailsvc.desk.exporting.links import make_link

    say(f"job {asked.job} exports {asked.address}; Ctrl-C ends the waiting, not the job")
    with Steps(asked.address) as tell:
        while (became := what_became(desk, asked.job)) is None:
            time.sleep(_LOOKS_EACH)
            served.look()
            job = show_job(desk, asked.job)
            tell(job.messages, job.of_messages)
    if not became.is_done:
        say(f"lastpost: job {asked.job} is {became.state}: {became.problem or 'somebody ended it'}")
        say(became.remedy or f"`lastpost jobs retry {asked.job}` lets it go on")
        leave(Exit.FAILED)
    if not asked.link:
        _show(asked, as_json=as_json)
        say(_then(asked))
        return
    made = make_link(desk, asked.address, "asked for with the export")
    new = counted(show_job(desk, asked.job).messages, "message")
    say(f"{new} taken out now; whoever opens this link can fetch all of it:")
    if as_json:
        show_json([{"job": asked.job, "url": made.url, "expires_at": made.row.expires_at}])
    else:
        out(made.url)
