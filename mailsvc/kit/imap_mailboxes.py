"""Where the mailboxes of a domain are on an IMAP server, as the settings say it, for asking how full they are.

    imaps://lastpost@imap.provider.example?authz={user}@{domain}      a master user acts for each mailbox
    imaps://{user}%40{domain}%2Alastpost@imap.provider.example        Dovecot's own form of the same

`{user}` and `{domain}` are filled in by `mailbox`; the rest is a URL as `mailbox_urls` reads it, of a password, never a
token. `Mailboxes` is the pydantic type that reads such a place or a Maildir. What cannot be read raises `Wrong`, and a
password in a URL is not repeated.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import PlainSerializer, PlainValidator, ValidationInfo

from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, parse_mailbox
from mailsvc.kit.paths import under_folder
from mailsvc.kit.targets import MaildirTarget, read_maildir
from schedules.positions import Wrong

_REMEDY = "write `imaps://MASTER@HOST?authz={user}@{domain}`; the password of MASTER stands in a file of its own"
_FIELD = re.compile(r"\{([^{}]*)\}")
_SAFE = "!$'()*,-._~@{}"


@dataclass(frozen=True, slots=True)
class ImapMailboxes:
    """The mailboxes of one server. `url` is of no mailbox yet: its `user` or `authz` has fields to be filled in."""

    url: ImapUrl

    def mailbox(self, domain: str, user: str) -> ImapUrl:
        """The mailbox of a user."""
        parts = {"domain": domain, "user": user}

        def filled(text: str) -> str:
            return _FIELD.sub(lambda found: parts[found[1]], text)

        return replace(self.url, user=filled(self.url.user), authz=filled(self.url.authz))

    @property
    def server(self) -> str:
        """The server, for people."""
        return f"{self.url.host}:{self.url.port}"

    @property
    def tells_domains_apart(self) -> bool:
        """Whether the same user of two domains has two mailboxes."""
        return "{domain}" in self.url.user + self.url.authz

    def __str__(self) -> str:
        url = self.url
        host = f"[{url.host}]" if ":" in url.host else url.host
        wishes = {
            "tls": "none" if url.tls is MailboxTls.NONE else "",
            "authz": quote(url.authz, safe=_SAFE),
            "ca": quote(str(url.ca), safe="/" + _SAFE) if url.ca else "",
        }
        said = "&".join(f"{name}={value}" for name, value in wishes.items() if value)
        scheme = "imaps" if url.tls is MailboxTls.TLS else "imap"
        user = quote(url.user, safe=_SAFE.replace("@", ""))
        return f"{scheme}://{user}@{host}:{url.port}" + (f"?{said}" if said else "")


def parse_imap_mailboxes(text: str, folder: Path | None = None) -> ImapMailboxes:
    """Read where mailboxes are; a relative path of certificates is taken below `folder`. Raises Wrong."""
    try:
        url = parse_mailbox(text)
    except Wrong as wrong:
        raise Wrong(wrong.what, _REMEDY) from None
    if not isinstance(url, ImapUrl) or url.token:
        raise Wrong("mailboxes are opened by a password, not by a token", _REMEDY)
    fields = _FIELD.findall(url.user) + _FIELD.findall(url.authz)
    bare = _FIELD.sub("", url.user + url.authz)
    if set(fields) - {"domain", "user"} or "{" in bare or "}" in bare:
        raise Wrong("the mailboxes have a field that is not known", "only {domain} and {user} are filled in")
    if "user" not in fields:
        raise Wrong("everybody would have the same mailbox", _REMEDY)
    ca = folder / url.ca if folder and url.ca else url.ca
    return ImapMailboxes(replace(url, ca=ca))


def _read(value: object, info: ValidationInfo) -> "MaildirTarget | ImapMailboxes":
    if isinstance(value, ImapMailboxes):
        return value
    if isinstance(value, str) and value.startswith(("imap:", "imaps:")):
        here = under_folder(Path(), info)
        return parse_imap_mailboxes(value, here if here.is_absolute() else None)
    return read_maildir(value, info)


Mailboxes = Annotated[MaildirTarget | ImapMailboxes, PlainValidator(_read), PlainSerializer(str, return_type=str)]
