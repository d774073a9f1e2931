"""A plan: the dated end of a mail platform's domains, as frozen values.

`schedules.planfile` reads one from YAML, `schedules.edition` adds amendments and answers questions.
Plans compare by what they say; the text they came from and the places in it do not count.
All datetimes are aware and in the plan's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.blocks.consolidation import Consolidation
from schedules.blocks.dates import Gate, PlanException, PlanHold, PlanNotice, Switch, Unanswered
from schedules.blocks.services import Advice, Desk, Offer, Service
from schedules.blocks.terms import Terms
from schedules.names import DomainName
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Stage, Suspension

# How long senders' queues keep trying (RFC 5321 4.5.4.1: at least four to five days).
QUEUE_LIFE = timedelta(days=5)

# Stages that nothing can take back once they have come.
IRREVERSIBLE = frozenset({Stage.PURGE, Stage.DNS_END})

# Stages that come for a domain as a whole: a hold on some of its addresses leaves them where they are.
WHOLE_DOMAIN = frozenset({Stage.SUCCESSOR})


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage of a plan and when it comes."""

    stage: Stage
    at: datetime
    reason: Text | None = None  # None: the plan's own reason
    source: Position = field(default=Position(""), compare=False)
    soft_for: timedelta = timedelta()  # only at receive-end: refuse with 450 this long before refusing for good
    to: str = ""  # only at successor: the host that takes the mail over, smtp://HOST:PORT
    gates: tuple[Gate, ...] = ()  # what must hold before it comes
    unanswered: Unanswered = Unanswered.WAIT  # purge and dns-end always wait
    asked: timedelta = timedelta(days=1)  # how long before it its gates are first asked


@dataclass(frozen=True, slots=True)
class BrownOut:
    """A rehearsal of the end: from `start` until, not at, `end` receiving is answered with 450."""

    start: datetime
    end: datetime
    reason: Text
    source: Position = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """The dated end of some domains."""

    name: str
    zone: ZoneInfo
    domains: tuple[str, ...]  # exact names, and "*.x" for every name below x, x itself not among them
    stages: Mapping[Stage, StageLine]
    brown_outs: tuple[BrownOut, ...]  # in order of time, never overlapping
    suspension: Suspension
    notice_url: str  # page that tells the world; empty where there is none
    reason: Text
    title: Text
    shortest_notice: timedelta = timedelta(days=30)  # between announce and receive-end (KY-11)
    switches: tuple[Switch, ...] = ()
    exceptions: tuple[PlanException, ...] = ()
    holds: tuple[PlanHold, ...] = ()
    notices: tuple[PlanNotice, ...] = ()
    services: tuple[Service, ...] = ()
    offers: tuple[Offer, ...] = ()
    desks: tuple[Desk, ...] = ()
    advice: tuple[Advice, ...] = ()
    terms: Terms = field(default_factory=Terms)
    consolidation: Consolidation | None = None
    source: Position = field(default=Position(""), compare=False)
    text: str = field(default="", compare=False, repr=False)

    def closeness(self, domain: DomainName) -> int | None:
        """How closely the plan names `domain`: most for the exact name, else by the length of the wildcard; or None."""
        if domain.ascii in self.domains:
            return len(domain.ascii) + 1
        return max(
            (len(p) - 2 for p in self.domains if p.startswith("*.") and domain.ascii.endswith(p[1:])), default=None
        )

    def in_order(self) -> tuple[StageLine, ...]:
        """The stages in order of time; those of one instant as `Stage` lists them."""
        ranks = {stage: rank for rank, stage in enumerate(Stage)}
        return tuple(sorted(self.stages.values(), key=lambda line: (line.at.timestamp(), ranks[line.stage])))
