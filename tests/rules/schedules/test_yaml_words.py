"""The words in which a person's mistakes are told: one table of files and what is said about each."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schedules.durations import parse_duration
from schedules.positions import BadFile
from schedules.yamlfile import examine, read_model
from schedules.yamltree import load


def length(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


class Kind(StrEnum):
    SMTP = "smtp"
    MAILDIR = "maildir"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Leaf(Part):
    size: int = Field(5, ge=1, description="size in octets")
    wait: Annotated[timedelta, BeforeValidator(length)] = timedelta()


class Branch(Part):
    leaves: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf] = Field(default_factory=dict)
    pair: tuple[int, int] = (0, 0)


class Tree(Part):
    name: str = Field("", min_length=0, max_length=8)
    rate: float = 1.0
    price: Decimal = Decimal(0)
    on: bool = True
    day: date | None = None
    at: datetime | None = None
    kind: Kind = Kind.SMTP
    mode: Literal["fast", "safe"] = "safe"
    path: Path = Path("/")
    words: frozenset[str] = frozenset()
    branch: Branch = Branch()
    branches: list[Branch] = Field(default_factory=list)
    either: Leaf | list[Leaf] | None = None


GOOD = [
    ("name: yes\n", {"name": "yes"}),
    ("name: 010\n", {"name": "010"}),
    ('name: ""\n', {"name": ""}),
    ("rate: 1.5\n", {"rate": 1.5}),
    ("price: 0.10\n", {"price": Decimal("0.10")}),
    ("on: no\n", {"on": False}),
    ("on: off\n", {"on": False}),
    ("on: true\n", {"on": True}),
    ("day: 2024-02-29\n", {"day": date(2024, 2, 29)}),
    ("day: ~\n", {"day": None}),
    ("day:\n", {"day": None}),
    ("kind: maildir\n", {"kind": Kind.MAILDIR}),
    ("mode: fast\n", {"mode": "fast"}),
    ("path: /srv/mail\n", {"path": Path("/srv/mail")}),
    ("words: [b, a, b]\n", {"words": frozenset({"a", "b"})}),
    (
        "branch: {leaves: [{size: 7}, {wait: 1 h}]}\n",
        {"branch": Branch(leaves=(Leaf(size=7), Leaf(wait=timedelta(hours=1))))},
    ),
    (
        "branch: {by_name: {x: &l {size: 7}, y: *l}}\n",
        {"branch": Branch(by_name={"x": Leaf(size=7), "y": Leaf(size=7)})},
    ),
    ("either: {size: 7}\n", {"either": Leaf(size=7)}),
    ("either: [{size: 7}]\n", {"either": [Leaf(size=7)]}),
    ("name: |\n  two\n  l\n", {"name": "two\nl\n"}),
    ("name: >-\n  a\n  b\n", {"name": "a b"}),
    ("{name: x, on: no} # a comment\n", {"name": "x", "on": False}),
]

BAD = [
    ("nam: x\n", "1:1: `nam` is not known: did you mean `name`?"),
    ("Name: x\n", "1:1: `Name` is not known: did you mean `name`?"),
    ("name: [x]\n", "1:7: `name`: expected here: a text: write a text"),
    ("name:\n", "1:6: `name`: expected here: a text: write a text"),
    ("name: 123456789\n", "1:7: `name`: String should have at most 8 characters: correct the value"),
    ("rate: fast\n", "1:7: `rate`: expected here: a number: write a number"),
    ("rate: 1,5\n", "1:7: `rate`: expected here: a number: write a number"),
    ("price: much\n", "1:8: `price`: expected here: a number: write a number"),
    ("on: perhaps\n", "1:5: `on`: expected here: yes or no: write yes or no"),
    ("on: []\n", "1:5: `on`: expected here: yes or no: write yes or no"),
    ("kind: stmp\n", "1:7: `kind`: `stmp` is not one of the known words: did you mean `smtp`?"),
    ("kind: x\n", "1:7: `kind`: `x` is not one of the known words: known here: maildir, smtp"),
    ("kind:\n", "1:6: `kind`: `nothing` is not one of the known words: known here: maildir, smtp"),
    ("mode: fats\n", "1:7: `mode`: `fats` is not one of the known words: did you mean `fast`?"),
    ("words: a\n", "1:8: `words`: expected here: a list: write a list"),
    ("branch: a\n", "1:9: `branch`: expected here: keys with values below it: write keys with values below it"),
    ("branch: [a]\n", "1:9: `branch`: expected here: keys with values below it: write keys with values below it"),
    ("branch: {leaves: {size: 1}}\n", "1:18: `branch.leaves`: expected here: a list: write a list"),
    (
        "branch: {leaves: [{size: x}]}\n",
        "1:26: `branch.leaves.0.size`: expected here: a whole number: write a whole number (size in octets)",
    ),
    (
        "branch:\n  leaves:\n    - size: 1\n    - size: 0\n",
        "4:13: `branch.leaves.1.size`: 0 is less than 1: correct the value (size in octets)",
    ),
    (
        "branch: {leaves: [{wait: long}]}\n",
        "1:26: `branch.leaves.0.wait`: 'long' is not a length of time: write numbers with units, such as `6 hours` or",
    ),
    ("branch: {by_name: {x: {sise: 1}}}\n", "1:24: `branch.by_name.x.sise` is not known: did you mean `size`?"),
    ("branch: {by_name: [x]}\n", "1:19: `branch.by_name`: expected here: keys with values below it"),
    ("branches:\n  - leafs: []\n", "2:5: `branches.0.leafs` is not known: did you mean `leaves`?"),
    ("name: x\nname: y\n", "2:1: `name` is written twice, first in line 1: keep one of the two"),
    ("name: !!python/object x\n", "1:7: the tag tag:yaml.org,2002:python/object is not known: remove the tag"),
    ("name: !Ref x\n", "1:7: the tag !Ref is not known: remove the tag"),
    ("name: x\n---\nname: y\n", "2:1: this is not YAML: but found another document"),
    ("name: *x\n", "1:7: this is not YAML: found undefined alias"),
    ("name: 'x\n", "2:1: this is not YAML: found unexpected end of stream"),
    ("name: x: y\n", "1:8: this is not YAML: mapping values are not allowed here"),
    ("name: x\n  on: no\n", "2:5: this is not YAML: mapping values are not allowed here"),
    ("name: @x\n", "1:7: this is not YAML: found character '@' that cannot start any token"),
    ("- name: x\n", "1:1: expected here: keys with values below it"),
]


@pytest.mark.parametrize(("text", "values"), GOOD)
def test_what_is_meant_is_read(text: str, values: dict[str, object]) -> None:
    model, places = read_model(text, "t.yaml", Tree)
    assert {key: getattr(model, key) for key in model.model_fields_set} == values
    assert all(places.key((key,)).line for key in values)


@pytest.mark.parametrize(("text", "told"), BAD)
def test_what_is_wrong_is_told_in_these_words(text: str, told: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_model(text, "t.yaml", Tree)
    assert str(caught.value.problems[0]).removeprefix("t.yaml:").startswith(told)


@pytest.mark.parametrize(("text", "told"), BAD)
def test_every_problem_has_a_place_and_a_remedy(text: str, told: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_model(text, "t.yaml", Tree)
    assert told
    for problem in caught.value.problems:
        assert problem.position.line >= 1
        assert problem.position.column >= 1
        assert problem.remedy


def test_a_file_can_be_examined_for_checks_of_ones_own() -> None:
    tree = load("name: x\nname: y\nrate: 2\n", "t.yaml")
    examined = examine(tree, Tree)
    assert examined.model == Tree(name="x", rate=2.0)
    assert [problem.position.line for problem in examined.problems] == [2]
    broken = examine(load("rate: x\n", "t.yaml"), Tree)
    assert broken.model is None
    assert broken.tree.value == {"rate": "x"}


def test_a_hundred_mistakes_are_a_hundred_problems_each_at_its_place() -> None:
    rows = "branches:\n" + "".join(f"  - {{odd{number}: {number}}}\n" for number in range(100))
    with pytest.raises(BadFile) as caught:
        read_model(rows, "t.yaml", Tree)
    assert [problem.position.line for problem in caught.value.problems] == list(range(2, 102))
