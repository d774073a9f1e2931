"""What a running installation shows, trusts and writes: its web server, clock, imports and log.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from enum import StrEnum

from pydantic import Field

from mailsvc.kit.endpoints import Endpoint, ListenOn
from mailsvc.kit.paths import FilePath
from mailsvc.kit.quantities import Duration, parse_duration
from mailsvc.kit.settings.words import AnyNetwork, Section


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


class MovingSettings(Section):
    """How mailboxes are moved by `lastpost migrate`."""

    receipt_key: FilePath | None = Field(
        default=None,
        description="Ed25519 key (PEM, mode 600) that signs receipts, made at first use; else one beside journals.",
        examples=["receipt-key.pem"],
    )


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


class LogSettings(Section):
    """What is written to standard error."""

    level: LogLevel = Field(default=LogLevel.INFO, description="debug, info, warning or error.")
    form: LogForm = Field(
        default=LogForm.AUTO, description="json, console, or auto: console on a terminal, JSON elsewhere."
    )
