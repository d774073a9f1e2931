"""`lastpost plan`: an end written down, looked at, put in force, postponed and held.

Use: `app` is the group of commands.
"""

from pathlib import Path
from typing import Annotated

import typer

from mailsvc.cli import plan_amend, plan_compare, plan_options, plan_page, plan_show, session
from mailsvc.cli.exits import problems_as_json
from mailsvc.cli.output import counted, out, say
from mailsvc.cli.words import AsJson, Reason

app = typer.Typer(help="Plans: how and when domains end.", no_args_is_help=True, rich_markup_mode=None)

PlanFile = Annotated[Path, typer.Argument(metavar="FILE", help="A plan file (YAML).")]
Time = typer.Option(metavar="TIME", help="A date, a time or `end of 2024-01`; naive: in the plan's zone.")


plan_show.add_to(app)
plan_page.add_to(app)
plan_options.add_to(app)
plan_amend.add_to(app)
plan_compare.add_to(app)


@app.command()
def example() -> None:
    """Print a commented plan with every entry."""
    from schedules.planfile import example_plan

    out(example_plan().rstrip("\n"))


@app.command()
def check(ctx: typer.Context, file: PlanFile, *, as_json: AsJson = False) -> None:
    """Check a plan file: every problem at once, with its place and remedy; code 3 for errors, 0 for warnings."""
    from mailsvc.desk.plans import read_plan_file
    from mailsvc.desk.successors import refuse_loops

    with problems_as_json(asked=as_json) as warned:
        checked = read_plan_file(file, session.of(ctx).now())
        if session.of(ctx).has_settings:
            refuse_loops(checked.plan, session.of(ctx).settings)
        warned.extend(checked.warnings)
    for warning in checked.warnings:
        say(f"warning: {warning}")
    plan = checked.plan
    size = f"{counted(len(plan.domains), 'domain')}, {counted(len(plan.stages), 'stage')}"
    found = f"no errors, {counted(len(checked.warnings), 'warning')}" if checked.warnings else "no problems"
    say(f"{file}: plan {plan.name} has {found}; {size}")


@app.command()
def apply(ctx: typer.Context, file: PlanFile, *, reason: Reason) -> None:
    """Put a plan in force, as a new edition where one of its name is there; it counts within a second."""
    from mailsvc.desk.plans import apply_plan, read_plan_file

    checked = read_plan_file(file)
    with session.of(ctx).desk() as desk:
        applied = apply_plan(desk, checked.plan, reason)
    for warning in (*checked.warnings, *applied.warnings):
        say(f"warning: {warning}")
    if applied.changed:
        say(f"plan {applied.name} is in force as edition {applied.number}")
    else:
        say(f"plan {applied.name} is in force already, unchanged, as edition {applied.number}")
