"""Promise `calendar`: through a change of clocks, at midnight in Japan, on 29 February and at a month's end, the stated
local date holds.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from schedules.amendments import Hold, Pause, Postpone, Resume
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.words import Capability, Rule, Stage
from tests.rules.schedules.plans import HANAKO, amended, local, plan, ruling

# zone, as the plan states it, the instant it means in UTC
STATED = [
    ("Asia/Tokyo", "2024-02-01", "2024-01-31T15:00"),
    ("Asia/Tokyo", "end of 2024-01", "2024-01-31T15:00"),
    ("Asia/Tokyo", "end of 2024-02", "2024-02-29T15:00"),
    ("Asia/Tokyo", "end of 2023-02", "2023-02-28T15:00"),
    ("Asia/Tokyo", "2024-02-29", "2024-02-28T15:00"),
    ("Asia/Tokyo", "end of 2024-02-29", "2024-02-29T15:00"),
    ("Asia/Tokyo", "end of 2023-12", "2023-12-31T15:00"),
    ("Asia/Tokyo", "end of 2023-12-31", "2023-12-31T15:00"),
    ("Europe/Berlin", "end of 2024-03", "2024-03-31T22:00"),  # the day is 23 hours long
    ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00"),
    ("Europe/Berlin", "2024-03-31T03:00", "2024-03-31T01:00"),
    ("Europe/Berlin", "end of 2024-10-27", "2024-10-27T23:00"),  # the day is 25 hours long
    ("Europe/Berlin", "2024-10-27", "2024-10-26T22:00"),
    ("Europe/Berlin", "2024-10-27T02:00", "2024-10-27T00:00"),  # twice: the first
    ("Europe/Berlin", "2024-10-27T02:00+01:00", "2024-10-27T01:00"),
    ("Europe/London", "end of 2024-06", "2024-06-30T23:00"),
    ("America/New_York", "2024-03-10", "2024-03-10T05:00"),
    ("America/New_York", "end of 2024-03-10", "2024-03-11T04:00"),
    ("America/Havana", "2024-11-03", "2024-11-03T04:00"),  # midnight comes twice: the first
    ("America/Havana", "2024-03-10", "2024-03-10T05:00"),  # midnight never comes: right after
    ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00"),
    ("Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00"),  # clocks move by half an hour
    ("Asia/Kathmandu", "2024-04-07", "2024-04-06T18:15"),
    ("Pacific/Kiritimati", "2024-01-01", "2023-12-31T10:00"),
    ("UTC", "2024-01-01", "2024-01-01T00:00"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "stated", "meant"), STATED)
def test_a_stage_comes_at_the_stated_local_time(zone: str, stated: str, meant: str) -> None:
    edition = Edition(plan({"receive-end": f'"{stated}"'}, zone=zone))
    profile = edition.profile(HANAKO)
    assert edition.at(profile, utc(meant) - timedelta(microseconds=1))[Capability.RECEIVE].allowed
    ended = edition.at(profile, utc(meant))[Capability.RECEIVE]
    assert not ended.allowed
    assert ended.since is not None
    assert ended.since.timestamp() == utc(meant).timestamp()


@pytest.mark.parametrize(
    ("zone", "last_day", "meant"),
    [
        ("Asia/Tokyo", date(2024, 1, 31), "2024-01-31T15:00"),
        ("Asia/Tokyo", date(2024, 2, 29), "2024-02-29T15:00"),
        ("Asia/Tokyo", date(2024, 2, 28), "2024-02-28T15:00"),
        ("Asia/Tokyo", date(2023, 2, 28), "2023-02-28T15:00"),
        ("Asia/Tokyo", date(2023, 12, 31), "2023-12-31T15:00"),
        ("Europe/Berlin", date(2024, 3, 30), "2024-03-30T23:00"),
        ("Europe/Berlin", date(2024, 3, 31), "2024-03-31T22:00"),
        ("Europe/Berlin", date(2024, 10, 26), "2024-10-26T22:00"),
        ("Europe/Berlin", date(2024, 10, 27), "2024-10-27T23:00"),
        ("America/Havana", date(2024, 3, 9), "2024-03-10T05:00"),
    ],
)
def test_the_last_day_of_a_contract_is_a_whole_day(zone: str, last_day: date, meant: str) -> None:
    edition = Edition(plan({}, zone=zone))
    profile = edition.profile(HANAKO, contract_expiry=last_day)
    assert edition.at(profile, utc(meant) - timedelta(microseconds=1))[Capability.RECEIVE].allowed
    assert edition.at(profile, utc(meant))[Capability.RECEIVE].rule is Rule.EXPIRY


@pytest.mark.parametrize(
    ("zone", "first_day", "meant"),
    [
        ("Asia/Tokyo", date(2024, 5, 1), "2024-04-30T15:00"),
        ("Asia/Tokyo", date(2024, 2, 29), "2024-02-28T15:00"),
        ("Europe/Berlin", date(2024, 3, 31), "2024-03-30T23:00"),
        ("Europe/Berlin", date(2024, 4, 1), "2024-03-31T22:00"),
    ],
)
def test_a_suspension_begins_with_its_first_day(zone: str, first_day: date, meant: str) -> None:
    edition = Edition(plan({}, zone=zone))
    profile = edition.profile(HANAKO, suspended_since=first_day)
    assert edition.at(profile, utc(meant) - timedelta(microseconds=1))[Capability.READ].allowed
    assert edition.at(profile, utc(meant))[Capability.READ].rule is Rule.SUSPENSION


@pytest.mark.parametrize(
    ("zone", "planned", "days", "shown"),
    [
        ("Asia/Tokyo", "2024-02-28", 1, "2024-02-29"),
        ("Asia/Tokyo", "2024-02-29", 1, "2024-03-01"),
        ("Asia/Tokyo", "2023-02-28", 1, "2023-03-01"),
        ("Asia/Tokyo", "2024-01-31", 30, "2024-03-01"),
        ("Asia/Tokyo", "2023-12-31", 1, "2024-01-01"),
        ("Europe/Berlin", "2024-03-30", 1, "2024-03-31"),
        ("Europe/Berlin", "2024-03-31", 1, "2024-04-01"),
        ("Europe/Berlin", "2024-10-27", 1, "2024-10-28"),
        ("America/Havana", "2024-03-09", 2, "2024-03-11"),
    ],
)
def test_postponing_by_days_moves_the_local_date(zone: str, planned: str, days: int, shown: str) -> None:
    edition = Edition(plan({"receive-end": planned}, zone=zone))
    moved = amended(edition, Postpone((Stage.RECEIVE_END,), timedelta(days=days)), made_at="2020-01-01T00:00:00+00:00")
    at = moved.stage_instant(Stage.RECEIVE_END)
    assert at is not None
    assert at.replace(tzinfo=None).isoformat() == f"{shown}T00:00:00"


def test_postponing_onto_a_midnight_that_never_comes_means_right_after_and_back_again() -> None:
    edition = Edition(plan({"receive-end": "2024-03-09"}, zone="America/Havana"))
    day = Postpone((Stage.RECEIVE_END,), timedelta(days=1))
    once = amended(edition, day, made_at="2020-01-01T00:00:00+00:00")
    twice = amended(once, day, made_at="2020-01-01T00:00:00+00:00")
    shown = [e.stage_instant(Stage.RECEIVE_END).isoformat() for e in (once, twice)]  # type: ignore[union-attr]  # planned
    assert shown == ["2024-03-10T01:00:00-04:00", "2024-03-11T00:00:00-04:00"]


def test_a_hold_until_an_hour_that_comes_twice_ends_at_the_one_that_was_meant() -> None:
    edition = Edition(plan({"receive-end": "2024-10-01"}, zone="Europe/Berlin"))
    for fold, meant in ((0, "2024-10-27T00:30"), (1, "2024-10-27T01:30")):
        until = local("2024-10-27T02:30", edition.plan.zone).replace(fold=fold)
        held = amended(edition, Hold(Scope(), until))
        profile = held.profile(HANAKO)
        assert held.at(profile, utc(meant) - timedelta(seconds=1))[Capability.RECEIVE].rule is Rule.HOLD
        assert held.at(profile, utc(meant))[Capability.RECEIVE].rule is Rule.STAGE


def test_a_brown_out_over_a_change_of_clocks_is_as_long_as_time_passes() -> None:
    edition = Edition(plan({}, zone="Europe/Berlin", brown_outs=[("2024-03-31T01:30", "2024-03-31T03:30")]))
    profile = edition.profile(HANAKO)
    inside = [
        minute
        for minute in range(-60, 180)
        if not edition.at(profile, utc("2024-03-31T00:30") + timedelta(minutes=minute))[Capability.RECEIVE].allowed
    ]
    assert (inside[0], inside[-1]) == (0, 59)


def test_the_zone_of_who_asks_does_not_matter() -> None:
    edition = Edition(plan({"receive-end": "end of 2024-01"}))
    profile = edition.profile(HANAKO)
    for zone in ("Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"):
        there = local("2024-01-31T15:00", edition.plan.zone).astimezone(UTC)
        asked = local("2024-02-01T00:00").astimezone(Edition(plan({}, zone=zone)).plan.zone)
        assert not edition.at(profile, asked)[Capability.RECEIVE].allowed
        assert edition.at(profile, there)[Capability.RECEIVE].allowed


def test_every_second_around_midnight_in_japan_is_on_its_side() -> None:
    edition = Edition(plan({"receive-end": "end of 2024-01"}))
    for second in range(-60, 60):
        at = local("2024-02-01T00:00") + timedelta(seconds=second)
        assert edition.at(edition.profile(HANAKO), at)[Capability.RECEIVE].allowed == (second < 0)


# zone, an exception's date and the end of a hold as they are stated, and the instants they mean in UTC
MOVED = [
    ("Asia/Tokyo", "2024-02-29", "end of 2024-02", "2024-02-28T15:00", "2024-02-29T15:00"),
    ("Asia/Tokyo", "end of 2023-02", "end of 2024-01", "2023-02-28T15:00", "2024-01-31T15:00"),
    ("Asia/Tokyo", "end of 2023-12-31", "2024-01-02", "2023-12-31T15:00", "2024-01-01T15:00"),
    ("Europe/Berlin", "2024-03-31", "end of 2024-03-31", "2024-03-30T23:00", "2024-03-31T22:00"),
    ("Europe/Berlin", "2024-10-27", "end of 2024-10-27", "2024-10-26T22:00", "2024-10-27T23:00"),
    ("America/New_York", "2024-03-10", "end of 2024-03-10", "2024-03-10T05:00", "2024-03-11T04:00"),
    ("America/New_York", "2024-11-03", "end of 2024-11-03", "2024-11-03T04:00", "2024-11-04T05:00"),
    ("America/Havana", "2024-03-10", "2024-03-11", "2024-03-10T05:00", "2024-03-11T04:00"),  # midnight is skipped
]


@pytest.mark.parametrize(("zone", "excepted", "held", "first", "last"), MOVED)
def test_exceptions_and_holds_come_at_the_stated_local_time(
    zone: str, excepted: str, held: str, first: str, last: str
) -> None:
    why = "reason: {ja: 理由, en: reason}"
    exceptions = f"exceptions: [{{scope: {{area: a}}, stages: {{receive-end: {excepted}}}, {why}}}]"
    holds = f"holds: [{{scope: {{area: a}}, until: {held}, {why}}}]"
    stages = {"announce": "2020-01-01", "receive-end": "2022-01-01"}
    for more, meant in ((exceptions, first), (f"{exceptions}\n{holds}", last)):
        edition = Edition(plan(stages, zone=zone, more=more))
        area = edition.profile(HANAKO, area="a")
        assert edition.at(area, utc(meant) - timedelta(seconds=1))[Capability.RECEIVE].allowed
        assert edition.at(area, utc(meant))[Capability.RECEIVE].rule is Rule.STAGE


@pytest.mark.parametrize(
    ("zone", "planned", "made_at", "until", "meant"),
    [
        ("Asia/Tokyo", "2024-02-28", "2024-02-01T00:00", "2024-02-02T00:00", "2024-02-28T15:00"),
        ("Asia/Tokyo", "end of 2024-01", "2024-01-31T23:59:59", "2024-02-01T00:00", "2024-02-01T15:00"),
        ("Asia/Tokyo", "2023-02-28", "2023-02-01T12:00", "2023-02-01T12:01", "2023-02-28T15:00"),
        ("Europe/Berlin", "2024-04-02", "2024-03-30T12:00", "2024-03-31T12:00", "2024-04-02T22:00"),  # 23 hours
        ("Europe/Berlin", "2024-10-28", "2024-10-26T12:00", "2024-10-27T12:00", "2024-10-28T23:00"),  # 25 hours
        ("Europe/Berlin", "2024-03-30T02:30", "2024-03-28T00:00", "2024-03-29T00:00", "2024-03-31T01:30"),
        ("America/New_York", "2024-03-12", "2024-03-09T12:00", "2024-03-10T12:00", "2024-03-13T04:00"),
        ("America/New_York", "2024-11-04", "2024-11-02T12:00", "2024-11-03T12:00", "2024-11-05T05:00"),
        ("America/Havana", "2024-03-09", "2024-03-01T00:00", "2024-03-01T23:00", "2024-03-10T05:00"),
    ],
)
def test_a_pause_moves_the_local_date_by_whole_days(
    zone: str, planned: str, made_at: str, until: str, meant: str
) -> None:
    edition = Edition(plan({"announce": "2020-01-01", "receive-end": planned}, zone=zone))
    begun, ended = (local(at, edition.plan.zone) for at in (made_at, until))
    bounded = amended(edition, Pause(ended), made_at=begun.isoformat())
    resumed = amended(amended(edition, Pause(), made_at=begun.isoformat()), Resume(), made_at=ended.isoformat())
    for paused in (bounded, resumed):
        profile = paused.profile(HANAKO)
        assert paused.at(profile, utc(meant) - timedelta(seconds=1))[Capability.RECEIVE].allowed
        assert paused.at(profile, utc(meant))[Capability.RECEIVE].rule is Rule.STAGE


def test_a_month_end_is_told_by_its_first_closed_instant() -> None:
    edition = Edition(plan({"receive-end": "end of 2024-01"}))
    assert ruling(edition, "receive", "2024-01-31T23:59:59").until == local("2024-02-01T00:00")
