"""The settings of one installation: one YAML file, read once into frozen values.

`read_settings(path, environ)` reads it and raises `schedules.positions.BadFile` with every problem at once, each with
file:line:column and remedy. `example_settings()` prints a commented file that is read back without a problem;
`settings_handbook()` prints `docs/SETTINGS.md`. `advice(settings)` names what is allowed but unwise.
"""

from mailsvc.kit.settings.advice import advice
from mailsvc.kit.settings.checking import (
    QuarantineSettings,
    RateSettings,
    ResolverSettings,
    UnscannedSettings,
    VirusSettings,
)
from mailsvc.kit.settings.example import example_settings
from mailsvc.kit.settings.exports import ExportSettings, ExportSource
from mailsvc.kit.settings.gateway import BareNewline, GatewaySettings, Listener, Peers
from mailsvc.kit.settings.handbook import settings_handbook
from mailsvc.kit.settings.mail import DomainSettings, ImapQuota, Outbound, OutboxSettings, Quota
from mailsvc.kit.settings.model import Settings
from mailsvc.kit.settings.read import parse_settings, read_settings
from mailsvc.kit.settings.returning import AskedFor, BounceSettings, ForwardingSettings, PolicySettings
from mailsvc.kit.settings.running import (
    AccountsSettings,
    ClockSettings,
    HttpSettings,
    LogForm,
    LogLevel,
    LogSettings,
    MovingSettings,
)
from mailsvc.kit.settings.service import Purpose, RecordsSettings, Service

__all__ = [
    "AccountsSettings",
    "AskedFor",
    "BareNewline",
    "BounceSettings",
    "ClockSettings",
    "DomainSettings",
    "ExportSettings",
    "ExportSource",
    "ForwardingSettings",
    "GatewaySettings",
    "HttpSettings",
    "ImapQuota",
    "Listener",
    "LogForm",
    "LogLevel",
    "LogSettings",
    "MovingSettings",
    "Outbound",
    "OutboxSettings",
    "Peers",
    "PolicySettings",
    "Purpose",
    "QuarantineSettings",
    "Quota",
    "RateSettings",
    "RecordsSettings",
    "ResolverSettings",
    "Service",
    "Settings",
    "UnscannedSettings",
    "VirusSettings",
    "advice",
    "example_settings",
    "parse_settings",
    "read_settings",
    "settings_handbook",
]
