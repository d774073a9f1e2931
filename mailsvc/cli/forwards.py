"""`lastpost forwards`: forwards that rest because their target refused for good.

Use: `app` is the group of commands.
"""

from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import say, show_json, show_table
from mailsvc.cli.words import AsJson, Reason

LISTED = ("address", "target", "since", "reply")

app = typer.Typer(help="Forwards whose target refuses mail for good.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the forwards that rest; their subscribers have been told."""
    from mailsvc.desk.forwards import list_forwards

    with session.of(ctx).desk() as desk:
        rows = list_forwards(desk)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, LISTED)


@app.command()
def resume(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of ours whose forward rests.")],
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let the forward of ADDRESS go on; if its target refuses again, it rests again and the subscriber is told."""
    from mailsvc.desk.forwards import resume_forward

    with session.of(ctx).desk() as desk:
        targets = resume_forward(desk, address, reason)
    if as_json:
        show_json([{"address": address, "target": target} for target in targets])
        return
    for target in targets:
        say(f"mail for {address} is forwarded to {target} again")
