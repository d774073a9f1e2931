"""Plan files: YAML to Plan.

    plan = read_plan(path.read_text(encoding="utf-8"), str(path))

`read_plan` raises BadFile with every problem at once, each with file:line:column and a remedy: what cannot be read is
told, and what can be read is checked all the same. What is possible but seldom meant is told by `plan_warnings`.
`print_plan` writes a plan in one canonical form that reads back to an equal plan; `example_plan` is a commented one.
"""

import contextlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from zoneinfo import ZoneInfo

from schedules.blocks.values import read_pattern, read_zone
from schedules.checks.contracts import term_problems
from schedules.checks.draft import Draft
from schedules.checks.links import link_problems
from schedules.checks.scopes import exception_problems, hold_problems, scope_problems, switch_problems
from schedules.checks.stages import stage_problems
from schedules.checks.warnings import plan_warnings
from schedules.plan import BrownOut, Plan, StageLine
from schedules.planmodel import PlanModel
from schedules.planprint import print_plan
from schedules.positions import BadFile, Position, Problem, Wrong
from schedules.text import Text
from schedules.words import Stage
from schedules.yamlfile import Places, Value, salvage
from schedules.yamltree import load

__all__ = ["example_plan", "plan_warnings", "print_plan", "read_plan"]

BROWN_OUT_REASON = Text("終了の予行のため、一時的に受信を停止しています", "receiving is paused to rehearse the end")

_CHECKS = (
    stage_problems,
    scope_problems,
    exception_problems,
    hold_problems,
    switch_problems,
    link_problems,
    term_problems,
)

# What stands in for a key that must be there while the rest of a file is checked.
_STANDING_IN = {"plan": "unnamed", "zone": "UTC", "title": Text("未定", "untitled"), "reason": Text("未定", "unsaid")}


def read_plan(text: str | bytes, file: str) -> Plan:
    """Read a plan; `file` is the name under which places and problems are told.

    Raises BadFile with all problems: YAML, keys, types, dates, orders, brown-outs, domains, references.
    """
    tree = load(text, file)
    examined = salvage(tree, PlanModel, context={"zone": _zone_of(tree.value)}, standing_in=_STANDING_IN)
    problems = [*examined.problems, *_repeated_domains(tree.value, tree.places)]
    problems += _nameless_successor(tree.value, tree.places)
    if examined.model is None:
        raise BadFile(problems)
    plan = _plan(examined.model, tree.places, text if isinstance(text, str) else text.decode("utf-8-sig"))
    keys = frozenset(tree.value if isinstance(tree.value, dict) else ())
    draft = Draft(plan, _named(tree.value), keys, examined.broken)
    for check in _CHECKS:
        problems += check(draft)
    if problems:
        raise BadFile(problems)
    return plan


def example_plan() -> str:
    """A plan file with every key and stage, commented."""
    return files("schedules").joinpath("example_plan.yaml").read_text(encoding="utf-8")


def _plan(model: PlanModel, places: Places, text: str) -> Plan:
    brown_outs = [BrownOut(one.start, one.end, one.reason or BROWN_OUT_REASON, one.source) for one in model.brown_outs]
    return Plan(
        name=model.plan,
        zone=model.zone,
        domains=model.domains,
        stages=MappingProxyType(dict(_stage_lines(model, places))),
        brown_outs=tuple(sorted(brown_outs, key=lambda one: one.start.timestamp())),
        suspension=model.suspension,
        notice_url=model.notice_url,
        reason=model.reason,
        title=model.title,
        shortest_notice=model.shortest_notice,
        switches=model.switches,
        exceptions=model.exceptions,
        holds=model.holds,
        notices=model.notices,
        services=model.services,
        offers=model.offers,
        desks=model.desks,
        advice=model.advice,
        terms=model.terms,
        consolidation=model.consolidation,
        source=places.of(()),
        text=text,
    )


def _stage_lines(model: PlanModel, places: Places) -> Iterator[tuple[Stage, StageLine]]:
    for stage, one in model.stages.items():
        yield (
            stage,
            StageLine(
                stage,
                one.at,
                one.reason,
                places.of(("stages", stage.value, "at")),
                one.soft_for,
                one.to,
                one.gates,
                one.unanswered,
                one.asked,
            ),
        )


def _zone_of(value: Value) -> ZoneInfo | None:
    with contextlib.suppress(Wrong):
        return read_zone(value.get("zone")) if isinstance(value, dict) else None
    return None


def _named(value: Value) -> Mapping[str, frozenset[str]]:
    """The names of stages and the ids of desks and services as they are written, readable or not."""
    if not isinstance(value, dict):
        return {}
    stages, found = value.get("stages"), dict[str, frozenset[str]]()
    found["stages"] = frozenset(stages) if isinstance(stages, dict) else frozenset()
    for section in ("desks", "services"):
        items = value.get(section)
        listed = items if isinstance(items, list) else [items]
        ids = (one.get("id") for one in listed if isinstance(one, dict))
        found[section] = frozenset(name for name in ids if isinstance(name, str))
    return found


def _repeated_domains(value: Value, places: Places) -> Iterator[Problem]:
    domains = value.get("domains") if isinstance(value, dict) else None
    seen: dict[str, Position] = {}
    for index, raw in enumerate(domains) if isinstance(domains, list) else ():
        with contextlib.suppress(Wrong):
            place, pattern = places.of(("domains", index)), read_pattern(raw)
            if pattern in seen:
                what = f"`domains.{index}`: {pattern} is written twice, first in line {seen[pattern].line}"
                yield Problem(place, what, "keep one of the two")
            seen.setdefault(pattern, place)


def _nameless_successor(value: Value, places: Places) -> Iterator[Problem]:
    stages = value.get("stages") if isinstance(value, dict) else None
    line = stages.get(Stage.SUCCESSOR.value) if isinstance(stages, dict) else None
    if line is not None and not (isinstance(line, dict) and "to" in line):
        remedy = "write `successor: {at: DATE, to: smtp://HOST:PORT}`"
        yield Problem(places.of(("stages", Stage.SUCCESSOR.value)), "`stages.successor` names no host", remedy)
