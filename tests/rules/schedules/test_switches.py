"""Switches: capabilities and powers of courses that are off at an instant, for good or until another."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schedules.amendments import Pause
from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.words import Capability, Power, Rule
from tests.rules.schedules.plans import HANAKO, amended, local, plan, ruling, text

JIRO = Address.parse("jiro@closing.example")
STAGES = {"announce": "2022-01-11", "receive-end": "{at: 2024-02-01, soft_for: 6 hours}", "homepage-end": "2024-02-01"}


def switched(*switches: str, zone: str = "Asia/Tokyo", more: str = "") -> Edition:
    """The plan with switches, each written without its reason."""
    lines = ["switches:", *(f"  - {{{one}, reason: {{ja: 受付終了, en: no longer offered}}}}" for one in switches)]
    return Edition(plan(STAGES, zone=zone, more="\n".join([*lines, more])))


def at(edition: Edition, written: str, power: Power, address: Address = HANAKO, area: str = "") -> tuple[bool, Rule]:
    found = edition.at(edition.profile(address, area=area), local(written, edition.plan.zone)).power(power)
    return found.allowed, found.rule


def test_a_switch_has_a_capability_off_for_good_with_its_reason_and_line() -> None:
    edition = switched("capabilities: [change_settings, send], off: 2022-01-11")
    for capability in ("change_settings", "send"):
        assert ruling(edition, capability, "2022-01-10T23:59:59").rule is Rule.OPEN
        off = ruling(edition, capability, "2022-01-11T00:00")
        assert (off.allowed, off.rule, off.deferred, off.stage) == (False, Rule.SWITCH, False, None)
        assert (off.since, off.until) == (local("2022-01-11T00:00"), None)
        assert (off.reason.en, off.source.line) == ("no longer offered", 11)
    assert ruling(edition, "read", "2022-01-11T00:00").allowed


@pytest.mark.parametrize("capability", ["receive", "send", "forward", "export"])
def test_one_that_opens_again_is_meant_to_pass_and_tells_when(capability: str) -> None:
    edition = switched(f"capabilities: [{capability}], off: 2022-01-11, on: 2022-02-01")
    off = ruling(edition, capability, "2022-01-31T23:59:59")
    assert (off.allowed, off.deferred, off.until) == (False, True, local("2022-02-01T00:00"))
    back = ruling(edition, capability, "2022-02-01T00:00")
    assert (back.allowed, back.rule, back.since) == (True, Rule.OPEN, local("2022-02-01T00:00"))


def test_sk8_what_belongs_to_one_course_is_off_for_that_course_alone() -> None:
    """SK-8: from 2022-01-11 two-year members can neither renew beyond the end nor pay online."""
    edition = switched("capabilities: [course_change:two-year, renew_beyond_end:two-year], off: 2022-01-11")
    day_before, day = "2022-01-10T23:59:59", "2022-01-11T00:00"
    for capability in (Capability.COURSE_CHANGE, Capability.RENEW_BEYOND_END):
        assert at(edition, day_before, Power(capability, "two-year")) == (True, Rule.OPEN)
        assert at(edition, day, Power(capability, "two-year")) == (False, Rule.SWITCH)
        assert at(edition, day, Power(capability, "monthly")) == (True, Rule.OPEN)
        assert at(edition, day, Power(capability)) == (True, Rule.OPEN)
    assert set(edition.at(edition.profile(HANAKO), local(day)).courses) == {
        Power(Capability.COURSE_CHANGE, "two-year"),
        Power(Capability.RENEW_BEYOND_END, "two-year"),
    }


def test_a_power_of_a_course_is_off_when_its_capability_is_off_for_all() -> None:
    edition = switched(
        "capabilities: [renew], off: 2022-03-01, on: 2022-04-01", "capabilities: ['renew:two-year'], off: 2022-03-15"
    )
    power, every = Power(Capability.RENEW, "two-year"), Power(Capability.RENEW)
    answers = {
        day: (at(edition, day, power)[0], at(edition, day, every)[0]) for day in _days("03-01", "03-15", "04-01")
    }
    assert list(answers.values()) == [(False, False), (False, False), (False, True)]
    ended = edition.at(edition.profile(HANAKO), local("2022-03-20T00:00")).power(power)
    assert (ended.deferred, ended.until) == (False, local("2024-02-01T00:00"))


def _days(*days: str) -> list[str]:
    return [f"2022-{day}T00:00" for day in days]


def test_a_switch_for_good_goes_before_one_that_opens_again() -> None:
    passing = "capabilities: [receive], off: 2022-03-01, on: 2022-04-01"
    here = "scope: {domain: closing.example}"
    edition = switched(passing, f"capabilities: [receive], off: 2022-03-15, {here}")
    assert ruling(edition, "receive", "2022-03-14T23:59:59").deferred
    assert not ruling(edition, "receive", "2022-03-15T00:00").deferred
    again = switched(passing, f"capabilities: [receive], off: 2022-03-15, on: 2022-05-01, {here}")
    assert ruling(again, "receive", "2022-03-20T00:00").until == local("2022-05-01T00:00")


def test_a_scoped_switch_is_for_its_addresses_alone_and_profiles_stay_few() -> None:
    edition = switched(
        "capabilities: [add_address], off: 2022-01-11, scope: {area: ishikawa}",
        "capabilities: [send], off: 2022-01-11, scope: {address: hanako@closing.example}",
    )
    add = Power(Capability.ADD_ADDRESS)
    assert at(edition, "2022-01-11T00:00", add, area="ishikawa") == (False, Rule.SWITCH)
    assert at(edition, "2022-01-11T00:00", add, area="tokyo") == (True, Rule.OPEN)
    assert at(edition, "2022-01-11T00:00", Power(Capability.SEND)) == (False, Rule.SWITCH)
    assert at(edition, "2022-01-11T00:00", Power(Capability.SEND), JIRO) == (True, Rule.OPEN)
    assert edition.profile(JIRO, area="tokyo") == edition.profile(Address.parse("saburo@closing.example"), group="g")
    assert edition.profile(JIRO, area="ishikawa").area == "ishikawa"


def test_the_order_of_the_rules_stage_expiry_switch_soft_start_suspension_brown_out() -> None:
    edition = switched(
        "capabilities: [receive], off: 2024-01-20, on: 2024-02-01T03:00",
        more="suspension: refuse\nbrown_outs: [{from: 2024-01-21T00:00, until: 2024-01-22T00:00}]",
    )
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 1, 1))
    assert ruling(edition, "receive", "2024-01-19T00:00", suspended).rule is Rule.SUSPENSION
    assert ruling(edition, "receive", "2024-01-21T12:00", suspended).rule is Rule.SWITCH
    assert ruling(edition, "receive", "2024-02-01T02:59:59", suspended).rule is Rule.SWITCH
    assert ruling(edition, "receive", "2024-02-01T03:00", suspended).rule is Rule.SOFT_START
    assert ruling(edition, "receive", "2024-02-01T06:00", suspended).rule is Rule.STAGE
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 1, 21))
    assert ruling(edition, "receive", "2024-01-21T12:00", expired).rule is Rule.SWITCH
    assert ruling(edition, "receive", "2024-01-22T00:00", expired).rule is Rule.EXPIRY


def test_switches_keep_their_dates_while_the_plan_is_paused() -> None:
    edition = amended(switched("capabilities: [send], off: 2022-01-11"), Pause(), made_at="2022-01-01T00:00:00+00:00")
    assert ruling(edition, "send", "2022-01-11T00:00").rule is Rule.SWITCH


def test_the_next_change_counts_powers_of_courses_too() -> None:
    edition = switched("capabilities: ['pay_online:two-year'], off: 2022-01-11")
    rulings = edition.at(edition.profile(HANAKO), local("2022-01-10T00:00"))
    assert rulings.next_change == local("2022-01-11T00:00")
    assert edition.timeline(edition.profile(HANAKO)).edges[0] == local("2022-01-11T00:00").timestamp()


# zone, off and on as the plan states them, and the instants they mean in UTC
STATED = [
    ("Asia/Tokyo", "2024-02-29", "end of 2024-02", "2024-02-28T15:00", "2024-02-29T15:00"),
    ("Asia/Tokyo", "end of 2023-02", "2023-12-31", "2023-02-28T15:00", "2023-12-30T15:00"),
    ("Europe/Berlin", "2023-03-26", "end of 2023-03-26", "2023-03-25T23:00", "2023-03-26T22:00"),
    ("Europe/Berlin", "2023-10-29", "end of 2023-10-29", "2023-10-28T22:00", "2023-10-29T23:00"),
    ("America/New_York", "2023-03-12", "end of 2023-03-12", "2023-03-12T05:00", "2023-03-13T04:00"),
    ("America/Havana", "2023-03-12", "2023-03-13", "2023-03-12T05:00", "2023-03-13T04:00"),  # midnight is skipped
]


@pytest.mark.parametrize(("zone", "off", "on", "from_", "until"), STATED)
def test_a_switch_turns_at_the_stated_local_time_to_the_second(
    zone: str, off: str, on: str, from_: str, until: str
) -> None:
    edition = switched(f"capabilities: [send], off: {off}, on: {on}", zone=zone)
    profile, second = edition.profile(HANAKO), timedelta(seconds=1)
    begins, ends = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (from_, until))
    instants = [begins - second, begins, ends - second, ends]
    assert [edition.at(profile, one)[Capability.SEND].allowed for one in instants] == [True, False, False, True]


def test_what_was_written_is_what_is_read() -> None:
    source = text(STAGES, more="switches: [{capabilities: send, off: 2022-01-11, reason: {ja: 終了, en: over}}]")
    assert read_plan(source, "p.yaml").switches[0].capabilities == (Power(Capability.SEND),)
