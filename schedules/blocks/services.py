"""Blocks of what is not mail: services that end on their own dates, desks, the successor's offer, advice by use.

`schedules.contracts.checklist` makes of them what one subscriber is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schedules.blocks.values import Block, Count, Day, Instant, Length, Names, Placed, Spell, Word, Words, Yen, several
from schedules.blocks.whom import Whom
from schedules.positions import Position
from schedules.text import Text


class Holidays(StrEnum):
    """Which days off a calendar knows besides Saturdays and Sundays."""

    NONE = "none"
    JP = "JP"  # national holidays
    JP_BANK = "JP-bank"  # and 31 December to 3 January


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Block):
    """Which days are business days: Monday to Friday, less holidays, less days named here."""

    holidays: Annotated[Holidays, Field(description="none, JP or JP-bank")] = Holidays.JP
    closed: Annotated[tuple[Day, ...], several, Field(description="further days that are no business days")] = ()
    open: Annotated[tuple[Day, ...], several, Field(description="days that are business days all the same")] = ()
    source: Placed = field(default=Position(""), compare=False)


class Purpose(StrEnum):
    """What a help desk is for."""

    CLOSURE = "closure"
    CANCELLING = "cancelling"
    CORPORATE = "corporate"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Block):
    """A help desk with its hours (SK-12, SW-12)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    purpose: Annotated[Purpose, Field(description="closure, cancelling, corporate or service")]
    title: Annotated[Text, Field(description="its name, as it is shown")]
    phone: Annotated[str, Field(max_length=60, description="its number")] = ""
    url: Annotated[str, Field(max_length=200, pattern=r"^https?://[\x21-\x7e]+$", description="its page")] = ""
    opens: Annotated[time | None, Field(description="such as 10:00; without it, at any time")] = None
    closes: Annotated[time | None, Field(description="such as 18:00")] = None
    weekends: Annotated[bool, Field(description="whether it is there on Saturdays, Sundays and holidays")] = False
    away: Annotated[tuple[Day, ...], several, Field(description="days on which nobody is there")] = ()
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Block):
    """A successor that is recommended (SK-12)."""

    title: Annotated[Text, Field(description="its name, as it is shown")]
    url: Annotated[str, Field(max_length=200, pattern=r"^https?://[\x21-\x7e]+$", description="where one applies")] = ""
    phone: Annotated[str, Field(max_length=60), Field(description="its number")] = ""
    benefit: Annotated[Text | None, Field(description="what subscribers get there")] = None
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice(Block):
    """What to do, by what one has (SK-10); `lead` before the end of what it is about."""

    id: Annotated[Word, Field(description="its name in this plan")]
    whom: Annotated[Whom, Field(description="whom it is for")] = field(default_factory=Whom)
    lead: Annotated[Length, Field(description="how long before the end it should be begun")] = timedelta()
    until: Annotated[
        Instant | None, Field(description="when it is too late for it; left out, the end of what it is about")
    ] = None
    text: Annotated[Text, Field(description="what to do")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependant(Block):
    """What else the end of a service breaks, unless (SP-2): "ending A affects B unless C"."""

    affects: Annotated[Word, Field(description="the service, option or capability that suffers")]
    whom: Annotated[Whom, Field(description="only with these courses, areas, services or equipment")] = field(
        default_factory=Whom
    )
    unless: Annotated[Words, Field(description="not for who has any of these")] = ()
    effect: Annotated[Text, Field(description="what happens, as the subscriber is warned before")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Block):
    """What to do from one day to another after the stop (SP-3); the day of the stop is day 0."""

    from_day: Annotated[Count, Field(description="first day it holds for")] = 0
    to_day: Annotated[Count | None, Field(description="last day it holds for; left out, for ever")] = None
    whom: Annotated[Whom, Field(description="only for these")] = field(default_factory=Whom)
    text: Annotated[Text, Field(description="what to do")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Block):
    """One line of a decision table: where each column of `when` has one of its values, `text` holds."""

    when: Annotated[Mapping[str, Names], Field(min_length=1, description="for each column of `by` a value, or several")]
    text: Annotated[Text, Field(description="what holds then")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable(Block):
    """What holds by area, model or anything else that is named (SP-4)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    title: Annotated[Text, Field(description="what it answers")]
    by: Annotated[tuple[str, ...], several, Field(description="its columns, such as area and model")]
    rows: Annotated[tuple[Row, ...], Field(min_length=1), Field(description="its lines")]
    otherwise: Annotated[Text | None, Field(description="where no row speaks")] = None
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingRoute(Block):
    """A way out of a service (SP-1, SW-10)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    title: Annotated[Text, Field(description="its name, as it is shown")]
    by_itself: Annotated[bool, Field(description="the contract ends by itself once the move is complete")] = False
    desk: Annotated[Word | None, Field(description="the desk that must be asked")] = None
    loses: Annotated[Text | None, Field(description="what is lost on this way")] = None
    answer_within: Annotated[Length | None, Field(description="how soon the approval number comes")] = None
    answer_by: Annotated[Words, Field(description="how it comes: mail, sms")] = ()
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost(Block):
    """Something to pay at the end, told before the request is sent (SW-11): once, or the rest of instalments."""

    id: Annotated[Word, Field(description="its name in this plan")]
    title: Annotated[Text, Field(description="what it is for")]
    whom: Annotated[Whom, Field(description="who pays it")] = field(default_factory=Whom)
    yen: Annotated[Yen, Field(description="the amount; of instalments, that of one")]
    instalments: Annotated[Spell | None, Field(description="how many there are, from the month of the start on")] = None
    per_address: Annotated[bool, Field(description="whether it is paid once for each address")] = False
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Block):
    """Something that is not mail, with an end of its own (SK-11)."""

    id: Annotated[Word, Field(description="its name in this plan, and in the accounts' column `services`")]
    title: Annotated[Text, Field(description="its name, as it is shown")]
    end: Annotated[Instant | None, Field(description="when it ends for everybody it covers; left out, by itself")] = (
        None
    )
    whom: Annotated[Whom, Field(description="whom the end concerns")] = field(default_factory=Whom)
    condition: Annotated[Text | None, Field(description="where or for whom it ends, in words")] = None
    advice: Annotated[Text | None, Field(description="what to do")] = None
    dependants: Annotated[tuple[Dependant, ...], several, Field(description="what else its end breaks")] = ()
    waits: Annotated[tuple[Wait, ...], several, Field(description="what to do from day to day after the stop")] = ()
    tables: Annotated[
        tuple[DecisionTable, ...], several, Field(description="what holds by area, model and the like")
    ] = ()
    routes: Annotated[tuple[LeavingRoute, ...], several, Field(description="ways out of it")] = ()
    source: Placed = field(default=Position(""), compare=False)
