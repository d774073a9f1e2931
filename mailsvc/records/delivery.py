"""What a delivery is, and how an attempt at it can end: the words of the outbox and of everything that lists mail.

A `NewDelivery` is pinned by a verdict, a `Delivery` is its row as it stands. An attempt ends in an `Outcome`; a row can
begin as queued, `Held`, `Claimed` (an attempt is running already) or with the outcome of an attempt that has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from sqlalchemy import RowMapping

from filters.verdict import Because
from mailsvc.records.orders import Row
from mailsvc.records.tables import deliveries

# How long delivery is tried where nobody says otherwise (RFC 5321 4.5.4.1: at least 4-5 days).
LIFETIME = timedelta(days=5)


class DeliveryState(StrEnum):
    """How far a delivery is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"  # an earlier attempt may have succeeded: its answer, or its worker, was lost
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    RETURNED = "returned"  # undeliverable, and its sender was told by a DSN
    HELD = "held"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A recipient as its verdict pinned it."""

    recipient: str  # where it goes
    original: str  # as the client asked
    because: Because
    lane: str  # deliveries of one lane share a next hop
    notify: str = ""  # RFC 3461 4.1: empty, never, or some of success,failure,delay
    orcpt: str = ""  # RFC 3461 4.2, as given
    lifetime: timedelta = LIFETIME  # how long it is tried


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient's delivery as it stands."""

    id: str  # stable over all attempts, fit for a file name
    message_id: str
    number: int  # among the message's recipients, from 0
    recipient: str
    original: str
    because: Because
    lane: str
    state: DeliveryState
    attempts: int  # including the present one
    next_at: datetime | None  # when it is tried next; None once settled
    last_reply: str
    fence: int
    settled_at: datetime | None = None
    notify: str = ""
    orcpt: str = ""
    report: str = ""  # "returned ID" of a DSN, "nobody: WHY", or nothing yet
    expires_at: datetime | None = None  # when trying again ends
    relayed_at: datetime | None = None  # taken by who writes no DSN about it, though success was to be told


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop has taken it, and said so; `dsn_passed` where it took over what the sender asked (RFC 3461 5.2)."""

    reply: str = ""
    dsn_passed: bool = False


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; again at `next_at`."""

    next_at: datetime
    reply: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """Perhaps taken: the content was sent and no answer came (RFC 1047); again at `next_at`."""

    next_at: datetime
    reply: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """Never; the reply says why, and `at_rcpt` that it was said of the recipient, not of the content."""

    reply: str
    at_rcpt: bool = False


Outcome = Delivered | Deferred | Unsure | Undeliverable


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who has an attempt running already when the row is written, and until when: its fence is 1."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for a person to release or drop it."""

    why: str


Beginning = Claimed | Held | Outcome | None  # None: queued


def state_after(outcome: Outcome) -> DeliveryState:
    """The state in which an outcome leaves a delivery."""
    match outcome:
        case Delivered():
            return DeliveryState.DELIVERED
        case Deferred():
            return DeliveryState.QUEUED
        case Unsure():
            return DeliveryState.UNKNOWN
        case Undeliverable():
            return DeliveryState.UNDELIVERABLE
        case _:
            assert_never(outcome)


SETTLED_COLUMNS = (
    "state", "next_at", "due_at", "last_reply", "settled_at", "lease_until", "relayed_at",
)  # fmt: skip


def ended(notify: str, outcome: Outcome, now: datetime) -> Mapping[str, object]:
    """The SETTLED_COLUMNS that an outcome writes."""
    again = outcome.next_at if isinstance(outcome, Deferred | Unsure) else None
    untold = isinstance(outcome, Delivered) and not outcome.dsn_passed and "success" in notify.split(",")
    return {
        "state": str(state_after(outcome)),
        "next_at": again,
        "due_at": again,
        "last_reply": outcome.reply,
        "settled_at": now if again is None else None,
        "lease_until": None,
        "relayed_at": now if untold else None,
    }


def row_of(message_id: str, number: int, new: NewDelivery, now: datetime, beginning: Beginning = None) -> Row:
    """The row of a delivery that begins at `now`: queued and due at once where nothing else is said."""
    row: dict[str, object] = {
        "message_id": message_id,
        "number": number,
        "recipient": new.recipient,
        "original": new.original,
        "because": str(new.because),
        "lane": new.lane,
        "state": "queued",
        "attempts": 0,
        "next_at": now,
        "due_at": now,
        "last_reply": "",
        "settled_at": None,
        "owner": "",
        "lease_until": None,
        "fence": 0,
        "notify": new.notify,
        "orcpt": new.orcpt,
        "report": "",
        "expires_at": now + new.lifetime,
        "delay_told_at": None,
        "relayed_at": None,
    }
    match beginning:
        case None:
            pass
        case Claimed(owner, until):
            row |= {"state": "claimed", "attempts": 1, "fence": 1, "owner": owner, "lease_until": until}
            row |= {"due_at": until}
        case Held(why):
            row |= {"state": "held", "next_at": None, "due_at": None, "last_reply": why}
        case outcome:
            row |= {"attempts": 1, "fence": 1, **ended(new.notify, outcome, now)}
    return deliveries, row


def begun(message_id: str, number: int, new: NewDelivery, now: datetime) -> Delivery:
    """The delivery as a row written `Claimed` gives it back."""
    return Delivery(
        id=f"{message_id}-{number}",
        message_id=message_id,
        number=number,
        recipient=new.recipient,
        original=new.original,
        because=new.because,
        lane=new.lane,
        state=DeliveryState.CLAIMED,
        attempts=1,
        next_at=now,
        last_reply="",
        fence=1,
        notify=new.notify,
        orcpt=new.orcpt,
        expires_at=now + new.lifetime,
    )


def delivery_of(row: RowMapping) -> Delivery:
    """The delivery that a row holds."""
    return Delivery(
        id=f"{row['message_id']}-{row['number']}",
        message_id=row["message_id"],
        number=row["number"],
        recipient=row["recipient"],
        original=row["original"],
        because=Because(row["because"]),
        lane=row["lane"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_at=row["next_at"],
        last_reply=row["last_reply"],
        fence=row["fence"],
        settled_at=row["settled_at"],
        notify=row["notify"],
        orcpt=row["orcpt"],
        report=row["report"],
        expires_at=row["expires_at"],
        relayed_at=row["relayed_at"],
    )
