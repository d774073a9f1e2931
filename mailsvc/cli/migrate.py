"""`lastpost migrate`: what a subscriber owns, moved elsewhere.

Use: `app` is the group of commands. `mailbox` needs no settings; `batch.py` has what is carried out in the background.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mailsvc.cli import batch, session
from mailsvc.cli.exits import Exit
from mailsvc.cli.move_tables import ending, show_plan, show_receipt
from mailsvc.cli.output import counted, say, show_json, show_json_texts
from mailsvc.cli.words import AsJson, leave

if TYPE_CHECKING:
    from mailsvc.desk.migrating import Move, PublicOnly, Receipt, Side
    from mailsvc.kit.mailbox_urls import MailboxUrl

T = TypeVar("T")

app = typer.Typer(help="What a subscriber owns, moved elsewhere.", no_args_is_help=True, rich_markup_mode=None)


class Which(StrEnum):
    """Of the two mailboxes of a move."""

    FROM = "from"
    TO = "to"
    BOTH = "both"


_FROM = "The mailbox to be read, as imaps://USER@HOST, imap://USER@HOST (STARTTLS) or maildir:PATH; see below."
_TO = "The mailbox that it goes to, written the same way."
_HOLDS = "Holds the password, or token, of {}: one line, mode 600; without it a terminal asks."
_EPILOGUE = """An @ in USER is written %40. Behind the host may stand :PORT, then ?ca=FILE (CA certificates that vouch
for the server), ?authz=USER (whose mailbox a master user opens), ?auth=token (the secret is an OAuth token),
?compress=deflate (for slow lines) or ?tls=none, joined by &; quote the URL then. Also known: pop3s://USER@HOST,
to be read; gmail:USER and other providers; mbox:PATH, and zip:PATH.zip, an archive.

\b
lastpost migrate mailbox --dry-run \\
  --from imaps://hanako%40old.example@imap.old.example --from-secret old.secret \\
  --to 'imaps://hanako@imap.new.example:1993?ca=new.pem' --to-secret new.secret

Codes: 0 everything is in the target; 1 a mistake to be mended first; 2 wrong words; 3 done, but look at what is named;
4 paused, run the same again."""


@app.callback()
def _group() -> None:
    """What a subscriber owns, moved elsewhere."""


@app.command(epilog=_EPILOGUE)
def mailbox(
    ctx: typer.Context,
    *,
    source: Annotated[str, typer.Option("--from", metavar="URL", help=_FROM)],
    target: Annotated[str, typer.Option("--to", metavar="URL", help=_TO)],
    from_secret: Annotated[Path | None, typer.Option(metavar="FILE", help=_HOLDS.format("--from"))] = None,
    to_secret: Annotated[Path | None, typer.Option(metavar="FILE", help=_HOLDS.format("--to"))] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Remembers how far it has come; else a file named by both URLs.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Log in, count and compare both sides; write nothing.")
    ] = False,
    read_back: Annotated[
        bool, typer.Option("--read-back", help="Read every message again from the target and compare it.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let `?tls=none` send password and mail in clear to another machine.")
    ] = False,
    public_only: Annotated[
        Which | None, typer.Option(help="Whose URL a stranger has typed: only public servers are connected to there.")
    ] = None,
    progress: Annotated[str, typer.Option(metavar="auto|lines|json", help="How progress is told on stderr.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Move everything in one mailbox into another; run again, it moves what has come since. The source is only read."""
    from mailsvc.cli.move_progress import How

    if progress not in set(How):
        raise typer.BadParameter("say auto, lines or json", param_hint="--progress")
    secrets = (from_secret, to_secret)
    moving = _moving(source, target, secrets, journal, insecure=insecure, public_only=public_only)
    if dry_run:
        _rehearse(moving, as_json=as_json)
    else:
        _migrate(moving, How(progress), _key(ctx, moving.journal), read_back=read_back, as_json=as_json)


def _migrate(moving: "Move", how: str, key: Path, *, read_back: bool, as_json: bool) -> None:
    from mailsvc.cli.move_progress import How, Told, ticking
    from mailsvc.desk.migrating import migrate
    from schedules.clock import SystemClock

    async def work() -> tuple["Receipt", int]:
        stop = asyncio.Event()
        with Told(How(how)) as told, _stopped_by_signals(stop):
            async with ticking(told):
                receipt = await migrate(moving, clock=SystemClock(), progress=told, stop=stop, read_back=read_back)
            return receipt, told.messages

    receipt, new = _resumable(lambda: asyncio.run(work()))
    if as_json:
        from mailsvc.desk.receipts import signed_line

        show_json_texts([signed_line(receipt, key)])
    else:
        show_receipt(receipt)
    say(f"{counted(receipt.found, 'message')} found; {ending(receipt)} ({new or 'none'} in this run)")
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
    source: str,
    target: str,
    secrets: tuple[Path | None, Path | None],
    journal: Path | None,
    *,
    insecure: bool,
    public_only: Which | None,
) -> "Move":
    from mailsvc.desk.migrating import Move, PublicOnly, journal_for, state_folder
    from mailsvc.kit.mailbox_urls import parse_mailbox, same_mailbox
    from schedules.positions import Wrong

    here, there = parse_mailbox(source, insecure=insecure), parse_mailbox(target, insecure=insecure)
    if same_mailbox(here, there):
        raise Wrong("both URLs name the same mailbox, or one within the other", "name another one with `--to`")
    place = journal or journal_for(state_folder(os.environ, Path.home()), here, there)
    from_guard = PublicOnly() if public_only in {Which.FROM, Which.BOTH} else None
    to_guard = PublicOnly() if public_only in {Which.TO, Which.BOTH} else None
    return Move(
        _side(here, secrets[0], "--from-secret", from_guard), _side(there, secrets[1], "--to-secret", to_guard), place
    )


def _side(url: "MailboxUrl", file: Path | None, option: str, guard: "PublicOnly | None") -> "Side":
    """A mailbox with its secret: from a file, else asked for at a terminal."""
    from mailsvc.desk.migrating import Side
    from mailsvc.kit.mailbox_urls import ImapUrl, Pop3Url
    from mailsvc.kit.secrets import Secret, read_secret

    if not isinstance(url, ImapUrl | Pop3Url):
        if file is not None:
            raise typer.BadParameter("a file or folder of this machine has no secret", param_hint=option)
        return Side(url, guard=guard)
    if file is not None:
        return Side(url, read_secret(file), guard)
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{url} needs a secret: name the file that holds it", param_hint=option)
    from getpass import getpass

    return Side(url, Secret(getpass(f"Password of {url}: ")), guard)


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
