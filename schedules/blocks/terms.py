"""Blocks of contract rules: when a contract ends, what it costs, and what follows. `schedules.terms` applies them.

Of several rules of one kind the first that covers a contract holds; of minimum terms and costs, all that cover it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schedules.blocks.services import Calendar, Cost, LeavingRoute
from schedules.blocks.values import (
    Block,
    Instant,
    Length,
    Names,
    Octets,
    Percent,
    Placed,
    Spell,
    Word,
    Words,
    Yen,
    several,
)
from schedules.blocks.whom import Whom
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd(Block):
    """The end of the month of receipt, or of the next where too few business days are left (KY-8)."""

    rule: Literal["month-end"]
    whom: Annotated[Whom, Field(description="only these contracts")] = field(default_factory=Whom)
    media: Annotated[tuple[Medium, ...], several, Field(description="only if asked so")] = ()
    business_days: Annotated[Spell, Field(description="with fewer left in the month, the next one")] = 0
    count_receipt_day: Annotated[bool, Field(description="whether the day of receipt is one of them")] = True
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMonth(Block):
    """The end of this month or of a later one, as the subscriber chooses (SW-1)."""

    rule: Literal["chosen-month"]
    whom: Annotated[Whom, Field(description="only these contracts")] = field(default_factory=Whom)
    media: Annotated[tuple[Medium, ...], several, Field(description="only if asked so")] = ()
    months_ahead: Annotated[Spell, Field(description="how many months ahead may be chosen")] = 1
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalDay(Block):
    """Arrived by a day of the month: its end; later: the end of the next at the earliest (SW-2)."""

    rule: Literal["arrival-day"]
    whom: Annotated[Whom, Field(description="only these contracts")] = field(default_factory=Whom)
    media: Annotated[tuple[Medium, ...], several, Field(description="only if asked so")] = ()
    last_day: Annotated[int, Field(ge=1, le=31, description="arrived by this day: the end of that month")]
    months_ahead: Annotated[Spell, Field(description="how many months later than that may be chosen")] = 0
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDay(Block):
    """The day of receipt, or so many days after it."""

    rule: Literal["receipt-day"]
    whom: Annotated[Whom, Field(description="only these contracts")] = field(default_factory=Whom)
    media: Annotated[tuple[Medium, ...], several, Field(description="only if asked so")] = ()
    days_after: Annotated[Spell, Field(description="days from the receipt to the end")] = 0
    source: Placed = field(default=Position(""), compare=False)


EndRule = Annotated[MonthEnd | ChosenMonth | ArrivalDay | ReceiptDay, Field(discriminator="rule")]


class FirstMonth(StrEnum):
    """Which month of a contract is month 1."""

    START = "start"  # the month it starts in (SW-4)
    NEXT = "next"  # the month after (KY-9)


class JudgedBy(StrEnum):
    """Which month decides whether a penalty is due."""

    LEAVING = "leaving"  # the month whose end is the contract's
    COMPLETION = "completion"  # the month in which the end is complete


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumTerm(Block):
    """A term that costs something to leave early; a campaign can have one of its own (KY-9, SW-4, SW-11)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    title: Annotated[Text, Field(description="its name, as it is shown")]
    whom: Annotated[Whom, Field(description="only these contracts")] = field(default_factory=Whom)
    months: Annotated[int, Field(ge=1, le=240, description="how long the term is")]
    first_month: Annotated[FirstMonth, Field(description="start or next")] = FirstMonth.START
    yen: Annotated[Yen, Field(description="what leaving early costs")]
    free_months: Annotated[
        Spell, Field(description="first months after each term in which leaving is free; 0: the term never begins anew")
    ] = 0
    judged_by: Annotated[JudgedBy, Field(description="leaving or completion; which month must be a free one")] = (
        JudgedBy.LEAVING
    )
    at_service_end: Annotated[bool, Field(description="whether it costs that, too, where the service itself ends")] = (
        False
    )
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal(Block):
    """How a course is renewed, cut to what is left of the service where that is less (SK-6, SK-7)."""

    courses: Annotated[Names, Field(description="the courses it speaks of")]
    months: Annotated[int, Field(ge=1, le=120, description="a full term")]
    cut: Annotated[bool, Field(description="whether it is cut at the end of the service")] = True
    automatic: Annotated[bool, Field(description="renewed without being asked; shown as such instead of a day")] = False
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseChange(Block):
    """To which course one may change, from which: at any time, or at a renewal only (SK-4)."""

    to: Annotated[str, Field(min_length=1, description="the course one changes to")]
    title: Annotated[Text, Field(description="the course, as it is shown")]
    any_time: Annotated[Names, Field(description="courses that may change at any time")] = ()
    at_renewal: Annotated[Names, Field(description="courses that may change when their term is over")] = ()
    keeps: Annotated[Words, Field(description="what stays: mail, homepage, …")] = ()
    advice: Annotated[Text | None, Field(description="what to think of")] = None
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalAddresses(Block):
    """Additional addresses with terms of their own (SK-5)."""

    cancellable: Annotated[bool, Field(description="whether one can be given up in mid-term")] = False
    outlive_contract: Annotated[bool, Field(description="whether they work until their own expiry")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Block):
    """When a bill is paid by one method: so many months after it is written, on a day (SW-5)."""

    method: Annotated[Word, Field(description="such as bank, slip, card")]
    months_after: Annotated[Spell, Field(description="months from the month of the bill to that of paying")] = 0
    day: Annotated[int | None, Field(ge=1, le=31, description="left out: when the payer's own bill says")] = None
    source: Placed = field(default=Position(""), compare=False)


