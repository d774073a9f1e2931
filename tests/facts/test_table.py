"""docs/FACTS.md is true: every fact once, with a line of a plan that exists and tests that exist and name it.

A key is looked up as the page says: dots between its parts, items of lists by their `id` or counted from 1.
"""

import ast
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from tests.facts.examples import ACCOUNTS, PLANS, ROOT

IDS = [
    f"{family}-{number}"
    for family, last in (("SK", 13), ("II", 8), ("SP", 4), ("SW", 12), ("KY", 16))
    for number in range(1, last + 1)
]
HERE = Path(__file__).parent
QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: str
    asks: str
    plan: tuple[str, ...]
    tests: tuple[str, ...]


def rows() -> list[Row]:
    found = re.findall(
        r"^\| ([A-Z]{2}-\d+) \| (.*?) \| (.*?) \| (.*?) \|$",
        (ROOT / "docs" / "FACTS.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return [
        Row(id_, asks, tuple(QUOTED.findall(plan)), tuple(QUOTED.findall(tests))) for id_, asks, plan, tests in found
    ]


ROWS = {row.id: row for row in rows()}


class Nowhere(LookupError):
    """A key that its file does not have."""


def looked_up(tree: object, path: str) -> object:
    """What stands at `path`; raises Nowhere. A part of the path may itself have dots, so the longest one wins."""
    if not path:
        return tree
    match tree:
        case Mapping():
            known = [key for key in tree if isinstance(key, str) and f"{path}.".startswith(f"{key}.")]
            if known:
                key = max(known, key=len)
                return looked_up(tree[key], path[len(key) + 1 :])
        case list():
            part, _, rest = path.partition(".")
            named = [item for item in tree if isinstance(item, Mapping) and str(item.get("id")) == part]
            if named:
                return looked_up(named[0], rest)
            if part.isdecimal() and 1 <= int(part) <= len(tree):
                return looked_up(tree[int(part) - 1], rest)
        case _:
            pass
    raise Nowhere(path)


def in_file(named: str) -> object:
    """What the page's `FILE: KEY` leads to. Raises Nowhere."""
    file, _, path = named.partition(": ")
    if file.endswith(".csv"):
        with (ACCOUNTS / file).open(encoding="utf-8", newline="") as accounts:
            columns = next(csv.reader(accounts))
        if path not in columns:
            raise Nowhere(named)
        return path
    place = PLANS / file if (PLANS / file).exists() else PLANS.parent / file
    return looked_up(yaml.safe_load(place.read_text(encoding="utf-8")), path)


@lru_cache
def functions(file: Path) -> Mapping[str, str]:
    """The tests of a file, each with its source, decorators among it."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def names(source: str, id_: str) -> bool:
    return re.search(rf"\b{id_}\b", source) is not None


def test_every_fact_stands_there_once() -> None:
    assert [row.id for row in rows()] == IDS


@pytest.mark.parametrize("id_", IDS)
def test_every_fact_has_its_line_of_a_plan(id_: str) -> None:
    row = ROWS[id_]
    assert row.plan
    for named in row.plan:
        assert in_file(named) is not None, named


@pytest.mark.parametrize("id_", IDS)
def test_every_fact_has_tests_that_name_it(id_: str) -> None:
    row = ROWS[id_]
    assert row.tests
    for named in row.tests:
        file, _, test = named.partition("::")
        assert test in functions(HERE / file), named
        assert names(functions(HERE / file)[test], id_), f"{named} does not name {id_}"


@pytest.mark.parametrize("id_", IDS)
def test_every_fact_is_told_in_words(id_: str) -> None:
    assert len(ROWS[id_].asks.split()) >= 5


def facts_tests() -> Iterator[tuple[str, str, str]]:
    """Every test here whose name begins with an id: its file, name and source."""
    for file in sorted(HERE.glob("test_*.py")):
        for name, source in functions(file).items():
            if re.match(r"test_(sk|ii|sp|sw|ky)_\d+_", name):
                yield file.name, name, source


def test_whatever_is_named_after_a_fact_names_it() -> None:
    wrong = []
    for file, name, source in facts_tests():
        _, family, number, *_ = name.split("_")
        if not names(source, f"{family.upper()}-{number}"):
            wrong.append(f"{file}::{name}")
    assert wrong == []


def test_every_fact_has_a_test_named_after_it() -> None:
    tested = {tuple(name.split("_")[1:3]) for _, name, _ in facts_tests()}
    assert [id_ for id_ in IDS if tuple(id_.lower().split("-")) not in tested] == []


def test_example_plans_name_the_facts_they_serve() -> None:
    """In comments, where somebody who changes a line reads what it is for."""
    told = "\n".join(file.read_text(encoding="utf-8") for file in sorted(PLANS.glob("*.yaml")))
    served = [row.id for row in ROWS.values() if any((PLANS / named.partition(": ")[0]).exists() for named in row.plan)]
    assert [id_ for id_ in served if not names(told, id_)] == []


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("seikyou.yaml: stages.receive-end.at", True),
        ("seikyou.yaml: switches.2", True),
        ("seikyou.yaml: switches.3", False),
        ("seikyou.yaml: switches.0", False),
        ("seikyou.yaml: services.adsl.end", True),
        ("seikyou.yaml: services.fax.end", False),
        ("seikyou.yaml: plan.name", False),
        ("kyodo.csv: disclose", True),
        ("kyodo.csv: disclosed", False),
    ],
)
def test_a_key_that_is_not_there_is_found_out(named: str, there: bool) -> None:
    if there:
        assert in_file(named)
    else:
        with pytest.raises(Nowhere):
            in_file(named)
