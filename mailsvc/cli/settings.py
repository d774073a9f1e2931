"""`lastpost settings`: an example to start from, and a check of what was written.

Use: `app` is the group of commands.
"""

import typer

from mailsvc.cli import session
from mailsvc.cli.output import counted, say
from mailsvc.cli.words import AsJson

app = typer.Typer(help="The settings file.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def example() -> None:
    """Print a commented settings file with every entry and its default."""
    from mailsvc.cli.output import out
    from mailsvc.kit.settings import example_settings

    out(example_settings().rstrip("\n"))


@app.command()
def check(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Check the settings file: every problem at once, with its place and remedy; exit code 3 where there are any."""
    from mailsvc.cli.exits import problems_as_json

    run = session.of(ctx)
    with problems_as_json(asked=as_json):
        settings = run.settings
    size = counted(len(settings.domains), "domain")
    say(f"{run.settings_file}: no problems; {size}, purpose {settings.service.purpose}")
