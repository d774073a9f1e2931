"""Plans paused, resumed, held by law, released, rolled back: what moved is told, and each act leaves one audit row."""

from datetime import datetime, timedelta

import pytest

from mailsvc.desk.amending import Amended, Named, hold, pause, postpone, release, resume, roll_back
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import editions
from mailsvc.records.errors import Conflict
from mailsvc.records.store import Connection
from schedules.amendments import Hold
from schedules.planfile import read_plan
from schedules.words import Stage
from tests.rules.desk.world import NOW, PLAN, World

DAY = timedelta(days=1)
NOTO = Named(area="noto")


@pytest.fixture
def closing(world: World) -> World:
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided by the board")
    return world


def moved(amended: Amended) -> dict[str, timedelta | None]:
    """By how much each stage was moved; None where it waits now, or waited before."""
    return {str(one.stage): one.comes - one.was if one.was and one.comes else None for one in amended.moved}


def acts(world: World) -> list[tuple[object, object]]:
    return [
        (row["reason"], row["detail"]) for row in list_acts(world.desk, "closing", 20) if row["act"] == "plan amend"
    ]


# -- pause and resume --------------------------------------------------------------------------------------
def test_a_pause_with_an_end_moves_all_that_has_not_come_by_whole_days(closing: World) -> None:
    amended = pause(closing.desk, "closing", until="2026-12-02T00:00", reason="snow")
    assert set(moved(amended).values()) == {10 * DAY}
    assert "announce" not in moved(amended), "it has come"
    assert any("purge: 2027-09-30T00:00:00+09:00 -> 2027-10-10T00:00:00+09:00" in one for one in amended.lines())
    assert acts(closing) == [("snow", {"amendment": "1", "what": "pause until 2026-12-02T00:00:00+09:00"})]


def test_a_pause_without_an_end_lets_everything_wait_until_it_is_resumed(closing: World) -> None:
    paused = pause(closing.desk, "closing", until=None, reason="snow")
    assert set(moved(paused).values()) == {None}
    assert "  purge: 2027-09-30T00:00:00+09:00 -> waits" in paused.lines()
    closing.clock.set(NOW + 3 * DAY + timedelta(hours=1))
    resumed = resume(closing.desk, "closing", reason="it has melted")
    assert "  purge: waits -> 2027-10-04T00:00:00+09:00" in resumed.lines()
    assert [reason for reason, _ in acts(closing)] == ["it has melted", "snow"]


@pytest.mark.parametrize("until", ["2020-01-01", "2026-11-22T12:00"])
def test_a_pause_that_has_passed_is_refused(closing: World, until: str) -> None:
    with pytest.raises(Refused, match="has passed"):
        pause(closing.desk, "closing", until=until, reason="a slip")


def test_what_is_not_paused_is_not_resumed(closing: World) -> None:
    with pytest.raises(Refused, match="cannot be amended so"):
        resume(closing.desk, "closing", reason="a slip")
    assert acts(closing) == []


# -- holds for single stages, legal orders, releases ---------------------------------------------------------
def test_a_hold_may_name_its_stages(closing: World) -> None:
    amended = hold(closing.desk, "closing", NOTO, until="2028-01-01", stages=[Stage.READ_END], reason="the earthquake")
    # What cannot be taken back waits for whatever must come before it.
    assert set(moved(amended)) == {"read-end", "purge"}
    assert isinstance(amended.amendment.act, Hold)
    assert amended.amendment.act.announced == 14 * DAY


def test_a_hold_names_stages_of_its_plan(closing: World) -> None:
    with pytest.raises(Refused, match="no stage dns-end: it has announce, "):
        hold(closing.desk, "closing", NOTO, until="2028-01-01", stages=[Stage.DNS_END], reason="a slip")


def test_what_is_told_of_a_hold_is_what_it_does_to_whom_it_holds(closing: World) -> None:
    hanako = hold(closing.desk, "closing", Named("hanako@closing.example"), until="2028-01-01", reason="asked")
    assert {"receive-end", "read-end", "purge"} <= set(moved(hanako))
    again = hold(closing.desk, "closing", Named("hanako@closing.example"), until="2027-12-01", reason="asked")
    assert again.moved == (), "the longer one stands"


def test_a_legal_order_goes_before_other_holds(closing: World) -> None:
    hold(closing.desk, "closing", NOTO, until="2029-01-01", reason="the earthquake")
    amended = hold(
        closing.desk,
        "closing",
        NOTO,
        until="2028-01-01",
        legal_order="東京地方裁判所 令和6年(モ)第123号",
        announced="30 days",
        reason="an order of the court",
    )
    assert "by legal order 東京地方裁判所 令和6年(モ)第123号" in amended.lines()[0]
    assert {one.comes.date().isoformat() for one in amended.moved if one.comes} == {"2028-01-01"}


