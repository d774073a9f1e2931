"""`lastpost plan postpone`, `pause`, `resume`, `hold`, `release`, `rollback`, `gate`: a plan in force amended.

Use: `add_to(app)`. Each tells which instants it moved, and leaves one row in the audit log.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, say, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson, PlanName, Reason
from schedules.words import Stage

if TYPE_CHECKING:
    from mailsvc.desk.amending import Amended, GateShown
    from mailsvc.desk.desk import Desk

TIME = "A date, a time or `end of 2024-01`; naive: in the plan's zone."
Time = typer.Option(metavar="TIME", help=TIME)
Address = Annotated[str | None, typer.Option(metavar="ADDRESS", help="This address.")]
Group = Annotated[str | None, typer.Option(metavar="GROUP", help="This group of holders.")]
Area = Annotated[str | None, typer.Option(metavar="AREA", help="This area.")]
Domain = Annotated[str | None, typer.Option(metavar="DOMAIN", help="This whole domain.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `lastpost plan`."""
    app.command("postpone")(postpone)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("hold")(hold)
    app.command("release")(release)
    app.command("rollback")(rollback)
    app.command("gate")(gate)


def postpone(
    ctx: typer.Context,
    plan: PlanName,
    *,
    stage: Annotated[
        list[Stage] | None,
        typer.Option(metavar="STAGE", help="This stage only (repeat it for several); else all to come."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="DURATION", help="By this long, such as `14 days`.")] = None,
    to: Annotated[str | None, Time] = None,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Move stages of a plan to later, by a length of time or to a time."""
    from mailsvc.desk import amending

    if (by is None) == (to is None):
        raise typer.BadParameter("say either --by DURATION or --to TIME")
    _amended(ctx, lambda desk: amending.postpone(desk, plan, tuple(stage or ()), by=by, to=to, reason=reason), as_json)


def pause(
    ctx: typer.Context,
    plan: PlanName,
    *,
    until: Annotated[str | None, typer.Option(metavar="TIME", help=f"{TIME} Without it: until `resume`.")] = None,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let nothing of a plan come for a time: what has not come then comes later by as many days."""
    from mailsvc.desk import amending

    _amended(ctx, lambda desk: amending.pause(desk, plan, until=until, reason=reason), as_json)


def resume(ctx: typer.Context, plan: PlanName, *, reason: Reason, as_json: AsJson = False) -> None:
    """End the pause of a plan now."""
    from mailsvc.desk import amending

    _amended(ctx, lambda desk: amending.resume(desk, plan, reason=reason), as_json)


def hold(
    ctx: typer.Context,
    plan: PlanName,
    *,
    address: Address = None,
    group: Group = None,
    area: Area = None,
    domain: Domain = None,
    until: Annotated[str, Time],
    stage: Annotated[
        list[Stage] | None,
        typer.Option(metavar="STAGE", help="Hold this stage only (repeat it for several); else all of them."),
    ] = None,
    legal_order: Annotated[
        str, typer.Option(metavar="TEXT", help="Court and number of the order; it goes before every other hold.")
    ] = "",
    announced: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long before its end that is told (14 days).")
    ] = None,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Keep an address, a group, an area or a domain open until a time, whatever the plan's stages say."""
    from mailsvc.desk import amending

    named = amending.Named(*_one(address, group, area, domain))
    _amended(
        ctx,
        lambda desk: amending.hold(
            desk,
            plan,
            named,
            until=until,
            stages=stage or (),
            legal_order=legal_order,
            announced=announced,
            reason=reason,
        ),
        as_json,
    )


def release(
    ctx: typer.Context,
    plan: PlanName,
    *,
    address: Address = None,
    group: Group = None,
    area: Area = None,
    domain: Domain = None,
    at: Annotated[str | None, Time] = None,
    now: Annotated[bool, typer.Option("--now", help="Now, or at --at though that is too soon to be told.")] = False,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let go what is held: a legal order too. Never sooner than its release would have to be told, but by --now."""
    from mailsvc.desk import amending

    if at is None and not now:
        raise typer.BadParameter("say --at TIME, or --now")
    named = amending.Named(*_one(address, group, area, domain))
    _amended(ctx, lambda desk: amending.release(desk, plan, named, at=at, unannounced=now, reason=reason), as_json)


def rollback(
    ctx: typer.Context,
    plan: PlanName,
    *,
    to: Annotated[int, typer.Option(metavar="N", min=0, help="The last amendment that stays; 0 for none of them.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take back the amendments after number N; legal orders stay, and what cannot be undone is refused."""
    from mailsvc.desk import amending

    _amended(ctx, lambda desk: amending.roll_back(desk, plan, to=to, reason=reason), as_json)


def gate(
    ctx: typer.Context,
    plan: PlanName,
    *,
    stage: Annotated[Stage, typer.Option(metavar="STAGE", help="The stage whose gates are meant.")],
    ask: Annotated[bool, typer.Option("--ask", help="Ask the gates now, and write down what they answer.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open them, whatever they find.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Keep them closed, whatever they find.")] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; needed to ask, open or close; it stands in the audit log.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what the gates of a stage find now; with --ask, --open or --close answer for them."""
    from mailsvc.desk import amending

    if ask + open_ + close > 1:
        raise typer.BadParameter("say one of --ask, --open and --close")
    if not ask and not open_ and not close:
        with session.of(ctx).desk() as desk:
            shown = amending.show_gate(desk, plan, stage)
        _show_gate(shown, as_json=as_json)
    elif ask:
        _amended(ctx, lambda desk: amending.ask_gate(desk, plan, stage, reason), as_json)
    else:
        _amended(ctx, lambda desk: amending.set_gate(desk, plan, stage, opened=open_, reason=reason), as_json)


def _one(*named: str | None) -> tuple[str | None, ...]:
    if sum(one is not None for one in named) != 1:
        raise typer.BadParameter("say exactly one of --address, --group, --area and --domain")
    return named


def _amended(ctx: typer.Context, act: "Callable[[Desk], Amended]", as_json: bool) -> None:
    with session.of(ctx).desk() as desk:
        amended = act(desk)
    if as_json:
        show_json([amended.row()])
        return
    for line in amended.lines():
        say(line)


def _show_gate(shown: "GateShown", *, as_json: bool) -> None:
    if as_json:
        show_json([shown])
        return
    show_fields(shown.fields())
    out("")
    rows = [{**one, "holds": "not known yet" if one["holds"] is None else one["holds"]} for one in shown.findings]
    show_table(rows, ("kind", "holds", "said"))
