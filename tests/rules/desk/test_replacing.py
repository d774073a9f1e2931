"""A changed plan takes nothing back that must stand: legal orders, gates that have to be asked, what nothing undoes."""

from datetime import timedelta

import pytest

from mailsvc.desk.amending import Named, hold, release, roll_back, set_gate
from mailsvc.desk.amending.core import edition_in_force
from mailsvc.desk.plans import Applied, apply_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import editions
from schedules.planfile import read_plan
from schedules.words import Stage
from tests.rules.desk.world import NOW, PLAN, World

HANAKO = Named(address="hanako@closing.example")
ORDER = "東京地方裁判所 令和6年(モ)第123号"
WRITTEN = (
    "holds:\n  - {scope: {address: hanako@closing.example}, until: 2030-01-01, legal_order: 123,"
    " reason: {ja: 保全命令, en: kept by order}}\n"
)
GATED = PLAN.replace("purge: 2027-09-30", "purge: {at: 2027-09-30, gates: [{kind: addresses, at_most: 5}]}")
LOST = "a legal order in the plan 'closing' holds address hanako@closing.example until 2030-01-01T00:00"


def put(world: World, text: str) -> Applied:
    return apply_plan(world.desk, read_plan(text, "closing.yaml"), "decided by the board")


def ordered(world: World) -> None:
    """The plan in force, with a legal order made by an amendment."""
    put(world, PLAN)
    hold(world.desk, "closing", HANAKO, until="2030-01-01", reason="a court", legal_order=ORDER)


# -- legal orders ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changed",
    [
        PLAN,
        PLAN + WRITTEN.replace("2030-01-01", "2029-12-31"),
        PLAN + WRITTEN.replace(" legal_order: 123,", ""),
        PLAN + WRITTEN.replace("until: 2030-01-01", "until: 2030-01-01, stages: [receive-end]"),
        PLAN + WRITTEN.replace("hanako@", "taro@"),
    ],
    ids=["left out", "sooner over", "an ordinary hold", "for one stage alone", "for another address"],
)
def test_a_legal_order_of_the_plan_s_text_is_not_lost_by_another_text(world: World, changed: str) -> None:
    put(world, PLAN + WRITTEN)
    with pytest.raises(Refused, match=LOST):
        put(world, changed)
    assert edition_in_force(world.desk, "closing").number == 1


@pytest.mark.parametrize(
    "changed",
    [
        PLAN.replace("2027-09-30", "2027-12-31") + WRITTEN,
        PLAN + WRITTEN.replace("2030-01-01", "2031-01-01"),
        PLAN + WRITTEN.replace("{address: hanako@closing.example}", "{domain: closing.example}"),
    ],
    ids=["other dates", "longer", "for its whole domain"],
)
def test_a_text_that_keeps_the_order_or_widens_it_is_put_in_force(world: World, changed: str) -> None:
    put(world, PLAN + WRITTEN)
    assert put(world, changed).number == 2


def test_an_order_that_was_let_go_or_is_over_binds_nobody(world: World) -> None:
    put(world, PLAN + WRITTEN)
    release(world.desk, "closing", HANAKO, at=None, reason="the court", unannounced=True)
    assert put(world, PLAN).number == 2
    put(world, PLAN + WRITTEN.replace("2030-01-01", "2027-12-01"))
    world.clock.set(NOW + timedelta(days=400))
    assert put(world, PLAN.replace("2027-09-30", "2027-12-31")).number == 4


def test_a_domain_under_an_order_does_not_leave_its_plan(world: World) -> None:
    ordered(world)
    with pytest.raises(Refused, match=LOST):
        put(world, PLAN.replace('[closing.example, "*.closing.example"]', '["*.closing.example"]'))
    with pytest.raises(Refused, match=LOST):
        put(world, PLAN.replace('[closing.example, "*.closing.example"]', "[]"))


