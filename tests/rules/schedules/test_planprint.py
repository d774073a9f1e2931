import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings

from schedules.plan import Plan, StageLine
from schedules.planfile import _plan, example_plan, print_plan, read_plan
from schedules.planmodel import PlanModel
from schedules.positions import Position
from schedules.yamlfile import examine
from schedules.yamltree import load
from tests.rules.schedules.generated import plans
from tests.rules.schedules.mistakes import HEAD, STAGES, TEXT, WHY


def again(plan: Plan, file: str) -> Plan:
    """The plan as it is read from what was printed, its checks left out: these plans need not make sense."""
    examined = examine(load(print_plan(plan), file), PlanModel, context={"zone": plan.zone})
    assert [str(problem) for problem in examined.problems] == []
    assert examined.model is not None
    return _plan(examined.model, examined.tree.places, print_plan(plan))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plans())
def test_whatever_plan_is_made_of_the_blocks_prints_and_reads_back(plan: Plan) -> None:
    read = again(plan, "a.yaml")
    for field in dataclasses.fields(Plan):
        if field.compare:
            assert getattr(read, field.name) == getattr(plan, field.name), field.name
    assert print_plan(read) == print_plan(plan)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plans())
def test_every_block_that_is_read_knows_where_it_stands(plan: Plan) -> None:
    read = again(plan, "a.yaml")
    lines = read.text.count("\n")
    for block in (*read.switches, *read.notices, *read.services, *read.terms.ends, *read.terms.costs):
        assert 1 <= block.source.line <= lines
        assert block.source.file == "a.yaml"


def test_what_has_its_default_is_left_out() -> None:
    printed = print_plan(read_plan(HEAD + STAGES, "p.yaml"))
    assert [line.partition(":")[0] for line in printed.splitlines() if line[0] != " " and line[0] != "-"] == [
        "plan",
        "zone",
        "domains",
        "title",
        "reason",
        "suspension",
        "stages",
    ]
    assert "  read-end: '2024-04-01'\n" in printed


def test_a_stage_with_more_than_a_date_is_printed_in_full() -> None:
    source = STAGES.replace("purge: 2024-06-01", "purge: {at: 2024-06-01, asked: 2 days, gates: {kind: backup}}")
    printed = print_plan(read_plan(HEAD + source, "p.yaml"))
    assert "  purge:\n    at: '2024-06-01'\n    gates:\n    - kind: backup\n    asked: 2d\n" in printed


def test_printing_is_canonical_whatever_the_file_looked_like() -> None:
    switch = f"switches: {{capabilities: send, off: 2023-01-01, {WHY}}}\n"
    listed = f"# a comment\nswitches:\n- off: end of 2022-12\n  capabilities: [send]\n  {WHY}\n"
    assert len({print_plan(read_plan(HEAD + STAGES + one, "p.yaml")) for one in (listed, listed[12:])}) == 1
    with pytest.raises(ValueError, match="expected here: a list"):
        read_plan(HEAD + STAGES + switch, "p.yaml")


def test_a_block_is_placed_at_its_own_line() -> None:
    read = read_plan(f"{HEAD}{STAGES}notices:\n  - {{id: a, stage: purge, {TEXT}}}\n", "p.yaml")
    assert read.notices[0].source == Position("p.yaml", 14, 5)
    assert read_plan(example_plan(), "e.yaml").terms.ends[0].source.file == "e.yaml"


def test_every_field_of_a_stage_is_printed() -> None:
    names = {field.name for field in dataclasses.fields(StageLine)}
    assert names == {"stage", "at", "reason", "source", "soft_for", "to", "gates", "unanswered", "asked"}
