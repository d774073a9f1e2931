"""Amendments as people read them.

Use: `said(amendment, zone)`. Never fails.
"""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from schedules.amendments import (
    Amendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
)
from schedules.durations import print_duration


def said(amendment: Amendment, zone: ZoneInfo) -> str:
    """What an amendment does, in words and in times of `zone`."""
    match amendment.act:
        case Postpone(stages, by, to):
            moved = f"by {print_duration(by)}" if by is not None else f"to {_time(to, zone) if to else ''}"
            told = f"postpone {', '.join(stages) or 'all stages to come'} {moved}"
        case Hold(scope, until, stages, legal_order):
            named = f" ({', '.join(stages)})" if stages else ""
            by_law = f" by legal order {legal_order}" if legal_order else ""
            told = f"hold {scope}{named} until {_time(until, zone)}{by_law}"
        case Pause(until):
            told = f"pause until {_time(until, zone)}" if until else "pause until it is resumed"
        case Resume():
            told = "resume"
        case Release(scope, at):
            told = f"release {scope} at {_time(at, zone)}"
        case RollBack(number):
            told = f"roll back to amendment {number}"
        case GateAnswer(stage, opened, findings, overridden):
            answer = ("opened" if opened else "not opened") + (" by hand" if overridden else "")
            told = f"gate of {stage} {answer}" + (f": {'; '.join(findings)}" if findings else "")
        case _:
            assert_never(amendment.act)
    return told


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
