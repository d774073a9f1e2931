"""Pauses: the whole plan rests, in whole days rounded up, and a contract's own dates never do."""

from datetime import date, datetime, timedelta

import pytest

from schedules.amendments import Act, Amendment, BadAmendment, Hold, Pause, Postpone, Release, Resume, RollBack
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.shifting import days_until
from schedules.words import Capability, Rule, Stage
from tests.rules.schedules.plans import BERLIN, HANAKO, TOKYO, local, plan, ruling

STAGES = {"announce": "2022-01-11", "freeze": "2024-01-10", "receive-end": "2024-02-01", "purge": "2024-06-01"}
BROWN_OUTS = [("2024-01-12T10:00", "2024-01-12T12:00"), ("2024-01-20T10:00", "2024-01-20T12:00")]


def paused(*acts: tuple[str, Act], stages: dict[str, str] | None = None, zone: str = "Asia/Tokyo") -> Edition:
    """The plan after acts, each at its local time."""
    brown_outs = BROWN_OUTS if stages is None else ()
    edition = Edition(plan(STAGES if stages is None else stages, zone=zone, brown_outs=brown_outs))
    for number, (made_at, act) in enumerate(acts, 1):
        at = local(made_at, edition.plan.zone)
        edition = edition.amended(Amendment(number, at, "admin", "protests", act))
    return edition


def until(written: str) -> Pause:
    return Pause(local(written))


def shown(edition: Edition) -> dict[Stage, str]:
    return {stage: at.replace(tzinfo=None).isoformat(" ", "minutes") for stage, at in edition.stages()}


def test_a_pause_moves_what_has_not_come_by_whole_days_rounded_up() -> None:
    edition = paused(("2024-01-15T09:00", until("2024-01-18T17:30")))
    assert shown(edition) == {
        Stage.ANNOUNCE: "2022-01-11 00:00",
        Stage.FREEZE: "2024-01-10 00:00",
        Stage.RECEIVE_END: "2024-02-05 00:00",
        Stage.PURGE: "2024-06-05 00:00",
    }
    assert edition.standing.waiting == {}
    assert ruling(edition, "receive", "2024-02-01T00:00").rule is Rule.OPEN
    assert ruling(edition, "receive", "2024-02-05T00:00").rule is Rule.STAGE


def test_brown_outs_that_have_not_begun_move_too() -> None:
    edition = paused(("2024-01-12T11:00", until("2024-01-14T11:00")))
    assert [(one.start.day, one.end.day) for one in edition.standing.brown_outs] == [(12, 12), (22, 22)]
    assert ruling(edition, "receive", "2024-01-12T11:30").rule is Rule.BROWN_OUT
    assert ruling(edition, "receive", "2024-01-20T10:00").rule is Rule.OPEN
    assert ruling(edition, "receive", "2024-01-22T10:00").rule is Rule.BROWN_OUT


def test_a_contracts_own_dates_are_never_paused() -> None:
    edition = paused(("2024-01-15T09:00", Pause()))
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 1, 31))
    assert ruling(edition, "receive", "2024-02-01T00:00", expired).rule is Rule.EXPIRY
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 1, 31))
    assert ruling(edition, "read", "2024-01-31T00:00", suspended).rule is Rule.SUSPENSION


def test_without_an_end_everything_to_come_waits_and_says_why() -> None:
    edition = paused(("2024-01-15T09:00", Pause()))
    assert set(edition.standing.waiting) == {Stage.RECEIVE_END, Stage.PURGE}
    assert edition.waiting(Stage.RECEIVE_END) == "the plan is paused: protests"
    assert edition.waiting(Stage.FREEZE) == ""
    assert edition.stage_instant(Stage.RECEIVE_END) is None
    assert edition.stage_instant(Stage.FREEZE) == local("2024-01-10T00:00")
    assert dict(edition.stages())[Stage.RECEIVE_END] == local("2024-02-01T00:00")
    waits = ruling(edition, "receive", "2024-02-01T00:00")
    assert (waits.allowed, waits.rule, waits.stage, waits.until) == (True, Rule.WAITING, Stage.RECEIVE_END, None)
    assert (waits.since, waits.reason.en) == (local("2024-02-01T00:00"), "protests")
    assert ruling(edition, "receive", "2024-01-31T23:59:59").rule is Rule.OPEN
    assert ruling(edition, "receive", "2024-01-20T11:00").rule is Rule.OPEN  # no rehearsal either
    assert [one.start.day for one in edition.standing.brown_outs] == [12]
    assert ruling(edition, "change_settings", "2024-01-16T00:00").rule is Rule.STAGE
    assert edition.at(edition.profile(HANAKO), local("2025-01-01T00:00")).position is Stage.FREEZE


