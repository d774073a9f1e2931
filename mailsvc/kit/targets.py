"""Where mail is delivered, as the settings name it.

    maildir:/srv/mail/{domain}/{user}            Maildir folders
    smtp://mx.provider.example:25?tls=required   one next hop by SMTP
    lmtp://store.provider.example:24             a store by LMTP, or lmtp:/run/dovecot/lmtp by its socket
    mx:                                          outward only: each domain's own servers, found by DNS

`Deliver` and, for mail that leaves, `DeliverOutward` are the pydantic types; they read the text and print it back.
A relative path starts at the settings file's folder. What cannot be read raises `Wrong`, a ValueError with a remedy.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import PlainSerializer, PlainValidator, ValidationInfo

from mailsvc.kit.paths import under_folder
from mailsvc.kit.redaction import blank_urls
from schedules.names import BadName, DomainName
from schedules.positions import Wrong

_REMEDY = "write `maildir:/srv/mail/{domain}/{user}`, `smtp://HOST:PORT`, `lmtp://HOST:PORT` or `lmtp:/PATH/SOCKET`"
_FILLED_IN = re.compile(r"\{(domain|user)\}")
_FIELD = re.compile(r"\{([^{}]*)\}")


class HopTls(StrEnum):
    """How a connection to a next hop is protected."""

    NONE = "none"  # never, for a hop on the same machine or a closed network
    STARTTLS = "starttls"  # when the hop offers it, its name unchecked (RFC 3207)
    REQUIRED = "required"  # always, its certificate checked against its name


@dataclass(frozen=True, slots=True)
class MaildirTarget:
    """Maildir folders, one for each address; `{domain}` and `{user}` are filled in."""

    template: str

    def folder(self, domain: str, user: str) -> Path:
        """The Maildir of `user`, whose name the caller has made safe for a file system.

        Raises ValueError for a name that would leave its place.
        """
        for part in (domain, user):
            if not part or part in {".", ".."} or "/" in part or "\0" in part:
                raise ValueError(f"{part!r} cannot be the name of a folder")
        return Path(_FILLED_IN.sub(lambda match: domain if match[1] == "domain" else user, self.template))

    def __str__(self) -> str:
        return f"maildir:{self.template}"


@dataclass(frozen=True, slots=True)
class SmtpTarget:
    """A next hop by SMTP: a host name or IP address (IPv6 without brackets) and its port."""

    host: str
    port: int
    tls: HopTls = HopTls.STARTTLS

    def __str__(self) -> str:
        return f"smtp://{_bracketed(self.host)}:{self.port}" + (
            "" if self.tls is HopTls.STARTTLS else f"?tls={self.tls}"
        )


@dataclass(frozen=True, slots=True)
class LmtpTarget:
    """A store by LMTP (RFC 2033): a host name or IP address (IPv6 without brackets) and its port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"lmtp://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class LmtpSocket:
    """A store by LMTP on this machine, at a socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"lmtp:{self.path}"


@dataclass(frozen=True, slots=True)
class MxTarget:
    """The mail servers that DNS names for the recipient's domain (RFC 5321 5.1)."""

    port: int = 25  # another one is for rehearsals in a network of one's own

    def __str__(self) -> str:
        return "mx:" if self.port == 25 else f"mx:{self.port}"


Hosting = MaildirTarget | SmtpTarget | LmtpTarget | LmtpSocket  # what a domain of ours can have
Target = Hosting | MxTarget


def parse_target(text: str, folder: Path | None = None) -> Target:
    """Read a place to deliver to; a relative path is taken below `folder`. Raises Wrong."""
    scheme, _, rest = text.partition(":")
    if scheme == "maildir":
        return _maildir(rest, text, folder)
    if scheme == "mx":
        return _exchanges(rest, text)
    if scheme == "lmtp" and not rest.startswith("//"):
        return _socket(rest, text, folder)
    return _hop(text)


