"""`lastpost explain`: what the gateway would answer for an address, and why.

Use: `add_to(app)`.
"""

from typing import Annotated

import typer

from filters.mail import ClientKind
from mailsvc.cli import session
from mailsvc.cli.output import show_fields, show_json
from mailsvc.cli.words import AsJson


def add_to(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("explain")(explain)


def explain(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address that is written to, or that sends.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="At this time instead of now; naive: in the plan's zone.")
    ] = None,
    from_client: Annotated[
        ClientKind, typer.Option(help="Who asks: the world, or the provider's own MTAs.")
    ] = ClientKind.WORLD,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell the exact reply for ADDRESS at a time, the rule and plan line behind it, and what changes next."""
    from mailsvc.desk.explaining import explain as explain_

    with session.of(ctx).desk() as desk:
        told = explain_(desk, address, at, from_client)
    if as_json:
        show_json([told])
    else:
        show_fields(told.fields())
