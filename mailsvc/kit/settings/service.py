"""Who runs an installation, what for, and where its records are.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from mailsvc.kit.quantities import Duration, parse_duration
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.databases import DatabaseUrl
from mailsvc.kit.settings.words import HostName, MailAddress, PageUrl, Section, ZoneName
from schedules.positions import Wrong


class Purpose(StrEnum):
    """What an installation is for; only a demo or a test may move its clock."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


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
    notice_url: PageUrl = Field(
        default="",
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

    keep_traces: Duration = Field(
        default=parse_duration("90 days"),
        gt=timedelta(),
        description="How long `lastpost trace` still knows a message after all its recipients are settled.",
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
