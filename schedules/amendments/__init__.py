"""Amendments: numbered, dated, append-only changes to a plan, and what stands after them.

`amendment.py` one change with its JSON · `acts.py` what it can do · `acting.py` what each act makes of what stands
(`standing.py`) · `resting.py` pauses · `coming.py` when a stage comes for whom. `schedules.applied` goes through all.
"""

from schedules.amendments.amendment import (
    ANNOUNCED,
    FORMAT,
    Act,
    Amendment,
    BadAmendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
)

__all__ = [
    "ANNOUNCED",
    "FORMAT",
    "Act",
    "Amendment",
    "BadAmendment",
    "GateAnswer",
    "Hold",
    "Pause",
    "Postpone",
    "Release",
    "Resume",
    "RollBack",
]
