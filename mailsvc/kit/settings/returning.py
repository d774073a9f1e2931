"""What leaves again: forwarding, bounces, and the policy service that other MTAs ask.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from mailsvc.kit.endpoints import ListenOn
from mailsvc.kit.quantities import Duration, parse_duration
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.words import HostName, PeerNetwork, Section
from schedules.positions import Wrong


class ForwardingSettings(Section):
    """Mail that is forwarded to a subscriber's new address."""

    srs_domain: HostName | None = Field(
        default=None,
        description="Domain of rewritten reverse-paths (SRS), one that survives; left out, nothing is rewritten.",
        examples=["srs.surviving.example"],
    )
    srs_secrets: tuple[SecretSource, ...] | None = Field(
        default=None,
        min_length=1,
        description="Secrets of SRS (`openssl rand -hex 32`): the first signs, all are believed. New ones go first.",
        examples=[[{"file": "/etc/lastpost/srs.secret"}]],
    )
    hop_limit: int = Field(
        default=50, ge=10, le=500, description="Received lines at which a message is a loop, 554 5.4.6 (RFC 5321 6.3)."
    )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if self.srs_domain is not None and self.srs_secrets is None:
            raise Wrong("SRS without a secret", "name a file of one random line under `srs_secrets`")
        if self.srs_secrets is not None and self.srs_domain is None:
            raise Wrong("secrets of SRS without its domain", "write `srs_domain: NAME` too")
        return self


class BounceSettings(Section):
    """Delivery status notifications for mail that was taken and could not be delivered."""

    authserv_ids: tuple[str, ...] = Field(
        default=(),
        description="Names under which our own MTAs write Authentication-Results (RFC 8601 2.5).",
    )
    delay_notice: Duration = Field(
        default=parse_duration("4 h"),
        gt=timedelta(),
        description="When a sender who asked with NOTIFY=DELAY is told that mail still waits.",
    )


class AskedFor(StrEnum):
    """Whose mail the MTA that asks the policy service is about to take."""

    WORLD = "world"
    INBOUND = "inbound"
    SUBMISSION = "submission"


class PolicySettings(Section):
    """The same verdicts for MTAs that do not relay through this gateway, or that filter after their queue."""

    listen: ListenOn | None = Field(
        default=None,
        description="Postfix policy protocol (check_policy_service), IP:PORT; left out, not served.",
        examples=["127.0.0.1:10031"],
    )
    socketmap: ListenOn | None = Field(
        default=None,
        description="Postfix socketmap look-ups `transport` and `relocated`, IP:PORT; left out, not served.",
        examples=["127.0.0.1:10032"],
    )
    asked_for: AskedFor = Field(
        default=AskedFor.WORLD,
        description="Whose mail is asked about where the request names no SASL user: world, inbound or submission.",
    )
    networks: tuple[PeerNetwork, ...] = Field(
        default=(), description="Networks that may ask, besides this machine: [ADDRESS/PREFIX, ...]."
    )
