"""Plain forms: what the command line and pages show of a value."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from mailsvc.desk.plainly import plainly
from schedules.names import Address, DomainName
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Stage


@dataclass(frozen=True)
class Thing:
    stage: Stage
    at: datetime
    reason: Text


def test_a_record_becomes_an_object_with_its_fields() -> None:
    thing = Thing(Stage.SEND_END, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), Text("終了", "the end"))
    assert plainly(thing) == {
        "stage": "send-end",
        "at": "2026-01-02T03:04:00+00:00",
        "reason": {"ja": "終了", "en": "the end"},
    }


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("x", "x"),
        (Stage.PURGE, "purge"),
        (Address.parse("a.b@x.example"), "a.b@x.example"),
        (DomainName("x.example"), "x.example"),
        (Position("plan.yaml", 3, 7), "plan.yaml:3:7"),
        (date(2026, 2, 28), "2026-02-28"),
        (timedelta(minutes=2), 120.0),
        ((1, Stage.PURGE), [1, "purge"]),
        ({Stage.PURGE: (1,)}, {"purge": [1]}),
        (frozenset({"c", "a", "b"}), ["a", "b", "c"]),
    ],
)
def test_values_have_one_plain_form_that_json_takes(value: object, plain: object) -> None:
    assert plainly(value) == plain
    assert json.loads(json.dumps(plainly(value))) == plain


def test_a_value_without_a_plain_form_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="object has no plain form"):
        plainly(object())
