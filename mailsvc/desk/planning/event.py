"""One thing that comes by a plan, as the terminal, the picture and the calendar read it.

Use: `Event(...)`; `event.past(now)`, `event.whole_day`. `key` names the same thing for ever, whatever its date.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from schedules.moments import start_of_day
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Stage


class What(StrEnum):
    """What kind of thing an event is; several of one instant stand in this order."""

    PAUSE = "pause"
    STAGE = "stage"
    OWN_DATE = "own-date"  # a stage that has another date for some addresses
    BROWN_OUT = "brown-out"
    SWITCH_OFF = "switch-off"
    SWITCH_ON = "switch-on"
    SERVICE_END = "service-end"
    CONSOLIDATION = "consolidation"
    HOLD_END = "hold-end"
    RELEASE_TOLD = "release-told"
    GATE = "gate"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that comes; `at` and `until` are in the plan's zone."""

    key: str
    what: What
    at: datetime
    title: Text
    notes: tuple[Text, ...] = ()  # what else there is to know, briefly
    reason: Text | None = None  # as it is told to whoever asks
    until: datetime | None = None  # of what lasts, as brown-outs do
    stage: Stage | None = None
    irreversible: bool = False  # nothing can take it back
    written: datetime | None = None  # what the plan says, where an amendment moved it
    waits: Text | None = None  # why it does not come at its date by itself
    source: Position = field(default=Position(""))
    private: bool = False  # of a single address or a legal order: for administrators, and no calendar that goes around

    @property
    def whole_day(self) -> bool:
        """Whether it comes where a day begins."""
        return self.until is None and day_begins(self.at)

    def past(self, now: datetime) -> bool:
        """Whether it has come and is over."""
        return self.waits is None and (self.until or self.at).timestamp() <= now.timestamp()


def day_begins(at: datetime) -> bool:
    """Whether a day begins at `at` in its zone."""
    zone = at.tzinfo
    return isinstance(zone, ZoneInfo) and start_of_day(at.date(), zone).timestamp() == at.timestamp()
