import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from schedules import planmodel
from schedules.blocks import dates, services, terms
from schedules.blocks.scopes import Scope
from schedules.blocks.values import Block
from schedules.planbook import plan_handbook
from schedules.planfile import example_plan, plan_warnings, print_plan, read_plan
from schedules.planmodel import PlanModel
from schedules.text import Text
from schedules.words import Capability, Stage
from schedules.yamlshape import Entry, entries, plain_kinds, records
from schedules.yamltree import Value, load

PAGE = Path(__file__).parents[3] / "docs" / "PLANS.md"
AGAIN = (
    "write it anew: python -c 'import sys; from schedules.planbook import plan_handbook;"
    " sys.stdout.write(plan_handbook())' > docs/PLANS.md"
)


def blocks(record: type, seen: dict[type, None]) -> Mapping[type, None]:
    """Every block that may stand in a plan file."""
    for entry in entries(record).values():
        for plain in plain_kinds(entry.kind):
            for inner in (plain, *getattr(plain, "__args__", ())):
                for below in records(inner):
                    if below not in seen and (issubclass(below, Block) or below.__module__ == planmodel.__name__):
                        seen[below] = None
                        blocks(below, seen)
    return seen


EVERY = (PlanModel, *blocks(PlanModel, {}))
KEYS = [(block, key, entry) for block in EVERY for key, entry in entries(block).items()]


def written(value: Value) -> Iterator[str]:
    """Every key that stands anywhere in a file."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from written(below)
    elif isinstance(value, list):
        for below in value:
            yield from written(below)


def keys_of(value: Value, kind: object, found: set[tuple[type, str]]) -> set[tuple[type, str]]:
    """Which keys of which blocks a file uses."""
    kinds = [record for record in records(kind) if isinstance(value, dict) and set(value) <= set(entries(record))]
    if isinstance(value, list):
        for item in value:
            keys_of(item, kind, found)
    elif isinstance(value, dict) and kinds:
        for record in kinds:
            found |= {(record, key) for key in value}
            for key, below in value.items():
                keys_of(below, entries(record)[key].kind, found)
    elif isinstance(value, dict):
        for plain in plain_kinds(kind):
            for below in value.values():
                keys_of(below, (*getattr(plain, "__args__", ()), None)[-2], found)
    return found


def test_the_page_is_what_the_blocks_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == plan_handbook(), AGAIN


@pytest.mark.parametrize(("block", "key", "entry"), KEYS, ids=[f"{block.__name__}.{key}" for block, key, _ in KEYS])
def test_every_key_of_every_block_says_what_it_means(block: type, key: str, entry: Entry) -> None:
    assert entry.description or key in {"kind", "rule"}
    assert not entry.description.endswith(".")
    assert f"| `{key}` |" in plan_handbook() or key in {"kind", "rule"}


def test_every_block_has_one_chapter() -> None:
    page = plan_handbook().splitlines()
    for block in EVERY:
        assert page.count((block.__doc__ or "").strip()) == 1, block


def test_blocks_that_several_keys_share_are_told_once_and_pointed_to() -> None:
    page = plan_handbook()
    assert "| `scope` | block, as `switches[].scope` |" in page
    assert "| `routes` | list of block, as `services[].routes[]` |" in page
    assert page.count("## `notices[].whom`\n") == 1


def test_blocks_that_a_word_tells_apart_are_named_by_it() -> None:
    page = plan_handbook()
    for word in ("told", "exports", "backup", "mail", "addresses"):
        assert f"## `stages.NAME.gates[]`, `kind: {word}`\n" in page
    for word in ("month-end", "chosen-month", "arrival-day", "receipt-day"):
        assert f"## `terms.ends[]`, `rule: {word}`\n" in page


def test_the_page_names_every_capability_and_every_stage() -> None:
    page = plan_handbook()
    assert all(f"`{capability}`" in page for capability in Capability)
    assert all(f"`{stage}`" in page for stage in Stage)


def test_the_page_tells_defaults_in_the_words_of_the_file() -> None:
    page = plan_handbook()
    assert "| `shortest_notice` | length | `30d` |" in page
    assert "| `until_done` | yes or no | no |" in page
    assert "| `by` | list of `mail`, `page`, `letter`, `sms` | `mail` |" in page
    assert "| `plan` | words | required |" in page


def test_the_example_uses_every_key_of_every_block() -> None:
    used = keys_of(load(example_plan(), "e.yaml").value, PlanModel, set())
    everywhere = set(written(load(example_plan(), "e.yaml").value))
    left_out = {(block.__name__, key) for block, key, _ in KEYS if (block, key) not in used and key not in everywhere}
    # A successor would take the mail over that this example ends.
    assert left_out <= {("StageModel", "to")}


def test_the_example_checks_clean_and_reads_back() -> None:
    read = read_plan(example_plan(), "e.yaml")
    assert plan_warnings(read) == []
    assert read_plan(print_plan(read), "again.yaml") == read
    assert read_plan(print_plan(read_plan(print_plan(read), "a")), "b") == read


def test_the_example_has_every_kind_of_gate_and_of_rule() -> None:
    read = read_plan(example_plan(), "e.yaml")
    gates = {type(gate) for line in read.stages.values() for gate in line.gates}
    assert gates == {dates.ToldGate, dates.ExportsGate, dates.BackupGate, dates.MailGate, dates.AddressesGate}
    rules = {type(rule) for rule in read.terms.ends}
    assert rules == {terms.MonthEnd, terms.ChosenMonth, terms.ArrivalDay, terms.ReceiptDay}
    assert isinstance(read.services[0].tables[0], services.DecisionTable)


def test_every_block_is_frozen_and_has_no_public_place_key() -> None:
    for block in EVERY:
        assert "source" not in entries(block)
        if dataclasses.is_dataclass(block) and block not in {Text, Scope}:
            assert block.__dataclass_params__.frozen  # type: ignore[attr-defined]  # as dataclasses are made
