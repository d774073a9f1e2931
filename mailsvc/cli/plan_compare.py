"""`lastpost plan rehearse` and `lastpost plan diff`: what a plan will do, and what another one would do instead.

Use: `add_to(app)`. Both only read, and end with code 0 whatever they find.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, show_json
from mailsvc.cli.words import AsJson

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk

Accounts = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Over the accounts of this file instead of the directory.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="From this time on; naive: in the plan's zone.")
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until, not at, this time.")]
_WORDS = "A plan in force, a plan file, or PLAN@AMENDMENT: that plan before later amendments (@0: as written)."
PlanWord = Annotated[str, typer.Argument(metavar="PLAN|FILE", help=_WORDS)]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group `plan`."""
    app.command("rehearse")(rehearse)
    app.command("diff")(diff)


def rehearse(
    ctx: typer.Context,
    plan: PlanWord,
    *,
    since: From = None,
    until: To = None,
    accounts: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Walk a plan over all accounts: what changes when, for how many, with which reply; letters, deeds, gates."""
    from mailsvc.cli.plan_rehearsal import lines, tree
    from mailsvc.cli.progress import Steps
    from mailsvc.desk.planning.rehearsing import rehearse_plan

    with _desk(ctx, [plan], accounts) as desk, _uncollected(), Steps("rehearsing") as tick:
        found = rehearse_plan(plan, desk, accounts=accounts, since=since, until=until, tick=tick)
    if as_json:
        show_json([tree(found)])
        return
    for line in lines(found):
        out(line)


def diff(
    ctx: typer.Context,
    first: PlanWord,
    second: PlanWord,
    *,
    since: From = None,
    until: To = None,
    accounts: Accounts = None,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="So many addresses as examples of each row.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Compare two plans over all accounts: who gets another answer, when, and what else falls due."""
    from mailsvc.cli.plan_difference import lines, tree
    from mailsvc.cli.progress import Steps
    from mailsvc.desk.planning.differing import diff_plans

    with _desk(ctx, [first, second], accounts) as desk, _uncollected(), Steps("comparing") as tick:
        found = diff_plans(
            first, second, desk, accounts=accounts, since=since, until=until, examples=examples, tick=tick
        )
    if as_json:
        show_json(tree(found))
        return
    for line in lines(found):
        out(line)


@contextmanager
def _desk(ctx: typer.Context, words: list[str], accounts: Path | None) -> "Iterator[Desk | None]":
    """The desk; None where nothing of it is needed: plan files over an accounts file, without any settings."""
    from mailsvc.desk.planning.counting import is_file

    if accounts is not None and all(map(is_file, words)) and not session.of(ctx).has_settings:
        yield None
        return
    with session.of(ctx).desk() as desk:
        yield desk


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for circles among millions of objects that are all kept until the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
