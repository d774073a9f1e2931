import dataclasses
from types import MappingProxyType

import pytest

from schedules.edition import Edition
from schedules.positions import BadFile, Position, Problem, Wrong
from schedules.text import Text
from schedules.words import Capability, Stage
from tests.rules.schedules.plans import HANAKO, local, plan


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        (Position("plan.yaml", 8, 5), "plan.yaml:8:5"),
        (Position("plan.yaml"), "plan.yaml"),
        (Position("a b", 1, 1), "a b:1:1"),
    ],
)
def test_a_position_is_told_as_editors_read_it(position: Position, shown: str) -> None:
    assert str(position) == shown


def test_problems_come_in_order_of_place_whatever_the_order_they_were_found_in() -> None:
    late, early = Problem(Position("f", 10, 1), "b", "y"), Problem(Position("f", 9, 5), "a", "x")
    assert str(BadFile([late, early])) == "f:9:5: a: x\nf:10:1: b: y"
    assert BadFile([late, early]).problems == (early, late)


def test_what_is_wrong_is_told_with_its_remedy() -> None:
    wrong = Wrong("this is odd", "make it even")
    assert (str(wrong), wrong.what, wrong.remedy) == ("this is odd: make it even", "this is odd", "make it even")
    assert isinstance(wrong, ValueError)


def test_a_text_speaks_both_languages_or_is_none() -> None:
    text = Text("終了", "the end")
    assert (text.in_("ja"), text.in_("en"), str(text)) == ("終了", "the end", "the end")
    for ja, en in (("", "x"), ("x", ""), (" ", "x"), ("x", "\n")):
        with pytest.raises(ValueError, match="both"):
            Text(ja, en)


def test_plans_and_answers_cannot_be_changed() -> None:
    edition = Edition(plan({"receive-end": "2024-02-01"}))
    rulings = edition.at(edition.profile(HANAKO), local("2024-02-01T00:00"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        edition.plan.name = "other"  # type: ignore[misc]  # refused for that
    with pytest.raises(dataclasses.FrozenInstanceError):
        edition.number = 2  # type: ignore[misc]  # refused for that
    with pytest.raises(dataclasses.FrozenInstanceError):
        rulings[Capability.RECEIVE].allowed = True  # type: ignore[misc]  # refused for that
    for mapping in (edition.plan.stages, rulings.of):
        assert isinstance(mapping, MappingProxyType)


def test_stages_are_written_as_plans_write_them() -> None:
    assert [stage.value for stage in Stage] == [
        "announce",
        "freeze",
        "successor",
        "send-end",
        "receive-end",
        "read-only",
        "read-end",
        "export-end",
        "homepage-upload-end",
        "homepage-end",
        "forward-end",
        "purge",
        "dns-end",
    ]
