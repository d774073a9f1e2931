"""`lastpost trace`: what became of one message.

Use: `add_to(app)`.
"""

from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson

COLUMNS = ("recipient", "original", "because", "state", "attempts", "next_at", "settled_at", "last_reply", "report")


def add_to(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("trace")(trace)


def trace(
    ctx: typer.Context,
    message_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id in the 250 reply, in Received and in the log.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell where a message came from and what became of it for each recipient."""
    from mailsvc.desk.tracing import trace_message

    with session.of(ctx).desk() as desk:
        told = trace_message(desk, message_id)
    if as_json:
        show_json([told])
        return
    show_fields(told.fields())
    out("")
    show_table(told.deliveries, COLUMNS)
