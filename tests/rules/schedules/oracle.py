"""A second opinion on what an edition answers, written rule by rule, for one instant at a time, without any timeline.

It reads a World, which is what a plan, its amendments and a profile say, and knows nothing of how `schedules` moves
dates, compiles, caches or bisects them. Scopes are words here: see COVERING.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.amendments import Act, GateAnswer, Pause, Resume
from schedules.words import Capability, Rule, Stage, Suspension
from tests.rules.schedules.oracle_dates import Dates

SETTLED = ["freeze", "receive-end"]
ENDS = {
    "receive": ["receive-end"],
    "send": ["send-end"],
    "forward": ["forward-end"],
    "read": ["read-end"],
    "change_mail": ["read-only", "read-end"],
    "change_settings": ["freeze"],
    "export": ["export-end"],
    "homepage_upload": ["homepage-upload-end", "homepage-end"],
    "homepage_download": ["homepage-end"],
    "homepage": ["homepage-end"],
    "add_address": SETTLED,
    "change_options": SETTLED,
    "course_change": SETTLED,
    "renew": ["receive-end"],
    "renew_beyond_end": ["receive-end"],
    "pay_online": ["receive-end"],
}
CHANGES = ["change_mail", "change_settings", "add_address", "change_options", "course_change"]
UNTIL_EXPIRY = ["receive", "send", "homepage_upload", "homepage_download", *CHANGES]
WHEN_SUSPENDED = ["send", "read", "change_mail"]

# The scopes of worlds, the widest first; "others" is a group that the profile is not in.
WHOLE = ["all", "wildcard", "domain"]
COVERING = [*WHOLE, "group", "area", "address"]
AS_ONE = ["successor", "purge", "dns-end"]
FINAL = {
    "purge": ["announce", "freeze", "successor", "receive-end", "read-only", "read-end", "export-end", "homepage-end"],
    "dns-end": ["announce", "send-end", "receive-end", "forward-end", "homepage-end"],
}


@dataclass(frozen=True)
class Excepted:
    """Other dates for a scope."""

    scope: str
    stages: dict[Stage, datetime]


@dataclass(frozen=True)
class Keep:
    """A hold: of the plan, or made before every other act."""

    scope: str
    until: datetime
    stages: tuple[Stage, ...] = ()
    legal: bool = False
    amendment: bool = False

    def concerns(self, stage: str) -> bool:
        return not self.stages or any(one in self.stages for one in [stage, *FINAL.get(stage, [])])


@dataclass(frozen=True)
class Cut:
    """A switch of one power."""

    scope: str
    capability: str
    course: str
    off: datetime
    on: datetime | None


@dataclass(frozen=True)
class World:
    """Everything that can bear on one profile."""

    zone: ZoneInfo
    stages: dict[Stage, datetime]
    soft_for: timedelta
    brown_outs: list[tuple[datetime, datetime]]
    suspension: Suspension
    holds: list[Keep]
    expiry: date | None
    suspended_since: date | None
    exceptions: list[Excepted] = field(default_factory=list)
    switches: list[Cut] = field(default_factory=list)
    gates: dict[Stage, bool] = field(default_factory=dict)  # whether the stage waits while nobody has answered
    acts: list[tuple[datetime, Act]] = field(default_factory=list)  # pauses, resumptions and answers, in order


class Oracle:
    """What stands of a world after its acts, and what is answered at an instant."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dates = Dates(
            world.zone,
            dict(world.stages),
            [(one.scope, dict(one.stages)) for one in world.exceptions],
            [(one, one.until) for one in world.holds],
            list(world.brown_outs),
            world.gates,
            {stage: FINAL.get(stage, []) for stage in world.stages},
        )
        for made_at, act in world.acts:
            match act:
                case Pause(until):
                    self.dates.pause(made_at, until)
                case Resume():
                    self.dates.resume(made_at)
                case GateAnswer(stage, opened):
                    self.dates.answers[stage] = (opened, made_at)
                case _:
                    raise AssertionError(act)
        self.ends = {stage: (self.planned(stage), self.released(stage), self.comes(stage)) for stage in world.stages}

    def planned(self, stage: Stage) -> datetime:
        """When the stage would come but for holds, gates and pauses: the closest exception's date, or everybody's."""
        wanted = WHOLE if stage in AS_ONE else COVERING
        dated = [
            (wanted.index(scope), stages[stage])
            for scope, stages in self.dates.exceptions
            if scope in wanted and stage in stages
        ]
        return max(dated)[1] if dated else self.dates.stages[stage]

    def released(self, stage: Stage) -> datetime:
        """When nothing holds it any more."""
        holds = [(hold, until) for hold, until in self.dates.holds if stage != "announce" and hold.concerns(stage)]
        orders = [hold.scope for hold, _ in holds if hold.legal]
        if stage in FINAL:
            beaten = [*COVERING, "others"] if any(scope in WHOLE for scope in orders) else orders
            counting = [until for hold, until in holds if hold.legal or hold.scope not in beaten]
        else:
            wanted = WHOLE if stage in AS_ONE else COVERING
            mine = [(hold, until) for hold, until in holds if hold.scope in wanted]
            legal = [until for hold, until in mine if hold.legal]
            counting = legal or [until for _, until in mine]
        return max([self.planned(stage), *counting])

    def comes(self, stage: Stage) -> datetime | None:
        """When it comes; None while nobody knows."""
        return self.dates.comes(stage, self.released(stage))

    def answer(self, capability: Capability, now: datetime, course: str = "") -> tuple[bool, Rule, bool]:
        """Whether it is allowed, by which rule, and whether a refusal is meant to pass."""
        world = self.world
        ends = [end for stage in self.ending(capability) if (end := self.ends[stage][2]) is not None]
        today = now.astimezone(world.zone).date()
        suspended = world.suspended_since is not None and today >= world.suspended_since
        receiving = capability == "receive"
        soft = receiving and bool(ends) and now < min(ends) + world.soft_for
        off = [cut for cut in self.cuts(capability, course) if cut.off <= now and (cut.on is None or now < cut.on)]
        over = any(now >= end for end in ends)
        expired = world.expiry is not None and today > world.expiry and capability in UNTIL_EXPIRY
        blocked = suspended and (capability in WHEN_SUSPENDED or (receiving and world.suspension != "keep"))
        rehearsing = receiving and any(start <= now < end for start, end in self.dates.rehearsed())
        denying = [
            (over and not soft, Rule.STAGE, False),
            (expired, Rule.EXPIRY, False),
            (bool(off), Rule.SWITCH, all(cut.on is not None for cut in off)),
            (over, Rule.SOFT_START, True),
            (blocked, Rule.SUSPENSION, receiving and world.suspension == "defer"),
            (rehearsing, Rule.BROWN_OUT, True),
        ]
        for applies, rule, passing in denying:
            if applies:
                return False, rule, passing
        return True, Rule.SUSPENSION if suspended and receiving else self.allowing(capability, now), False

    def ending(self, capability: Capability) -> list[Stage]:
        return [Stage(stage) for stage in ENDS[capability] if Stage(stage) in self.world.stages]

    def cuts(self, capability: Capability, course: str) -> list[Cut]:
        mine = [cut for cut in self.world.switches if cut.capability == capability and cut.scope in COVERING]
        return [cut for cut in mine if cut.course in {"", course}]

    def allowing(self, capability: Capability, now: datetime) -> Rule:
        """By which rule it is allowed, where nothing denies it."""
        order = list(Stage)
        come = [(self.ends[stage][0], order.index(stage)) for stage in self.ending(capability)]
        due = [(at, rank) for at, rank in come if now >= at]
        if not due:
            return Rule.OPEN
        return Rule.HOLD if now < self.ends[order[min(due)[1]]][1] else Rule.WAITING

    def position(self, now: datetime) -> Stage | None:
        come = [(at, rank) for rank, s in enumerate(Stage) if s in self.ends and (at := self.ends[s][2])]
        past = [(at, rank) for at, rank in come if at <= now]
        return list(Stage)[max(past)[1]] if past else None
