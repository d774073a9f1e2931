"""`lastpost contract ADDRESS`: a contract shown, and what giving it up or changing its course would lead to.

Use: `app` is the group of commands. Requests are the subscriber's own: here they are only tried (`--dry-run`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import out, show_json
from mailsvc.cli.words import AsJson, leave
from schedules.positions import Wrong
from schedules.text import Language
from schedules.words import Medium


@dataclass(frozen=True, slots=True)
class _Asked:
    """The word before the command."""

    address: str


app = typer.Typer(help="One contract, by any of its addresses.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _contract(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of the contract.")],
) -> None:
    ctx.obj = _Asked(address)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{text!r} is not a day", "write a day such as 2024-01-31") from None


Plan = Annotated[str, typer.Option(metavar="PLAN", help="A plan in force; without it the one that covers the domain.")]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="As if asked on this day, instead of today.")]
InLanguage = Annotated[Language, typer.Option("--language", help="The language it is shown in.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would follow. Requests are not made from here.")]


@app.command()
def show(
    ctx: typer.Context,
    plan: Plan = "",
    on: On = None,
    stopped: Annotated[
        list[str] | None,
        typer.Option("--stopped", metavar="SERVICE=DAY", help="A service that stopped on a day; may be repeated."),
    ] = None,
    language: InLanguage = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Show a contract: its course, its expiry, what it has, and its check list."""
    from mailsvc.desk.contract_words import contract_lines
    from mailsvc.desk.contracts import Asking, show_contract

    asking = Asking(plan, _day(on), _stopped(stopped or []))
    with session.of(ctx).desk() as desk:
        shown = show_contract(desk, _address(ctx), asking)
    _print(shown, contract_lines(shown, language), as_json=as_json)


@app.command()
def cancel(
    ctx: typer.Context,
    plan: Plan = "",
    on: On = None,
    medium: Annotated[Medium, typer.Option(help="How it is asked for.")] = Medium.ONLINE,
    last_day: Annotated[
        str | None, typer.Option(metavar="DAY", help="The wished last day; without it the earliest possible.")
    ] = None,
    removal_work: Annotated[
        str | None, typer.Option(metavar="DAY", help="The day of removal work, where there is some.")
    ] = None,
    language: InLanguage = "en",
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Show what giving the contract up would lead to: days, costs, bills, deadlines, warnings; code 3 if refused."""
    from mailsvc.desk.contract_words import cancellation_lines
    from mailsvc.desk.contracts import Asking, show_cancellation

    asking = Asking(plan, _day(on))
    wished, work = _day(last_day), _day(removal_work)
    _only_tried(dry_run=dry_run)
    with session.of(ctx).desk() as desk:
        found = show_cancellation(desk, _address(ctx), asking, medium, last_day=wished, work_day=work)
    _print(found, cancellation_lines(found, language), as_json=as_json)
    leave(Exit.PROBLEMS if found.cancellation.refused else Exit.OK)


@app.command()
def change(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="COURSE", help="The course it would change to.")],
    plan: Plan = "",
    on: On = None,
    language: InLanguage = "en",
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Show whether the contract may change its course, and from when on; code 3 where it may not yet."""
    from mailsvc.desk.contract_words import change_lines
    from mailsvc.desk.contracts import Asking, show_change

    asking = Asking(plan, _day(on))
    _only_tried(dry_run=dry_run)
    with session.of(ctx).desk() as desk:
        found = show_change(desk, _address(ctx), asking, to)
    _print(found, change_lines(found, language), as_json=as_json)
    leave(Exit.OK if found.permission.allowed else Exit.PROBLEMS)


def _address(ctx: typer.Context) -> str:
    asked = ctx.find_object(_Asked)
    if asked is None:
        raise typer.BadParameter("say which address: lastpost contract ADDRESS …")
    return asked.address


def _stopped(written: Iterable[str]) -> dict[str, date]:
    found: dict[str, date] = {}
    for one in written:
        service, equals, day = one.partition("=")
        read = _day(day) if equals and service else None
        if read is None:
            raise typer.BadParameter(f"{one!r} is not SERVICE=DAY, such as phone=2024-05-01", param_hint="--stopped")
        found[service] = read
    return found


def _only_tried(*, dry_run: bool) -> None:
    if not dry_run:
        raise typer.BadParameter(
            "contracts are given up and changed by their holder's own request, not from here: "
            "add --dry-run to see what would follow"
        )


def _print(value: object, lines: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        show_json([value])
        return
    for line in lines:
        out(line)
