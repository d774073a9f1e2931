from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from schedules.positions import BadFile, Position
from schedules.yamlfile import Wrong, did_you_mean, read_model


def must_be_even(value: int) -> int:
    if value % 2:
        raise Wrong(f"{value} is odd", "write an even number")
    return value


def plain_error(value: str) -> str:
    if value == "bad":
        raise ValueError("this is bad")
    return value


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Port(Strict):
    number: int = Field(description="TCP port, 1 to 65535")
    name: Annotated[str, AfterValidator(plain_error)] = Field("", description="a short name")


class Other(Strict):
    kind: Literal["other"]


class House(Strict):
    ports: dict[str, Port] = Field(default_factory=dict)
    colour: Colour = Colour.RED
    even: Annotated[int, AfterValidator(must_be_even)] = 2
    open: bool = True
    day: date | None = None
    both: Port | Other | None = None
    rows: list[Port] = Field(default_factory=list)
    start: Annotated[str, Field(alias="from")] = ""


def problems(text: str) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read_model(text, "h.yaml", House)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_file_gives_the_model_and_its_places() -> None:
    house, places = read_model(
        "ports:\n  web: {number: 80}\nopen: no\nday: 2024-02-29\nfrom: x\ncolour: blue\n", "h.yaml", House
    )
    assert house == House.model_validate(
        {"ports": {"web": {"number": 80}}, "open": False, "day": date(2024, 2, 29), "from": "x", "colour": "blue"}
    )
    assert places.of(("ports", "web", "number")) == Position("h.yaml", 2, 17)


def test_all_problems_come_at_once_in_order_of_place() -> None:
    told = problems(
        "ports:\n  web: {nummer: 80}\ncolour: bleu\neven: 3\nopen: perhaps\nday: 2023-02-29\nrows: 5\nrows: []\n"
    )
    assert [line.split(":")[1] for line in told] == ["2", "2", "3", "4", "5", "6", "7", "8"]


def test_an_unknown_key_asks_did_you_mean() -> None:
    assert "h.yaml:2:9: `ports.web.nummer` is not known: did you mean `number`?" in problems(
        "ports:\n  web: {nummer: 80, number: 80}\n"
    )


def test_an_unknown_key_far_from_any_lists_the_known_ones() -> None:
    assert problems("ports:\n  web: {number: 80, zzz: 1}\n") == [
        "h.yaml:2:21: `ports.web.zzz` is not known: known here: name, number"
    ]


def test_unknown_keys_are_known_by_alias_inside_lists_and_unions() -> None:
    assert problems("form: x\n") == ["h.yaml:1:1: `form` is not known: did you mean `from`?"]
    assert problems("rows:\n  - {number: 1}\n  - {number: 1, nam: x}\n") == [
        "h.yaml:3:17: `rows.1.nam` is not known: did you mean `name`?"
    ]
    assert "h.yaml:1:19: `both.nam` is not known: did you mean `name`?" in problems("both: {number: 1, nam: x}\n")


def test_a_missing_key_is_told_where_it_is_missing_with_its_description() -> None:
    assert problems("ports:\n  web: {}\n") == [
        "h.yaml:2:8: `ports.web.number` is missing: write `number:` and its value (TCP port, 1 to 65535)"
    ]


def test_wrong_types_are_told_in_words() -> None:
    assert problems("ports: [a]\n") == [
        "h.yaml:1:8: `ports`: expected here: keys with values below it: write keys with values below it"
    ]
    assert problems("rows: x\n") == ["h.yaml:1:7: `rows`: expected here: a list: write a list"]
    assert problems("rows: [{number: many}]\n") == [
        "h.yaml:1:17: `rows.0.number`: expected here: a whole number: write a whole number (TCP port, 1 to 65535)"
    ]
    assert problems("from: {}\n") == ["h.yaml:1:7: `from`: expected here: a text: write a text"]
    assert "expected here: keys with values" in problems("just text\n")[0]


def test_a_word_that_is_not_known_asks_did_you_mean() -> None:
    assert problems("colour: bleu\n") == [
        "h.yaml:1:9: `colour`: `bleu` is not one of the known words: did you mean `blue`?"
    ]


def test_validators_choose_their_words_and_plain_errors_get_the_description() -> None:
    assert problems("even: 3\n") == ["h.yaml:1:7: `even`: 3 is odd: write an even number"]
    assert problems("rows: [{number: 1, name: bad}]\n") == [
        "h.yaml:1:26: `rows.0.name`: this is bad: correct the value (a short name)"
    ]


def test_limits_are_told_with_the_value_beyond_them() -> None:
    class Small(Strict):
        size: int = Field(le=5)

    with pytest.raises(BadFile, match=r"s.yaml:1:7: `size`: 9 is more than 5: correct the value"):
        read_model("size: 9\n", "s.yaml", Small)


def test_a_bad_key_is_told_at_the_key() -> None:
    class Named(Strict):
        by: dict[Colour, int]

    with pytest.raises(BadFile) as caught:
        read_model("by:\n  red: 1\n  gren: 2\n", "n.yaml", Named)
    assert str(caught.value) == "n.yaml:3:3: `by.gren`: `gren` is not one of the known words: known here: blue, red"


def test_the_context_reaches_validators() -> None:
    class Asked(Strict):
        word: str

        @model_validator(mode="after")
        def _check(self, info: ValidationInfo) -> "Asked":
            if info.context != {"allowed": self.word}:
                raise Wrong(f"{self.word} is not allowed", "ask first")
            return self

    asked, _ = read_model("word: x\n", "a.yaml", Asked, context={"allowed": "x"})
    assert asked.word == "x"
    with pytest.raises(BadFile, match=r"a.yaml:1:1: y is not allowed: ask first"):
        read_model("word: y\n", "a.yaml", Asked, context={"allowed": "x"})


def test_did_you_mean_with_nothing_known_says_remove() -> None:
    assert did_you_mean("x", []) == "remove it"
