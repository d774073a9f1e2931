"""Plan files: YAML to Plan and back.

    plan = read_plan(path.read_text(encoding="utf-8"), str(path))

`read_plan` raises BadFile with every problem at once, each with file:line:column and a remedy; what is possible
but seldom meant is told by `plan_warnings`. `print_plan` writes a plan in one canonical form that reads back
to an equal plan. `example_plan` is a commented example.
"""

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ValidationError

from schedules.blocks.values import read_pattern, read_zone
from schedules.durations import print_duration
from schedules.moments import Moment, written
from schedules.plan import BrownOut, Plan, StageLine
from schedules.planchecks import brown_out_problems, order_problems, plan_warnings
from schedules.planmodel import BrownOutModel, PlanModel, StageModel
from schedules.positions import BadFile, Position, Problem, Wrong
from schedules.text import Text
from schedules.words import Stage
from schedules.yamlfile import Path, Places, Value, examine
from schedules.yamltree import load

__all__ = ["example_plan", "plan_warnings", "print_plan", "read_plan"]

M = TypeVar("M", bound=BaseModel)

BROWN_OUT_REASON = Text("終了の予行のため、一時的に受信を停止しています", "receiving is paused to rehearse the end")


def read_plan(text: str | bytes, file: str) -> Plan:
    """Read a plan; `file` is the name under which places and problems are told.

    Raises BadFile with all problems: YAML, keys, types, dates, orders, brown-outs, domains.
    """
    tree = load(text, file)
    examined = examine(tree, PlanModel)
    dates = _Dates(tree.places, _zone_of(tree.value))
    dates.read(tree.value)
    problems = [*examined.problems, *dates.problems, *_repeated_domains(tree.value, tree.places)]
    problems += _nameless_successor(tree.value, tree.places)
    problems += [
        *order_problems(dates.stages),
        *brown_out_problems(dates.brown_outs, dates.stages.get(Stage.RECEIVE_END)),
    ]
    model = examined.model
    if model is None or problems:
        raise BadFile(problems)
    return Plan(
        name=model.plan,
        zone=model.zone,
        domains=tuple(model.domains),
        stages=MappingProxyType(dates.stages),
        brown_outs=tuple(sorted(dates.brown_outs, key=lambda one: one.start.timestamp())),
        suspension=model.suspension,
        notice_url=model.notice_url,
        reason=model.reason,
        title=model.title,
        source=tree.places.of(()),
        text=text if isinstance(text, str) else text.decode("utf-8-sig"),
    )


def print_plan(plan: Plan) -> str:
    """The plan as canonical YAML; `read_plan` reads it back to an equal plan."""
    tree: dict[str, object] = {
        "plan": plan.name,
        "zone": plan.zone.key,
        "domains": list(plan.domains),
        "title": _text_tree(plan.title),
        "reason": _text_tree(plan.reason),
        "notice_url": plan.notice_url,
        "suspension": str(plan.suspension),
        "stages": {str(line.stage): _stage_tree(line, plan.zone) for line in plan.in_order()},
        "brown_outs": [
            {
                "from": written(one.start, plan.zone),
                "until": written(one.end, plan.zone),
                "reason": _text_tree(one.reason),
            }
            for one in plan.brown_outs
        ],
    }
    kept = {key: value for key, value in tree.items() if value or key == "stages"}
    return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)


def example_plan() -> str:
    """A plan file with every key and stage, commented."""
    return files("schedules").joinpath("example_plan.yaml").read_text(encoding="utf-8")


@dataclass(slots=True)
class _Dates:
    """The stages and brown-outs that can be read, even where other parts of the file cannot."""

    places: Places
    zone: ZoneInfo | None
    stages: dict[Stage, StageLine] = field(default_factory=dict)
    brown_outs: list[BrownOut] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self, value: Value) -> None:
        """Collect what is readable; what is not is told by the file's model."""
        if not isinstance(value, dict):
            return
        stages, brown_outs = value.get("stages"), value.get("brown_outs")
        for name, raw in stages.items() if isinstance(stages, dict) else ():
            long_form = isinstance(raw, dict)
            model = _as_model(StageModel, raw if long_form else {"at": raw}, {"at"})
            if model is not None and name in {*Stage}:
                self._stage(Stage(name), model, long_form)
        for index, raw in enumerate(brown_outs) if isinstance(brown_outs, list) else ():
            brown_out = _as_model(BrownOutModel, raw, {"from", "until"})
            if brown_out is not None:
                self._brown_out(brown_out, ("brown_outs", index))

    def _stage(self, stage: Stage, model: StageModel, long_form: bool) -> None:
        path: Path = ("stages", stage.value, "at") if long_form else ("stages", stage.value)
        at = self._instant(model.at, path)
        if at is not None:
            reason = model.reason
            self.stages[stage] = StageLine(stage, at, reason, self.places.of(path), model.soft_for, model.to)

    def _brown_out(self, model: BrownOutModel, path: Path) -> None:
        start, end = self._instant(model.start, (*path, "from")), self._instant(model.end, (*path, "until"))
        if start is not None and end is not None:
            reason = model.reason or BROWN_OUT_REASON
            self.brown_outs.append(BrownOut(start, end, reason, self.places.of(path)))

    def _instant(self, moment: Moment, path: Path) -> datetime | None:
        if self.zone is None:
            return None
        try:
            return moment.instant(self.zone)
        except Wrong as wrong:
            what = f"`{'.'.join(map(str, path))}`: {wrong.what}"
            self.problems.append(Problem(self.places.of(path), what, wrong.remedy))
            return None


def _as_model(model: type[M], raw: Value, dates: Collection[str]) -> M | None:
    """The model, at need with its dates alone; what is wrong with the rest has been told already."""
    for attempt in (raw, {key: raw[key] for key in raw if key in dates} if isinstance(raw, dict) else raw):
        with contextlib.suppress(ValidationError):
            return model.model_validate(attempt)
    return None


def _zone_of(value: Value) -> ZoneInfo | None:
    with contextlib.suppress(Wrong):
        return read_zone(value.get("zone")) if isinstance(value, dict) else None
    return None


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


def _text_tree(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _stage_tree(line: StageLine, zone: ZoneInfo) -> object:
    tree: dict[str, object] = {"at": written(line.at, zone)}
    if line.soft_for:
        tree["soft_for"] = print_duration(line.soft_for)
    if line.to:
        tree["to"] = line.to
    if line.reason is not None:
        tree["reason"] = _text_tree(line.reason)
    return tree if len(tree) > 1 else tree["at"]
