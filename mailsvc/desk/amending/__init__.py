"""Amendments: what administrators change in a plan that is in force, each with a reason and its audit row.

Use: `postpone`, `pause`, `resume` and `roll_back` move the whole plan (dates.py), `hold` and `release` some addresses
(holds.py), `show_gate`, `ask_gate` and `set_gate` answer for gates (gating.py). `core.py` has what they share.
Fails: `Refused` where there is no such plan or the amendment cannot be meant; `Wrong` for a time or length that
cannot be read; `Conflict` where somebody else amended the plan at the same moment. Then nothing has changed.
"""

from mailsvc.desk.amending.core import Amended
from mailsvc.desk.amending.dates import pause, postpone, resume, roll_back
from mailsvc.desk.amending.gating import GateShown, ask_gate, set_gate, show_gate
from mailsvc.desk.amending.holds import Named, hold, release

__all__ = [
    "Amended",
    "GateShown",
    "Named",
    "ask_gate",
    "hold",
    "pause",
    "postpone",
    "release",
    "resume",
    "roll_back",
    "set_gate",
    "show_gate",
]
