"""Suspension, succession, retention: what may happen to a contract and its mail while it is in force.

    suspension_notice(begins, reason, suspension).at    # a week before it begins, where the plan says 7 days

KY-1, KY-7, KY-12, KY-15. Days are days of the plan's zone. Nothing here decides that somebody is suspended: people do,
and the accounts say so. Nothing is deleted here either.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from schedules.blocks.terms import Retention, Succession, Suspension
from schedules.blocks.whom import Contract
from schedules.calendars import in_words
from schedules.moments import end_of_day, later, months_after
from schedules.text import Text


@dataclass(frozen=True, slots=True)
class SuspensionNotice:
    """When a suspension is told, and in which words; both the reason and the day stand in them."""

    at: datetime
    beforehand: bool
    text: Text


@dataclass(frozen=True, slots=True)
class Transferred:
    """A contract that has another holder now, or why it has not."""

    contract: Contract | None
    refused: Text | None = None
    desk: str = ""


def kept_until(received: datetime, retention: Retention, zone: ZoneInfo) -> datetime:
    """From when on mail received at `received` may be deleted: the day so many calendar months later is its last."""
    return end_of_day(months_after(received.astimezone(zone).date(), retention.months), zone)


def over_storage(octets: int, retention: Retention) -> int:
    """How many of the `octets` that an address has stored exceed what is kept for it."""
    return max(octets - retention.storage, 0) if retention.storage is not None else 0


def lifted_by(cured: datetime, suspension: Suspension) -> datetime:
    """By when a suspension is lifted whose cause was put right at `cured`."""
    return later(cured, suspension.lifted_within)


def suspension_notice(
    begins: datetime, reason: Text, suspension: Suspension, *, emergency: bool = False
) -> SuspensionNotice:
    """How a suspension is told that begins at `begins`, in the plan's zone; in an emergency it is told then (KY-15)."""
    ja, en = in_words(begins.date())
    if emergency:
        told = Text(
            f"緊急のため{ja}にご利用を停止しました。理由は「{reason.ja}」です",
            f"your service was suspended on {en}: {reason.en}",
        )
        return SuspensionNotice(begins, beforehand=False, text=told)
    told = Text(
        f"{ja}にご利用を停止します。理由は「{reason.ja}」です", f"your service will be suspended on {en}: {reason.en}"
    )
    return SuspensionNotice(later(begins, -suspension.announced), beforehand=True, text=told)


def ended_by_death(died: date, succession: Succession | None) -> date | None:
    """The contract's last day after its holder's death; None where it goes on to the heirs (KY-12)."""
    return died if succession is not None and succession.ends_at_death else None


def transfer(
    contract: Contract, succession: Succession | None, *, holder: str, contact: str, approved: bool
) -> Transferred:
    """The contract in another holder's hands: its start, terms, debts and suspension stay what they are (KY-12)."""
    if succession is None:
        return Transferred(None, Text("この契約は譲渡できません", "this contract cannot be transferred"))
    if succession.transfer_needs_approval and not approved:
        refused = Text("譲渡には承諾が必要です", "a transfer needs approval first")
        return Transferred(None, refused, succession.desk or "")
    return Transferred(replace(contract, holder=holder, contact=contact), desk=succession.desk or "")
