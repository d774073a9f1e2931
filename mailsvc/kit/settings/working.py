"""How the service carries jobs out: mailboxes moved and exported in the background."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from mailsvc.kit.oauth import ByCommand, ByRefresh, Renewal
from mailsvc.kit.paths import FilePath
from mailsvc.kit.presets import Preset, preset_of
from mailsvc.kit.quantities import Duration, Size, parse_duration
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.words import HostName, Section
from schedules.positions import Wrong

KEY = "secrets.keys"  # in the folder, where the settings name no other


class HostSettings(Section):
    """What one host bears, where that is known better than docs/PROVIDERS.md knows it."""

    at_once: int | None = Field(default=None, ge=1, le=1000, description="Jobs at once, of all services together.")
    per_minute: int | None = Field(
        default=None, ge=1, le=100_000, description="Jobs that begin in a minute, of all services together."
    )
    down_per_day: Size | None = Field(
        default=None, description="What may be read of one mailbox within 24 hours.", examples=["2 GB"]
    )
    up_per_day: Size | None = Field(
        default=None, description="What may be put into one mailbox within 24 hours.", examples=["400 MB"]
    )

    def over(self, preset: Preset) -> Preset:
        """These terms over those of a provider."""
        return replace(
            preset,
            per_host=_first(self.at_once, preset.per_host),
            per_minute=_first(self.per_minute, preset.per_minute),
            down=_first(self.down_per_day, preset.down),
            up=_first(self.up_per_day, preset.up),
        )


class TokenSettings(Section):
    """How access tokens of one host are got: by a command, or at an endpoint (RFC 6749 6)."""

    command: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Program and words, run without a shell: `{user}` and `{host}` are filled in, what the job keeps "
        "comes on standard input, a token is printed.",
        examples=[["/usr/local/bin/token", "{user}"]],
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https://[!-~]+$",
        description="`https://` URL that gives a token for the refresh token which the job keeps; no command then.",
    )
    client: str = Field(default="", description="The client's id at the endpoint.")
    client_secret: SecretSource | None = Field(
        default=None,
        description="The client's secret: `{file: PATH}` or `{env: NAME}`.",
    )
    scope: str = Field(default="", description="What is asked for, where the endpoint wants it said.")
    ca: FilePath | None = Field(
        default=None,
        description="CA certificates that the endpoint's is checked by; left out, the system's.",
        examples=["/etc/lastpost/ca.pem"],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.endpoint is None):
            raise Wrong("tokens are got in one way", "write either `command: [PROGRAM, …]` or `endpoint: URL`")
        if self.endpoint is not None and not self.client:
            raise Wrong("the endpoint is asked by nobody", "write `client: ID` too")
        return self

    def renewal(self, host: str) -> Renewal:
        """For `oauth.Tokens`."""
        hosts = frozenset({host})
        if self.command is not None:
            return Renewal(hosts, ByCommand(self.command))
        return Renewal(hosts, ByRefresh(self.endpoint or "", self.client, self.client_secret, self.scope, self.ca))


class JobsSettings(Section):
    """Mailboxes moved and exported in the background."""

    folder: FilePath | None = Field(
        default=None,
        description="Folder for what jobs keep on this machine: keys, and large messages on their way; left out, this "
        "service carries out no jobs.",
        examples=["/var/lib/lastpost/jobs"],
    )
    key: FilePath | None = Field(
        default=None,
        description="Keys that seal the secrets of jobs (mode 600, the first seals), made at first use; services on "
        "the same records need the same. Left out: `secrets.keys` in the folder.",
        examples=["/etc/lastpost/jobs.keys"],
    )
    at_once: int = Field(default=4, ge=1, le=64, description="Jobs that this service carries out at once.")
    per_host: int = Field(
        default=4, ge=1, le=1000, description="Jobs at one host at once, of all services on the same records together."
    )
    keep: Duration = Field(
        default=parse_duration("180 days"),
        gt=timedelta(),
        description="How long a job that has ended, its batch's report and its move's journal stay on record; a job of "
        "the same mailboxes that is asked for later copies everything anew.",
    )
    hosts: Mapping[HostName, HostSettings] | None = Field(
        default=None,
        description="What single hosts bear: `{HOST: {at_once: N, per_minute: N, down_per_day: SIZE, up_per_day: "
        "SIZE}}`; left out, what docs/PROVIDERS.md says.",
    )
    tokens: Mapping[HostName, TokenSettings] | None = Field(
        default=None,
        description="How OAuth access tokens are got anew: `{HOST: {command: [PROGRAM, …]}}` or `{HOST: {endpoint: "
        "URL, client: ID, client_secret: {file: PATH}, scope: TEXT, ca: FILE}}`; left out, the secret is the token.",
    )

    @property
    def keys(self) -> Path | None:
        """Where the keys are; None where nothing says it."""
        return self.key or (self.folder / KEY if self.folder is not None else None)

    def terms(self, host: str) -> Preset:
        """What a host bears."""
        said = (self.hosts or {}).get(host)
        preset = preset_of(host)
        return preset if said is None else said.over(preset)

    def renewals(self) -> Sequence[Renewal]:
        """How tokens are got."""
        return [one.renewal(host) for host, one in (self.tokens or {}).items()]


def _first(said: int | None, known: int | None) -> int | None:
    return known if said is None else said
