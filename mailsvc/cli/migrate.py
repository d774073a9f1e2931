"""`lastpost migrate`: what a subscriber owns, moved elsewhere.

Use: `app` is the group of commands. `mailbox` needs no settings; `batch.py` has what is carried out in the background.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mailsvc.cli import batch, session
from mailsvc.cli.exits import Exit
from mailsvc.cli.move_tables import ending, show_plan, show_receipt
from mailsvc.cli.output import counted, say, show_json, show_json_texts
from mailsvc.cli.words import AsJson, leave

if TYPE_CHECKING:
    from mailsvc.desk.migrating import Move, Receipt, Side
    from mailsvc.kit.mailbox_urls import MailboxUrl

T = TypeVar("T")

app = typer.Typer(help="What a subscriber owns, moved elsewhere.", no_args_is_help=True, rich_markup_mode=None)

_FROM = (
    "Where it is: imaps://USER@HOST[:PORT], imap://… (STARTTLS), pop3s://…, maildir:PATH, mbox:PATH or zip:PATH.zip."
)


@app.callback()
def _group() -> None:
    """What a subscriber owns, moved elsewhere."""


@app.command()
def mailbox(
    ctx: typer.Context,
    *,
    source: Annotated[str, typer.Option("--from", metavar="URL", help=_FROM)],
    target: Annotated[str, typer.Option("--to", metavar="URL", help="Where it goes, written the same way.")],
    from_secret: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password (or token) of --from; else it is asked for.")
    ] = None,
    to_secret: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password (or token) of --to; else it is asked for.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Remembers how far it has come; else one for both URLs.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at both sides and tell; write nothing.")] = False,
    read_back: Annotated[
        bool, typer.Option("--read-back", help="Read every message again from the target and compare it.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let `?tls=none` send password and mail in clear to another machine.")
    ] = False,
    progress: Annotated[str, typer.Option(metavar="auto|lines|json", help="How progress is told on stderr.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Move a mailbox; run again, it moves what has come since. 3: done, but look at what is named; 4: run it again."""
    from mailsvc.cli.move_progress import How

    if progress not in set(How):
        raise typer.BadParameter("say auto, lines or json", param_hint="--progress")
    moving = _moving(source, target, (from_secret, to_secret), journal, insecure=insecure)
    if dry_run:
        _rehearse(moving, as_json=as_json)
    else:
        _migrate(moving, How(progress), _key(ctx, moving.journal), read_back=read_back, as_json=as_json)


def _migrate(moving: "Move", how: str, key: Path, *, read_back: bool, as_json: bool) -> None:
    from mailsvc.cli.move_progress import How, Told
    from mailsvc.desk.migrating import migrate
    from schedules.clock import SystemClock

    async def work() -> "Receipt":
        stop = asyncio.Event()
        with Told(How(how)) as told, _stopped_by_signals(stop):
            return await migrate(moving, clock=SystemClock(), progress=told, stop=stop, read_back=read_back)

    receipt = _resumable(lambda: asyncio.run(work()))
    if as_json:
        from mailsvc.desk.receipts import signed_line

        show_json_texts([signed_line(receipt, key)])
    else:
        show_receipt(receipt)
    say(f"{counted(receipt.found, 'message')} found; {ending(receipt)}")
    leave(Exit.OK if receipt.complete else Exit.PROBLEMS)


def _rehearse(moving: "Move", *, as_json: bool) -> None:
    from mailsvc.desk.migrating import rehearse
    from schedules.clock import SystemClock

    plan = _resumable(lambda: asyncio.run(rehearse(moving, clock=SystemClock())))
    if as_json:
        show_json([plan])
    else:
        show_plan(plan)
    say("nothing was written" if not plan.findings else "nothing was written; look at what is named first")
    leave(Exit.PROBLEMS if plan.findings else Exit.OK)


def _key(ctx: typer.Context, journal: Path) -> Path:
    """What signs receipts: the settings' key where there are settings that name one, else one beside the journal."""
    from mailsvc.desk.migrating import key_beside

    here = session.of(ctx)
    named = here.settings.moving.receipt_key if here.has_settings else None
    return named or key_beside(journal)


def _moving(
    source: str, target: str, secrets: tuple[Path | None, Path | None], journal: Path | None, *, insecure: bool
) -> "Move":
    from mailsvc.desk.migrating import Move, journal_for, state_folder
    from mailsvc.kit.mailbox_urls import parse_mailbox
    from schedules.positions import Wrong

    here, there = parse_mailbox(source, insecure=insecure), parse_mailbox(target, insecure=insecure)
    if str(here) == str(there):
        raise Wrong("both URLs name the same mailbox", "name another one with `--to`")
    place = journal or journal_for(state_folder(os.environ, Path.home()), here, there)
    return Move(_side(here, secrets[0], "--from-secret"), _side(there, secrets[1], "--to-secret"), place)


def _side(url: "MailboxUrl", file: Path | None, option: str) -> "Side":
    """A mailbox with its secret: from a file, else asked for at a terminal."""
    from mailsvc.desk.migrating import Side
    from mailsvc.kit.mailbox_urls import ImapUrl, Pop3Url
    from mailsvc.kit.secrets import Secret, read_secret

    if not isinstance(url, ImapUrl | Pop3Url):
        if file is not None:
            raise typer.BadParameter("a file or folder of this machine has no secret", param_hint=option)
        return Side(url)
    if file is not None:
        return Side(url, read_secret(file))
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{url} needs a secret: name the file that holds it", param_hint=option)
    from getpass import getpass

    return Side(url, Secret(getpass(f"Password of {url}: ")))


def _resumable(work: Callable[[], T]) -> T:
    """Do it; where a later run goes on, say so and leave with code 4."""
    from mailsvc.desk.migrating import Resumable

    try:
        return work()
    except Resumable as paused:
        say(f"lastpost: paused: {paused}")
        raise typer.Exit(Exit.PAUSED) from None


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """The first SIGINT or SIGTERM lets what is on its way come to its end; a second one ends at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def restore() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    def ask() -> None:
        restore()
        say("stopping: what is on its way gets its answers; once more ends at once")
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        restore()


batch.add_to(app)
