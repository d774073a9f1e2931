"""A mailbox moved, or its move rehearsed: between any two of IMAP server and Maildir, with no settings needed.

    move = Move(source=Side(url, secret), target=Side(url, secret), journal=path)
    receipt = await migrate(move, clock=..., progress=..., stop=..., read_back=False)
    plan = await rehearse(move, clock=...)

A side whose URL a stranger has typed has a guard: `Side(url, secret, guard=PublicOnly())`. Then nothing but an IMAP
server on the public Internet is connected to, and what goes wrong tells nothing of our own network.
Fails: `Resumable` where a later run goes on (a mailbox away, full or asking for patience, no room here, or `stop` was
set); `Refused` for everything that a later run would meet again; `Wrong` for a URL that no stranger may write. What was
settled until then stands in the journal.
"""

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailsvc.desk.move_remedies import remedy
from mailsvc.desk.refusals import Refused
from mailsvc.kit.mailbox_urls import MailboxUrl
from mailsvc.kit.mailboxes import BothRefused, Side, Unopened, opened
from mailsvc.kit.net import BadTls
from mailsvc.kit.public_hosts import HostAway, NotPublic, PublicOnly
from migrator.journals.file import JournalFile, JournalUnusable
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused, Source, StaleFolder, Target
from migrator.moving import PAUSES, Paused, move
from migrator.preflight import Preflight, preflight
from migrator.progress import Progress
from migrator.receipts.receipt import NotCounted, Receipt
from schedules.clock import Clock

__all__ = [
    "Move",
    "Preflight",
    "PublicOnly",
    "Receipt",
    "Resumable",
    "Side",
    "journal_for",
    "key_beside",
    "migrate",
    "rehearse",
    "state_folder",
]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_AGAIN = "run the same command again to go on"


class Resumable(Exception):
    """The move stands still, and goes on where it is when the same is asked again; the message says why."""

    def __init__(self, why: str, first: str = "") -> None:
        super().__init__(f"{why}: {first}{_AGAIN}")


@dataclass(frozen=True, slots=True)
class Move:
    """What goes where, and the file that remembers how far it has come."""

    source: Side
    target: Side
    journal: Path


def state_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Where journals are kept (XDG Base Directory Specification)."""
    said = Path(environ.get("XDG_STATE_HOME", ""))
    return (said if said.is_absolute() else home / ".local" / "state") / "lastpost"


def journal_for(folder: Path, source: MailboxUrl, target: MailboxUrl) -> Path:
    """The journal of a move, named by both mailboxes; how they are reached makes no difference."""
    name = hashlib.sha256(f"{source}\n{target}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder / f"{name}.journal"


def key_beside(journal: Path) -> Path:
    """Where the signing key is, or will be made: beside the journal."""
    return journal.parent / "receipt-key.pem"


async def migrate(
    moving: Move, *, clock: Clock, progress: Progress, stop: asyncio.Event, read_back: bool = False
) -> Receipt:
    """Move what is not moved yet. Raises Resumable, Refused."""
    with _told(), _journal(moving) as journal:
        async with _opened(moving) as (source, target):
            return await move(
                source,
                target,
                journal,
                clock=clock,
                progress=progress,
                stop=stop,
                read_back=read_back,
                pauses=PAUSES,
            )


async def rehearse(moving: Move, *, clock: Clock) -> Preflight:
    """Log in on both sides and tell what a move would do; nothing is written anywhere. Raises Resumable, Refused."""
    with _told():
        if not moving.journal.exists():
            async with _opened(moving) as (source, target):
                return await preflight(source, target, None, clock=clock)
        with _journal(moving) as journal:
            async with _opened(moving) as (source, target):
                return await preflight(source, target, journal, clock=clock)


@contextmanager
def _journal(moving: Move) -> Iterator[JournalFile]:
    with JournalFile.open(moving.journal, source=str(moving.source.url), target=str(moving.target.url)) as journal:
        yield journal


def _opened(moving: Move) -> AbstractAsyncContextManager[tuple[Source, Target]]:
    return opened(moving.source, moving.target, spool=_spool(moving))


def _spool(moving: Move) -> Path:
    """Where large messages are kept on their way: beside the journal; a rehearsal makes no folder, and reads few."""
    folder = moving.journal.parent
    return folder if folder.is_dir() else Path(tempfile.gettempdir())


@contextmanager
def _told() -> Iterator[None]:
    """What mailboxes and the journal raise, as Resumable or Refused."""
    try:
        yield
    except Paused as error:
        raise Resumable("you asked it to stop") from error
    except (MailboxAway, MailboxLimited, StaleFolder) as error:
        full = isinstance(error, MailboxLimited) and error.code == "OVERQUOTA"
        raise Resumable(_plain(str(error)), "make room there, then " if full else "") from error
    except HostAway as error:
        raise Resumable(str(error)) from None
    except BothRefused as both:
        raise _together(*map(_refused, both.causes)) from both
    except (MailboxRefused, NotCounted, NotPublic, BadTls) as error:
        raise _refused(error) from (None if isinstance(error, NotPublic) else error)
    except JournalUnusable as error:
        if error.full:
            raise Resumable(_plain(str(error))) from error
        raise Refused(_plain(str(error)), "or name another one with --journal FILE") from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Resumable(f"there is no room here for messages on their way ({error.strerror})") from error


def _refused(error: BaseException) -> Refused:
    if isinstance(error, NotPublic):
        return Refused(str(error), "name the server of the mailbox as its provider writes it")
    return Refused(_plain(str(error)), error.remedy if isinstance(error, Unopened) else remedy(error))


def _together(here: Refused, there: Refused) -> Refused:
    """What is wrong on both sides."""
    first = here.what if here.remedy == there.remedy else str(here)
    return Refused(f"{first}; and {there.what}", there.remedy)


def _plain(sentence: str) -> str:
    return sentence.rstrip(".: ")
