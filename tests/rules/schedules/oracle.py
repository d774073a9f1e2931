"""A second opinion on what an edition answers, written rule by rule, for one instant at a time, without any timeline.

It reads a World, which is what a plan, its amendments and a profile say in whole minutes UTC, and knows nothing of
how `schedules` compiles, caches or bisects them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.words import Capability, Rule, Stage, Suspension

ENDS = {
    "receive": ["receive-end"],
    "send": ["send-end"],
    "forward": ["forward-end"],
    "read": ["read-end"],
    "change_mail": ["read-only", "read-end"],
    "change_settings": ["freeze"],
    "export": ["export-end"],
    "homepage_upload": ["homepage-upload-end", "homepage-end"],
    "homepage": ["homepage-end"],
}
UNTIL_EXPIRY = ["receive", "send", "change_mail", "change_settings", "homepage_upload"]
WHEN_SUSPENDED = ["send", "read", "change_mail"]


@dataclass(frozen=True)
class World:
    """Everything that can bear on one profile."""

    zone: ZoneInfo
    stages: dict[Stage, datetime]
    soft_for: timedelta
    brown_outs: list[tuple[datetime, datetime]]
    suspension: Suspension
    holds: list[datetime]  # ends of the holds that cover the profile
    expiry: date | None
    suspended_since: date | None

    def comes(self, stage: str) -> datetime | None:
        at = self.stages.get(Stage(stage))
        if at is None or stage == "announce":
            return at
        # Holds of a world are on a group; a domain goes to its successor as a whole.
        return at if stage == "successor" else max([at, *self.holds])

    def answer(self, capability: Capability, now: datetime) -> tuple[bool, Rule, bool]:
        """Whether it is allowed, by which rule, and whether a refusal is meant to pass."""
        ends = [end for end in (self.comes(stage) for stage in ENDS[capability]) if end is not None]
        today = now.astimezone(self.zone).date()
        suspended = self.suspended_since is not None and today >= self.suspended_since
        receiving = capability == "receive"
        soft = receiving and bool(ends) and now < min(ends) + self.soft_for
        if any(now >= end for end in ends) and not soft:
            return False, Rule.STAGE, False
        if self.expiry is not None and today > self.expiry and capability in UNTIL_EXPIRY:
            return False, Rule.EXPIRY, False
        if any(now >= end for end in ends):
            return False, Rule.SOFT_START, True
        if suspended and (capability in WHEN_SUSPENDED or (receiving and self.suspension != "keep")):
            return False, Rule.SUSPENSION, receiving and self.suspension == "defer"
        if receiving and any(start <= now < end for start, end in self.brown_outs):
            return False, Rule.BROWN_OUT, True
        return True, self.allowing(capability, now, suspended=suspended), False

    def allowing(self, capability: Capability, now: datetime, *, suspended: bool) -> Rule:
        """By which rule it is allowed, where nothing denies it."""
        if suspended and capability == "receive":
            return Rule.SUSPENSION
        planned = [self.stages[Stage(stage)] for stage in ENDS[capability] if Stage(stage) in self.stages]
        if any(now >= at for at in planned):
            return Rule.HOLD
        return Rule.OPEN

    def position(self, now: datetime) -> Stage | None:
        come = [(at, list(Stage).index(stage), stage) for stage in Stage if (at := self.comes(stage)) and at <= now]
        return max(come)[2] if come else None
