"""Options that several commands share, each said once.

Use: as annotations of a command's parameters.
"""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array, alone on stdout.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the audit log for good.")]
PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="Name of a plan in force.")]


def leave(code: int) -> None:
    """End the command with an exit code other than 0."""
    if code:
        raise typer.Exit(code)
