"""`lastpost serve`, `init`, `doctor` and `demo`: an installation made, looked at and run.

Use: `add_to(app)`.
"""

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import counted, out, say, show_json
from mailsvc.cli.words import AsJson, leave


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command("serve")(serve)
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command(
        "demo", add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
    )(demo)


def serve(ctx: typer.Context) -> None:
    """Run the service in the foreground until SIGTERM or SIGINT, then drain and end."""
    import asyncio

    from mailsvc.desk.refusals import Refused
    from mailsvc.house import RoleEnded
    from mailsvc.house import serve as run_house

    try:
        asyncio.run(run_house(session.of(ctx).settings_file))
    except RoleEnded as ended:
        raise Refused(
            f"the service ended by itself: {ended}", "the log above tells the cause; mend it, start again"
        ) from ended


def init(ctx: typer.Context) -> None:
    """Write a commented settings file (never over one that is there) and make the records."""
    from mailsvc.desk import beginnings

    file = session.of(ctx).asked or session.PLACES[0]
    written = beginnings.write_settings(file)
    say(f"wrote {file}, a commented example" if written else f"{file} is there and stays as it is")
    made = beginnings.make_records(session.Session(file).settings, session.actor())
    say(f"the records at {made.place} are {'made' if made.new else 'there, and up to date'}")
    if written:
        say(f"next: write your host name, domains and administrators into {file}; then lastpost settings check")
    say("next: lastpost accounts import FILE.csv; lastpost plan check FILE; lastpost plan apply FILE --reason TEXT;")
    say("      lastpost doctor; lastpost serve")


def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Look for what is wrong or will be: settings, records, folders, ports, certificates, plans, clock."""
    from mailsvc.desk.doctor.examine import examine
    from mailsvc.desk.doctor.finding import Severity

    run = session.of(ctx)
    findings = examine(run.settings_file)
    if as_json:
        show_json(finding.row() for finding in findings)
    else:
        for finding in findings:
            out(f"{finding.severity.name.lower():<7}  {finding.check}: {finding.what}: {finding.remedy}")
    bad = sum(finding.severity is not Severity.NOTE for finding in findings)
    say(f"{counted(bad, 'problem')} found" if bad else "no problems found")
    leave(Exit.PROBLEMS if bad else Exit.OK)


def demo(ctx: typer.Context) -> None:
    """Play the demo world on loopback; `lastpost demo --help` tells its options."""
    import os
    import sys

    # The demo world stands above the command line and calls it, so it becomes this process instead of being called.
    os.execv(sys.executable, [sys.executable, "-m", "mailsvc.demo", *ctx.args])  # noqa: S606 -- our own program
