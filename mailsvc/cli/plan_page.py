"""`lastpost plan page`: the notice page of a plan, on stdout.

Use: `add_to(app)`.
"""

from pathlib import Path
from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out
from schedules.text import Language

_LANGUAGE = typer.Option(help="The language of the page.")


def page(
    ctx: typer.Context,
    plan: Annotated[str, typer.Argument(metavar="PLAN|FILE", help="A plan in force, or a plan file.")],
    *,
    language: Annotated[Language, _LANGUAGE] = "ja",
) -> None:
    """Write the notice page: one HTML file that needs nothing else, without a word about single subscribers."""
    from mailsvc.desk.planning.page import page_in_force, page_of_file

    if Path(plan).is_file():
        html = page_of_file(Path(plan), language)
    else:
        with session.of(ctx).desk() as desk:
            html = page_in_force(desk, plan, language)
    out(html.rstrip("\n"))


def add_to(app: typer.Typer) -> None:
    """Add the command to `lastpost plan`."""
    app.command()(page)
