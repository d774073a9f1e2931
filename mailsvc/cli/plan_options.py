"""`lastpost plan options`: options that become nothing at the successor.

Use: `add_to(app)`.
"""

import typer

from mailsvc.cli import session
from mailsvc.cli.output import show_json, show_table
from mailsvc.cli.words import AsJson, PlanName


def options(ctx: typer.Context, plan: PlanName, *, as_json: AsJson = False) -> None:
    """List the options of contracts for which the plan's consolidation names no successor."""
    from mailsvc.desk.planning.options import COLUMNS, unmapped_options

    with session.of(ctx).desk() as desk:
        rows = unmapped_options(desk, plan)
        if as_json:
            show_json(rows)
        else:
            show_table(rows, COLUMNS)


def add_to(app: typer.Typer) -> None:
    """Add the command to `lastpost plan`."""
    app.command()(options)
