"""Both mailboxes of a move opened, whatever kind each is of, and closed whatever happens.

    async with opened(Side(url, secret), Side(url, secret), spool=folder) as (source, target): ...

A side whose URL a stranger has typed has a guard: `Side(url, secret, guard=PublicOnly())`. Then nothing but an IMAP
server on the public Internet is connected to, and what goes wrong tells nothing of our own network.
Raises what mailboxes raise (`migrator.mailbox`): `Unopened`, a MailboxRefused with its remedy, for what no later try
will find otherwise, `BothRefused` where neither side can be opened, MailboxAway where nobody answers for a name; BadTls
for certificates that cannot be read; NotPublic and HostAway where a guard says no.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mailsvc.kit.imap_servers import server_of
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MailboxUrl, MaildirUrl, MboxUrl, Pop3Url, ZipUrl, known_as
from mailsvc.kit.net import BadTls, client_tls
from mailsvc.kit.presets import preset_of
from mailsvc.kit.public_hosts import PublicOnly, asked_of_system, is_address
from mailsvc.kit.secrets import Secret
from migrator.archive.source import ZipSource
from migrator.archive.target import ZipTarget
from migrator.imap.login import Credentials, Password, Token
from migrator.imap.sessions import Access
from migrator.imap.source import ImapSource
from migrator.imap.target import ImapTarget
from migrator.mailbox import MailboxAway, MailboxRefused, Source, Target
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from migrator.pop3.source import Pop3Source
from migrator.reasons import Code
from migrator.viewer.viewer import Viewer
from schedules.clock import SystemClock

READING, WRITING = 3, 8  # connections at once to one mailbox, where its provider bears as many


class Unopened(MailboxRefused):
    """A mailbox cannot be opened as it was named, now or later."""

    def __init__(self, why: str, remedy: str, *, reason: Code = Code.URL, place: str = "") -> None:
        super().__init__(why, reason=reason, place=place)
        self.remedy = remedy


class BothRefused(MailboxRefused):
    """Neither side can be opened, now or later: `causes` says why, the source's first."""

    def __init__(self, causes: Sequence[MailboxRefused | BadTls]) -> None:
        super().__init__("; and ".join(map(str, causes)))
        self.causes = tuple(causes)


@dataclass(frozen=True, slots=True)
class Side:
    """A mailbox and the secret that opens it; files have none. `guard` where a stranger has typed the URL."""

    url: MailboxUrl
    secret: Secret | None = None
    guard: PublicOnly | None = None

    def __post_init__(self) -> None:
        if self.guard is not None:
            self.guard.check(self.url)


@asynccontextmanager
async def opened(source: Side, target: Side, *, spool: Path) -> AsyncIterator[tuple[Source, Target]]:
    """Both sides, connected at the same time; `spool` is a folder for large messages on their way.

    What has to be mended is told before what only has to be waited for.
    """
    opening = asyncio.create_task(_source(source, spool)), asyncio.create_task(_target(target, source))
    await asyncio.wait(opening)
    try:
        mistakes = [error for one in opening if isinstance(error := one.exception(), MailboxRefused | BadTls)]
        if mistakes:
            raise mistakes[0] if len(mistakes) == 1 else BothRefused(mistakes)
        yield opening[0].result(), opening[1].result()
    finally:
        opened = [one.result() for one in opening if not one.cancelled() and one.exception() is None]
        await asyncio.gather(*(one.close() for one in opened))


async def _source(side: Side, spool: Path) -> Source:
    match side.url:
        case MaildirUrl(path):
            return MaildirSource(path)
        case MboxUrl(path):
            return MboxSource(path)
        case ZipUrl(path):
            return ZipSource(path)
        case ImapUrl() as url:
            most = preset_of(url.host).sessions or READING
            return await ImapSource.open(await _access(url, side), spool=spool, most=min(most, READING))
        case Pop3Url() as url:
            return await Pop3Source.open(await _access(url, side), spool=spool, now=SystemClock().now)


async def _target(side: Side, source: Side) -> Target:
    match side.url:
        case MaildirUrl(path):
            return MaildirTarget(path, move=known_as(source.url))
        case MboxUrl(path):
            return MboxTarget(path, source=known_as(source.url))
        case ZipUrl(path, viewed):
            viewer = Viewer() if viewed else None
            return ZipTarget(path, source=known_as(source.url), now=SystemClock().now, viewer=viewer)
        case ImapUrl() as url:
            known = preset_of(url.host)
            most = min(known.sessions or WRITING, WRITING)
            return await ImapTarget.open(await _access(url, side), most=most, said=known.largest)
        case Pop3Url() as url:
            why = f"nothing can be put into {url}: POP3 only reads"
            raise Unopened(why, "name a mailbox by imaps:// instead", place=str(url))


async def _access(url: ImapUrl | Pop3Url, side: Side) -> Access:
    if side.secret is None:
        remedy = "put its password into a file and name it"
        raise Unopened(f"{url} needs a secret", remedy, reason=Code.NO_SECRET, place=str(url))
    address = await _address(url.host, side.guard)
    context = None if url.tls is MailboxTls.NONE else client_tls(url.ca)
    return Access(server_of(url, context, address), _credentials(url, side.secret), compress=url.compress)


def _credentials(url: ImapUrl | Pop3Url, secret: Secret) -> Credentials:
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
            remedy = "correct the name in the URL"
            raise Unopened(f"there is no host {host}", remedy, reason=Code.HOST, place=host) from None
        raise MailboxAway(f"nobody answers for the name {host} ({error.strerror})", place=host) from None
