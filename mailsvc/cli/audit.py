"""`lastpost audit`: who did what, when and why.

Use: `app` is the group of commands.
"""

from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import show_json, show_table
from mailsvc.cli.words import AsJson

COLUMNS = ("at", "actor", "act", "subject", "reason", "detail")

app = typer.Typer(help="The audit log.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(
    ctx: typer.Context,
    subject: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only rows about this plan, domain or file.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows, the newest first.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List acts, the newest first: when, who, what, on what, why."""
    from mailsvc.desk.auditing import list_acts

    with session.of(ctx).desk() as desk:
        rows = list_acts(desk, subject, limit)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS)
