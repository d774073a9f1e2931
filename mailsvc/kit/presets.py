"""Large providers: where their mailboxes are, how one logs in, and how much they bear.

    preset = preset_of("imap.gmail.com")         # GENERIC for a host that is none of theirs
    preset = PRESETS["gmail"]                    # by the word that stands for a host: `gmail:hanako@gmail.com`

Each number has its page and date in docs/PROVIDERS.md. A daily budget is for one mailbox and any 24 hours; it is a
little below what the provider says, since what is on its way when it is used up still arrives. Pure; raises nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

_MB = 1_000_000
_MIB = 1_048_576


class Login(StrEnum):
    """What a provider takes as proof."""

    PASSWORD = "password"  # noqa: S105 - the mailbox's own
    APP_PASSWORD = "app password"  # noqa: S105 - made by its owner for one program, where the own password is not taken
    TOKEN = "token"  # noqa: S105 - of OAuth


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider; None: it says nothing."""

    name: str  # the word that stands for its host in a URL
    title: str
    host: str = ""  # IMAP by TLS, port 993
    also: tuple[str, ...] = ()  # other names of its hosts, POP3 too
    domains: tuple[str, ...] = ()  # of addresses that are surely there
    logins: tuple[Login, ...] = (Login.PASSWORD,)
    sessions: int | None = None  # connections at once that a move may use of one mailbox
    said_sessions: int | None = None  # of those that the provider allows
    per_host: int | None = None  # jobs at once, all workers together; None: as the settings say
    per_minute: int | None = None  # jobs that begin
    down: int | None = None  # octets of a mailbox in 24 hours
    up: int | None = None
    largest: int | None = None  # octets of one message

    @property
    def takes_token_alone(self) -> bool:
        """Whether no password lets anybody in."""
        return self.logins == (Login.TOKEN,)


GENERIC = Preset("generic", "any other IMAP server")
_ALL = (
    Preset(
        "gmail",
        "Gmail and Google Workspace",
        host="imap.gmail.com",
        also=("imap.googlemail.com",),
        domains=("gmail.com", "googlemail.com"),
        logins=(Login.APP_PASSWORD, Login.TOKEN),
        sessions=8,
        said_sessions=10,
        per_minute=30,
        down=2_400 * _MB,
        up=480 * _MB,
        largest=34 * _MIB,
    ),
    Preset(
        "microsoft365",
        "Microsoft 365 (Exchange Online)",
        host="outlook.office365.com",
        also=("imap-mail.outlook.com", "imap.outlook.com", "outlook.office.com"),
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
        logins=(Login.TOKEN,),
        sessions=8,
        said_sessions=20,
        per_minute=30,
        largest=35 * _MIB,
    ),
    Preset(
        "yahoo-japan",
        "Yahoo! Japan",
        host="imap.mail.yahoo.co.jp",
        also=("pop.mail.yahoo.co.jp",),
        domains=("yahoo.co.jp", "ymail.ne.jp"),
        sessions=3,
        per_host=4,
        per_minute=12,
    ),
    Preset(
        "icloud",
        "iCloud Mail",
        host="imap.mail.me.com",
        domains=("icloud.com", "me.com", "mac.com"),
        logins=(Login.APP_PASSWORD,),
        sessions=3,
        per_host=4,
        per_minute=12,
        largest=20 * _MIB,
    ),
    Preset(
        "fastmail",
        "Fastmail",
        host="imap.fastmail.com",
        also=("pop.fastmail.com", "mail.messagingengine.com"),
        domains=("fastmail.com", "fastmail.fm"),
        logins=(Login.APP_PASSWORD,),
        sessions=4,
        per_host=8,
        per_minute=30,
    ),
)
PRESETS: Mapping[str, Preset] = MappingProxyType({one.name: one for one in _ALL})
GMAIL_BY_POP3 = replace(PRESETS["gmail"], host="pop.gmail.com", also=(), down=1_200 * _MB)  # half of what IMAP gives
_OF_HOST = {host: one for one in (*_ALL, GMAIL_BY_POP3) for host in (one.host, *one.also)}
_OF_DOMAIN = {domain: one for one in _ALL for domain in one.domains}


def preset_of(host: str) -> Preset:
    """The provider that a host is of, in lower case; GENERIC where it is nobody's."""
    return _OF_HOST.get(host, GENERIC)


def preset_of_domain(domain: str) -> Preset | None:
    """The provider where the addresses of a domain surely are."""
    return _OF_DOMAIN.get(domain)