@pytest.mark.parametrize(
    ("resumed", "day"),
    [("2024-01-15T09:00", 1), ("2024-01-15T09:01", 2), ("2024-01-16T09:00", 2), ("2024-01-18T08:59", 4)],
)
def test_resuming_moves_it_by_as_long_as_the_pause_was(resumed: str, day: int) -> None:
    edition = paused(("2024-01-15T09:00", Pause()), (resumed, Resume()))
    assert edition.stage_instant(Stage.RECEIVE_END) == local(f"2024-02-{day:02}T00:00")
    assert edition.stage_instant(Stage.FREEZE) == local("2024-01-10T00:00")
    assert not edition.standing.waiting


def test_a_stage_whose_date_passed_during_the_pause_comes_after_it() -> None:
    edition = paused(("2024-01-31T23:00", Pause()), ("2024-03-01T12:00", Resume()))
    assert edition.stage_instant(Stage.RECEIVE_END) == local("2024-03-02T00:00")
    assert ruling(edition, "receive", "2024-03-01T23:59:59").allowed


def test_a_plan_that_is_paused_is_paused_longer_from_the_end_of_the_first_pause() -> None:
    edition = paused(("2024-01-15T09:00", until("2024-01-18T09:00")), ("2024-01-16T09:00", until("2024-01-20T09:00")))
    assert edition.stage_instant(Stage.RECEIVE_END) == local("2024-02-06T00:00")
    opened = paused(
        ("2024-01-15T09:00", until("2024-01-18T09:00")), ("2024-01-16T09:00", Pause()), ("2024-01-21T09:00", Resume())
    )
    assert opened.stage_instant(Stage.RECEIVE_END) == local("2024-02-07T00:00")
    early = paused(
        ("2024-01-15T09:00", until("2024-01-18T09:00")), ("2024-01-16T09:00", Pause()), ("2024-01-17T09:00", Resume())
    )
    assert early.stage_instant(Stage.RECEIVE_END) == local("2024-02-04T00:00")


@pytest.mark.parametrize(
    ("acts", "told"),
    [
        ([("2024-01-15T09:00", Resume())], "waits for nobody to resume it"),
        ([("2024-01-15T09:00", until("2024-01-18T09:00")), ("2024-01-16T09:00", Resume())], "only a pause without an"),
        ([("2024-01-15T09:00", Pause()), ("2024-01-16T09:00", Pause())], "paused already: resume it first"),
        ([("2024-01-15T09:00", Pause()), ("2024-01-16T09:00", until("2024-01-18T09:00"))], "paused already"),
        ([("2024-01-15T09:00", until("2024-01-15T09:00"))], "would be over by 2024-01-15T09:00"),
        (
            [("2024-01-15T09:00", until("2024-01-18T09:00")), ("2024-01-16T09:00", until("2024-01-17T09:00"))],
            "would be over by 2024-01-18T09:00",
        ),
        ([("2024-01-15T09:00", Release(Scope(), local("2024-01-14T09:00")))], "has passed"),
    ],
)
def test_what_cannot_be_meant_is_refused(acts: list[tuple[str, Act]], told: str) -> None:
    with pytest.raises(BadAmendment, match=told):
        paused(*acts)


def test_what_is_held_has_not_come_and_is_held_longer_by_the_pause() -> None:
    edition = paused(
        ("2024-01-15T09:00", Hold(Scope(area="17"), local("2024-02-20T00:00"))),
        ("2024-02-10T00:00", until("2024-02-13T00:00")),
    )
    held, others = edition.profile(HANAKO, area="17"), edition.profile(HANAKO)
    assert ruling(edition, "receive", "2024-02-22T23:59:59", held).rule is Rule.HOLD
    assert ruling(edition, "receive", "2024-02-23T00:00", held).rule is Rule.STAGE
    assert ruling(edition, "receive", "2024-02-01T00:00", others).rule is Rule.STAGE
    waits = paused(
        ("2024-01-15T09:00", Hold(Scope(area="17"), local("2024-02-20T00:00"))), ("2024-02-10T00:00", Pause())
    )
    told = [ruling(waits, "receive", at, held).rule for at in ("2024-02-19T23:59:59", "2024-02-20T00:00")]
    assert told == [Rule.HOLD, Rule.WAITING]


