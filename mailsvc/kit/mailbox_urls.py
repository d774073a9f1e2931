"""Where a mailbox is, as a person types it.

    imaps://hanako%40old.example@imap.old.example          TLS, port 993
    imap://hanako@imap.old.example:1143                    STARTTLS, port 143
    imap://hanako@127.0.0.1?tls=none                       in clear: loopback alone, or by `insecure`
    imaps://master@imap.old.example?authz=hanako           a master user's password, hanako's mailbox
    imaps://hanako@imap.old.example?ca=/etc/ssl/old.pem    verified by these certificates
    imaps://hanako@imap.old.example?auth=token             the secret is an OAuth access token
    imaps://hanako@imap.old.example?compress=deflate       deflated where the server offers it: for slow links
    gmail:hanako@gmail.com                                 at a provider of `presets`, whose host is known
    pop3s://hanako@pop.old.example                         POP3 by TLS, port 995; pop3:// by STLS, port 110
    maildir:/srv/mail/hanako                               a folder of this machine
    mbox:/srv/exports/hanako                               a folder of mbox files; to be read, also a single file
    zip:/srv/exports/hanako.zip                            an archive, and its further parts hanako-2.zip …
    zip:/srv/exports/hanako.zip?viewer=no                  without pages to read it in a browser

`parse_mailbox(text)` reads one into what `mailbox_kinds.py` knows. What cannot be read raises `Wrong`, a ValueError
with a remedy. A password in a URL is refused and not repeated.
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from mailsvc.kit.mailbox_kinds import (
    SAFE,
    ImapUrl,
    MailboxTls,
    MailboxUrl,
    MaildirUrl,
    MboxUrl,
    Pop3Url,
    ServerUrl,
    ZipUrl,
    is_loopback,
    known_as,
    same_mailbox,
    written,
)
from mailsvc.kit.presets import PRESETS, Preset
from schedules.names import BadName, DomainName
from schedules.positions import Wrong

__all__ = [
    "ImapUrl",
    "MailboxTls",
    "MailboxUrl",
    "MaildirUrl",
    "MboxUrl",
    "Pop3Url",
    "ServerUrl",
    "ZipUrl",
    "known_as",
    "parse_mailbox",
    "same_mailbox",
    "written",
]

_REMEDY = (
    "write `imaps://USER@HOST`, `imap://USER@HOST`, `pop3s://USER@HOST`, `maildir:PATH`, `mbox:PATH`, `zip:PATH.zip`"
)
_URL = re.compile(
    r"(?P<scheme>imaps?|pop3s?)://(?:(?P<user>[^@/?#]*)@)?(?P<host>\[[^\]/?#@]*\]|[^@:/?#\[\]]+)(?::(?P<port>[0-9]{1,5}))?/?"
    r"(?:\?(?P<wishes>[^#]*))?",
    re.ASCII,
)
_PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_WISHES = frozenset({"tls", "authz", "ca", "auth", "compress"})


def parse_mailbox(text: str, *, insecure: bool = False) -> MailboxUrl:
    """Read where a mailbox is; `insecure` lets passwords and mail pass in clear to another machine. Raises Wrong."""
    scheme, _, rest = text.partition(":")
    if scheme == "maildir":
        return MaildirUrl(_path(rest, "Maildir"))
    if scheme == "mbox":
        return MboxUrl(_path(rest, "mbox"))
    if scheme == "zip":
        return _zip(rest)
    if scheme in PRESETS:
        text, scheme = _at_provider(PRESETS[scheme], rest), "imaps"
    if scheme not in _PORTS:
        raise Wrong("there is no mailbox of that kind", _REMEDY)
    url = _server(text)
    if url.tls is MailboxTls.NONE and not insecure and not is_loopback(url.host):
        raise Wrong(
            f"password and mail would go to {url.host} in clear", "leave `tls=none` out, or allow it with `--insecure`"
        )
    return url


def _path(rest: str, kind: str) -> Path:
    if not rest.strip() or "\0" in rest or rest.startswith("~"):
        raise Wrong(f"that is no {kind}", f"write `{kind.lower()}:PATH`, a path that does not begin with ~")
    return Path(rest).resolve()


def _zip(rest: str) -> ZipUrl:
    path, asked, wish = rest.partition("?viewer=")
    if not path.lower().endswith(".zip") or "\0" in path or path.startswith("~") or not Path(path).suffix:
        raise Wrong("that is no archive", "write `zip:PATH.zip`, a path that does not begin with ~")
    if asked and wish not in {"no", "yes"}:
        raise Wrong(f"an archive has no viewer {wish!r}", "write `?viewer=no` for messages alone, or leave it out")
    return ZipUrl(Path(path).resolve(), wish != "no")


def _at_provider(preset: Preset, rest: str) -> str:
    """The URL that a provider's name and a user stand for."""
    user, _, wishes = rest.partition("?")
    if not user or ":" in user or "/" in user:
        raise Wrong(
            f"that is no mailbox at {preset.title}", f"write `{preset.name}:USER`, the name as it is typed to log in"
        )
    if preset.takes_token_alone and "auth=" not in wishes:
        wishes = f"{wishes}&auth=token" if wishes else "auth=token"
    return f"imaps://{quote(unquote(user), safe=SAFE)}@{preset.host}" + (f"?{wishes}" if wishes else "")


