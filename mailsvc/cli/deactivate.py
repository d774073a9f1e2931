"""`lastpost deactivate`: one domain closed from a single instant.

Use: `add_to(app)`. It writes a plan, rehearses it, asks for the domain's name, and puts the plan in force.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import out, say
from mailsvc.desk.refusals import Refused
from schedules.words import Rule

if TYPE_CHECKING:
    from mailsvc.desk.planning.deactivating import Prepared
    from schedules.rehearsing.answers import Answer
    from schedules.rehearsing.rehearsal import Change, Rehearsal

_MAIL = ("receive", "send")


Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Go on forwarding until then; else forwards end with mail.")
]
Purge = Annotated[
    str | None, typer.Option(metavar="DURATION", help="Destroy stored mail so long after the end; else 120 days.")
]
Name = Annotated[str, typer.Option(metavar="NAME", help="The plan's name; else made of the domain's.")]
TitleJa = Annotated[str, typer.Option(metavar="TEXT", help="The plan's title in Japanese.")]
TitleEn = Annotated[str, typer.Option(metavar="TEXT", help="The plan's title in English.")]
Page = Annotated[str, typer.Option(metavar="URL", help="The page about the end; replies name it.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands in the audit log for good.")]
Short = Annotated[bool, typer.Option("--short-notice", help="End sooner than 30 days from now; needs --reason.")]
Kept = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep the plan in this file, which must not be there yet.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for machines.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("deactivate")(deactivate)


def deactivate(
    ctx: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain of ours with a directory.")],
    *,
    at: Annotated[str, typer.Option(metavar="TIME", help="When mail ends, in the settings' zone.")],
    forward_until: Until = None,
    purge_after: Purge = None,
    name: Name = "",
    title_ja: TitleJa = "",
    title_en: TitleEn = "",
    notice_url: Page = "",
    reason: Why = "",
    short_notice: Short = False,
    output: Kept = None,
    yes: Yes = False,
) -> None:
    """Close DOMAIN at a time: write a sound plan, rehearse it, ask, and put it in force."""
    from mailsvc.desk.planning import deactivating

    if not yes and not sys.stdin.isatty():
        raise Refused("there is no terminal to ask at", "say --yes to put the plan in force without being asked")
    asked = deactivating.Asked(
        domain, at, forward_until, purge_after, name, title_ja, title_en, notice_url, reason, short_notice
    )
    with session.of(ctx).desk() as desk:
        prepared = deactivating.prepare(desk, asked, str(output or ""))
        if output is not None:
            _keep(prepared, output)
        out(prepared.plan.text.rstrip("\n"))
        for warning in prepared.warnings:
            say(f"warning: {warning}")
        for line in _lines(deactivating.rehearsed(desk, prepared)):
            say(line)
        if not yes:
            _ask(prepared)
        applied = deactivating.put_in_force(desk, prepared)
    for told in applied.warnings:
        say(f"warning: {told}")
    say(f"plan {applied.name} is in force as edition {applied.number}; `lastpost plan show {applied.name}` shows it")


def _keep(prepared: "Prepared", file: Path) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(prepared.plan.text)
    except FileExistsError:
        raise Refused(f"{file} is there already and stays as it is", "name another with --output") from None
    say(f"wrote {file}")


def _lines(rehearsal: "Rehearsal") -> Iterator[str]:
    """What would happen, briefly: how many are concerned, and what mail is answered from when on."""
    from mailsvc.cli.plan_words import wrapped

    kinds = ", ".join(f"{number} {kind}" for kind, number in rehearsal.tally.kinds.items())
    total = rehearsal.tally.total
    yield from wrapped(
        f"rehearsed over {total} address{'' if total == 1 else 'es'}{kinds and f' ({kinds})'}; from then on:"
    )
    counted: Counter[tuple[datetime, str, str]] = Counter()
    for change in rehearsal.changes:
        if str(change.power) in _MAIL and _is_lasting(change):
            counted[change.at, str(change.power), _told(change.after)] += change.tally.total
    for (at, power, told), number in counted.items():
        yield from wrapped(f"{at:%Y-%m-%d %H:%M}  {power} ({number}): {told}", 2, hang=20)


def _is_lasting(change: "Change") -> bool:
    """Whether another answer is heard, and not for a rehearsal of the end alone."""
    rules = {change.before.rule, change.after.rule}
    return _told(change.before) != _told(change.after) and Rule.BROWN_OUT not in rules


def _told(answer: "Answer") -> str:
    return answer.reply or ("allowed" if answer.allowed else answer.reason.en)


def _ask(prepared: "Prepared") -> None:
    """Raise Refused unless the domain's name is typed."""
    domain = prepared.domain.ascii
    say(f"This puts the end of {domain} in force. Type {domain} to go on; anything else leaves everything as it is.")
    if sys.stdin.readline().strip().lower() != domain:
        raise Refused(f"{domain} was not typed", "nothing was put in force")
