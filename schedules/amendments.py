"""Amendments: numbered, dated, append-only changes to a plan.

A Postpone moves stages for everybody, a Hold keeps a scope open for a while, a RollBack takes later amendments back.
`to_json` and `from_json` keep an amendment without loss; `schedules.applied` gives the dates that stand.
An amendment that cannot be meant raises BadAmendment, whose message is fit for the person who asked for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from schedules.blocks.scopes import Scope
from schedules.durations import parse_duration, print_duration
from schedules.names import Address
from schedules.words import Stage

FORMAT = 1
_LONGEST = timedelta(days=36_525)
_LAST_YEAR = 2999


class BadAmendment(ValueError):
    """An amendment that contradicts itself, its plan or the amendments before it; the message says how."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """Stages moved `by` a length of time (whole days keep the local time of day) or `to` an instant.

    No stages named: all that had not come when the amendment was made; that needs `by`.
    """

    stages: tuple[Stage, ...] = ()
    by: timedelta | None = None
    to: datetime | None = None

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise BadAmendment("say by how long, or to when, and not both")
        if self.by is not None and self.by <= timedelta():
            raise BadAmendment("a postponement must be longer than nothing")
        if self.by is not None and self.by > _LONGEST:
            raise BadAmendment("a postponement must be shorter than a hundred years")
        if self.to is not None:
            if not self.stages:
                raise BadAmendment("name the stages that move to that instant")
            object.__setattr__(self, "to", _in_utc(self.to))


@dataclass(frozen=True, slots=True)
class Hold:
    """Every stage but the announcement comes no earlier than `until` for addresses in `scope`."""

    scope: Scope
    until: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "until", _in_utc(self.until))


@dataclass(frozen=True, slots=True)
class RollBack:
    """Back to the amendments up to number `to`; 0 is the plan as it was written."""

    to: int


Act = Postpone | Hold | RollBack


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
        object.__setattr__(self, "made_at", _in_utc(self.made_at))

    def to_json(self) -> str:
        """The amendment as one line of JSON with sorted keys, in a format that later versions go on reading."""
        tree = {
            "format": FORMAT,
            "number": self.number,
            "made_at": self.made_at.isoformat(),
            "by": self.by,
            "reason": self.reason,
            "act": _act_tree(self.act),
        }
        return json.dumps(tree, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Amendment":
        """The amendment that `to_json` wrote. Raises BadAmendment for any other text."""
        try:
            tree = _mapping(json.loads(text))
            _check_format(_number(tree, "format"))
            made_at = datetime.fromisoformat(_text(tree, "made_at"))
            act = _act(_mapping(tree["act"]))
            return cls(_number(tree, "number"), made_at, _text(tree, "by"), _text(tree, "reason"), act)
        except BadAmendment:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadAmendment(f"this is not an amendment: {error}") from error


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BadAmendment(f"{at.isoformat()} names no zone")
    if not 1970 <= at.year <= _LAST_YEAR:
        raise BadAmendment(f"{at.isoformat()} is outside the years 1970 to {_LAST_YEAR}")
    return at.astimezone(UTC)


def _check_format(number: int) -> None:
    if number != FORMAT:
        raise BadAmendment(f"this amendment has format {number}, this version reads {FORMAT}: use a later version")


def _act_tree(act: Act) -> dict[str, object]:
    match act:
        case Postpone():
            moved = {"by": print_duration(act.by)} if act.by is not None else {}
            moved |= {"to": act.to.isoformat()} if act.to is not None else {}
            return {"kind": "postpone", "stages": list(act.stages), **moved}
        case Hold():
            scope = act.scope
            address = str(scope.address) if scope.address else ""
            narrowed = {"domain": scope.domain, "group": scope.group, "area": scope.area, "address": address}
            return {"kind": "hold", "until": act.until.isoformat(), "scope": {k: v for k, v in narrowed.items() if v}}
        case RollBack():
            return {"kind": "roll-back", "to": act.to}
        case _:
            assert_never(act)


def _act(tree: Mapping[str, object]) -> Act:
    kind = tree["kind"]
    if kind == "postpone":
        stages = tree["stages"]
        if not isinstance(stages, list):
            raise TypeError("stages are a list")
        by = parse_duration(_text(tree, "by")) if "by" in tree else None
        to = datetime.fromisoformat(_text(tree, "to")) if "to" in tree else None
        return Postpone(tuple(Stage(stage) for stage in stages), by, to)
    if kind == "hold":
        scope = _mapping(tree["scope"])
        address = Address.parse(_text(scope, "address")) if "address" in scope else None
        named = {key: _text(scope, key) for key in ("domain", "group", "area") if key in scope}
        return Hold(Scope(**named, address=address), datetime.fromisoformat(_text(tree, "until")))
    if kind == "roll-back":
        return RollBack(_number(tree, "to"))
    raise ValueError(f"{kind!r} is no kind of amendment")


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("this must be an object")
    return value


def _text(tree: Mapping[str, object], key: str) -> str:
    value = tree[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    return value


def _number(tree: Mapping[str, object], key: str) -> int:
    value = tree[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{key} must be a whole number")
    return value