def _server(text: str) -> ImapUrl | Pop3Url:
    _check_user(text)
    found = _URL.fullmatch(text)
    if found is None:
        raise Wrong("that is no mailbox", _REMEDY)
    scheme, port = found["scheme"], int(found["port"] or _PORTS[found["scheme"]])
    if not 0 < port <= 65_535:
        raise Wrong(f"{port} is no port", "write a port from 1 to 65535, or none")
    if not found["user"]:
        raise Wrong("the mailbox names no user", _REMEDY)
    wishes = _wishes(found["wishes"] or "")
    if "authz" in wishes and wishes.get("auth") == "token":
        raise Wrong("a token opens the mailbox of its own user alone", "leave `authz=` or `auth=token` out")
    kind = Pop3Url if scheme.startswith("pop3") else ImapUrl
    return kind(
        user=_plain(found["user"], "user"),
        host=_host(found["host"]),
        port=port,
        tls=_tls(scheme, wishes),
        authz=wishes.get("authz", ""),
        ca=Path(wishes["ca"]) if "ca" in wishes else None,
        token=_chosen(wishes, "auth", "token", without="password"),
        compress=_chosen(wishes, "compress", "deflate", without="none"),
    )


def _check_user(text: str) -> None:
    """Say what is wrong with the part in front of the host before anything is repeated."""
    before, at, _ = text.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")
    if at and ":" in before:
        raise Wrong(
            "the URL holds a password, which others can see in the list of processes",
            "write `USER@HOST` and put the password into a file for `--from-secret` or `--to-secret`",
        )
    if "@" in before:
        raise Wrong("the user's name holds an @", f"write it as {quote(unquote(before), safe=SAFE)}")


def _wishes(text: str) -> Mapping[str, str]:
    """What stands behind the question mark, decoded once; a plus is a plus."""
    found: dict[str, str] = {}
    for one in text.split("&") if text else ():
        name, equals, value = one.partition("=")
        if name not in _WISHES or name in found or not equals or not value:
            by = f" by `{name}=`" if equals and name.isalpha() else ""
            raise Wrong(
                f"the URL asks{by} for what is not known",
                "write `?ca=FILE`, `?authz=USER`, `?auth=token`, `?compress=deflate`, `?tls=none`, joined by &",
            )
        found[name] = _plain(value, name)
    return found


def _tls(scheme: str, wishes: Mapping[str, str]) -> MailboxTls:
    said, plain = wishes.get("tls"), scheme.removesuffix("s")
    if said is None:
        return MailboxTls.TLS if scheme.endswith("s") else MailboxTls.STARTTLS
    if said != MailboxTls.NONE or scheme.endswith("s"):
        upgraded = "STLS" if plain == "pop3" else "STARTTLS"
        raise Wrong(
            f"`tls={_repeated(said)}` cannot be asked of {scheme}://",
            f"write {plain}s:// for TLS, {plain}:// for {upgraded}, or {plain}://…?tls=none",
        )
    return MailboxTls.NONE


def _chosen(wishes: Mapping[str, str], name: str, wish: str, *, without: str) -> bool:
    """Whether the URL asks for `wish` under this name; what stands there `without` it may be written too."""
    said = wishes.get(name, without)
    if said not in {wish, without}:
        raise Wrong(f"there is no `{name}={_repeated(said)}`", f"write `{name}={wish}`, or leave it out")
    return said == wish


def _repeated(said: str) -> str:
    """A word that somebody chose; what is longer may be a secret in the wrong place, and is not repeated."""
    return said if re.fullmatch("[a-z]{1,12}", said) else "…"


def _plain(text: str, name: str) -> str:
    try:
        said = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Wrong(f"the {name} is no UTF-8 text", "write it percent-encoded, as in `hanako%40old.example`") from None
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in said):
        raise Wrong(f"the {name} holds control characters", "write the name as the server knows it")
    return said


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise Wrong(f"{host} is no address", "write an IPv6 address in brackets, as in `[2001:db8::1]`") from None
    try:
        return str(ipaddress.IPv4Address(host)) if host[-1].isdigit() else _named(host)
    except ValueError:
        raise Wrong(f"{host!r} is no name of a host", _REMEDY) from None


def _named(host: str) -> str:
    host = host.removesuffix(".")
    if "." not in host:
        if not _LABEL.fullmatch(host):
            raise ValueError("a name of letters, digits and hyphens is wanted")
        return host.lower()
    try:
        return DomainName.parse(host).ascii
    except BadName as bad:
        raise ValueError(str(bad)) from None
