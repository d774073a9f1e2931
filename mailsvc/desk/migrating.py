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
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailsvc.desk.move_remedies import remedy
from mailsvc.desk.refusals import Refused
from mailsvc.kit.imap_servers import server_of
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MailboxUrl, MaildirUrl
from mailsvc.kit.net import BadTls, client_tls
from mailsvc.kit.public_hosts import HostAway, NotPublic, PublicOnly, asked_of_system, is_address
from mailsvc.kit.secrets import Secret
from migrator.imap.login import Credentials, Password, Token
from migrator.imap.sessions import Access
from migrator.imap.source import ImapSource
from migrator.imap.target import ImapTarget
from migrator.journals.file import JournalFile, JournalUnusable
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused, Source, StaleFolder, Target
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.moving import Paused, move
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

_PAUSES = (1.0, 5.0, 15.0, 30.0)  # seconds before it is tried again where a connection broke
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_Mistake = MailboxRefused | BadTls | Refused
_AGAIN = "run the same command again to go on"


class Resumable(Exception):
    """The move stands still, and goes on where it is when the same is asked again; the message says why."""

    def __init__(self, why: str, first: str = "") -> None:
        super().__init__(f"{why}: {first}{_AGAIN}")


@dataclass(frozen=True, slots=True)
class Side:
    """A mailbox and the secret that opens it; a Maildir has none. `guard` where a stranger has typed the URL."""

    url: MailboxUrl
    secret: Secret | None = None
    guard: PublicOnly | None = None

    def __post_init__(self) -> None:
        if self.guard is not None:
            self.guard.check(self.url)


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
                pauses=_PAUSES,
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


@asynccontextmanager
async def _opened(moving: Move) -> AsyncIterator[tuple[Source, Target]]:
    """Both sides, connected at the same time, and closed whatever happens; all that has to be mended is told first."""
    opening = asyncio.create_task(_source(moving)), asyncio.create_task(_target(moving))
    await asyncio.wait(opening)
    try:
        mistakes = [error for one in opening if isinstance(error := one.exception(), _Mistake)]
        if mistakes:
            raise _together([_refused(error) for error in mistakes])
        yield opening[0].result(), opening[1].result()
    finally:
        opened = [one.result() for one in opening if not one.cancelled() and one.exception() is None]
        await asyncio.gather(*(one.close() for one in opened))


async def _source(moving: Move) -> Source:
    side = moving.source
    match side.url:
        case MaildirUrl(path):
            return MaildirSource(path)
        case ImapUrl() as url:
            return await ImapSource.open(await _access(url, side), spool=_spool(moving))


async def _target(moving: Move) -> Target:
    side = moving.target
    match side.url:
        case MaildirUrl(path):
            return MaildirTarget(path, move=str(moving.source.url))
        case ImapUrl() as url:
            return await ImapTarget.open(await _access(url, side))


def _spool(moving: Move) -> Path:
    """Where large messages are kept on their way: beside the journal; a rehearsal makes no folder, and reads few."""
    folder = moving.journal.parent
    return folder if folder.is_dir() else Path(tempfile.gettempdir())


async def _access(url: ImapUrl, side: Side) -> Access:
    if side.secret is None:
        raise Refused(f"{url} needs a secret", "put its password into a file and name it")
    address = await _address(url.host, side.guard)
    context = None if url.tls is MailboxTls.NONE else client_tls(url.ca)
    return Access(server_of(url, context, address), _credentials(url, side.secret), compress=url.compress)


def _credentials(url: ImapUrl, secret: Secret) -> Credentials:
    if url.token:
        return Token(url.user, secret.reveal(), url.host, url.port)
    return Password(url.user, secret.reveal(), url.authz)


async def _address(host: str, guard: PublicOnly | None) -> str:
    """The address that a guard has looked at, and which alone is connected to; "" for whichever the name has."""
    if guard is not None:
        return await guard.address(host)
    if not is_address(host):
        await _known(host)
    return ""


async def _known(host: str) -> None:
    """A host that nobody knows is a mistake, and none that a later run will find."""
    try:
        await asked_of_system(host)
    except socket.gaierror as error:
        if error.errno in {socket.EAI_NONAME, socket.EAI_NODATA}:
            raise Refused(f"there is no host {host}", "correct the name in the URL") from None
        raise Resumable(f"nobody answers for the name {host} ({error.strerror})") from None


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
    except NotPublic as error:
        raise Refused(str(error), "name the server of the mailbox as its provider writes it") from None
    except (MailboxRefused, NotCounted, BadTls) as error:
        raise _refused(error) from error
    except JournalUnusable as error:
        if error.full:
            raise Resumable(_plain(str(error))) from error
        raise Refused(_plain(str(error)), "or name another one with --journal FILE") from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Resumable(f"there is no room here for messages on their way ({error.strerror})") from error


def _refused(error: BaseException) -> Refused:
    return error if isinstance(error, Refused) else Refused(_plain(str(error)), remedy(error))


def _together(mistakes: list[Refused]) -> Refused:
    """What is wrong on one side, or on both."""
    if len(mistakes) == 1:
        return mistakes[0]
    here, there = mistakes
    first = here.what if here.remedy == there.remedy else str(here)
    return Refused(f"{first}; and {there.what}", there.remedy)


def _plain(sentence: str) -> str:
    return sentence.rstrip(".: ")
