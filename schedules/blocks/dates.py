"""Blocks that move dates or depend on them: switches, exceptions, holds, gates, notices.

What they do is said by `schedules.decisions` (switches, exceptions, holds), `schedules.applied` (gates) and
`schedules.agenda` (notices).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schedules.blocks.scopes import Scope
from schedules.blocks.values import Block, Count, Instant, Length, Percent, Placed, Powers, Word, several
from schedules.blocks.whom import Whom
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Block):
    """Capabilities that are off from one instant, for good or until another (SK-8, II-2)."""

    capabilities: Annotated[Powers, Field(description="such as change_settings, or renew:two-year")]
    off: Annotated[Instant, Field(description="from this instant they are off")]
    on: Annotated[Instant | None, Field(description="from this instant they are on again")] = None
    scope: Annotated[Scope, Field(description="for these addresses alone")] = field(default_factory=Scope)
    reason: Annotated[Text, Field(description="why, as it is told to whoever asks")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanException(Block):
    """Other dates of stages for some addresses; closer scopes go before wider ones."""

    scope: Annotated[Scope, Field(description="for whom: domain, group, area or address")]
    stages: Annotated[Mapping[Stage, Instant], Field(min_length=1, description="stages and their other dates")]
    reason: Annotated[Text, Field(description="why")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHold(Block):
    """Stages that come no earlier than `until` for some addresses; a legal order goes before every other hold."""

    scope: Annotated[Scope, Field(description="for whom; empty, for everybody")] = field(default_factory=Scope)
    until: Annotated[Instant, Field(description="when they are let go")]
    stages: Annotated[tuple[Stage, ...], several, Field(description="these alone; else all but the announcement")] = ()
    legal_order: Annotated[str, Field(max_length=200, description="court and number of the order, where it is one")] = (
        ""
    )
    announced: Annotated[
        Length, Field(description="how long before its end administrators are told; 0 s: not at all")
    ] = timedelta(days=14)
    reason: Annotated[Text, Field(description="why")]
    source: Placed = field(default=Position(""), compare=False)


class Unanswered(StrEnum):
    """What a stage does whose gate nobody has answered when its date comes."""

    PROCEED = "proceed"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldGate(Block):
    """Enough subscribers have been told of the end."""

    kind: Literal["told"]
    at_least: Annotated[Percent, Field(description="share of subscribers that a notice has reached")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsGate(Block):
    """No export is running; those that run are given more time, within bounds, and their subscribers are told."""

    kind: Literal["exports"]
    extend_at_most: Annotated[Length, Field(description="longest extension of one subscriber's export")] = timedelta(14)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupGate(Block):
    """A backup was verified lately."""

    kind: Literal["backup"]
    within: Annotated[Length, Field(description="how old the verification may be")] = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailGate(Block):
    """Little legitimate mail still comes: what was taken for addresses of the domain, per day."""

    kind: Literal["mail"]
    at_most: Annotated[Count, Field(description="messages a day, as a mean")]
    over: Annotated[Length, Field(description="the days that are counted")] = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressesGate(Block):
    """Few addresses are left: a plan never ends more of them than was meant."""

    kind: Literal["addresses"]
    at_most: Annotated[Count, Field(description="live addresses of the domain")]


Gate = Annotated[ToldGate | ExportsGate | BackupGate | MailGate | AddressesGate, Field(discriminator="kind")]


class Audience(StrEnum):
    """Whom a notice is for."""

    SUBSCRIBERS = "subscribers"  # at their addresses and at their contact addresses
    CONTACTS = "contacts"  # at their contact addresses alone (KY-13)
    ADMINISTRATORS = "administrators"
    WORLD = "world"  # the public notice page


class Channel(StrEnum):
    """How a notice goes out."""

    MAIL = "mail"
    PAGE = "page"
    LETTER = "letter"  # on paper: a list of whom to write to
    SMS = "sms"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNotice(Block):
    """Something told, once or with a cadence, before and after a stage or at dates of its own (SK-13, KY-11)."""

    id: Annotated[Word, Field(description="its name in this plan")]
    stage: Annotated[Stage | None, Field(description="the stage it belongs to")] = None
    before: Annotated[tuple[Length, ...], several, Field(description="how long before the stage, once for each")] = ()
    after: Annotated[tuple[Length, ...], several, Field(description="how long after the stage")] = ()
    at: Annotated[tuple[Instant, ...], several, Field(description="dates of its own, instead of a stage")] = ()
    to: Annotated[Audience, Field(description="subscribers, contacts, administrators or world")] = Audience.SUBSCRIBERS
    by: Annotated[tuple[Channel, ...], several, Field(description="mail, page, letter, sms")] = (Channel.MAIL,)
    whom: Annotated[Whom, Field(description="only those who have or lack something")] = field(default_factory=Whom)
    until_done: Annotated[bool, Field(description="ends once the subscriber has done what it asks")] = False
    text: Annotated[Text, Field(description="what is told")]
    source: Placed = field(default=Position(""), compare=False)
