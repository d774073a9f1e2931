"""What falls due for one contract: reminders, proofs, an approval number, what a suspension and the age of mail bring.

    after_cancellation(contract, cancellation(contract, plan, …), plan.zone)

`schedules.agenda` says what falls due for everybody by the plan's own dates; this, what one subscriber's act or default
brings about. Pure, in order of time. Whoever has no contact address is told at the base address of the contract.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from schedules.blocks.dates import Channel
from schedules.blocks.services import LeavingRoute
from schedules.blocks.terms import Retention, Suspension
from schedules.blocks.whom import Contract
from schedules.calendars import in_words
from schedules.contracts.duties import kept_until, suspension_notice
from schedules.moments import end_of_day, start_of_day
from schedules.names import Address
from schedules.terms import Cancellation, approval_due, may_be_ended_from
from schedules.text import Text

_PROOF = Text("退会完了のお知らせ", "the contract has ended; this mail is the proof of it")
_PAGE = Text("会員ページを閉じる", "the member page closes")
_CLOSES = Text("追加メールアドレスの利用期間が終わる", "an additional address has reached its own end")
_MAY_END = Text(
    "停止の原因が解消されない場合、契約を解除できる", "the contract may be ended, unless the cause is cured"
)


class FollowUpKind(StrEnum):
    """What kind of thing falls due for one contract."""

    REMINDER = "reminder"  # something must be done in time (SW-6)
    CERTIFICATE = "certificate"  # the proof of the end (SW-8)
    ADDRESS_END = "address-end"  # an address outlived the contract until now (SK-5)
    MEMBER_PAGE_END = "member-page-end"  # (SW-9)
    APPROVAL_NUMBER = "approval-number"  # for a move to another provider (SW-10)
    SUSPENSION_TOLD = "suspension-told"  # (KY-15)
    MAY_BE_ENDED = "may-be-ended"  # the time to cure is over (KY-7)
    RETENTION = "retention"  # mail has been kept for its time (KY-1)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One thing that falls due."""

    kind: FollowUpKind
    at: datetime
    what: Text
    to: tuple[str, ...] = ()  # mail addresses of those who are told; none where nobody is
    by: tuple[Channel, ...] = ()


def after_cancellation(contract: Contract, found: Cancellation, zone: ZoneInfo) -> tuple[FollowUp, ...]:
    """What follows from a request; nothing from one that is refused."""
    return tuple(sorted(_following(contract, found, zone), key=lambda one: one.at.timestamp()))


def _following(contract: Contract, found: Cancellation, zone: ZoneInfo) -> Iterator[FollowUp]:
    for deadline in found.deadlines:
        ja, en = in_words(deadline.last_day)
        title, loses = deadline.title, deadline.loses
        what = Text(f"{title.ja}は{ja}です。{loses.ja}", f"{title.en}, by {en}: {loses.en}")
        for at in deadline.reminders:
            yield FollowUp(FollowUpKind.REMINDER, at, what, _reached(contract), (Channel.MAIL,))
    if found.complete is not None and found.certificate_to:
        yield FollowUp(FollowUpKind.CERTIFICATE, found.complete, _PROOF, found.certificate_to, (Channel.MAIL,))
    for address, last_day in found.addresses_after.items():
        yield FollowUp(FollowUpKind.ADDRESS_END, end_of_day(last_day, zone), _CLOSES, (str(address),))
    if found.member_page_until is not None:
        yield FollowUp(FollowUpKind.MEMBER_PAGE_END, found.member_page_until, _PAGE)


def after_asking_to_move(contract: Contract, route: LeavingRoute, asked: datetime) -> FollowUp | None:
    """The approval number for a move by `route`, asked for at `asked`; None where this way needs none."""
    at = approval_due(route, asked)
    if at is None:
        return None
    by = tuple(Channel(word) for word in route.answer_by if word in {*Channel})
    what = Text(f"{route.title.ja}の承諾番号をお知らせする", f"{route.title.en}: the approval number is told")
    return FollowUp(FollowUpKind.APPROVAL_NUMBER, at, what, _reached(contract), by)


def around_suspension(
    contract: Contract,
    begins: datetime,
    reason: Text,
    suspension: Suspension,
    zone: ZoneInfo,
    *,
    emergency: bool = False,
) -> tuple[FollowUp, ...]:
    """What a suspension beginning at `begins` brings: its notice, and the day from which the contract may be ended."""
    there = begins.astimezone(zone)
    notice = suspension_notice(there, reason, suspension, emergency=emergency)
    may_end = start_of_day(may_be_ended_from(there.date(), suspension), zone)
    return (
        FollowUp(FollowUpKind.SUSPENSION_TOLD, notice.at, notice.text, _reached(contract), (Channel.MAIL,)),
        FollowUp(FollowUpKind.MAY_BE_ENDED, may_end, _MAY_END),
    )


def after_receiving(address: Address, received: datetime, retention: Retention, zone: ZoneInfo) -> FollowUp:
    """When mail that `address` received at `received` may be deleted; nobody is told, since the terms have said so."""
    ja, en = in_words(received.astimezone(zone).date())
    what = Text(f"{address}が{ja}に受信したメールを削除できる", f"mail that {address} received on {en} may be deleted")
    return FollowUp(FollowUpKind.RETENTION, kept_until(received, retention, zone), what)


def letter_list(contracts: Iterable[Contract], bounced: Container[str]) -> tuple[Contract, ...]:
    """Whom to write to on paper: who has no contact address, or one from which notices came back (KY-13)."""
    return tuple(one for one in contracts if not one.contact or one.contact in bounced)


def _reached(contract: Contract) -> tuple[str, ...]:
    """Where a subscriber is told something: the contact address, else the base address (KY-13)."""
    return (contract.contact,) if contract.contact else tuple(str(address) for address in contract.addresses)[:1]
