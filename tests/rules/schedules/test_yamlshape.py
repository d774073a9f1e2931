from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schedules.blocks.values import Block, Placed, several
from schedules.positions import Position
from schedules.yamlfile import salvage
from schedules.yamlshape import entries, entries_at, has_place, with_places, words_at
from schedules.yamltree import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat(Block):
    """A cat."""

    kind: Literal["cat"]
    name: Annotated[str, Field(description="what it is called")]
    source: Placed = field(default=Position(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dog(Block):
    """A dog."""

    kind: Literal["dog"]
    barks: bool = True


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class Home(BaseModel):
    """Where pets live."""

    model_config = ConfigDict(extra="forbid")

    street: str = Field(description="its address")
    pets: Annotated[tuple[Pet, ...], several] = ()
    rooms: dict[str, int] = Field(default_factory=dict, alias="space")


def salvaged(text: str) -> tuple[Home | None, list[str]]:
    examined = salvage(load(text, "h.yaml"), Home, context={}, standing_in={"street": "somewhere"})
    return examined.model, [str(problem) for problem in examined.problems]


def test_the_keys_of_a_record_are_its_fields_by_alias_without_its_place() -> None:
    assert list(entries(Home)) == ["street", "pets", "space"]
    assert list(entries(Cat)) == ["kind", "name"]
    assert has_place(Cat)
    assert not has_place(Dog)
    assert entries(int) == {}


def test_an_entry_says_what_it_means_and_what_it_is_without() -> None:
    assert entries(Cat)["name"].description == "what it is called"
    assert entries(Cat)["name"].required
    assert not entries(Dog)["barks"].required
    assert entries(Dog)["barks"].default is True
    assert entries(Home)["space"].default == {}


def test_records_are_found_below_lists_with_and_without_an_index() -> None:
    assert {key for known in entries_at(Home, ("pets", 0)) for key in known} == {"kind", "name", "barks"}
    assert {key for known in entries_at(Home, ("pets",)) for key in known} == {"kind", "name", "barks"}
    assert list(entries_at(Home, ("nothing",))) == []


def test_words_that_tell_records_apart_are_known() -> None:
    assert words_at(Home, ("pets", 0, "kind")) == {"cat", "dog"}
    assert words_at(Home, ("pets", "kind")) == {"cat", "dog"}
    assert words_at(Home, ("street",)) == set()


def test_places_are_put_in_where_a_record_has_one_and_nobody_wrote_it() -> None:
    tree = load("pets:\n  - {kind: cat, name: a}\n  - {kind: cat, source: mine}\n", "h.yaml")
    placed = with_places(tree.value, Home, tree.places)
    assert placed == {
        "pets": [
            {"kind": "cat", "name": "a", "source": Position("h.yaml", 2, 5)},
            {"kind": "cat", "source": "mine"},
        ]
    }
    assert tree.value == {"pets": [{"kind": "cat", "name": "a"}, {"kind": "cat", "source": "mine"}]}


def test_one_record_may_stand_for_a_list_of_one_and_knows_its_place() -> None:
    home, told = salvaged("street: x\npets: {kind: cat, name: a}\n")
    assert told == []
    assert home is not None
    assert isinstance(home.pets[0], Cat)
    assert home.pets[0].source == Position("h.yaml", 2, 7)


def test_what_is_wrong_is_taken_away_and_the_rest_keeps_its_place() -> None:
    home, told = salvaged("pets:\n  - {kind: cta, name: a}\n  - {kind: cat, name: b}\n  - {kind: dog, barks: loud}\n")
    assert [line.split(": ")[0] for line in told] == ["h.yaml:1:1", "h.yaml:2:12", "h.yaml:4:24"]
    assert home is not None
    assert home.street == "somewhere"
    assert home.pets == (Cat(kind="cat", name="b"), Dog(kind="dog"))
    assert isinstance(home.pets[0], Cat)
    assert home.pets[0].source == Position("h.yaml", 3, 5)


def test_what_lacks_something_goes_as_a_whole() -> None:
    home, told = salvaged("street: x\npets: [{kind: cat}, {kind: dog}]\nspace: {hall: wide, attic: 3}\n")
    assert len(told) == 2
    assert home is not None
    assert (home.pets, home.rooms) == ((Dog(kind="dog"),), {"attic": 3})


def test_a_list_of_which_nothing_is_left_is_left_out() -> None:
    home, told = salvaged("street: x\npets: [{kind: cta}]\n")
    assert len(told) == 1
    assert home is not None
    assert home.pets == ()


def test_a_file_that_is_no_mapping_gives_no_model() -> None:
    assert salvaged("- a\n")[0] is None
    assert salvaged("word\n")[0] is None


def test_where_something_is_wrong_is_told_without_indexes() -> None:
    tree = load("street: x\npets: [{kind: dog, barks: loud}]\n", "h.yaml")
    assert salvage(tree, Home, context={}, standing_in={}).broken == {"pets", "pets.barks"}