def test_a_plan_that_names_a_domain_more_closely_takes_no_order_away(world: World) -> None:
    put(world, PLAN)
    deep = Named(address="hanako@shop.closing.example")
    hold(world.desk, "closing", deep, until="2030-01-01", reason="a court", legal_order=ORDER)
    closer = PLAN.replace("plan: closing", "plan: shop").replace(
        '[closing.example, "*.closing.example"]', "[shop.closing.example]"
    )
    with pytest.raises(Refused, match=r"holds address hanako@shop\.closing\.example"):
        put(world, closer)
    kept = WRITTEN.replace("hanako@closing", "hanako@shop.closing")
    assert put(world, closer + kept).number == 1
    assert put(world, closer.replace("shop", "inn")).number == 1, "nobody is under an order there"


def test_an_order_on_a_group_binds_every_domain_of_its_plan(world: World) -> None:
    put(world, PLAN)
    hold(world.desk, "closing", Named(group="coop-3"), until="2030-01-01", reason="a court", legal_order=ORDER)
    with pytest.raises(Refused, match="holds group coop-3"):
        put(world, PLAN.replace('[closing.example, "*.closing.example"]', "[closing.example]"))


# -- gates -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changed",
    [
        GATED.replace("2027-09-30", "2028-09-30"),
        GATED.replace("at_most: 5", "at_most: 4"),
        GATED.replace('[closing.example, "*.closing.example"]', "[closing.example]"),
    ],
    ids=["another date", "another gate", "other domains"],
)
def test_gates_that_opened_for_another_plan_are_asked_again(world: World, changed: str) -> None:
    put(world, GATED)
    set_gate(world.desk, "closing", Stage.PURGE, opened=True, reason="looked at")
    assert edition_in_force(world.desk, "closing").stage_instant(Stage.PURGE) is not None
    applied = put(world, changed)
    assert "the gates of purge had opened for the plan as it was: they are asked again" in applied.warnings
    edition = edition_in_force(world.desk, "closing")
    assert edition.stage_instant(Stage.PURGE) is None
    assert "changed since they were asked" in edition.waiting(Stage.PURGE)


def test_gates_stay_open_where_their_stage_and_its_gates_are_what_they_were(world: World) -> None:
    put(world, GATED)
    set_gate(world.desk, "closing", Stage.PURGE, opened=True, reason="looked at")
    assert not any("asked again" in one for one in put(world, GATED.replace("2027-06-30", "2027-07-01")).warnings)
    assert edition_in_force(world.desk, "closing").stage_instant(Stage.PURGE) is not None


def test_rolling_back_opens_no_gate_that_was_closed_since(world: World) -> None:
    put(world, GATED)
    set_gate(world.desk, "closing", Stage.PURGE, opened=True, reason="looked at")
    put(world, GATED.replace("at_most: 5", "at_most: 4"))
    roll_back(world.desk, "closing", to=1, reason="as it was")
    assert edition_in_force(world.desk, "closing").stage_instant(Stage.PURGE) is None


# -- what nothing takes back -------------------------------------------------------------------------------
def test_a_changed_plan_does_not_let_purge_have_come_already(world: World) -> None:
    put(world, PLAN)
    past = PLAN.replace("2027", "2026")
    with pytest.raises(Refused, match=r"closing\.yaml:12:10: purge would have come at 2026-09-30T00:00:00\+09:00"):
        put(world, past)
    assert edition_in_force(world.desk, "closing").number == 1


def test_a_stored_plan_that_cannot_be_read_any_more_is_mended_by_a_better_one(world: World) -> None:
    put(world, PLAN)
    hold(world.desk, "closing", HANAKO, until="2030-01-01", reason="a court", legal_order=ORDER)
    broken = PLAN.replace("receive-end", "recieve-end")
    world.desk.records.act(
        lambda c: editions.save_plan(
            c, broken, file="x", name="closing", number=2, at=NOW, by="tests", reason="of another version"
        )
    )
    assert put(world, PLAN).number == 3
    assert [one.legal_order for one in edition_in_force(world.desk, "closing").standing.holds] == [ORDER]
