"""What subscribers take home: where exports are kept, who may fetch them and for how long, where mail is read.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from mailsvc.kit.endpoints import ListenOn
from mailsvc.kit.imap_mailboxes import ImapMailboxes, Mailboxes
from mailsvc.kit.paths import FilePath
from mailsvc.kit.quantities import Duration, parse_duration
from mailsvc.kit.rates import Rate, RateLimit
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.words import AnyNetwork, DomainPattern, PageUrl, Section
from schedules.positions import Wrong


class ExportSource(Section):
    """Where the mailboxes of one domain are read."""

    mailboxes: Mailboxes = Field(
        description=(
            "imaps://MASTER@HOST?authz={user}@{domain} (imap:// for STARTTLS, ?ca=FILE), or "
            "maildir:/PATH/{domain}/{user}."
        ),
        examples=["imaps://lastpost@imap.provider.example?authz={user}@{domain}"],
    )
    secret: SecretSource | None = Field(
        default=None,
        description="Password of MASTER: `{file: PATH}` or `{env: NAME}`; left out, each subscriber's own is asked.",
        examples=[{"file": "/etc/lastpost/imap.password"}],
    )

    @field_validator("secret")
    @classmethod
    def _secret_of_imap(cls, secret: SecretSource | None, info: ValidationInfo) -> SecretSource | None:
        if secret is not None and "mailboxes" in info.data and not isinstance(info.data["mailboxes"], ImapMailboxes):
            raise Wrong("there is nothing to open with it", "remove it, or let `mailboxes` name an IMAP server")
        return secret


class ExportSettings(Section):
    """What subscribers take home, and how they fetch it."""

    folder: FilePath | None = Field(
        default=None,
        description="Folder for what was exported, made with mode 0700; left out, nothing is exported.",
        examples=["/var/lib/lastpost/exports"],
    )
    sources: Mapping[DomainPattern, ExportSource] | None = Field(
        default=None,
        description=(
            'Where mailboxes are read, if elsewhere than `domains` says, by domain or "*.NAME": '
            "`{NAME: {mailboxes: URL, secret: {file: PATH}}}`."
        ),
    )
    public_url: PageUrl = Field(
        default="",
        description="https://HOST under which subscribers reach this service; left out, no links are made.",
    )
    listen: ListenOn | None = Field(
        default=None,
        description="Address and port of its own for links, IP:PORT; left out, they are served where /healthz is.",
        examples=["127.0.0.1:8026"],
    )
    proxies: tuple[AnyNetwork, ...] = Field(
        default=(ip_network("127.0.0.1/32"), ip_network("::1/128")),
        description="Reverse proxies whose X-Forwarded-For is believed: [ADDRESS/PREFIX, ...].",
    )
    link: Duration = Field(default=parse_duration("30 days"), gt=timedelta(), description="How long a link lives.")
    keep: Duration = Field(
        default=parse_duration("30 days"),
        description="How long files stay on the disk when the last link to them has ended, or none was made.",
    )
    session: Duration = Field(
        default=parse_duration("1 h"),
        gt=timedelta(),
        le=timedelta(days=1),
        description="How long a link stays open behind its button, counted anew with each download.",
    )
    tries: RateLimit = Field(
        default=Rate.parse("30/10 min"),
        description="Links that may turn out to be none, per network of clients (IPv4 /24, IPv6 /56), before 429.",
    )
    extend_at_most: Duration = Field(
        default=parse_duration("14 days"),
        description="How much longer than its export-end a plan gives an export that runs then; 0 none.",
    )

    @field_validator("public_url")
    @classmethod
    def _a_host_alone(cls, url: str) -> str:
        place = urlsplit(url)
        if place.path.strip("/") or place.query or place.fragment:
            raise Wrong(f"{url!r} has more than a host", "write `https://HOST`: what stands behind it is ours")
        return url.rstrip("/")

    @property
    def is_protected(self) -> bool:
        """Whether subscribers come by TLS."""
        return self.public_url.startswith("https:")
