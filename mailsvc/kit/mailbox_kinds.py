"""What a mailbox can be: on a server, or files of this machine. `mailbox_urls.py` reads them as a person types them.

    str(url)                        # names the mailbox, without what changes only the way to it
    written(url)                    # with all of that, to be kept and read again
    known_as(url)                   # names it whoever opens it: itself, or a master user
    same_mailbox(one, other)        # whether a move between them would go in a circle

Pure; raises nothing.
"""

import ipaddress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import assert_never
from urllib.parse import quote

_PORTS = frozenset({143, 993})
SAFE = "!$'()*,-._~"  # signs that stand in a URL's part as they are


class MailboxTls(StrEnum):
    """How the connection is protected; a certificate is always checked."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A mailbox on a server: a host name or IP address (IPv6 without brackets)."""

    user: str
    host: str
    port: int
    tls: MailboxTls
    authz: str = ""  # whose mailbox it is, where `user` may act for others
    ca: Path | None = None
    token: bool = False  # the secret is an OAuth access token
    compress: bool = False  # COMPRESS=DEFLATE (RFC 4978) where it is offered

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        authz = f"?authz={quote(self.authz, safe=SAFE)}" if self.authz else ""
        secure = "s" if self.tls is MailboxTls.TLS else ""
        return f"{self.scheme}{secure}://{quote(self.user, safe=SAFE)}@{host}:{self.port}{authz}"

    @property
    def scheme(self) -> str:
        """The protocol, without what secures it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ImapUrl(ServerUrl):
    """A mailbox on an IMAP server."""

    @property
    def scheme(self) -> str:
        """The protocol."""
        return "imap"


@dataclass(frozen=True, slots=True)
class Pop3Url(ServerUrl):
    """A maildrop on a POP3 server: it can be read, and nothing be put into it."""

    @property
    def scheme(self) -> str:
        """The protocol."""
        return "pop3"


@dataclass(frozen=True, slots=True)
class MaildirUrl:
    """A Maildir of this machine."""

    path: Path

    def __str__(self) -> str:
        return f"maildir:{self.path}"


@dataclass(frozen=True, slots=True)
class MboxUrl:
    """mbox files of this machine."""

    path: Path

    def __str__(self) -> str:
        return f"mbox:{self.path}"


@dataclass(frozen=True, slots=True)
class ZipUrl:
    """An archive of this machine, by its first part."""

    path: Path
    viewer: bool = True  # whether what is put into it can be read in a browser

    def __str__(self) -> str:
        return f"zip:{self.path}"


MailboxUrl = ImapUrl | Pop3Url | MaildirUrl | MboxUrl | ZipUrl


def same_mailbox(one: MailboxUrl, other: MailboxUrl) -> bool:
    """Whether two URLs name one mailbox, or files within the other, however they are written.

    An IMAP server answers at both of its ports; whether two names are one machine, nobody knows here.
    """
    match one, other:
        case (MaildirUrl(here), MaildirUrl(there)) | (MboxUrl(here), MboxUrl(there)):
            return here.is_relative_to(there) or there.is_relative_to(here)
        case ZipUrl(), ZipUrl():
            return one.path == other.path
        case ImapUrl(), ImapUrl():
            return _owner(one) == _owner(other) and _place(one) == _place(other)
        case _:
            return False


def written(url: MailboxUrl) -> str:
    """A mailbox with every wish about the way to it, as `parse_mailbox` reads it: what is kept to be opened later."""
    match url:
        case ServerUrl():
            named, asked, authz = str(url).partition("?")
            wishes = [f"ca={quote(str(url.ca), safe=f'/{SAFE}')}"] if url.ca else []
            wishes += ["tls=none"] if url.tls is MailboxTls.NONE else []
            wishes += ["auth=token"] if url.token else []
            wishes += ["compress=deflate"] if url.compress else []
            return "?".join(filter(None, (named, "&".join([authz] * bool(asked) + wishes))))
        case ZipUrl():
            return str(url) if url.viewer else f"{url}?viewer=no"
        case MaildirUrl() | MboxUrl():
            return str(url)
        case _ as never:
            assert_never(never)


def known_as(url: MailboxUrl) -> str:
    """The name by which a mailbox is known again, by whomever it is opened."""
    return str(replace(url, user=url.authz or url.user, authz="") if isinstance(url, ImapUrl) else url)


def _owner(url: ImapUrl) -> str:
    return (url.authz or url.user).casefold()


def _place(url: ImapUrl) -> tuple[str, int]:
    host = "localhost" if is_loopback(url.host) else url.host
    return host, 0 if url.port in _PORTS else url.port


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for certain."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
