"""A plan written for a domain is sound, however near its end, and passes every check of plans."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsvc.desk.planning.draft import (
    SHORTEST_NOTICE,
    Wanted,
    default_reason,
    default_title,
    draft,
    earliest,
)
from mailsvc.desk.refusals import Refused
from schedules.moments import start_of_day
from schedules.names import DomainName
from schedules.plan import QUEUE_LIFE, Plan
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.words import Stage
from tests.rules.desk.planned import NOW

TOKYO = ZoneInfo("Asia/Tokyo")
DOMAIN = DomainName.parse("closing.example")
END = datetime(2027, 4, 1, tzinfo=TOKYO)


def wanted(at: datetime = END, **more: object) -> Wanted:
    made = {"domain": DOMAIN, "at": at, "zone": TOKYO, "name": "closing-example", "title": default_title(DOMAIN)}
    return Wanted(**{**made, "reason": default_reason(DOMAIN, at), **more})  # type: ignore[arg-type]


def dates(plan: Plan) -> dict[Stage, datetime]:
    return {stage: line.at for stage, line in plan.stages.items()}


def test_everything_comes_in_its_order() -> None:
    order = (Stage.ANNOUNCE, Stage.FREEZE, Stage.RECEIVE_END, Stage.READ_END, Stage.EXPORT_END, Stage.PURGE)
    at = dates(draft(wanted(), NOW))
    assert [at[one] for one in order] == sorted(at[one] for one in order)
    assert at[Stage.SEND_END] == at[Stage.RECEIVE_END] == at[Stage.READ_ONLY] == END
    assert at[Stage.ANNOUNCE] == NOW
    assert at[Stage.PURGE] == END + timedelta(days=120)


def test_the_first_hours_are_soft() -> None:
    assert draft(wanted(), NOW).stages[Stage.RECEIVE_END].soft_for == timedelta(hours=6)


def test_dns_goes_last_and_after_the_life_of_queues() -> None:
    until = datetime(2028, 4, 1, tzinfo=TOKYO)
    for plan in (draft(wanted(), NOW), draft(wanted(forward_until=until), NOW)):
        at = dates(plan)
        others = [one for stage, one in at.items() if stage is not Stage.DNS_END]
        assert at[Stage.DNS_END] - max(others) >= QUEUE_LIFE
    assert dates(draft(wanted(forward_until=until), NOW))[Stage.FORWARD_END] == until


def test_rehearsals_grow_and_are_on_working_mornings_in_midweek() -> None:
    rehearsals = draft(wanted(), NOW).brown_outs
    assert [one.end - one.start for one in rehearsals] == [
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    ]
    assert all(one.start.hour == 10 and one.start.weekday() in {1, 2, 3} for one in rehearsals)


def test_no_rehearsal_is_on_a_holiday() -> None:
    # 84 days before is 6 May 2026, which is a day off, as are the 5th and before; so it is in April.
    plan = draft(wanted(datetime(2026, 7, 29, tzinfo=TOKYO)), datetime(2026, 4, 1, tzinfo=UTC))
    assert plan.brown_outs[0].start.date().isoformat() == "2026-04-30"


@pytest.mark.parametrize(("days", "rehearsals"), [(8, 0), (31, 1), (45, 2), (75, 3), (120, 4)])
def test_there_are_rehearsals_for_which_there_is_time(days: int, rehearsals: int) -> None:
    at = start_of_day((NOW + timedelta(days=days)).date(), TOKYO)
    assert len(draft(wanted(at, short_notice=True), NOW).brown_outs) == rehearsals


def test_too_little_notice_is_refused_with_the_earliest_end() -> None:
    assert earliest(NOW, TOKYO) == datetime(2026, 12, 23, tzinfo=TOKYO)
    with pytest.raises(Refused, match=r"less than 30 days.*the earliest end is 2026-12-23; --short-notice"):
        draft(wanted(datetime(2026, 12, 22, tzinfo=TOKYO)), NOW)
    assert draft(wanted(earliest(NOW, TOKYO)), NOW).shortest_notice == SHORTEST_NOTICE


def test_the_earliest_end_is_the_very_first_that_is_taken() -> None:
    draft(wanted(earliest(NOW, TOKYO)), NOW)
    with pytest.raises(Refused):
        draft(wanted(earliest(NOW, TOKYO) - timedelta(days=1)), NOW)


def test_short_notice_is_what_the_plan_then_asks_for_itself() -> None:
    plan = draft(wanted(datetime(2026, 12, 1, tzinfo=TOKYO), short_notice=True), NOW)
    assert plan.shortest_notice == timedelta(days=8, hours=12)
    assert read_plan(print_plan(plan), "p.yaml") == plan


@pytest.mark.parametrize(
    ("at", "more", "said"),
    [
        (datetime(2026, 11, 1, tzinfo=TOKYO), {"short_notice": True}, "has passed"),
        (NOW.astimezone(TOKYO), {"short_notice": True}, "has passed"),
        (END, {"forward_until": END - timedelta(days=1)}, "cannot be forwarded until"),
        (END, {"purge_after": timedelta(days=1)}, "may still be on its way"),
    ],
)
def test_dates_that_contradict_the_end_are_refused(at: datetime, more: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        draft(wanted(at, **more), NOW)


def test_the_last_day_stands_in_the_reason() -> None:
    assert default_reason(DOMAIN, END).en == "mail at closing.example ended on 31 March 2027"
    assert "2027年3月31日" in default_reason(DOMAIN, END).ja
    assert default_reason(DOMAIN, END + timedelta(hours=18)).en.endswith("1 April 2027")


@settings(max_examples=100, deadline=None)
@given(
    notice=st.integers(1, 60 * 24 * 900),
    purge_after=st.integers(5, 400),
    forward=st.none() | st.integers(0, 1500),
    zone=st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo", "UTC"]),
)
def test_every_plan_that_is_written_passes_the_checks(
    notice: int, purge_after: int, forward: int | None, zone: str
) -> None:
    there = ZoneInfo(zone)
    at = (NOW + timedelta(minutes=notice)).astimezone(there)
    until = at + timedelta(days=forward) if forward is not None else None
    asked = wanted(at, zone=there, purge_after=timedelta(days=purge_after), forward_until=until, short_notice=True)
    plan = draft(asked, NOW)
    assert read_plan(print_plan(plan), "p.yaml") == plan
    assert [one.what for one in plan_warnings(plan) if "days after `announce`" not in one.what] == [
        "replies name no page about the end"
    ]
    assert all(one.end <= two.start for one, two in pairwise(plan.brown_outs))
