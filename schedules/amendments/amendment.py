"""Amendments: numbered, dated, append-only changes to a plan.

A Postpone moves stages for everybody, a Hold keeps a scope open for a while and a Release lets it go, a Pause rests
the whole plan until its end or a Resume, a GateAnswer says whether a stage may come, a RollBack takes later amendments
back. `to_json` and `from_json` keep an amendment without loss; `schedules.applied` gives the dates that stand.
An amendment that cannot be meant raises BadAmendment, whose message is fit for the person who asked for it.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from schedules.amendments.acts import (
    ANNOUNCED,
    Act,
    BadAmendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
    in_utc,
)
from schedules.amendments.as_json import act_of, mapping, number, text, tree_of

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

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change to a plan: who made it, when and why. Instants are kept in UTC."""

    number: int  # from 1, rising within a plan
    made_at: datetime
    by: str
    reason: str
    act: Act

    def __post_init__(self) -> None:
        if self.number < 1:
            raise BadAmendment("amendments are numbered from 1")
        if not self.reason.strip():
            raise BadAmendment("an amendment needs a reason")
        object.__setattr__(self, "made_at", in_utc(self.made_at))

    def to_json(self) -> str:
        """The amendment as one line of JSON with sorted keys, in a format that later versions go on reading."""
        tree = {
            "format": FORMAT,
            "number": self.number,
            "made_at": self.made_at.isoformat(),
            "by": self.by,
            "reason": self.reason,
            "act": tree_of(self.act),
        }
        return json.dumps(tree, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, written: str) -> "Amendment":
        """The amendment that `to_json` wrote. Raises BadAmendment for any other text."""
        try:
            tree = mapping(json.loads(written))
            _check_format(number(tree, "format"))
            made_at = datetime.fromisoformat(text(tree, "made_at"))
            act = act_of(mapping(tree["act"]))
            return cls(number(tree, "number"), made_at, text(tree, "by"), text(tree, "reason"), act)
        except BadAmendment:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadAmendment(f"this is not an amendment: {error}") from error


def _check_format(found: int) -> None:
    if found != FORMAT:
        raise BadAmendment(f"this amendment has format {found}, this version reads {FORMAT}: use a later version")
