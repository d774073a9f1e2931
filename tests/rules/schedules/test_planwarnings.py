from datetime import UTC, datetime

import pytest

from schedules.planfile import plan_warnings, read_plan
from tests.rules.schedules.mistakes import HEAD, STAGES, WHY

NOW = datetime(2024, 3, 1, tzinfo=UTC)
BARE = "plan: bare\nzone: Asia/Tokyo\ntitle: {ja: 題, en: t}\nreason: {ja: 理由, en: r}\n"
RENEWALS = "terms: {renewals: [{courses: [yearly, two-year], months: 12}]}\n"


def warned(source: str, now: datetime | None = None) -> list[str]:
    return [str(problem) for problem in plan_warnings(read_plan(source, "p.yaml"), now)]


def test_a_plan_without_domains_and_stages_has_warnings_only() -> None:
    assert warned(BARE) == [
        "p.yaml:1:1: no mail domains are named, so no mail ends: add `domains` where some end",
        "p.yaml:1:1: nothing is announced: add the stage `announce`",
        "p.yaml:1:1: replies name no page about the end: add `notice_url`",
    ]


def test_dates_that_are_past_are_told_where_the_instant_is_known() -> None:
    assert not [line for line in warned(HEAD + STAGES) if "past" in line]
    past = [line for line in warned(HEAD + STAGES, NOW) if "past" in line]
    assert [line.split(": ")[0] for line in past] == ["p.yaml:7:13", "p.yaml:8:16"]
    assert "`receive-end` is past (2024-02-01)" in past[1]


def test_a_date_is_past_at_its_own_instant() -> None:
    at = datetime(2024, 1, 31, 15, tzinfo=UTC)  # midnight in Tokyo
    assert len([line for line in warned(HEAD + STAGES, at) if "past" in line]) == 2
    assert len([line for line in warned(HEAD + STAGES, at.replace(hour=14)) if "past" in line]) == 1


def test_a_hold_that_is_over_is_told() -> None:
    hold = f"holds: [{{until: 2024-02-15, stages: receive-end, {WHY}}}]\n"
    assert any("this hold is over (2024-02-15)" in line for line in warned(HEAD + STAGES + hold, NOW))
    assert not any("is over" in line for line in warned(HEAD + STAGES + hold, NOW.replace(month=2)))


@pytest.mark.parametrize("course", ["yearly", "two-year"])
def test_a_switch_of_a_course_that_a_rule_speaks_of_is_fine(course: str) -> None:
    switch = f"switches: [{{capabilities: 'renew:{course}', off: 2023-01-01, {WHY}}}]\n"
    assert not any("course" in line for line in warned(HEAD + STAGES + RENEWALS + switch))


def test_a_switch_of_a_course_that_no_rule_speaks_of_is_told() -> None:
    switch = f"switches: [{{capabilities: 'renew:two-yeer', off: 2023-01-01, {WHY}}}]\n"
    told = [line for line in warned(HEAD + STAGES + RENEWALS + switch) if "course" in line]
    assert told == ["p.yaml:14:12: no rule of `terms` speaks of the course two-yeer: did you mean `two-year`?"]
    assert not any("course" in line for line in warned(HEAD + STAGES + switch))


def test_a_stage_that_an_exception_alone_has_is_told() -> None:
    more = f"exceptions: [{{scope: {{area: a}}, stages: {{send-end: 2024-04-01}}, {WHY}}}]\n"
    assert "p.yaml:13:14: `send-end` comes for area a alone" in "\n".join(warned(HEAD + STAGES + more))


def test_records_that_go_while_mail_still_comes_are_told() -> None:
    stages = "stages: {announce: 2022-01-11, dns-end: 2025-01-01}\n"
    told = [line for line in warned(HEAD + stages) if "takes the mail records down" in line]
    assert [line.rpartition("add the stage ")[2] for line in told] == ["`forward-end`", "`receive-end`"]
    switched = f"switches: [{{capabilities: [receive, forward], off: 2024-01-01, {WHY}}}]\n"
    assert not [line for line in warned(HEAD + stages + switched) if "takes the mail records down" in line]


def test_too_little_notice_is_a_warning_where_the_plan_asks_for_none() -> None:
    stages = "stages: {announce: 2024-01-11, receive-end: 2024-02-01}\n"
    assert any("less than 30 days after `announce`" in line for line in warned(HEAD + stages))


def test_warnings_come_in_order_of_place() -> None:
    places = [problem.position for problem in plan_warnings(read_plan(HEAD + STAGES, "p.yaml"), NOW)]
    assert places == sorted(places)