def _hop(text: str) -> SmtpTarget | LmtpTarget:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise _no_target(text) from None
    if url.scheme not in {"smtp", "lmtp"} or not url.hostname or url.path or url.fragment:
        raise _no_target(text)
    if url.username is not None:
        remedy = f"write `{url.scheme}://{url.hostname}:25`, passwords do not stand in settings"
        raise Wrong("the next hop names a user", remedy)
    host = _host(url.hostname, text)
    if url.scheme == "smtp":
        return SmtpTarget(host, 25 if port is None else port, _tls(url, text))
    if url.query or port is None:
        raise _no_target(text)  # RFC 2033 5: LMTP has no port of its own, and never SMTP's
    return LmtpTarget(host, port)


def _exchanges(rest: str, text: str) -> MxTarget:
    if not rest:
        return MxTarget()
    if not (rest.isascii() and rest.isdigit() and 0 < int(rest[:6]) <= 65_535):
        raise Wrong(f"{text!r} is no place to deliver to", "write `mx:` for the servers that DNS names")
    return MxTarget(int(rest))


def _socket(rest: str, text: str, folder: Path | None) -> LmtpSocket:
    if not rest.strip() or "\0" in rest or rest.startswith("~") or ".." in Path(rest).parts:
        raise _no_target(text)
    return LmtpSocket(str(folder / rest if folder else Path(rest)))


def _no_target(text: str) -> Wrong:
    return Wrong(f"{blank_urls(text)!r} is no place to deliver to", _REMEDY)


def _maildir(template: str, text: str, folder: Path | None) -> MaildirTarget:
    unknown = {field for field in _FIELD.findall(template) if field not in {"domain", "user"}}
    bare = _FIELD.sub("", template)
    if unknown or "{" in bare or "}" in bare:
        raise Wrong(f"{text!r} has a field that is not known", "only {domain} and {user} are filled in")
    if not template.strip() or "\0" in template or template.startswith("~") or ".." in Path(template).parts:
        raise _no_target(text)
    if "{user}" not in template:
        raise Wrong(f"{text!r} would put everybody's mail into one Maildir", "write {user} where the names go")
    path = folder / template if folder else Path(template)
    return MaildirTarget(str(path))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host(host: str, text: str) -> str:
    if ":" in host:
        return host
    try:
        return DomainName.parse(host).ascii
    except BadName:
        raise _no_target(text) from None


def _tls(url: SplitResult, text: str) -> HopTls:
    wishes = parse_qs(url.query, keep_blank_values=True)
    tls = wishes.pop("tls", [HopTls.STARTTLS])
    if wishes or len(tls) != 1 or tls[0] not in list(HopTls):
        raise Wrong(
            f"{blank_urls(text)!r} asks for what is not known", "write `?tls=none`, `?tls=starttls` or `?tls=required`"
        )
    return HopTls(tls[0])


def _read_outward(value: object, info: ValidationInfo) -> Target:
    if isinstance(value, Target):
        return value
    if not isinstance(value, str):
        raise _no_target(str(value))
    here = under_folder(Path(), info)
    return parse_target(value, here if here.is_absolute() else None)


def _read(value: object, info: ValidationInfo) -> Hosting:
    target = _read_outward(value, info)
    if isinstance(target, MxTarget):
        raise Wrong("a domain of ours has its mail here, not where DNS says", _REMEDY)
    return target


def read_maildir(value: object, info: ValidationInfo) -> MaildirTarget:
    """Read a place in the settings that is a Maildir. Raises Wrong."""
    target = _read_outward(value, info)
    if not isinstance(target, MaildirTarget):
        raise Wrong(f"{value!r} is no Maildir", "write `maildir:/srv/mail/{domain}/{user}`")
    return target


Deliver = Annotated[Hosting, PlainValidator(_read), PlainSerializer(str, return_type=str, when_used="always")]
DeliverOutward = Annotated[
    Target, PlainValidator(_read_outward), PlainSerializer(str, return_type=str, when_used="always")
]
Maildirs = Annotated[MaildirTarget, PlainValidator(read_maildir), PlainSerializer(str, return_type=str)]
