"""`lastpost clock`: how far time is trusted, and the word that a jump was real.

Use: `app` is the group of commands.
"""

import typer

from mailsvc.cli import session
from mailsvc.cli.output import say, show_fields, show_json
from mailsvc.cli.words import AsJson, Reason

app = typer.Typer(help="The clock, and whether it is trusted.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the time this installation goes by, its high-water mark, and whether a clock jump is in doubt."""
    from mailsvc.desk.clockwork import show_clock

    with session.of(ctx).desk() as desk:
        shown = show_clock(desk)
    if as_json:
        show_json([shown])
    else:
        show_fields(shown.fields())


@app.command()
def acknowledge(ctx: typer.Context, *, reason: Reason) -> None:
    """Say that the clock is right after a jump; irreversible deeds go on and rulings follow it again."""
    from mailsvc.desk.clockwork import acknowledge_clock

    with session.of(ctx).desk() as desk:
        acknowledge_clock(desk, reason)
    say("the clock is vouched for; a running service believes it within a second, else the next one")