def test_a_release_comes_no_sooner_than_it_can_be_told(closing: World) -> None:
    hold(closing.desk, "closing", NOTO, until="2028-01-01", announced="30 days", reason="the earthquake")
    closing.clock.set(datetime(2027, 11, 1, 3, tzinfo=NOW.tzinfo))
    with pytest.raises(Refused, match=r"to be told 30d before it: release at 2027-12-01T12:00\+09:00 or later"):
        release(closing.desk, "closing", NOTO, at="2027-12-01", reason="the roads are open")
    amended = release(closing.desk, "closing", NOTO, at="2027-12-02", reason="the roads are open")
    assert "release area noto at 2027-12-02T00:00:00+09:00" in amended.lines()[0]
    assert {one.comes.isoformat() for one in amended.moved if one.comes} == {"2027-12-02T00:00:00+09:00"}


def test_a_release_may_come_at_once_with_a_reason(closing: World) -> None:
    hold(closing.desk, "closing", NOTO, until="2028-01-01", reason="the earthquake")
    closing.clock.set(datetime(2027, 11, 1, 3, tzinfo=NOW.tzinfo))
    with pytest.raises(Refused, match="to be told 14d before it"):
        release(closing.desk, "closing", NOTO, at=None, reason="the roads are open")
    amended = release(closing.desk, "closing", NOTO, at=None, unannounced=True, reason="the roads are open")
    assert {one.comes for one in amended.moved} == {closing.clock.now()}
    assert len(acts(closing)) == 2


def test_an_address_is_released_however_it_is_written(closing: World) -> None:
    hold(closing.desk, "closing", Named("Hanako@closing.example"), until="2028-01-01", reason="asked")
    released = release(
        closing.desk, "closing", Named("hanako@CLOSING.example"), at=None, unannounced=True, reason="asked"
    )
    assert {"receive-end", "purge"} <= set(moved(released))


def test_what_is_not_held_is_not_released(closing: World) -> None:
    with pytest.raises(Refused, match="nothing holds area noto: held are: none"):
        release(closing.desk, "closing", NOTO, at=None, unannounced=True, reason="a slip")
    hold(closing.desk, "closing", Named(group="coop"), until="2027-01-01", reason="asked")
    with pytest.raises(Refused, match="held are: group coop"):
        release(closing.desk, "closing", NOTO, at=None, unannounced=True, reason="a slip")
    closing.clock.set(NOW + 400 * DAY)
    with pytest.raises(Refused, match="held are: none"):
        release(closing.desk, "closing", Named(group="coop"), at=None, unannounced=True, reason="too late")


@pytest.mark.parametrize("named", [Named(), Named(area="noto", group="coop"), Named("a@closing.example", domain="x.y")])
def test_exactly_one_is_named(closing: World, named: Named) -> None:
    with pytest.raises(Refused, match="not said for whom"):
        hold(closing.desk, "closing", named, until="2028-01-01", reason="a slip")


# -- rolling back ----------------------------------------------------------------------------------------------
def test_a_rollback_takes_later_amendments_back_and_tells_what_moves(closing: World) -> None:
    postpone(closing.desk, "closing", (Stage.PURGE,), by="10 d", to=None, reason="an audit")
    postpone(closing.desk, "closing", (), by="5 d", to=None, reason="snow")
    amended = roll_back(closing.desk, "closing", to=1, reason="no snow")
    assert set(moved(amended).values()) == {-5 * DAY}
    assert amended.amendment.number == 3
    assert acts(closing)[0] == ("no snow", {"amendment": "3", "what": "roll back to amendment 1"})


def test_a_rollback_lets_nothing_come_in_the_past(closing: World) -> None:
    postpone(closing.desk, "closing", (), by="100 d", to=None, reason="snow")
    closing.clock.set(datetime(2027, 4, 10, tzinfo=NOW.tzinfo))
    with pytest.raises(Refused, match="postpone"):
        roll_back(closing.desk, "closing", to=0, reason="no snow")


def test_past_the_point_of_no_return_nothing_is_rolled_back(closing: World) -> None:
    postpone(closing.desk, "closing", (Stage.PURGE,), by="10 d", to=None, reason="an audit")
    closing.clock.set(datetime(2027, 12, 1, tzinfo=NOW.tzinfo))
    with pytest.raises(Refused, match="purge"):
        roll_back(closing.desk, "closing", to=0, reason="too late")


def test_there_must_be_something_to_roll_back_to(closing: World) -> None:
    with pytest.raises(Refused, match="no amendment 5"):
        roll_back(closing.desk, "closing", to=5, reason="a slip")


# -- two administrators ------------------------------------------------------------------------------------------
def test_of_two_administrators_at_once_the_second_is_told(closing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = editions.next_numbers

    def other_first(conn: Connection, plan: str) -> tuple[int, int]:
        found = numbers(conn, plan)
        text = hold_json(found[1])
        editions.add_amendment(conn, plan, text, number=found[1], at=NOW, by="another", reason="quicker")
        return found

    monkeypatch.setattr(editions, "next_numbers", other_first)
    with pytest.raises(Conflict, match="somebody else has changed the plan"):
        pause(closing.desk, "closing", until=None, reason="snow")
    monkeypatch.undo()
    assert acts(closing) == [], "neither the act nor its audit row is there"


def hold_json(number: int) -> str:
    from schedules.amendments import Amendment, Pause

    return Amendment(number, NOW, "another", "quicker", Pause()).to_json()