class BilledFrom(StrEnum):
    """Which month a penalty belongs to."""

    LEAVING = "leaving"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoices(Block):
    """What is billed when, and paid when (SW-5, KY-10, II-8)."""

    fee_after: Annotated[Spell, Field(description="months from the month of use to its bill")] = 1
    penalty_month: Annotated[BilledFrom, Field(description="leaving or completion")] = BilledFrom.LEAVING
    penalty_after: Annotated[Spell, Field(description="months from that month to its bill")] = 1
    payments: Annotated[tuple[Payment, ...], several, Field(description="when each way of paying is due")] = ()
    first_month_free: Annotated[bool, Field(description="whether the month of the start costs nothing")] = False
    last_month_full: Annotated[bool, Field(description="whether the last month is charged in full")] = True
    monthly: Annotated[tuple[Cost, ...], several, Field(description="monthly prices, before tax")] = ()
    late_percent: Annotated[Percent, Field(description="late charge a year; fractions of a yen are dropped")] = 0.0
    year_days: Annotated[int, Field(ge=365, le=366, description="days of a year, for the late charge")] = 365
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline(Block):
    """Something the subscriber must do in time, or it is gone: the earlier of the two counts (SW-6)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    title: Annotated[Text, Field(description="what must be done")]
    whom: Annotated[Whom, Field(description="whom it concerns")] = field(default_factory=Whom)
    days: Annotated[Spell, Field(description="days from the day of asking, the first of them the day after")]
    before_completion: Annotated[bool, Field(description="and before the end is complete")] = True
    reminders: Annotated[tuple[Length, ...], several, Field(description="how long before it")] = ()
    loses: Annotated[Text, Field(description="what is gone after it")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalWork(Block):
    """Work on site that moves the month of leaving to its own (SW-7)."""

    whom: Annotated[Whom, Field(description="whom it concerns")] = field(default_factory=Whom)
    earliest_days: Annotated[Spell, Field(description="days from asking to the first day it can be done")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension(Block):
    """When a suspended contract may be ended, and how a suspension is told (KY-7, KY-15)."""

    cure_days: Annotated[Spell, Field(description="days in which it can be cured")] = 10
    first_day_counts: Annotated[bool, Field(description="whether the day it begins is the first of them")] = True
    announced: Annotated[Length, Field(description="how long before it is told")] = timedelta(days=7)
    lifted_within: Annotated[Length, Field(description="how long lifting it may take once it is cured")] = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Block):
    """How long mail is kept and how much of it; what exceeds either may be deleted (KY-1)."""

    months: Annotated[int, Field(ge=1, le=240, description="calendar months from the day it was received")]
    storage: Annotated[Octets | None, Field(description="for each address; left out: as accounts and settings say")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession(Block):
    """What a holder's death and a transfer do (KY-12)."""

    ends_at_death: Annotated[bool, Field(description="whether the holder's death ends the contract")] = True
    transfer_needs_approval: Annotated[bool, Field(description="whether a transfer must be approved")] = True
    desk: Annotated[Word | None, Field(description="the desk that must be asked")] = None
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Block):
    """The mail that proves the end: to the closing address and to the contact address, and kept (SW-8)."""

    to_closing: Annotated[bool, Field(description="whether it goes to the address that closes")] = True
    to_contact: Annotated[bool, Field(description="whether it goes to the contact address")] = True
    months_kept: Annotated[Spell, Field(description="months the member page stays open after the end (SW-9)")] = 6
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumRule(Block):
    """How certain contracts may be cancelled (SW-12)."""

    whom: Annotated[Whom, Field(description="the contracts")]
    media: Annotated[tuple[Medium, ...], several, Field(description="the ways that are open to them")]
    desk: Annotated[Word, Field(description="the desk for them")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Block):
    """The contract rules of a plan."""

    calendar: Annotated[Calendar, Field(description="which days are business days")] = field(default_factory=Calendar)
    last_month_of: Annotated[Instant | None, Field(description="when the service ends; left out, receive-end")] = None
    ends: Annotated[tuple[EndRule, ...], several, Field(description="when a cancellation takes effect")] = ()
    removal_work: Annotated[
        tuple[RemovalWork, ...], several, Field(description="work on site that moves the last month")
    ] = ()
    minimum_terms: Annotated[tuple[MinimumTerm, ...], several, Field(description="what leaving early costs")] = ()
    costs: Annotated[tuple[Cost, ...], several, Field(description="what else is paid at the end")] = ()
    renewals: Annotated[tuple[Renewal, ...], several, Field(description="how courses are renewed")] = ()
    course_changes: Annotated[
        tuple[CourseChange, ...], several, Field(description="from which course to which one may change")
    ] = ()
    additional_addresses: Annotated[
        AdditionalAddresses | None, Field(description="what becomes of additional addresses")
    ] = None
    invoices: Annotated[Invoices | None, Field(description="what is billed and paid when")] = None
    deadlines: Annotated[tuple[Deadline, ...], several, Field(description="what must be done in time")] = ()
    suspension: Annotated[Suspension | None, Field(description="when a suspended contract may be ended")] = None
    retention: Annotated[Retention | None, Field(description="how long mail is kept, and how much of it")] = None
    succession: Annotated[Succession | None, Field(description="death and transfer")] = None
    certificate: Annotated[Certificate | None, Field(description="the mail that proves the end")] = None
    media: Annotated[tuple[MediumRule, ...], several, Field(description="how certain contracts may be cancelled")] = ()
    routes: Annotated[tuple[LeavingRoute, ...], several, Field(description="ways out of the contract")] = ()
    source: Placed = field(default=Position(""), compare=False)
