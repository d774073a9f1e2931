"""`lastpost quarantine`: infected mail looked at, released or deleted.

Use: `app` is the group of commands.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, say, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson, Reason

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk
    from mailsvc.desk.quarantine_acts import Released

COLUMNS = ("id", "at", "mail_from", "recipients", "threat", "why", "state", "accepted", "size", "expires_at")
SHOWN = (
    *("id", "at", "state", "accepted", "reply", "why", "threat", "scanner", "sender_local", "client_kind", "client_ip"),
    *("helo", "size", "sha256", "expires_at", "settled_at", "settled_by", "settle_reason"),
)
RECIPIENTS = ("recipient", "original", "because", "told")

app = typer.Typer(help="Mail kept from everybody.", no_args_is_help=True, rich_markup_mode=None)

CaseId = Annotated[
    str, typer.Argument(metavar="ID", help="The id in the listing, in the log and in the notice to its people.")
]


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Only those in this state: kept, released or deleted.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only those that it sent, or is a recipient of.")
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on after this one, the last of an earlier listing.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List what is or was in quarantine, the newest first; senders are those the messages claim."""
    from mailsvc.desk.quarantine import Asked, list_quarantine

    with session.of(ctx).desk() as desk:
        rows = list_quarantine(desk, Asked(state, address, before, limit))
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS)


@app.command()
def show(
    ctx: typer.Context,
    case_id: CaseId,
    *,
    body: Annotated[
        bool, typer.Option("--body", help="Write the octets as they came to stdout; needs --reason, and is audited.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the body is read; for the audit log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what is known of one message, and its header."""
    from mailsvc.desk.quarantine import show_case

    if body:
        _write_body(ctx, case_id, reason, as_json=as_json)
        return
    with session.of(ctx).desk() as desk:
        told = show_case(desk, case_id)
    if as_json:
        show_json([told])
        return
    known = {name: getattr(told, name) for name in SHOWN}
    show_fields({"id": told.id, "at": told.at, "mail_from": f"<{told.mail_from}>", **known})
    out("")
    show_table(told.recipients, RECIPIENTS)
    out("")
    for line in (*told.received_header.splitlines(), *told.header):
        out(line)


@app.command()
def release(
    ctx: typer.Context,
    case_id: CaseId,
    reason: Reason,
    *,
    despite_threat: Annotated[
        bool,
        typer.Option("--despite-threat", help="Also where a threat is still found; it is not caught again for that."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a message again and, where it is found clean, deliver it to those it was for."""
    with session.of(ctx).desk() as desk:
        released = asyncio.run(_release(desk, case_id, reason, despite_threat=despite_threat))
    if as_json:
        show_json([released])
    if released.already:
        say(f"message {released.id} was released before: nothing is queued now")
    else:
        cleared = f", despite {released.despite}," if released.despite else ""
        say(f"message {released.id} is released{cleared} to {', '.join(released.recipients)}")
    say(f"next: `lastpost trace {released.id}` tells what becomes of it")


@app.command()
def delete(ctx: typer.Context, case_id: CaseId, reason: Reason, *, as_json: AsJson = False) -> None:
    """Delete a message's octets for good; that it was there stays on record until its retention is over."""
    from mailsvc.desk.quarantine_acts import delete as act

    with session.of(ctx).desk() as desk:
        deleted = act(desk, case_id, reason)
    if as_json:
        show_json([{"id": case_id, "already": not deleted}])
    say(f"message {case_id} {'is deleted' if deleted else 'was deleted before'}")


async def _release(desk: "Desk", case_id: str, reason: str, *, despite_threat: bool) -> "Released":
    from mailsvc.desk.quarantine_acts import release as act
    from mailsvc.desk.scanning import open_scanner

    async with open_scanner(desk.settings, desk.clock.monotonic) as scanner:
        return await act(desk, case_id, reason, scanner, despite_threat=despite_threat)


def _write_body(ctx: typer.Context, case_id: str, reason: str, *, as_json: bool) -> None:
    from mailsvc.desk.quarantine import open_body
    from mailsvc.desk.refusals import Refused

    if as_json:
        raise typer.BadParameter("choose one of --json and --body")
    if sys.stdout.isatty():
        raise Refused(
            "a stranger's octets are not written to a terminal, which may obey them", "redirect them: > message.eml"
        )
    with session.of(ctx).desk() as desk:
        for chunk in open_body(desk, case_id, reason):
            sys.stdout.buffer.write(chunk)
    sys.stdout.flush()
