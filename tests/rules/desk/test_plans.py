"""Plans put in force, shown, postponed and held; each act leaves its audit row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailsvc.desk.amending import Named, hold, postpone
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.planning.showing import show_file, show_plans
from mailsvc.desk.plans import Applied, apply_plan, read_plan_file
from mailsvc.desk.refusals import Refused
from schedules.names import BadName
from schedules.planfile import read_plan
from schedules.positions import BadFile, Wrong
from schedules.words import Stage
from tests.rules.desk.world import PLAN, World


def put_in_force(world: World, text: str = PLAN, file: str = "closing.yaml") -> Applied:
    return apply_plan(world.desk, read_plan(text, file), "decided by the board")


def instants(world: World) -> dict[Stage, datetime]:
    (shown,) = show_plans(world.desk, "closing")
    return {Stage(str(row["stage"])): row["at"] for row in shown.stages if isinstance(row["at"], datetime)}


def test_a_plan_is_put_in_force_once(world: World) -> None:
    assert put_in_force(world) == Applied(
        "closing", 1, changed=True, warnings=("these stages have come already: announce",)
    )
    again = put_in_force(world)
    assert (again.number, again.changed) == (1, False)
    (row,) = list_acts(world.desk, "closing", 10)
    assert (row["act"], row["reason"], row["actor"]) == ("plan apply", "decided by the board", "tester")


def test_a_changed_plan_is_the_next_edition(world: World) -> None:
    put_in_force(world)
    changed = put_in_force(world, PLAN.replace("2027-09-30", "2027-12-31"))
    assert (changed.number, changed.changed) == (2, True)
    assert instants(world)[Stage.PURGE].date().isoformat() == "2027-12-31"


def test_a_domain_is_in_one_plan_only(world: World) -> None:
    put_in_force(world)
    with pytest.raises(Refused, match=r"closing.example is named by the plan 'closing' already"):
        put_in_force(world, PLAN.replace("plan: closing", "plan: other"))
    assert [one.plan for one in show_plans(world.desk, None)] == ["closing"]


def test_a_plan_for_domains_that_are_not_served_is_warned_of(world: World) -> None:
    applied = put_in_force(
        world, PLAN.replace("domains: [closing.example", "domains: [strange.example, closing.example")
    )
    assert any("the settings do not serve strange.example" in warning for warning in applied.warnings)


def test_an_act_needs_a_reason(world: World) -> None:
    with pytest.raises(Refused, match="the reason is empty"):
        apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "  ")
    assert list_acts(world.desk, None, 10) == []


def test_a_plan_file_is_shown_without_being_in_force(world: World) -> None:
    shown = show_file(world.write(PLAN, "closing.yaml"))
    assert (shown.number, shown.plan, shown.domains) == (0, "closing", ("closing.example", "*.closing.example"))
    assert "not in force" in str(shown.fields()["plan"])


def test_a_plan_file_that_is_not_there_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"No such file.*lastpost plan example"):
        read_plan_file(tmp_path / "none.yaml")


def test_a_plan_nobody_knows_is_refused_with_those_that_are_known(world: World) -> None:
    with pytest.raises(Refused, match="none yet"):
        show_plans(world.desk, "closing")
    put_in_force(world)
    with pytest.raises(Refused, match="no plan 'opening' in force: plans in force: closing"):
        show_plans(world.desk, "opening")


# ── postponing ──────────────────────────────────────────────────────────────────────────────────────────
def test_all_stages_to_come_are_postponed_together(world: World) -> None:
    put_in_force(world)
    before = instants(world)
    amended = postpone(world.desk, "closing", (), by="14 days", to=None, reason="snow")
    after = instants(world)
    assert after[Stage.ANNOUNCE] == before[Stage.ANNOUNCE]  # it has come
    assert after[Stage.RECEIVE_END] - before[Stage.RECEIVE_END] == timedelta(days=14)
    assert any("receive-end: 2027-03-31T18:00:00+09:00 -> 2027-04-14T18:00:00+09:00" in x for x in amended.lines())


def test_one_stage_is_postponed_to_a_time_in_the_plan_s_zone(world: World) -> None:
    put_in_force(world)
    postpone(world.desk, "closing", (Stage.PURGE,), by=None, to="end of 2027-12", reason="an audit")
    assert instants(world)[Stage.PURGE] == datetime(2027, 12, 31, 15, 0, tzinfo=UTC)


def test_a_postponement_is_written_down_with_its_reason(world: World) -> None:
    put_in_force(world)
    postpone(world.desk, "closing", (Stage.PURGE,), by="1 d", to=None, reason="an audit")
    row = list_acts(world.desk, "closing", 1)[0]
    assert (row["act"], row["reason"]) == ("plan amend", "an audit")
    assert row["detail"] == {"amendment": "1", "what": "postpone purge by 1d"}
    (shown,) = show_plans(world.desk, "closing")
    assert [(one["number"], one["what"], one["by"]) for one in shown.amendments] == [
        (1, "postpone purge by 1d", "tester")
    ]


@pytest.mark.parametrize(
    ("stages", "by", "to", "said"),
    [
        ((Stage.PURGE,), None, "2027-01-01", "would come earlier"),
        ((Stage.DNS_END,), "1 d", None, "has no stage dns-end"),
        ((Stage.RECEIVE_END,), "400 d", None, "would come before"),
        ((), None, "2030-01-01", "name the stages"),
    ],
)
def test_a_postponement_that_cannot_be_meant_is_refused(
    world: World, stages: tuple[Stage, ...], by: str | None, to: str | None, said: str
) -> None:
    put_in_force(world)
    before = instants(world)
    with pytest.raises(Refused, match=said):
        postpone(world.desk, "closing", stages, by=by, to=to, reason="a slip")
    assert instants(world) == before
    assert len(list_acts(world.desk, None, 10)) == 1


@pytest.mark.parametrize(("by", "to"), [("14", None), ("soon", None), (None, "tomorrow"), (None, "2027-02-30")])
def test_times_that_cannot_be_read_are_told(world: World, by: str | None, to: str | None) -> None:
    put_in_force(world)
    with pytest.raises(Wrong):
        postpone(world.desk, "closing", (Stage.PURGE,), by=by, to=to, reason="a slip")


def test_a_new_text_keeps_the_amendments_and_must_fit_them(world: World) -> None:
    put_in_force(world)
    postpone(world.desk, "closing", (Stage.PURGE,), by="10 d", to=None, reason="an audit")
    applied = put_in_force(world, PLAN.replace("2027-09-30", "2027-10-01"))
    assert any("1 amendments made before stay in force" in warning for warning in applied.warnings)
    assert instants(world)[Stage.PURGE].date().isoformat() == "2027-10-11"
    with pytest.raises(Refused, match="does not fit this plan: the plan has no stage purge"):
        put_in_force(world, PLAN.replace("  purge: 2027-09-30\n", ""))


# ── holding ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ({"address": "Hanako@closing.example"}, "hold address Hanako@closing.example until"),
        ({"group": "coop-noto"}, "hold group coop-noto until"),
        ({"area": "ishikawa"}, "hold area ishikawa until"),
        ({"domain": "sub.closing.example"}, "hold domain sub.closing.example until"),
        ({"domain": "*.closing.example"}, "hold domain *.closing.example until"),
    ],
)
def test_a_scope_is_held_open(world: World, scope: dict[str, str], told: str) -> None:
    put_in_force(world)
    amended = hold(world.desk, "closing", Named(**scope), until="2027-06-30", reason="the earthquake")
    assert told in amended.lines()[0]
    assert "2027-06-30T00:00:00+09:00" in amended.lines()[0]


@pytest.mark.parametrize(
    ("scope", "until", "said"),
    [
        ({}, "2027-06-30", "not said for whom"),
        ({"area": "noto"}, "2020-01-01", "has passed"),
        ({"domain": "strange.example"}, "2027-06-30", "does not cover strange.example"),
        ({"address": "a@strange.example"}, "2027-06-30", "does not cover strange.example"),
    ],
)
def test_a_hold_that_holds_nothing_is_refused(world: World, scope: dict[str, str], until: str, said: str) -> None:
    put_in_force(world)
    with pytest.raises(Refused, match=said):
        hold(world.desk, "closing", Named(**scope), until=until, reason="a slip")


def test_a_hold_on_what_is_no_address_is_told(world: World) -> None:
    put_in_force(world)
    with pytest.raises(BadName):
        hold(world.desk, "closing", Named(address="hanako"), until="2027-06-30", reason="a slip")
