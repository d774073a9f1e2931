"""The whole settings file as one frozen value, and what must hold between its sections.

A check between sections is a validator of the later section that looks at the earlier ones, so that it speaks
even where a third section has problems of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.faults import Fault, refuse
from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.settings.apart import no_domain, shared
from mailsvc.kit.settings.checking import QuarantineSettings, RateSettings, ResolverSettings, VirusSettings
from mailsvc.kit.settings.exports import ExportSettings
from mailsvc.kit.settings.gateway import GatewaySettings
from mailsvc.kit.settings.mail import DomainSettings, Outbound, OutboxSettings, Quota
from mailsvc.kit.settings.returning import BounceSettings, ForwardingSettings, PolicySettings
from mailsvc.kit.settings.running import AccountsSettings, ClockSettings, HttpSettings, LogSettings, MovingSettings
from mailsvc.kit.settings.service import Purpose, RecordsSettings, Service
from mailsvc.kit.settings.words import DomainPattern, Section, domain_pattern
from mailsvc.kit.settings.working import JobsSettings
from schedules.names import DomainName
from schedules.positions import Position
from schedules.yamlfile import Places, Wrong


class Settings(Section):
    """Everything an installation is told by its operator; see `docs/SETTINGS.md`."""

    service: Service = Field(description="Who runs this installation, and what for.")
    records: RecordsSettings = Field(description="Where everything that must survive a restart is kept.")
    domains: Mapping[DomainPattern, DomainSettings] = Field(
        min_length=1,
        description='The domains of ours: exact names, or "*.NAME" in quotes for all below NAME but not NAME itself.',
        examples=[{"provider.example": {}}],
    )
    outbound: Outbound | None = Field(
        default=None,
        description="Where mail that leaves goes; left out, mail to other domains is not taken.",
        examples=[{}],
    )
    gateway: GatewaySettings = Field(description="Mail in, by SMTP.")
    http: HttpSettings = Field(default=HttpSettings(), description="The small web server with /healthz and /metrics.")
    quota: Quota = Field(default=Quota(), description="How full a mailbox may be.")
    outbox: OutboxSettings = Field(
        default=OutboxSettings(), description="How mail taken is delivered, and tried again."
    )
    virus: VirusSettings = Field(default=VirusSettings(), description="The virus check, in both directions.")
    quarantine: QuarantineSettings = Field(default=QuarantineSettings(), description="What is kept back.")
    rate: RateSettings = Field(default=RateSettings(), description="How much mail is taken in a time.")
    forwarding: ForwardingSettings = Field(default=ForwardingSettings(), description="Mail that is forwarded.")
    bounces: BounceSettings = Field(default=BounceSettings(), description="What senders are told of failures.")
    policy: PolicySettings = Field(default=PolicySettings(), description="Verdicts for MTAs that only ask.")
    resolver: ResolverSettings = Field(default=ResolverSettings(), description="How DNS is asked.")
    clock: ClockSettings = Field(default=ClockSettings(), description="How far this machine's clock is trusted.")
    accounts: AccountsSettings = Field(default=AccountsSettings(), description="What an import of accounts may do.")
    moving: MovingSettings = Field(default=MovingSettings(), description="How mailboxes are moved.")
    jobs: JobsSettings = Field(default=JobsSettings(), description="Mailboxes moved and exported in the background.")
    exports: ExportSettings = Field(default=ExportSettings(), description="What subscribers take home.")
    log: LogSettings = Field(default=LogSettings(), description="What is written to standard error.")
    soft_bounce: bool = Field(
        default=False, description="Whether every 5xx becomes a 4xx, for a rollout or the first hours of an end."
    )
    _places: Places | None = PrivateAttr(default=None)

    @field_validator("domains", mode="before")
    @classmethod
    def _each_once(cls, domains: object) -> object:
        """Two spellings of one domain would be one entry silently."""
        if isinstance(domains, Mapping):
            refuse(_twice([str(key) for key in domains]))
        return domains

    @field_validator("domains")
    @classmethod
    def _maildirs_apart(cls, domains: Mapping[str, DomainSettings]) -> Mapping[str, DomainSettings]:
        refuse(shared(domains))
        return domains

    @field_validator("outbound")
    @classmethod
    def _outward_apart(cls, outbound: Outbound | None) -> Outbound | None:
        wrong = no_domain(outbound.deliver) if outbound else None
        if wrong is not None:
            refuse([(("deliver",), wrong)])
        return outbound

    @field_validator("gateway")
    @classmethod
    def _outward_needs_a_way(cls, gateway: GatewaySettings, info: ValidationInfo) -> GatewaySettings:
        if "outbound" in info.data and info.data["outbound"] is None:
            wrong = Wrong("submission without a way outward", "write `outbound: {deliver: smtp://HOST:PORT}` too")
            refuse(
                ((("listeners", n, "submission"), wrong) for n, one in enumerate(gateway.listeners) if one.submission)
            )
        return gateway

    @field_validator("http")
    @classmethod
    def _own_port(cls, http: HttpSettings, info: ValidationInfo) -> HttpSettings:
        gateway = info.data.get("gateway")
        taken = [one.listen for one in gateway.listeners if one.listen.meets(http.listen)] if gateway else []
        if taken:
            refuse(
                [(("listen",), Wrong(f"{http.listen} is taken by the gateway", "give each its own address or port"))]
            )
        return http

    @field_validator("quota")
    @classmethod
    def _imap_opened(cls, quota: Quota, info: ValidationInfo) -> Quota:
        domains: Mapping[str, DomainSettings] = info.data.get("domains", {})
        closed = [
            name
            for name, one in domains.items()
            if isinstance(one.mailboxes, ImapMailboxes) and (one.mailboxes_secret or quota.imap.secret) is None
        ]
        if closed:
            what = f"nothing opens the mailboxes of {', '.join(closed)}"
            refuse([(("imap", "secret"), Wrong(what, "write `secret: {file: PATH}`, or `mailboxes_secret` there"))])
        return quota

    @field_validator("outbox")
    @classmethod
    def _budget_within_the_deadline(cls, outbox: OutboxSettings, info: ValidationInfo) -> OutboxSettings:
        """A client told 451 while its message is still handed over would send it again."""
        gateway = info.data.get("gateway")
        if gateway is not None and outbox.handoff_budget >= gateway.handler_deadline:
            what = "a session would be answered before its handoff has ended"
            refuse([(("handoff_budget",), Wrong(what, "make it shorter than `gateway.handler_deadline`"))])
        return outbox

    @field_validator("policy")
    @classmethod
    def _own_ports(cls, policy: PolicySettings, info: ValidationInfo) -> PolicySettings:
        taken = list(_taken(info))
        for name, mine in (("listen", policy.listen), ("socketmap", policy.socketmap)):
            if mine is not None and any(mine.meets(other) for other in taken):
                refuse([((name,), Wrong(f"{mine} is taken already", "give each its own address or port"))])
            taken += [mine] if mine else []
        return policy

    @field_validator("exports")
    @classmethod
    def _door_of_its_own(cls, exports: ExportSettings, info: ValidationInfo) -> ExportSettings:
        service, mine = info.data.get("service"), exports.listen
        in_production = service is not None and service.purpose is Purpose.PRODUCTION
        if in_production and exports.public_url and not exports.is_protected:
            refuse([(("public_url",), Wrong(f"{exports.public_url} is not protected by TLS", "write https://HOST"))])
        if mine is not None and any(mine.meets(other) for other in _taken(info)):
            refuse([(("listen",), Wrong(f"{mine} is taken already", "give each its own address or port"))])
        return exports

    @field_validator("clock")
    @classmethod
    def _honest_clock(cls, clock: ClockSettings, info: ValidationInfo) -> ClockSettings:
        service = info.data.get("service")
        if clock.file is not None and service is not None and service.purpose is Purpose.PRODUCTION:
            wrong = Wrong("a clock file moves time", "remove it, or let service.purpose be demo or test")
            refuse([(("file",), wrong)])
        return clock

    def domain(self, name: DomainName) -> DomainSettings | None:
        """The settings of a domain: its own entry, else the nearest `*.` above it; None where it is not ours."""
        exact = self.domains.get(name.ascii)
        above = name.ascii
        while exact is None and "." in above:
            above = above.partition(".")[2]
            exact = self.domains.get(f"*.{above}")
        return exact

    def position(self, *path: str | int) -> Position:
        """Where an entry stands in the file, or the nearest one above it; line 0 for settings made otherwise."""
        return self._places.of(path) if self._places else Position("settings")

    def read_from(self, places: Places) -> Self:
        """These settings, knowing where each entry stands."""
        known = self.model_copy()
        known._places = places  # noqa: SLF001 - its own class
        return known

    def redacted(self) -> dict[str, object]:
        """Everything in the words of the file, fit to be shown: sources of secrets are named, never read."""
        return self.model_dump(mode="json")


def _taken(info: ValidationInfo) -> Iterator[Endpoint]:
    """Where the sections above listen."""
    gateway, http, policy = (info.data.get(name) for name in ("gateway", "http", "policy"))
    if gateway is not None:
        yield from (one.listen for one in gateway.listeners)
    if http is not None:
        yield http.listen
    if policy is not None:
        yield from (one for one in (policy.listen, policy.socketmap) if one is not None)


def _twice(names: list[str]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name in names:
        try:
            pattern = domain_pattern(name)
        except ValueError:  # told by the type of the keys
            continue
        if first.setdefault(pattern, name) != name:
            yield (name,), Wrong(f"{name!r} is the same domain as {first[pattern]!r}", "keep one of the two")
