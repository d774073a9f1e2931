"""`lastpost`: the tree of commands, and how a run of it ends.

Use: `main()` for the installed command, `run(words)` for a run that answers with its exit code (0 to 4).
Fails: never; what a command raises is told in a sentence and becomes an exit code (`mailsvc.cli.exits`).
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mailsvc.cli import (
    accounts,
    archive,
    audit,
    backup,
    clock,
    contract,
    deactivate,
    explain,
    export,
    forwards,
    jobs,
    links,
    migrate,
    plan,
    plan_show,
    quarantine,
    queue,
    receipt,
    service,
    settings,
    trace,
)
from mailsvc.cli.exits import code_of
from mailsvc.cli.session import VARIABLE, Session

EPILOGUE = (
    "Exit codes: 0 done, 1 failed, 2 wrong words, 3 problems found, 4 paused. Naive times are local to the plan's zone."
)

app = typer.Typer(
    name="lastpost",
    help="Closes a mail platform without losing anybody's mail.",
    epilog=EPILOGUE,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _lastpost(
    ctx: typer.Context,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            envvar=VARIABLE,
            metavar="FILE",
            help="Settings file; without it ./lastpost.yaml, then /etc/lastpost/lastpost.yaml.",
        ),
    ] = None,
) -> None:
    ctx.obj = Session(settings_file)


service.add_to(app)
explain.add_to(app)
deactivate.add_to(app)
trace.add_to(app)
export.add_to(app)
backup.add_to(app)
app.add_typer(plan.app, name="plan")
app.add_typer(accounts.app, name="accounts")
app.add_typer(contract.app, name="contract")
app.add_typer(queue.app, name="queue")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(forwards.app, name="forwards")
app.add_typer(migrate.app, name="migrate")
app.add_typer(jobs.app, name="jobs")
app.add_typer(links.app, name="links")
app.add_typer(receipt.app, name="receipt")
app.add_typer(archive.app, name="archive")
app.add_typer(settings.app, name="settings")
app.add_typer(clock.app, name="clock")
app.add_typer(audit.app, name="audit")


def run(words: Sequence[str]) -> int:
    """Run `lastpost WORDS` and answer with its exit code."""

    def work() -> int:
        try:
            app(args=list(plan_show.filled(words)), prog_name="lastpost")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return 0

    return code_of(work)


def main() -> None:
    """Run the words of the command line and leave with their exit code; what is printed is UTF-8 in any locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
