"""Cases of quarantine as values and as rows; `quarantine.py` beside this keeps, finds and settles them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping

from filters.scan import Unreadable
from filters.verdict import Because
from mailsvc.records.bodies import StagedBody
from mailsvc.records.orders import Row
from mailsvc.records.tables import quarantine, quarantine_recipients

INFECTED = "infected"


def unread(why: Unreadable) -> str:
    """What is said of a message that no scanner can read, where that of another names its threat."""
    return f"unread: {why}"


class QuarantineState(StrEnum):
    """What has become of a message in quarantine."""

    KEPT = "kept"
    RELEASED = "released"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom a message was, as its verdict pinned it."""

    recipient: str  # where it would have gone
    original: str  # as the client asked
    because: Because
    told: bool = False  # whether this address of ours is told of it


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the gateway knows of a message that goes into quarantine."""

    id: str  # the message's id at the gateway
    at: datetime
    client_kind: str
    client_ip: str
    helo: str
    mail_from: str  # the reverse-path; empty is the null sender (RFC 5321 4.5.5)
    smtputf8: bool
    eight_bit: bool
    sender_local: bool  # the reverse-path names an address of ours; only submission speaks for it
    accepted: bool  # its client was answered 250
    reply: str  # what it was answered
    why: str  # INFECTED or unread(WHY)
    threat: str  # as the scanner names it; empty where it was not read
    scanner: str  # product and version of its signatures
    recipients: tuple[Recipient, ...]
    trace: bytes  # header lines that stand in front of the body on a release (RFC 5321 4.4)
    content_sha256: str  # see mailsvc.kit.content_hash


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in quarantine, or what became of it."""

    case: Case
    body_id: str
    size: int  # octets of the body
    sha256: str  # of the body, lower-case hex
    state: QuarantineState
    settled_at: datetime | None
    settled_by: str
    settle_reason: str
    expires_at: datetime


_PLAIN = (
    "id",
    "at",
    "client_kind",
    "client_ip",
    "helo",
    "mail_from",
    "smtputf8",
    "eight_bit",
    "sender_local",
    "accepted",
    "reply",
    "why",
    "threat",
    "scanner",
    "trace",
    "content_sha256",
)


def rows_of(case: Case, staged: StagedBody, expires_at: datetime) -> list[Row]:
    """The rows of a new case."""
    return [
        (quarantine, _values(case, staged, expires_at)),
        *((quarantine_recipients, _recipient_values(case.id, *one)) for one in enumerate(case.recipients)),
    ]


def _recipient_values(case_id: str, number: int, one: Recipient) -> dict[str, object]:
    return {
        "quarantine_id": case_id,
        "number": number,
        "recipient": one.recipient,
        "original": one.original,
        "because": str(one.because),
        "told": one.told,
    }


def _values(case: Case, staged: StagedBody, expires_at: datetime) -> dict[str, object]:
    return {
        **{name: getattr(case, name) for name in _PLAIN},
        "body_id": staged.id,
        "size": staged.size,
        "sha256": staged.sha256,
        "state": str(QuarantineState.KEPT),
        "settled_at": None,
        "settled_by": "",
        "settle_reason": "",
        "expires_at": expires_at,
    }


def recipient_of(row: RowMapping) -> Recipient:
    """The recipient a row stands for."""
    return Recipient(row["recipient"], row["original"], Because(row["because"]), row["told"])


def kept_of(row: RowMapping, recipients: Sequence[Recipient]) -> Kept:
    """The case that a row and its recipients stand for."""
    return Kept(
        case=Case(recipients=tuple(recipients), **{name: row[name] for name in _PLAIN}),
        body_id=row["body_id"],
        size=row["size"],
        sha256=row["sha256"],
        state=QuarantineState(row["state"]),
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        settle_reason=row["settle_reason"],
        expires_at=row["expires_at"],
    )
