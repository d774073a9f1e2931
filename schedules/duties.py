"""Suspension and succession: what may happen to a contract while it is in force (KY-7, KY-15, KY-12).

    suspension_notice(begins, reason, suspension).at    # a week before it begins, where the plan says 7 days

Days are days of the plan's zone. Nothing here decides that somebody is suspended: people do, and the accounts say so.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from schedules.blocks.terms import Succession, Suspension
from schedules.blocks.whom import Contract
from schedules.calendars import in_words
from schedules.moments import later
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
