"""The gateway's section: where it listens, who its peers are, its certificate and its limits.

A peer may have its mail relayed, so whoever is named here is trusted; a network that is the whole internet is
refused, since that would be an open relay.
"""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import combinations
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mailsvc.kit.endpoints import ListenOn
from mailsvc.kit.faults import Fault, refuse
from mailsvc.kit.paths import FilePath
from mailsvc.kit.quantities import Duration, Size, parse_duration, parse_size
from mailsvc.kit.settings.words import Fingerprint, PeerNetwork, Section
from schedules.positions import Wrong

_CA_REMEDY = "write `client_ca: FILE` of the gateway, the PEM file of their CA or of the certificates themselves"


class BareNewline(StrEnum):
    """What happens to a message whose DATA holds CR or LF alone; BDAT always refuses it."""

    REFUSE = "refuse"  # 550 5.6.11
    NORMALISE = "normalise"  # each becomes CR LF, the one exception to untouched bytes


class Peers(Section):
    """Servers of our own, known by their network or by their TLS client certificate."""

    networks: tuple[PeerNetwork, ...] = Field(
        default=(),
        description="Their networks, ADDRESS/PREFIX; never the whole internet.",
        examples=[["192.0.2.0/28", "2001:db8:25::/64"]],
    )
    certificates: tuple[Fingerprint, ...] = Field(
        default=(),
        description="SHA-256 fingerprints of their client certificates, 64 hex digits each; needs `client_ca`.",
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.networks and not self.certificates:
            raise Wrong("this names nobody", "name `networks` or `certificates`, or remove the section")
        return self


class Listener(Section):
    """One address the gateway listens on, and who is who there."""

    listen: ListenOn = Field(description="Address and port, IP:PORT; [::]:25 for IPv6.", examples=["0.0.0.0:25"])
    inbound: Peers | None = Field(
        default=None, description="Our own MTAs that relay mail from the world: a 5xx makes THEM bounce."
    )
    submission: Peers | None = Field(
        default=None, description="Our own MTAs that relay mail of subscribers: they may send outward.", examples=[{}]
    )
    everyone_else: bool = Field(
        default=True,
        description="Whether the rest of the world is served here too; if not, it is answered 554 (RFC 5321 3.1).",
    )

    @field_validator("everyone_else")
    @classmethod
    def _serves_somebody(cls, everyone: bool, info: ValidationInfo) -> bool:
        named = (info.data.get(kind, True) for kind in ("inbound", "submission"))
        if not everyone and not any(named):
            raise Wrong("this listener serves nobody", "name `inbound` or `submission`, or let everyone_else be yes")
        return everyone

    @model_validator(mode="after")
    def _one_kind_each(self) -> Self:
        if self.inbound and self.submission:
            refuse(_in_both(self.inbound, self.submission))
        return self


class GatewaySettings(Section):
    """Mail in, by SMTP."""

    listeners: tuple[Listener, ...] = Field(
        description="Where it listens. One listener may serve all three kinds of clients, or each its own.",
    )
    certificate: FilePath | None = Field(
        default=None,
        description="PEM file of its certificate with the chain; with it STARTTLS is offered.",
        examples=["/etc/lastpost/tls/fullchain.pem"],
    )
    key: FilePath | None = Field(
        default=None,
        description="PEM file of its private key, readable by its owner only.",
        examples=["/etc/lastpost/tls/key.pem"],
    )
    client_ca: FilePath | None = Field(
        default=None,
        description="PEM file of the CA of the `certificates` named for peers, or of these certificates themselves. "
        "Listeners that name some ask each client for one; a client whose own does not verify cannot use TLS there.",
        examples=["/etc/lastpost/tls/clients.pem"],
    )
    size_limit: Size = Field(default=parse_size("150 MB"), ge=65_536, description="Largest message taken (RFC 1870).")
    recipients_limit: int = Field(
        default=1000,
        ge=100,
        description="Recipients of one message, at least 100 (RFC 5321 4.5.3.1.8); then 452 4.5.3.",
    )
    sessions_limit: int = Field(default=500, ge=1, description="Sessions at once; then 421 4.7.0.")
    sessions_per_client: int = Field(
        default=100, ge=1, description="Sessions of one IP address of the world at once; then 421 4.7.0."
    )
    connections_per_client_second: int = Field(
        default=50, ge=1, description="New connections of one IP address of the world in a second; then 421 4.7.0."
    )
    refusals_limit: int = Field(
        default=100,
        ge=1,
        description="Refusals, and commands like NOOP, in a session of the world without a message taken; then "
        "421 4.7.0.",
    )
    command_timeout: Duration = Field(
        default=parse_duration("5 min"),
        gt=timedelta(),
        description="Wait for the next command (RFC 5321 4.5.3.2.7: at least 5 min).",
    )
    data_timeout: Duration = Field(
        default=parse_duration("3 min"),
        gt=timedelta(),
        description="Wait for the octets of a message; below 2 kB/s it runs out, above it begins anew.",
    )
    handler_deadline: Duration = Field(
        default=parse_duration("60 s"),
        gt=timedelta(),
        description="Longest time to judge and store what was sent; then 451 4.3.0.",
    )
    bare_newline: BareNewline = Field(
        default=BareNewline.REFUSE,
        description="CR or LF alone in DATA: refuse (550 5.6.11) or normalise; never passed on (SMTP smuggling).",
    )
    closed: bool = Field(
        default=False,
        description="Whether this host has ended as a whole: everybody is told 521 5.3.2 at once (RFC 7504).",
    )

    @field_validator("listeners")
    @classmethod
    def _somewhere(cls, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
        if not listeners:
            raise Wrong("the gateway listens nowhere", "name at least one listener, as in `- listen: 0.0.0.0:25`")
        return listeners

    @model_validator(mode="after")
    def _sound(self) -> Self:
        refuse([*_same_ports(self.listeners), *self._incomplete_tls()])
        return self

    def _incomplete_tls(self) -> Iterator[Fault]:
        if (self.certificate is None) != (self.key is None):
            there, lacking = ("certificate", "key") if self.certificate else ("key", "certificate")
            yield (there,), Wrong(f"a {there} without its {lacking}", f"write `{lacking}: FILE` too")
        if self.client_ca is not None and self.certificate is None:
            yield ("client_ca",), Wrong("client certificates need TLS", "write `certificate` and `key` too")
        if self.client_ca is not None:
            return
        for number, listener in enumerate(self.listeners):
            for kind, peers in (("inbound", listener.inbound), ("submission", listener.submission)):
                if peers is not None and peers.certificates:
                    place = ("listeners", number, kind, "certificates")
                    yield (
                        place,
                        Wrong("nothing says who signs these certificates", _CA_REMEDY),
                    )


def _in_both(inbound: Peers, submission: Peers) -> Iterator[Fault]:
    remedy = "name each server once; one that does both needs two listeners"
    for number, network in enumerate(submission.networks):
        if network in inbound.networks:
            yield ("submission", "networks", number), Wrong(f"{network} is under inbound as well", remedy)
    for number, certificate in enumerate(submission.certificates):
        if certificate in inbound.certificates:
            yield ("submission", "certificates", number), Wrong("this certificate is under inbound as well", remedy)


def _same_ports(listeners: tuple[Listener, ...]) -> Iterator[Fault]:
    for (_, first), (number, second) in combinations(enumerate(listeners), 2):
        if first.listen.meets(second.listen):
            what = f"{second.listen} is taken by the listener on {first.listen}"
            yield ("listeners", number, "listen"), Wrong(what, "give each its own address or port")