def test_postponing_during_a_pause_moves_what_waits_as_well() -> None:
    edition = paused(
        ("2024-01-31T00:00", Pause()),
        ("2024-03-01T00:00", Postpone((), timedelta(days=10))),
        ("2024-03-02T00:00", Resume()),
    )
    assert edition.stage_instant(Stage.RECEIVE_END) == local("2024-03-13T00:00")  # 10 days, then 31
    assert edition.stage_instant(Stage.FREEZE) == local("2024-01-10T00:00")


def test_a_pause_is_taken_back_as_long_as_nothing_would_have_come_meanwhile() -> None:
    edition = paused(("2024-01-15T09:00", Pause()), ("2024-01-16T09:00", RollBack(0)))
    assert shown(edition) == shown(Edition(edition.plan))
    assert not edition.standing.waiting
    with pytest.raises(BadAmendment, match=r"receive-end would have come at 2024-02-01T00:00:00\+09:00: postpone it"):
        paused(("2024-01-15T09:00", Pause()), ("2024-02-01T00:00", RollBack(0)))


@pytest.mark.parametrize(
    ("begun", "ended", "days"),
    [
        ("2024-03-30T12:00", "2024-03-31T12:00", 1),  # 23 hours
        ("2024-10-26T12:00", "2024-10-27T12:00", 1),  # 25 hours
        ("2024-10-26T12:00", "2024-10-27T12:01", 2),
        ("2024-02-28T00:00", "2024-03-01T00:00", 2),
        ("2023-02-28T00:00", "2023-03-01T00:00", 1),
        ("2024-03-30T02:30", "2024-03-31T03:30", 1),  # there is no 02:30 that day: right after
        ("2024-01-31T23:59:59", "2024-02-01T00:00", 1),
        ("2024-01-31T12:00", "2024-01-31T12:00", 0),
        ("2024-01-31T12:00", "2024-01-01T12:00", 0),
    ],
)
def test_the_days_of_a_pause_are_days_of_the_calendar(begun: str, ended: str, days: int) -> None:
    assert days_until(local(begun, BERLIN), local(ended, BERLIN), BERLIN) == timedelta(days=days)


def test_midnight_stays_midnight_through_a_change_of_clocks() -> None:
    stages = {"announce": "2022-01-11", "receive-end": "2024-04-02", "purge": "2024-11-01"}
    edition = paused(("2024-03-30T12:00", Pause()), ("2024-04-01T11:00", Resume()), stages=stages, zone="Europe/Berlin")
    assert shown(edition)[Stage.RECEIVE_END] == "2024-04-04 00:00"
    assert shown(edition)[Stage.PURGE] == "2024-11-03 00:00"


def test_an_order_of_stages_is_never_turned_round_by_hours_that_clocks_skip() -> None:
    stages = {"receive-end": "2024-03-29T02:30", "purge": "2024-03-29T03:00"}
    edition = paused(
        ("2024-03-28T00:00", Pause(local("2024-03-30T00:00", BERLIN))), stages=stages, zone="Europe/Berlin"
    )
    receive_end, purge = (edition.stage_instant(stage) for stage in (Stage.RECEIVE_END, Stage.PURGE))
    assert receive_end is not None
    assert purge is not None
    assert receive_end.timestamp() <= purge.timestamp()
    assert receive_end == local("2024-03-31T03:30", BERLIN)


def test_every_second_of_a_pause_counts_for_a_day() -> None:
    for seconds in range(1, 60):
        edition = paused(
            ("2024-01-15T09:00", Pause(local("2024-01-15T09:00", TOKYO) + timedelta(days=3, seconds=seconds)))
        )
        assert edition.stage_instant(Stage.RECEIVE_END) == datetime(2024, 2, 5, tzinfo=TOKYO)


def test_all_that_an_address_may_do_is_as_if_the_plan_had_stopped() -> None:
    edition = paused(("2024-01-15T09:00", Pause()))
    profile = edition.profile(HANAKO)
    then, long_after = (edition.at(profile, local(at)) for at in ("2024-01-15T09:00", "2029-01-01T00:00"))
    assert all(then[one].allowed == long_after[one].allowed for one in Capability)
