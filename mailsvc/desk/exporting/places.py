"""Where an export reads, where it writes, and what opens the old server.

    place = place_of(settings, mailbox)                 # a mailbox as a URL; raises Refused where none is named
    made = made_at(folder, mailbox, ExportForm.ZIP, new)     # where a fresh copy is written, in a folder of its own
    made = going_on(before, files)          # where an earlier one goes on; None where its files are not all there
    secret_of(settings, environ, job)                   # the master user's password, for whoever carries jobs out

Mailboxes are where the settings of their domain say, `exports.sources` where that names another server. The master
user's password never enters the records: the service reads it from the settings when it opens a mailbox.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mailsvc.desk.refusals import Refused
from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxUrl, MaildirUrl, written
from mailsvc.kit.secrets import Secret, SecretSource
from mailsvc.kit.settings import ExportSource, Settings
from mailsvc.kit.targets import MaildirTarget
from mailsvc.notices.export_files import is_whole
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import Job, JobKind
from migrator.maildir.names import safe_user
from schedules.names import Address, DomainName

_UNPLAIN = re.compile(r"[^a-z0-9._-]+")
_LONGEST = 40  # of a name in a path


@dataclass(frozen=True, slots=True)
class Made:
    """What an export makes: the `target` of its job, and the file or folder that comes of it, or `goes_on`."""

    target: str
    path: Path
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class _Server:
    """Where the mailboxes of a domain are, and what opens them there; no secret: nothing, or each its own."""

    mailboxes: MaildirTarget | ImapMailboxes
    secret: SecretSource | None

    def mailbox(self, mailbox: Address) -> MailboxUrl:
        """One of them."""
        match self.mailboxes:
            case ImapMailboxes():
                return self.mailboxes.mailbox(mailbox.domain.ascii, mailbox.local)
            case MaildirTarget():
                return MaildirUrl(self.mailboxes.folder(mailbox.domain.ascii, safe_user(mailbox.local)).resolve())


def place_of(settings: Settings, mailbox: Address, *, own_password: bool = False) -> MailboxUrl:
    """Where a mailbox is read; with its `own_password` it is opened as itself. Raises Refused."""
    server = _server(settings, mailbox.domain)
    if server is None:
        raise Refused(
            f"the settings do not say where the mailboxes of {mailbox.domain} are read",
            f"write `mailboxes` of {mailbox.domain} in `domains`, or an entry {mailbox.domain} in `exports.sources`",
        )
    url = server.mailbox(mailbox)
    if own_password:
        return _as_itself(url, mailbox)
    if isinstance(url, ImapUrl) and server.secret is None:
        raise Refused(
            f"the settings name no password that opens mailboxes at {url.host}",
            f"write `secret` of {mailbox.domain} in `exports.sources`, or give the subscriber's own with --secret FILE",
        )
    return url


def secret_of(settings: Settings, environ: Mapping[str, str], job: Job) -> Secret | None:
    """What opens the source of an export by the settings; None where it is not the one that they name.

    Raises BadSecret where the settings name a password that cannot be read.
    """
    if job.kind is not JobKind.EXPORT:
        return None
    mailbox = Address.parse(job.address)
    server = _server(settings, mailbox.domain)
    if server is None or server.secret is None or job.source != written(server.mailbox(mailbox)):
        return None
    return server.secret.resolve(environ)


def going_on(before: Export, files: Sequence[ExportFile]) -> Made | None:
    """The place of an export that began `before`, whose `files` were handed over; None where one of them is missing.

    What is settled there is not copied again, so files that somebody took away would be missing for good.
    """
    place = Path(before.place)
    goes_on = place.parent.is_dir() and is_whole(place, before.form, files)
    return Made(f"{before.form}:{place}", place, goes_on=True) if goes_on else None


def made_at(folder: Path, mailbox: Address, form: ExportForm, new: str) -> Made:
    """Where a fresh copy of a mailbox is written; `new` is the name of its folder. Two mailboxes never meet."""
    plain = _UNPLAIN.sub("-", mailbox.key)[:_LONGEST].strip(".-") or "mail"
    unique = hashlib.sha256(mailbox.key.encode()).hexdigest()[:16]
    home = folder / mailbox.domain.ascii / f"{plain}-{unique}"
    names = {
        ExportForm.ZIP: f"mail-{plain}-{mailbox.domain.ascii}.zip",
        ExportForm.MBOX: f"mbox-{plain}-{mailbox.domain.ascii}",
        ExportForm.MAILDIR: f"Maildir-{plain}-{mailbox.domain.ascii}",
    }
    path = home / new / names[form]
    return Made(f"{form}:{path}", path)


def _server(settings: Settings, domain: DomainName) -> _Server | None:
    """By `exports.sources`, else by the settings of the domain; None where neither says it."""
    source, ours = _source(settings, domain), settings.domain(domain)
    if source is not None:
        return _Server(source.mailboxes, source.secret)
    if ours is None or ours.seen is None:
        return None
    secret = ours.mailboxes_secret or settings.quota.imap.secret
    return _Server(ours.seen, secret if isinstance(ours.seen, ImapMailboxes) else None)


def _source(settings: Settings, domain: DomainName) -> ExportSource | None:
    """The entry of a domain, else the nearest `*.` above it."""
    sources, above = settings.exports.sources or {}, domain.ascii
    found = sources.get(above)
    while found is None and "." in above:
        above = above.partition(".")[2]
        found = sources.get(f"*.{above}")
    return found


def _as_itself(url: MailboxUrl, mailbox: Address) -> MailboxUrl:
    if not isinstance(url, ImapUrl):
        raise Refused("a Maildir has no password", "leave --secret out")
    return replace(url, user=url.authz or str(mailbox), authz="")
