"""`lastpost plan`: an end written down, looked at, put in force, postponed and held.

Use: `app` is the group of commands.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import problems_as_json
from mailsvc.cli.output import counted, out, say, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson, PlanName, Reason
from schedules.words import Stage

if TYPE_CHECKING:
    from mailsvc.desk.planning.showing import Shown

app = typer.Typer(help="Plans: how and when domains end.", no_args_is_help=True, rich_markup_mode=None)

PlanFile = Annotated[Path, typer.Argument(metavar="FILE", help="A plan file (YAML).")]
Time = typer.Option(metavar="TIME", help="A date, a time or `end of 2024-01`; naive: in the plan's zone.")


@app.command()
def example() -> None:
    """Print a commented plan with every entry."""
    from schedules.planfile import example_plan

    out(example_plan().rstrip("\n"))


@app.command()
def check(ctx: typer.Context, file: PlanFile, *, as_json: AsJson = False) -> None:
    """Check a plan file: every problem at once, with its place and remedy; exit code 3 where there are any."""
    from mailsvc.desk.plans import read_plan_file
    from mailsvc.desk.successors import refuse_loops

    with problems_as_json(asked=as_json):
        checked = read_plan_file(file)
        if session.of(ctx).has_settings:
            refuse_loops(checked.plan, session.of(ctx).settings)
    for warning in checked.warnings:
        say(f"warning: {warning}")
    plan = checked.plan
    size = f"{counted(len(plan.domains), 'domain')}, {counted(len(plan.stages), 'stage')}"
    say(f"{file}: plan {plan.name} has no problems; {size}")


@app.command()
def show(
    ctx: typer.Context,
    plan: Annotated[str | None, typer.Argument(metavar="[PLAN|FILE]", help="A plan in force, or a plan file.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a plan file, or the plans in force with what amendments have made of them."""
    from mailsvc.desk.planning.showing import show_file, show_plans

    if plan is not None and Path(plan).is_file():
        shown = [show_file(Path(plan))]
    else:
        with session.of(ctx).desk() as desk:
            shown = show_plans(desk, plan)
    if as_json:
        show_json(shown)
        return
    for number, one in enumerate(shown):
        if number:
            out("")
        _show_plan(one)
    if not shown:
        say("no plan is in force: `lastpost plan apply FILE --reason TEXT` puts one in force")


def _show_plan(shown: "Shown") -> None:
    show_fields(shown.fields())
    for rows, columns in (
        (shown.stage_rows(), ("stage", "at", "written", "place")),
        (shown.brown_outs, ("start", "end", "reason")),
        (shown.amendments, ("number", "made_at", "by", "what", "reason")),
    ):
        if rows:
            out("")
            show_table(rows, columns)


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


@app.command()
def postpone(
    ctx: typer.Context,
    plan: PlanName,
    *,
    stage: Annotated[
        list[Stage] | None, typer.Option(help="This stage only (repeat it for several); else all to come.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="DURATION", help="By this long, such as `14 days`.")] = None,
    to: Annotated[str | None, Time] = None,
    reason: Reason,
) -> None:
    """Move stages of a plan to later, by a length of time or to a time."""
    from mailsvc.desk.amending import postpone as postpone_

    if (by is None) == (to is None):
        raise typer.BadParameter("say either --by DURATION or --to TIME")
    with session.of(ctx).desk() as desk:
        amended = postpone_(desk, plan, tuple(stage or ()), by=by, to=to, reason=reason)
    for line in amended.lines():
        say(line)


@app.command()
def hold(
    ctx: typer.Context,
    plan: PlanName,
    *,
    address: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Hold this address open.")] = None,
    group: Annotated[str | None, typer.Option(metavar="GROUP", help="Hold this group of holders open.")] = None,
    area: Annotated[str | None, typer.Option(metavar="AREA", help="Hold this area open.")] = None,
    domain: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Hold this whole domain open.")] = None,
    until: Annotated[str, Time],
    reason: Reason,
) -> None:
    """Keep an address, a group, an area or a domain open until a time, whatever the plan's stages say."""
    from mailsvc.desk.amending import hold as hold_

    if sum(said is not None for said in (address, group, area, domain)) != 1:
        raise typer.BadParameter("say exactly one of --address, --group, --area and --domain")
    with session.of(ctx).desk() as desk:
        amended = hold_(desk, plan, address=address, group=group, area=area, domain=domain, until=until, reason=reason)
    for line in amended.lines():
        say(line)
