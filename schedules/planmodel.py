"""The shape of a plan file: which keys it has, and how each value is read.

`schedules.planfile` turns these into a Plan. Validators raise Wrong, with a remedy.
"""

import re
import zoneinfo
from datetime import timedelta
from ipaddress import IPv6Address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schedules.blocks.values import Pattern, read_zone, texted
from schedules.durations import parse_duration
from schedules.moments import Moment
from schedules.names import BadName, DomainName
from schedules.positions import Wrong
from schedules.text import Text
from schedules.words import Stage, Suspension

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_URL = re.compile(r"https?://[\x21-\x7e]+")
_URL_LIMIT = 200
_HOP = re.compile(
    r"smtp://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s\[\]:/?#@]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?tls=(?P<tls>none|starttls|required))?"
)


def _moment(value: object) -> Moment:
    return Moment.parse(texted(value, "a date such as 2024-02-01"))


def _duration(value: object) -> timedelta:
    return parse_duration(texted(value, "a length of time such as `6 hours`"))


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

    at: Annotated[Moment, BeforeValidator(_moment)] = Field(description="a date, a time, or `end of 2024-01`")
    reason: Text | None = Field(None, description="why, where it differs from the plan's reason")
    soft_for: Annotated[timedelta, BeforeValidator(_duration)] = Field(
        timedelta(), description="only at receive-end: answer 450 this long before 550"
    )
    to: Annotated[str, BeforeValidator(read_successor)] = Field(
        "", description="only at successor: the host that takes all mail over, smtp://HOST:PORT"
    )


class BrownOutModel(_Part):
    """One rehearsal of the end."""

    start: Annotated[Moment, BeforeValidator(_moment)] = Field(alias="from", description="when it begins")
    end: Annotated[Moment, BeforeValidator(_moment)] = Field(alias="until", description="when it is over")
    reason: Text | None = Field(None, description="what senders are told")


class PlanModel(_Part):
    """A plan file."""

    plan: Annotated[str, AfterValidator(_plan_name)] = Field(description="the plan's name, such as closing")
    zone: Annotated[zoneinfo.ZoneInfo, BeforeValidator(read_zone)] = Field(description="the zone of all dates")
    domains: Annotated[list[Pattern], Field(min_length=1)] = Field(description="what ends, such as closing.example")
    title: Text = Field(description="what the end is called")
    reason: Text = Field(description="why it ends, shown to senders and subscribers")
    notice_url: Annotated[str, AfterValidator(_url)] = Field("", description="page that tells the world")
    suspension: Suspension = Field(Suspension.KEEP, description="mail to suspended contracts: keep, defer or refuse")
    stages: dict[Stage, Annotated[StageModel, BeforeValidator(_long_form)]] = Field(
        description="stages and their dates"
    )
    brown_outs: list[BrownOutModel] = Field(default_factory=list, description="rehearsals of receive-end")
