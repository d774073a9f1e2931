"""Where an export reads, where it writes, and what opens the old server.

    place = place_of(settings, mailbox)                 # a mailbox as a URL; raises Refused where none is named
    made = made_at(folder, mailbox, ExportForm.ZIP)     # the same for the same mailbox and form, each time
    secret_of(settings, environ, job)                   # the master user's password, for whoever carries jobs out

The master user's password never enters the records: the service reads it from the settings when it opens a mailbox.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from mailsvc.desk.refusals import Refused
from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MailboxUrl, MaildirUrl
from mailsvc.kit.secrets import Secret
from mailsvc.kit.settings import ExportSource, Settings
from mailsvc.kit.targets import MaildirTarget
from mailsvc.records.exports import ExportForm
from mailsvc.records.job import Job, JobKind
from migrator.maildir.names import safe_user
from schedules.names import Address, DomainName

_UNPLAIN = re.compile(r"[^a-z0-9._-]+")
_LONGEST = 40  # of a name in a path


@dataclass(frozen=True, slots=True)
class Made:
    """What an export makes: the `target` of its job, and the file or folder that comes of it."""

    target: str
    path: Path


def place_of(settings: Settings, mailbox: Address, *, own_password: bool = False) -> MailboxUrl:
    """Where a mailbox is read; with its `own_password` it is opened as itself. Raises Refused."""
    url = _place(settings, mailbox)
    if url is None:
        raise Refused(
            f"the settings do not say where the mailboxes of {mailbox.domain} are read",
            f"write `exports.sources`, an entry {mailbox.domain} with its `mailboxes`",
        )
    if own_password:
        return _as_itself(url, mailbox)
    source = _source(settings, mailbox.domain)
    if isinstance(url, ImapUrl) and (source is None or source.secret is None):
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
    source, url = _source(settings, mailbox.domain), _place(settings, mailbox)
    if source is None or source.secret is None or not isinstance(url, ImapUrl) or job.source != written(url):
        return None
    return source.secret.resolve(environ)


def written(url: MailboxUrl) -> str:
    """A mailbox with the way to it, as a job keeps it: `str` leaves out what names no mailbox."""
    if not isinstance(url, ImapUrl):
        return str(url)
    wishes = {
        "tls": "none" if url.tls is MailboxTls.NONE else "",
        "authz": quote(url.authz, safe=""),
        "ca": quote(str(url.ca), safe="/") if url.ca else "",
    }
    host = f"[{url.host}]" if ":" in url.host else url.host
    said = "&".join(f"{name}={wish}" for name, wish in wishes.items() if wish)
    scheme = "imaps" if url.tls is MailboxTls.TLS else "imap"
    return f"{scheme}://{quote(url.user, safe='')}@{host}:{url.port}" + (f"?{said}" if said else "")


def made_at(folder: Path, mailbox: Address, form: ExportForm) -> Made:
    """Where an export of a mailbox is written. Two mailboxes never meet, whatever their names."""
    plain = _UNPLAIN.sub("-", mailbox.key)[:_LONGEST].strip(".-") or "mail"
    unique = hashlib.sha256(mailbox.key.encode()).hexdigest()[:16]
    home = folder / mailbox.domain.ascii / f"{plain}-{unique}"
    names = {
        ExportForm.ZIP: f"mail-{plain}-{mailbox.domain.ascii}.zip",
        ExportForm.MBOX: "mbox",
        ExportForm.MAILDIR: "Maildir",
    }
    path = home / names[form]
    return Made(f"{form}:{path}", path)


def _place(settings: Settings, mailbox: Address) -> MailboxUrl | None:
    source, domain = _source(settings, mailbox.domain), settings.domain(mailbox.domain)
    mailboxes = source.mailboxes if source else domain.maildirs if domain else None
    match mailboxes:
        case ImapMailboxes():
            return mailboxes.mailbox(mailbox.domain.ascii, mailbox.local)
        case MaildirTarget():
            return MaildirUrl(mailboxes.folder(mailbox.domain.ascii, safe_user(mailbox.local)).resolve())
        case None:
            return None


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
