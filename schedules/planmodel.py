"""The shape of a plan file: which keys it has, and how each value is read.

`schedules.planfile` turns these into a Plan. Validators raise Wrong, with a remedy.
"""

import re
import zoneinfo
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schedules.blocks.consolidation import Consolidation
from schedules.blocks.dates import Gate, PlanException, PlanHold, PlanNotice, Switch, Unanswered
from schedules.blocks.services import Advice, Desk, Offer, Service
from schedules.blocks.terms import Terms
from schedules.blocks.values import Instant, Length, Pattern, Placed, read_zone, several, texted
from schedules.names import BadName, DomainName
from schedules.positions import Position, Wrong
from schedules.text import Text
from schedules.words import Stage, Suspension

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_URL = re.compile(r"https?://[\x21-\x7e]+")
_URL_LIMIT = 200
_HOP = re.compile(
    r"smtp://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s\[\]:/?#@]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?tls=(?P<tls>none|starttls|required))?"
)


def _plan_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise Wrong(f"{value!r} is not a plan's name", "write lower-case letters, digits and hyphens, 63 at most")
    return value


def _url(value: str) -> str:
    if value and (not _URL.fullmatch(value) or len(value) > _URL_LIMIT):
        remedy = f"write http:// or https:// and printable ASCII, {_URL_LIMIT} characters at most"
        raise Wrong(f"{value!r} cannot stand in a mail server's reply", remedy)
    return value


_HOP_REMEDY = "write smtp://HOST:PORT, and ?tls=none, ?tls=starttls or ?tls=required behind it where that matters"


def read_successor(value: object) -> str:
    """The host that takes mail over, `smtp://HOST:PORT` with `?tls=` at need, in one spelling. Raises Wrong."""
    text = texted(value, "smtp://mx.successor.example:25")
    found = _HOP.fullmatch(text)
    port = int(found["port"] or 25) if found else 0
    if found is None or not 1 <= port <= 65_535:
        raise Wrong(f"{text!r} is no host to send mail to", _HOP_REMEDY)
    try:
        host = f"[{IPv6Address(found['six'])}]" if found["six"] else DomainName.parse(found["name"]).ascii
    except (ValueError, BadName):
        raise Wrong(f"{text!r} names no host", _HOP_REMEDY) from None
    tls = found["tls"] or "starttls"
    return f"smtp://{host}:{port}" + ("" if tls == "starttls" else f"?tls={tls}")


def _long_form(value: object) -> object:
    return value if isinstance(value, dict) else {"at": value}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StageModel(_Part):
    """One stage; a date alone is short for `{at: date}`."""

    at: Instant = Field(description="a date, a time, or `end of 2024-01`")
    reason: Text | None = Field(None, description="why, where it differs from the plan's reason")
    soft_for: Length = Field(timedelta(), description="only at receive-end: answer 450 this long before 550")
    to: Annotated[str, BeforeValidator(read_successor)] = Field(
        "", description="only at successor: the host that takes all mail over, smtp://HOST:PORT"
    )
    gates: Annotated[tuple[Gate, ...], several] = Field((), description="what must hold before it comes")
    unanswered: Unanswered = Field(
        Unanswered.WAIT, description="what it does while its gates have no answer: wait or proceed"
    )
    asked: Length = Field(timedelta(days=1), description="how long before it its gates are first asked")


class BrownOutModel(_Part):
    """One rehearsal of the end: receiving is answered with 450 in between."""

    start: Instant = Field(alias="from", description="when it begins")
    end: Instant = Field(alias="until", description="when it is over")
    reason: Text | None = Field(None, description="what senders are told")
    source: Placed = Position("")


class PlanModel(_Part):
    """A plan file."""

    plan: Annotated[str, AfterValidator(_plan_name)] = Field(description="the plan's name, such as closing")
    zone: Annotated[zoneinfo.ZoneInfo, BeforeValidator(read_zone)] = Field(description="the zone of all dates")
    domains: tuple[Pattern, ...] = Field((), description="mail domains that end, such as closing.example")
    title: Text = Field(description="what the end is called")
    reason: Text = Field(description="why it ends, shown to senders and subscribers")
    notice_url: Annotated[str, AfterValidator(_url)] = Field("", description="page that tells the world")
    suspension: Suspension = Field(Suspension.KEEP, description="mail to suspended contracts: keep, defer or refuse")
    shortest_notice: Length = Field(
        timedelta(days=30), description="least time from announce to receive-end; less is refused"
    )
    stages: Mapping[Stage, Annotated[StageModel, BeforeValidator(_long_form)]] = Field(
        default_factory=dict, description="stages and their dates"
    )
    brown_outs: tuple[BrownOutModel, ...] = Field((), description="rehearsals of receive-end")
    switches: tuple[Switch, ...] = Field((), description="capabilities that are off from an instant on")
    exceptions: tuple[PlanException, ...] = Field((), description="other dates of stages for some addresses")
    holds: tuple[PlanHold, ...] = Field((), description="stages that wait for some addresses")
    notices: tuple[PlanNotice, ...] = Field((), description="what is told, when, to whom")
    services: tuple[Service, ...] = Field((), description="what is not mail, with ends of its own")
    offers: tuple[Offer, ...] = Field((), description="successors that are recommended")
    desks: tuple[Desk, ...] = Field((), description="help desks")
    advice: tuple[Advice, ...] = Field((), description="what to do, by what one has")
    terms: Terms = Field(default_factory=Terms, description="contract rules")
    consolidation: Consolidation | None = Field(None, description="how accounts live on at a successor")
