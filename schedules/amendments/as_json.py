"""Acts as trees of JSON, and back: format 1 of what is kept of an amendment.

    act_of(tree_of(act)) == act

What an act leaves at its default is not written, so that rows of earlier versions and of this one read alike.
Raises ValueError, TypeError or KeyError for a tree that is no act; `Amendment.from_json` makes one refusal of them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import assert_never

from schedules.amendments.acts import ANNOUNCED, Act, GateAnswer, Hold, Pause, Postpone, Release, Resume, RollBack
from schedules.blocks.scopes import Scope
from schedules.durations import parse_duration, print_duration
from schedules.names import Address
from schedules.words import Stage


def tree_of(act: Act) -> dict[str, object]:
    """The act as a tree that JSON can write."""
    match act:
        case Postpone():
            tree: dict[str, object] = {"kind": "postpone", "stages": list(act.stages), **_moved(act)}
        case Hold():
            tree = {"kind": "hold", "until": act.until.isoformat(), "scope": _scope_tree(act.scope), **_further(act)}
        case Pause():
            tree = {"kind": "pause", **({"until": act.until.isoformat()} if act.until is not None else {})}
        case Resume():
            tree = {"kind": "resume"}
        case Release():
            tree = {"kind": "release", "scope": _scope_tree(act.scope), "at": act.at.isoformat()}
        case RollBack():
            tree = {"kind": "roll-back", "to": act.to}
        case GateAnswer():
            tree = {"kind": "gate", "stage": act.stage, "opened": act.opened, "findings": list(act.findings)}
            tree |= {"overridden": True} if act.overridden else {}
        case _:
            assert_never(act)
    return tree


def act_of(tree: Mapping[str, object]) -> Act:
    """The act that `tree_of` wrote. Raises BadAmendment, ValueError, TypeError, KeyError."""
    kind = text(tree, "kind")
    if kind not in _READERS:
        raise ValueError(f"{kind!r} is no kind of amendment")
    return _READERS[kind](tree)


def mapping(value: object) -> Mapping[str, object]:
    """The object that stands here. Raises TypeError."""
    if not isinstance(value, dict):
        raise TypeError("this must be an object")
    return value


def text(tree: Mapping[str, object], key: str) -> str:
    """The text under `key`. Raises TypeError, KeyError."""
    value = tree[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    return value


def number(tree: Mapping[str, object], key: str) -> int:
    """The whole number under `key`. Raises TypeError, KeyError."""
    value = tree[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{key} must be a whole number")
    return value


def _moved(act: Postpone) -> dict[str, str]:
    by = {"by": print_duration(act.by)} if act.by is not None else {}
    return by | ({"to": act.to.isoformat()} if act.to is not None else {})


def _scope_tree(scope: Scope) -> dict[str, str]:
    address = str(scope.address) if scope.address else ""
    named = {"domain": scope.domain, "group": scope.group, "area": scope.area, "address": address}
    return {key: value for key, value in named.items() if value}


def _further(hold: Hold) -> dict[str, object]:
    further: dict[str, object] = {"stages": list(hold.stages)} if hold.stages else {}
    if hold.legal_order:
        further["legal_order"] = hold.legal_order
    if hold.announced != ANNOUNCED:
        further["announced"] = print_duration(hold.announced)
    return further


def _postpone(tree: Mapping[str, object]) -> Postpone:
    by = parse_duration(text(tree, "by")) if "by" in tree else None
    to = _instant(tree, "to") if "to" in tree else None
    return Postpone(_stages(tree, "stages"), by, to)


def _hold(tree: Mapping[str, object]) -> Hold:
    return Hold(
        _scope(tree),
        _instant(tree, "until"),
        _stages(tree, "stages") if "stages" in tree else (),
        text(tree, "legal_order") if "legal_order" in tree else "",
        parse_duration(text(tree, "announced")) if "announced" in tree else ANNOUNCED,
    )


def _gate(tree: Mapping[str, object]) -> GateAnswer:
    overridden = _flag(tree, "overridden") if "overridden" in tree else False
    return GateAnswer(Stage(text(tree, "stage")), _flag(tree, "opened"), _texts(tree, "findings"), overridden)


_READERS: Mapping[str, Callable[[Mapping[str, object]], Act]] = {
    "postpone": _postpone,
    "hold": _hold,
    "pause": lambda tree: Pause(_instant(tree, "until") if "until" in tree else None),
    "resume": lambda _: Resume(),
    "release": lambda tree: Release(_scope(tree), _instant(tree, "at")),
    "roll-back": lambda tree: RollBack(number(tree, "to")),
    "gate": _gate,
}


def _scope(tree: Mapping[str, object]) -> Scope:
    scope = mapping(tree["scope"])
    address = Address.parse(text(scope, "address")) if "address" in scope else None
    return Scope(**{key: text(scope, key) for key in ("domain", "group", "area") if key in scope}, address=address)


def _instant(tree: Mapping[str, object], key: str) -> datetime:
    return datetime.fromisoformat(text(tree, key))


def _texts(tree: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = tree[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{key} are a list of texts")
    return tuple(value)


def _stages(tree: Mapping[str, object], key: str) -> tuple[Stage, ...]:
    return tuple(Stage(stage) for stage in _texts(tree, key))


def _flag(tree: Mapping[str, object], key: str) -> bool:
    value = tree[key]
    if not isinstance(value, bool):
        raise TypeError(f"{key} must be true or false")
    return value
