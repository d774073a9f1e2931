"""Where mail goes, how it is tried again, and how full a mailbox may be.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from datetime import timedelta

from pydantic import Field, ValidationInfo, field_validator

from mailsvc.kit.imap_mailboxes import ImapMailboxes, Mailboxes
from mailsvc.kit.quantities import Duration, Size, parse_duration, parse_size
from mailsvc.kit.secrets import SecretSource
from mailsvc.kit.settings.words import Section
from mailsvc.kit.targets import Deliver, DeliverOutward, MaildirTarget
from schedules.positions import Wrong


class DomainSettings(Section):
    """One domain of ours, or all below `*.`: where its mail goes and its mailboxes are."""

    deliver: Deliver = Field(
        description=(
            "Its mail goes to maildir:/PATH/{domain}/{user}, smtp://HOST:PORT (?tls=none|starttls|required), "
            "lmtp://HOST:PORT or lmtp:/PATH/SOCKET."
        ),
        examples=["maildir:/srv/mail/{domain}/{user}"],
    )
    mailboxes: Mailboxes | None = Field(
        default=None,
        description=(
            "Where its mailboxes are, for quota and exports, when delivery is by SMTP or LMTP: "
            "maildir:/PATH/{domain}/{user}, or imaps://MASTER@HOST?authz={user}@{domain} (imap:// for STARTTLS, "
            "?ca=FILE) to ask their IMAP server."
        ),
        examples=["imaps://lastpost@imap.provider.example?authz={user}@{domain}"],
    )
    mailboxes_secret: SecretSource | None = Field(
        default=None,
        description="Password of MASTER: `{file: PATH}` or `{env: NAME}`; left out, that of `quota.imap`.",
        examples=[{"file": "/etc/lastpost/imap.password"}],
    )
    plus_addressing: bool = Field(default=True, description="Whether user+anything@ is user@ (RFC 5233).")

    @field_validator("mailboxes_secret")
    @classmethod
    def _secret_of_imap(cls, secret: SecretSource | None, info: ValidationInfo) -> SecretSource | None:
        known = "mailboxes" in info.data
        if secret is not None and known and not isinstance(info.data["mailboxes"], ImapMailboxes):
            raise Wrong("there is nothing to open with it", "remove it, or let `mailboxes` name an IMAP server")
        return secret

    @property
    def seen(self) -> MaildirTarget | ImapMailboxes | None:
        """Where the mailboxes are, if there is a way to see how full they are."""
        return self.deliver if isinstance(self.deliver, MaildirTarget) else self.mailboxes

    @property
    def maildirs(self) -> MaildirTarget | None:
        """Where the mailboxes are, when they can be seen from here."""
        return self.seen if isinstance(self.seen, MaildirTarget) else None


class Outbound(Section):
    """Where mail that leaves for other providers goes."""

    deliver: DeliverOutward = Field(
        description=(
            "A next hop by SMTP; mx: for each domain's own servers, found by DNS; or Maildir folders that keep what "
            "would have left (demo, rehearsal)."
        ),
        examples=["smtp://relay.provider.example:25"],
    )


class ImapQuota(Section):
    """How mailboxes on an IMAP server are asked how full they are."""

    secret: SecretSource | None = Field(
        default=None,
        description="Password of MASTER in `mailboxes` of all domains that name no `mailboxes_secret` of their own.",
        examples=[{"file": "/etc/lastpost/imap.password"}],
    )
    age: Duration = Field(
        default=parse_duration("1 min"),
        gt=timedelta(),
        description="How long an answer is good for. Before mail is refused it is asked anew.",
    )
    deadline: Duration = Field(
        default=parse_duration("2 s"),
        gt=timedelta(),
        le=timedelta(seconds=30),
        description="How long a session waits for an answer; then the last one counts, and without one mail is taken.",
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
    imap: ImapQuota = Field(default=ImapQuota(), description="How mailboxes on an IMAP server are asked.")


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

    give_up: Duration = Field(
        default=parse_duration("5 days"),
        gt=timedelta(),
        description="How long a delivery is tried; then its sender is told (RFC 5321 4.5.4.1: at least 4-5 days).",
    )
    handoff_budget: Duration = Field(
        default=parse_duration("30 s"),
        description="How long a session waits, with the virus check, for our own next hop to take it; 0 never.",
    )
    per_destination_concurrency: int = Field(
        default=4, ge=1, le=100, description="Connections at once to one domain of others, found by its MX."
    )

    @field_validator("longest_retry")
    @classmethod
    def _longest_not_first(cls, longest: object, info: ValidationInfo) -> object:
        first = info.data.get("first_retry")
        if first is not None and not first <= longest:
            raise Wrong("the longest wait is shorter than the first", "make it at least `first_retry`")
        return longest
