"""The sections of the settings file but the gateway's: each a frozen record whose fields say what they mean.

What one section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from mailsvc.kit.endpoints import Endpoint, ListenOn
from mailsvc.kit.paths import FilePath
from mailsvc.kit.quantities import Duration, Size, parse_duration, parse_size
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.databases import DatabaseUrl
from mailsvc.kit.settings.words import AnyNetwork, HostName, MailAddress, Section, ZoneName
from mailsvc.kit.targets import Deliver, Maildirs, MaildirTarget
from schedules.yamlfile import Wrong


class Purpose(StrEnum):
    """What an installation is for; only a demo or a test may move its clock."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class LogLevel(StrEnum):
    """From which weight on a log line is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogForm(StrEnum):
    """How a log line looks."""

    AUTO = "auto"  # for a person on a terminal, JSON elsewhere
    JSON = "json"
    CONSOLE = "console"


class Service(Section):
    """Who runs this installation, and what for."""

    purpose: Purpose = Field(
        default=Purpose.PRODUCTION,
        description="production, demo or test. Only demo and test honour a clock file; production is checked strictly.",
    )
    hostname: HostName = Field(
        description="Name of this gateway in its SMTP greeting and in Received lines (RFC 5321 4.1.3).",
        examples=["mx.provider.example"],
    )
    administrators: tuple[MailAddress, ...] = Field(
        default=(),
        description="Who gets a letter at each stage of a plan: in production at least one, on a domain that survives.",
        examples=[["postmaster@surviving.example"]],
    )
    letters_from: MailAddress | None = Field(
        default=None,
        description="From address of letters, on a domain that survives; left out, postmaster at the host name.",
        examples=["goodbye@surviving.example"],
    )
    notice_url: str = Field(
        default="",
        pattern=r"^(?:https?://[!-~]{1,200})?$",
        description="Page that tells senders about the end, where a plan names none of its own; written into refusals.",
        examples=["https://www.provider.example/mail-end"],
    )
    zone: ZoneName = Field(default="Asia/Tokyo", description="Time zone of dates that no plan speaks about.")

    @field_validator("hostname")
    @classmethod
    def _hostname_of_production(cls, hostname: str, info: ValidationInfo) -> str:
        if info.data.get("purpose") is Purpose.PRODUCTION and "." not in hostname:
            raise Wrong(
                f"{hostname!r} is not a full name", "write the name other servers find this one by, with its domain"
            )
        return hostname

    @field_validator("administrators")
    @classmethod
    def _administrators_of_production(
        cls, administrators: tuple[object, ...], info: ValidationInfo
    ) -> tuple[object, ...]:
        if info.data.get("purpose") is Purpose.PRODUCTION and not administrators:
            raise Wrong("production has no administrators", "name at least one address that reads letters")
        return administrators

    @property
    def zoneinfo(self) -> ZoneInfo:
        """`zone`, ready for use with datetimes."""
        return ZoneInfo(self.zone)


class RecordsSettings(Section):
    """Where everything that must survive a restart is kept."""

    url: DatabaseUrl = Field(
        description="sqlite:///PATH (one machine) or postgresql://USER@HOST/DATABASE (several). Never with a password.",
        examples=["sqlite:////var/lib/lastpost/records.db"],
    )
    password: SecretSource | None = Field(
        default=None,
        description="Password of the PostgreSQL user: `{file: PATH}`, readable by its owner only, or `{env: NAME}`.",
        examples=[{"file": "/etc/lastpost/records.password"}],
    )

    @field_validator("password")
    @classmethod
    def _password_of_sqlite(cls, password: SecretSource | None, info: ValidationInfo) -> SecretSource | None:
        if password is not None and str(info.data.get("url", "")).startswith("sqlite"):
            raise Wrong("SQLite has no password", "remove it; the file's owner and mode protect it")
        return password

    @property
    def is_sqlite(self) -> bool:
        """Whether the records are one SQLite file."""
        return self.url.startswith("sqlite:")


class DomainSettings(Section):
    """One domain of ours, or all below `*.`: where its mail goes and its mailboxes are."""

    deliver: Deliver = Field(
        description="Its mail goes to maildir:/PATH/{domain}/{user} or smtp://HOST:PORT, ?tls=none|starttls|required.",
        examples=["maildir:/srv/mail/{domain}/{user}"],
    )
    mailboxes: Maildirs | None = Field(
        default=None,
        description="Where its mailboxes are for quota, when delivery is by SMTP: maildir:/PATH/{domain}/{user}.",
        examples=["maildir:/srv/mail/{domain}/{user}"],
    )
    plus_addressing: bool = Field(default=True, description="Whether user+anything@ is user@ (RFC 5233).")

    @property
    def maildirs(self) -> MaildirTarget | None:
        """Where the mailboxes are, when they can be seen from here."""
        return self.deliver if isinstance(self.deliver, MaildirTarget) else self.mailboxes


class Outbound(Section):
    """Where mail that leaves for other providers goes."""

    deliver: Deliver = Field(
        description="A next hop by SMTP, or Maildir folders that keep what would have left (demo, rehearsal).",
        examples=["smtp://relay.provider.example:25"],
    )


class Quota(Section):
    """How full a mailbox may be where the directory gives no size of its own."""

    limit: Size = Field(
        default=parse_size("100 MB"),
        description="Size of a mailbox; 0 for none. MB is 1,000,000, MiB 1,048,576 octets.",
    )
    grace: Duration = Field(
        default=parse_duration("14 days"), description="How long a full mailbox is answered 452 4.2.2 before 550 5.2.2."
    )


class OutboxSettings(Section):
    """How mail taken is delivered, and tried again."""

    first_retry: Duration = Field(
        default=parse_duration("1 min"), gt=timedelta(), description="Wait after the first failed attempt."
    )
    longest_retry: Duration = Field(
        default=parse_duration("1 h"), gt=timedelta(), description="Longest wait between two attempts."
    )
    per_lane_concurrency: int = Field(
        default=10, ge=1, le=1000, description="Connections to one next hop at once, and Maildir deliveries at once."
    )
    lease: Duration = Field(
        default=parse_duration("5 min"),
        gt=timedelta(),
        description="How long a delivery belongs to the worker that took it; after a crash another takes it then.",
    )
    connect_timeout: Duration = Field(
        default=parse_duration("30 s"), gt=timedelta(), description="Longest wait for a next hop to answer."
    )

    @field_validator("longest_retry")
    @classmethod
    def _longest_not_first(cls, longest: object, info: ValidationInfo) -> object:
        first = info.data.get("first_retry")
        if first is not None and not first <= longest:
            raise Wrong("the longest wait is shorter than the first", "make it at least `first_retry`")
        return longest


class HttpSettings(Section):
    """The small web server with /healthz and /metrics."""

    listen: ListenOn = Field(default=Endpoint("127.0.0.1", 8025), description="Address and port, IP:PORT.")
    metrics_from: tuple[AnyNetwork, ...] = Field(
        default=(),
        description="Networks that may read /metrics, besides this machine: [ADDRESS/PREFIX, ...].",
    )


class ClockSettings(Section):
    """How far this machine's clock is trusted."""

    file: FilePath | None = Field(
        default=None,
        description="Text file with an offset such as +3d that moves time for all processes. Demo and test only.",
        examples=["clock"],
    )
    require_sync: bool = Field(
        default=False, description="Whether an unsynchronised kernel clock counts as a jump, until it is synchronised."
    )
    longest_outage: Duration = Field(
        default=parse_duration("7 days"),
        description="A start longer than this after the last running instant is taken for a clock jump.",
    )


class AccountsSettings(Section):
    """What an import of accounts may do by itself."""

    shrink_percent: int = Field(
        default=5, ge=0, le=100, description="An import that shrinks a domain by more per cent needs --allow-shrink."
    )


class LogSettings(Section):
    """What is written to standard error."""

    level: LogLevel = Field(default=LogLevel.INFO, description="debug, info, warning or error.")
    form: LogForm = Field(
        default=LogForm.AUTO, description="json, console, or auto: console on a terminal, JSON elsewhere."
    )
