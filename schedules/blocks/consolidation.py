"""The block of a consolidation: accounts that live on at a successor (II-1 to II-8). `contracts.joining` applies it."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schedules.blocks.values import Block, Instant, Length, Placed, Word, Words, Yen, several
from schedules.positions import Position
from schedules.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionMapping(Block):
    """What an option becomes at the successor (II-3)."""

    option: Annotated[Word, Field(description="an option or service, as accounts list it")]
    becomes: Annotated[Word, Field(description="the successor's service")]
    each_address: Annotated[bool, Field(description="whether each address becomes a service of its own")] = False
    title: Annotated[Text, Field(description="its name there, as it is shown")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange(Block):
    """A price of the successor that changes with the consolidation (II-3)."""

    service: Annotated[Word, Field(description="the successor's service")]
    title: Annotated[Text, Field(description="its name, as it is shown")]
    old: Annotated[Yen, Field(description="price a month until then")]
    new: Annotated[Yen, Field(description="price a month from then on")]
    at: Annotated[Instant | None, Field(description="left out: with the consolidation")] = None
    source: Placed = field(default=Position(""), compare=False)


class Inherit(StrEnum):
    """Whose data a holder of several contracts keeps."""

    OLDEST = "oldest"  # that of the contract that began first (II-5)
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidation(Block):
    """Several accounts become one at a successor; who has an account there keeps it."""

    at: Annotated[Instant, Field(description="when it happens")]
    account: Annotated[Word, Field(description="what accounts list for whoever has an account at the successor")]
    options: Annotated[tuple[OptionMapping, ...], several, Field(description="what options become")] = ()
    added: Annotated[Words, Field(description="options added to whoever lacks them")] = ()
    prices: Annotated[tuple[PriceChange, ...], several, Field(description="prices that change")] = ()
    inherit: Annotated[Inherit, Field(description="oldest or newest")] = Inherit.OLDEST
    inherited: Annotated[Words, Field(description="what is inherited, such as line-password and credit-card")] = ()
    id_immutable: Annotated[bool, Field(description="whether a new customer id can never be changed")] = True
    id_told_by: Annotated[Words, Field(description="how a new id is told")] = ("mail",)
    unmapped_listed: Annotated[Length, Field(description="how long before it unmapped options are listed")] = timedelta(
        days=14
    )
    source: Placed = field(default=Position(""), compare=False)
