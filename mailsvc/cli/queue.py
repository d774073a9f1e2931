"""`lastpost queue`: what waits, what could not be delivered, and what a person does about it.

Use: `app` is the group of commands.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import out, say, show_fields, show_json, show_json_texts, show_table
from mailsvc.cli.words import AsJson, Reason, leave

if TYPE_CHECKING:
    from mailsvc.desk.queue import Asked
    from mailsvc.desk.queue_acts import Changed

LISTED = ("message", "recipient", "sender", "size", "state", "attempts", "next_at", "age", "last_reply")
DELIVERIES = ("recipient", "original", "because", "state", "attempts", "next_at", "settled_at", "last_reply")
A_PAGE = 50  # rows on a terminal

app = typer.Typer(help="Mail on its way out.", no_args_is_help=True, rich_markup_mode=None)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Messages, or single deliveries (ID-NUMBER).")]
Lane = Annotated[str, typer.Option(metavar="LANE", help="Only this next hop, as `queue list` names it.")]
Domain = Annotated[str, typer.Option(metavar="DOMAIN", help="Only recipients of this domain.")]
Recipient = Annotated[str, typer.Option(metavar="ADDRESS", help="Only this recipient.")]
Sender = Annotated[str, typer.Option(metavar="ADDRESS", help="Only this sender; `<>` is the null sender.")]
Older = Annotated[str, typer.Option(metavar="DURATION", help="Only what came longer ago than this.")]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state", metavar="STATE", help="Only queued, claimed, unknown, held, undeliverable or returned; repeatable."
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Everything that waits.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the audit log for good.")]
KNOWN = ("queued", "claimed", "unknown", "held", "undeliverable", "returned")


@app.command("list")
def list_(
    ctx: typer.Context,
    state: States = None,
    lane: Lane = "",
    domain: Domain = "",
    recipient: Recipient = "",
    sender: Sender = "",
    older: Older = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many rows; without it 50 on a terminal, else all.")
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also what was given back or dropped.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the deliveries that are not made, oldest first; `--state undeliverable` is what nobody could be told of."""
    from mailsvc.desk.queue import Asked, count_queue, list_queue

    asked = Asked((), _states(state), lane, domain, recipient, sender, older, ended_too=all_)
    shown = limit or (A_PAGE if sys.stdout.isatty() and not as_json else None)
    with session.of(ctx).desk() as desk:
        counts = count_queue(desk, asked)
        rows = list_queue(desk, asked, shown)
        if as_json:
            show_json_texts(rows)
        else:
            show_table((_readable(json.loads(row)) for row in rows), LISTED)
    _say_totals(counts, shown)


@app.command()
def show(
    ctx: typer.Context,
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a message.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one message: where it came from, its header (never its body), and each recipient's delivery."""
    from mailsvc.desk.queue import show_message

    with session.of(ctx).desk() as desk:
        shown = show_message(desk, message_id)
    if as_json:
        show_json([shown])
        return
    show_fields(shown.message.fields())
    out("")
    for field in shown.header:
        out(field)
    out("")
    show_table(shown.message.deliveries, DELIVERIES)


@app.command()
def hold(
    ctx: typer.Context,
    ids: Ids = None,
    lane: Lane = "",
    domain: Domain = "",
    recipient: Recipient = "",
    sender: Sender = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let deliveries wait until they are released; what is being tried at this moment is refused or left."""
    from mailsvc.desk.queue_acts import hold as act

    with session.of(ctx).desk() as desk:
        changed = act(desk, _which(ids, lane, domain, recipient, sender, all_=all_), reason)
    _tell("held", changed, as_json=as_json)


@app.command()
def release(
    ctx: typer.Context,
    ids: Ids = None,
    lane: Lane = "",
    domain: Domain = "",
    recipient: Recipient = "",
    sender: Sender = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let held deliveries go their way, at once; where their time has run out they get it anew."""
    from mailsvc.desk.queue_acts import release as act

    with session.of(ctx).desk() as desk:
        changed = act(desk, _which(ids, lane, domain, recipient, sender, all_=all_), reason)
    _tell("released", changed, as_json=as_json)


@app.command()
def retry(
    ctx: typer.Context,
    ids: Ids = None,
    lane: Lane = "",
    domain: Domain = "",
    recipient: Recipient = "",
    sender: Sender = "",
    *,
    all_: Everything = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Try deliveries again at once, undeliverable ones too; where their time has run out they get it anew."""
    from mailsvc.desk.queue_acts import retry as act

    with session.of(ctx).desk() as desk:
        changed = act(desk, _which(ids, lane, domain, recipient, sender, all_=all_), reason)
    _tell("due now", changed, as_json=as_json)


@app.command()
def drop(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Messages, or single deliveries (ID-NUMBER).")],
    *,
    bounce: Annotated[bool, typer.Option("--bounce", help="Tell the sender, as of any failure.")] = False,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Give deliveries up for good; without --bounce nobody is told. What is known of them stays to be traced."""
    from mailsvc.desk.queue import Asked
    from mailsvc.desk.queue_acts import drop as act

    with session.of(ctx).desk() as desk:
        changed = act(desk, Asked(tuple(ids)), reason, bounce=bounce)
    _tell("dropped", changed, as_json=as_json)


def _states(asked: Sequence[str] | None) -> tuple[str, ...]:
    for one in asked or ():
        if one not in KNOWN:
            raise typer.BadParameter(f"there is no state {one!r}: {', '.join(KNOWN)}")
    return tuple(asked or ())


def _which(ids: Sequence[str] | None, lane: str, domain: str, recipient: str, sender: str, *, all_: bool) -> "Asked":
    from mailsvc.desk.queue import Asked

    narrowed = bool(ids or lane or domain or recipient or sender)
    if narrowed == all_:
        raise typer.BadParameter("say which: IDs, --lane, --domain, --recipient or --sender, or --all alone")
    return Asked(tuple(ids or ()), (), lane, domain, recipient, sender)


def _tell(done: str, changed: "Changed", *, as_json: bool) -> None:
    if as_json:
        show_json([changed])
    say(f"{changed.deliveries:,} {'delivery' if changed.deliveries == 1 else 'deliveries'} {done}")
    if changed.in_hand:
        say(f"{changed.in_hand} being tried at this moment were left as they are: say it again in a moment")
    leave(Exit.PROBLEMS if changed.in_hand else Exit.OK)


def _readable(row: Mapping[str, object]) -> dict[str, object]:
    from datetime import timedelta

    from mailsvc.kit.quantities import print_duration

    age = row["age"]
    minutes = timedelta(minutes=age // 60) if isinstance(age, int) else timedelta()
    return {**row, "sender": row["sender"] or "<>", "age": print_duration(minutes) if minutes else "now"}


def _say_totals(counts: Mapping[str, int], shown: int | None) -> None:
    total = sum(counts.values())
    told = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    cut = f", the oldest {shown:,} shown (--limit shows more)" if shown is not None and shown < total else ""
    say(f"{total:,} waiting: {told}{cut}" if total else "nothing waits")
