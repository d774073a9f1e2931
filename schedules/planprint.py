"""A plan as YAML in one canonical form: what has its default is left out, and it reads back to an equal plan.

    print_plan(plan)

Every block is printed from the fields of its class, so a new block needs nothing here.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import yaml

from schedules.durations import print_duration
from schedules.moments import written
from schedules.names import Address
from schedules.plan import BrownOut, Plan, StageLine
from schedules.words import Power
from schedules.yamlshape import SOURCE


class _Dumper(yaml.SafeDumper):
    """Writes a text with a next-line character (U+0085) in quotes and escaped: bare, it would be read as a space."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\x85" in text else None)


_Dumper.add_representer(str, _text)


def print_plan(plan: Plan) -> str:
    """The plan as canonical YAML; `read_plan` reads it back to an equal plan."""
    sections = {
        "domains": plan.domains,
        "title": plan.title,
        "reason": plan.reason,
        "notice_url": plan.notice_url,
        "suspension": plan.suspension,
        "stages": {line.stage: _stage(line, plan.zone) for line in plan.in_order()},
        "brown_outs": [_brown_out(one, plan.zone) for one in plan.brown_outs],
    }
    printed = {key: _tree(value, plan.zone) for key, value in sections.items() if value}
    blocks = _blocks(plan, plan.zone, {*sections, "name", "zone", "text"})
    tree = {"plan": plan.name, "zone": plan.zone.key, **printed, **dict(blocks)}
    return yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False)


def _stage(line: StageLine, zone: ZoneInfo) -> object:
    tree = dict(_blocks(line, zone, {"stage"}))
    return tree if len(tree) > 1 else tree["at"]


def _brown_out(one: BrownOut, zone: ZoneInfo) -> object:
    return {"from": written(one.start, zone), "until": written(one.end, zone), "reason": _tree(one.reason, zone)}


def _blocks(block: object, zone: ZoneInfo, apart: set[str]) -> Iterator[tuple[str, object]]:
    """The fields of a dataclass with what they are written as, without those that have their defaults."""
    for field in dataclasses.fields(block):  # type: ignore[arg-type]  # only ever asked of dataclasses
        value = getattr(block, field.name)
        made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if field.name not in {*apart, SOURCE} and value != made:
            yield field.name, _tree(value, zone)


def _tree(value: object, zone: ZoneInfo) -> object:
    """`value` as it is written in a plan file."""
    match value:
        case bool() | int() | float():
            return value
        case list() | tuple():
            return [_tree(item, zone) for item in value]
        case Mapping():
            return {str(key): _tree(item, zone) for key, item in value.items()}
    word = _word(value, zone)
    return dict(_blocks(value, zone, set())) if word is None else word


def _word(value: object, zone: ZoneInfo) -> str | None:
    match value:
        case datetime():
            return written(value, zone)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return print_duration(value)
        case Address() | Power() | str():
            return str(value)
    return None
