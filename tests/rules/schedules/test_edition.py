import timeit
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schedules.amendments import Hold, Postpone
from schedules.blocks.scopes import Scope
from schedules.decisions import EXPIRING
from schedules.edition import Edition, edition_for, open_edition
from schedules.names import Address, DomainName
from schedules.planfile import example_plan, read_plan
from schedules.words import Capability, Rule, Stage
from tests.rules.schedules.plans import BERLIN, HANAKO, amended, local, plan, ruling

JIRO = Address.parse("jiro@closing.example")
SEIKYOU = dict.fromkeys(("send-end", "receive-end", "read-end", "homepage-end"), "end of 2024-01")


@pytest.mark.parametrize("address", ["x@any.seikyou.ne.jp", "x@deep.any.seikyou.ne.jp", "x@sings.jp"])
@pytest.mark.parametrize("capability", ["send", "receive", "read", "homepage"])
def test_sk1_all_services_end_at_one_instant_on_every_domain(address: str, capability: str) -> None:
    edition = Edition(plan(SEIKYOU, domains=["*.seikyou.ne.jp", "sings.jp"]))
    asked = Address.parse(address)
    assert edition.covers(asked.domain)
    profile = edition.profile(asked)
    assert ruling(edition, capability, "2024-01-31T23:59:59", profile).rule is Rule.OPEN
    assert ruling(edition, capability, "2024-01-31T23:59:59.999999", profile).allowed
    ended = ruling(edition, capability, "2024-02-01T00:00:00", profile)
    assert (ended.allowed, ended.rule, ended.since) == (False, Rule.STAGE, local("2024-02-01T00:00"))


def test_sk2_homepages_are_changed_during_the_own_contract_and_not_after_the_end() -> None:
    edition = Edition(plan(SEIKYOU))
    leaving = edition.profile(HANAKO, contract_expiry=date(2023, 3, 31))
    assert ruling(edition, "homepage_upload", "2023-03-31T23:59:59", leaving).allowed
    assert ruling(edition, "homepage_upload", "2023-04-01T00:00:00", leaving).rule is Rule.EXPIRY
    staying = edition.profile(HANAKO, contract_expiry=date(2024, 3, 31))
    assert ruling(edition, "homepage_upload", "2024-01-31T23:59:59", staying).allowed
    assert ruling(edition, "homepage_upload", "2024-02-01T00:00:00", staying).stage is Stage.HOMEPAGE_END


def test_sk5_an_additional_address_works_on_until_its_own_expiry() -> None:
    edition = Edition(plan(SEIKYOU))
    extra = edition.profile(HANAKO, contract_expiry=date(2023, 3, 31), address_expiry=date(2023, 10, 31))
    assert ruling(edition, "receive", "2023-10-31T23:59:59", extra).allowed
    closed = ruling(edition, "receive", "2023-11-01T00:00:00", extra)
    assert (closed.allowed, closed.rule, closed.deferred) == (False, Rule.EXPIRY, False)


def test_an_expiry_destroys_nothing() -> None:
    edition = Edition(plan({"export-end": "2024-05-01"}))
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 2, 29))
    rulings = edition.at(expired, local("2024-03-01T00:00"))
    ended = {capability for capability in Capability if not rulings[capability].allowed}
    assert ended == EXPIRING
    assert not {"read", "export", "forward", "homepage"} & ended
    assert not ruling(edition, "export", "2024-05-01T00:00", expired).allowed


def test_the_stated_local_date_holds_over_a_change_of_clocks() -> None:
    edition = Edition(plan({"receive-end": "end of 2024-03"}, zone="Europe/Berlin"))
    assert edition.stage_instant(Stage.RECEIVE_END).astimezone(UTC) == datetime(2024, 3, 31, 22, tzinfo=UTC)  # type: ignore[union-attr]  # planned
    assert ruling(edition, "receive", "2024-03-31T23:59:59").allowed
    assert not ruling(edition, "receive", "2024-04-01T00:00").allowed


def test_an_hour_that_clocks_show_twice_is_told_apart() -> None:
    edition = Edition(plan({"receive-end": "2024-10-27T02:30"}, zone="Europe/Berlin"))
    profile = edition.profile(HANAKO)
    first = local("2024-10-27T02:15", BERLIN)
    assert edition.at(profile, first)[Capability.RECEIVE].allowed
    assert not edition.at(profile, first.replace(fold=1))[Capability.RECEIVE].allowed
    assert not edition.at(profile, local("2024-10-27T02:30", BERLIN))[Capability.RECEIVE].allowed


def test_each_stage_ends_its_own_capability() -> None:
    ends = {
        "freeze": {"change_settings", "add_address", "change_options", "course_change"},
        "send-end": {"send"},
        "receive-end": {
            *("receive", "add_address", "change_options", "course_change"),
            *("renew", "renew_beyond_end", "pay_online"),
        },
        "read-only": {"change_mail"},
        "read-end": {"read", "change_mail"},
        "export-end": {"export"},
        "homepage-upload-end": {"homepage_upload"},
        "homepage-end": {"homepage", "homepage_upload", "homepage_download"},
        "forward-end": {"forward"},
        "announce": set(),
        "purge": set(),
        "dns-end": set(),
        "successor": set(),
    }
    assert set(ends) == {str(stage) for stage in Stage}
    for stage, capabilities in ends.items():
        edition = Edition(plan({stage: "2024-02-01"}))
        rulings = edition.at(edition.profile(HANAKO), local("2024-02-01T00:00"))
        assert {capability for capability in Capability if not rulings[capability].allowed} == capabilities
        assert rulings.position == stage


def test_a_ruling_tells_reason_line_and_how_long_it_stands() -> None:
    edition = Edition(read_plan(example_plan(), "e.yaml"))
    profile = edition.profile(HANAKO)
    opened = ruling(edition, "receive", "2023-12-31T00:00", profile)
    assert (opened.since, opened.until) == (local("2023-12-06T12:00"), local("2024-02-01T00:00"))
    soft = ruling(edition, "receive", "2024-02-01T00:00", profile)
    assert (soft.rule, soft.deferred, soft.stage) == (Rule.SOFT_START, True, Stage.RECEIVE_END)
    assert str(soft.source) == "e.yaml:37:9"
    assert soft.until == local("2024-02-01T06:00")
    hard = ruling(edition, "receive", "2024-02-01T06:00", profile)
    assert (hard.rule, hard.deferred, hard.until) == (Rule.STAGE, False, None)
    assert hard.reason.en == "mail is no longer received here"
    assert ruling(edition, "send", "2024-02-01T06:00", profile).reason == edition.plan.reason
    assert not ruling(edition, "receive", "2021-01-01T00:00", profile).source.line


def test_the_position_is_the_latest_stage_that_has_come() -> None:
    edition = Edition(plan({"announce": "2022-01-11", "send-end": "2024-02-01", "receive-end": "2024-02-01"}))
    profile = edition.profile(HANAKO)
    assert edition.at(profile, local("2022-01-10T23:59:59")).position is None
    assert edition.at(profile, local("2022-01-11T00:00")).position is Stage.ANNOUNCE
    assert edition.at(profile, local("2024-02-01T00:00")).position is Stage.RECEIVE_END


def test_a_brown_out_defers_receiving_alone_and_only_inside() -> None:
    edition = Edition(plan({"receive-end": "2024-02-01"}, brown_outs=[("2023-12-06T10:00", "2023-12-06T12:00")]))
    assert ruling(edition, "receive", "2023-12-06T09:59:59").allowed
    inside = ruling(edition, "receive", "2023-12-06T10:00")
    assert (inside.allowed, inside.deferred, inside.rule) == (False, True, Rule.BROWN_OUT)
    assert inside.source.line == 9
    assert ruling(edition, "send", "2023-12-06T10:00").allowed
    assert ruling(edition, "receive", "2023-12-06T12:00").allowed


@pytest.mark.parametrize(
    ("policy", "allowed", "deferred"), [("keep", True, False), ("defer", False, True), ("refuse", False, False)]
)
def test_suspension_blocks_reading_and_sending_and_receives_as_planned(
    policy: str, allowed: bool, deferred: bool
) -> None:
    edition = Edition(plan({"receive-end": "2024-06-01"}, more=f"suspension: {policy}"))
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 5, 1))
    assert ruling(edition, "read", "2024-04-30T23:59:59", suspended).allowed
    at = edition.at(suspended, local("2024-05-01T00:00"))
    assert {c for c in Capability if not at[c].allowed} - {"receive"} == {"send", "read", "change_mail"}
    received = at[Capability.RECEIVE]
    assert (received.rule, received.allowed, received.deferred) == (Rule.SUSPENSION, allowed, deferred)
    assert ruling(edition, "receive", "2024-06-01T00:00", suspended).rule is Rule.STAGE


def test_what_decides_strongest_first() -> None:
    source = plan({"receive-end": "2024-06-01"}, brown_outs=[("2024-05-02", "2024-05-03")], more="suspension: refuse")
    edition = Edition(source)
    everything = edition.profile(HANAKO, contract_expiry=date(2024, 5, 1), suspended_since=date(2024, 1, 1))
    assert ruling(edition, "receive", "2024-05-02T00:00", everything).rule is Rule.EXPIRY
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 1, 1))
    assert ruling(edition, "receive", "2024-05-02T00:00", suspended).rule is Rule.SUSPENSION
    assert ruling(edition, "receive", "2024-06-01T00:00", everything).rule is Rule.STAGE
    keeping = Edition(plan({}, brown_outs=[("2024-05-02", "2024-05-03")]))
    assert ruling(keeping, "receive", "2024-05-02T00:00", suspended).rule is Rule.BROWN_OUT
    assert ruling(keeping, "receive", "2024-05-03T00:00", suspended).rule is Rule.SUSPENSION


def held(scope: Scope, until: str = "2024-02-10T00:00") -> Edition:
    return amended(Edition(plan({"announce": "2022-01-11", "receive-end": "2024-02-01"})), Hold(scope, local(until)))


def test_a_hold_keeps_its_scope_open_until_its_end_and_nobody_else() -> None:
    edition = held(Scope(area="17"))
    inside, outside = edition.profile(HANAKO, area="17"), edition.profile(HANAKO, area="18")
    assert outside == edition.profile(JIRO)
    assert ruling(edition, "receive", "2024-01-31T23:59:59", inside).rule is Rule.OPEN
    open_on = ruling(edition, "receive", "2024-02-01T00:00", inside)
    assert (open_on.allowed, open_on.rule, open_on.stage) == (True, Rule.HOLD, Stage.RECEIVE_END)
    assert (open_on.since, open_on.until) == (local("2024-02-01T00:00"), local("2024-02-10T00:00"))
    assert open_on.reason.en == "an earthquake"
    assert ruling(edition, "receive", "2024-02-10T00:00", inside).rule is Rule.STAGE
    assert ruling(edition, "receive", "2024-02-01T00:00", outside).rule is Rule.STAGE


def test_a_hold_on_one_address_makes_it_a_profile_of_its_own() -> None:
    edition = held(Scope(address=Address.parse("Hanako@closing.example")))
    assert ruling(edition, "receive", "2024-02-05T00:00", edition.profile(HANAKO)).rule is Rule.HOLD
    assert edition.profile(JIRO).address is None
    assert ruling(edition, "receive", "2024-02-05T00:00", edition.profile(JIRO)).rule is Rule.STAGE


def test_a_hold_that_is_over_before_the_stage_changes_nothing_and_the_longest_counts() -> None:
    assert ruling(held(Scope(), "2024-01-20T00:00"), "receive", "2024-02-01T00:00").rule is Rule.STAGE
    longest = amended(held(Scope(), "2024-03-01T00:00"), Hold(Scope(), local("2024-02-15T00:00")))
    assert longest.stage_instant(Stage.RECEIVE_END, HANAKO.domain) == local("2024-03-01T00:00")


def test_neither_expiry_nor_suspension_is_held() -> None:
    edition = held(Scope())
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 2, 4))
    assert ruling(edition, "receive", "2024-02-04T23:59", expired).rule is Rule.HOLD
    assert ruling(edition, "receive", "2024-02-05T00:00", expired).rule is Rule.EXPIRY
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 1, 1))
    assert ruling(edition, "receive", "2024-02-05T00:00", suspended).rule is Rule.SUSPENSION


def test_the_announcement_is_never_held() -> None:
    edition = held(Scope(), "2025-01-01T00:00")
    assert edition.stage_instant(Stage.ANNOUNCE, HANAKO.domain) == local("2022-01-11T00:00")
    assert edition.at(edition.profile(HANAKO), local("2022-01-11T00:00")).position is Stage.ANNOUNCE


def test_a_domains_instants_count_holds_on_the_whole_domain() -> None:
    source = plan({"receive-end": "2024-02-01", "purge": "2024-02-02"}, domains=["a.example", "b.example"])
    edition = amended(Edition(source), Hold(Scope("a.example"), local("2024-02-10T00:00")))
    assert edition.stage_instant(Stage.RECEIVE_END, DomainName.parse("a.example")) == local("2024-02-10T00:00")
    assert edition.stage_instant(Stage.RECEIVE_END, DomainName.parse("b.example")) == local("2024-02-01T00:00")
    assert edition.stage_instant(Stage.RECEIVE_END) == local("2024-02-01T00:00")
    assert edition.stage_instant(Stage.READ_END) is None


def test_purge_waits_for_every_hold_in_the_domain() -> None:
    source = plan({"receive-end": "2024-02-01", "purge": "2024-02-02"})
    edition = amended(Edition(source), Hold(Scope(area="17"), local("2024-02-10T00:00")))
    assert edition.stage_instant(Stage.RECEIVE_END, HANAKO.domain) == local("2024-02-01T00:00")
    assert edition.stage_instant(Stage.PURGE, HANAKO.domain) == local("2024-02-10T00:00")
    assert edition.stage_instant(Stage.PURGE) == local("2024-02-10T00:00")
    assert edition.at(edition.profile(JIRO), local("2024-02-05T00:00")).position is Stage.RECEIVE_END


def test_stages_come_in_order_of_time_after_postponements() -> None:
    edition = amended(
        Edition(plan({"receive-end": "2024-02-01", "send-end": "2024-02-01", "freeze": "2024-02-02"})),
        Postpone((Stage.SEND_END,), timedelta(days=3)),
    )
    assert [stage for stage, _ in edition.stages()] == [Stage.RECEIVE_END, Stage.FREEZE, Stage.SEND_END]


def test_an_exact_name_beats_a_wildcard_and_a_longer_wildcard_a_shorter() -> None:
    wild = Edition(plan({}, domains=["*.example"]))
    closer = Edition(plan({}, domains=["*.closing.example"]))
    exact = Edition(plan({}, domains=["mail.closing.example"]))
    every = [wild, exact, closer]
    assert edition_for(DomainName.parse("mail.closing.example"), every) is exact
    assert edition_for(DomainName.parse("sub.closing.example"), every) is closer
    assert edition_for(DomainName.parse("closing.example"), every) is wild
    assert edition_for(DomainName.parse("example"), every) is None


def test_of_a_plans_own_patterns_the_closest_counts() -> None:
    asked = DomainName.parse("mail.closing.example")
    sources = [plan({}, domains=[d]) for d in ("*.example", "*.closing.example", "mail.closing.example")]
    ranks = [source.closeness(asked) or 0 for source in sources]
    assert ranks == sorted(set(ranks))
    every = plan({}, domains=["*.closing.example", "mail.closing.example", "*.example"])
    assert every.closeness(asked) == ranks[-1]


def test_without_a_plan_only_expiry_and_suspension_speak() -> None:
    edition = open_edition(ZoneInfo("Asia/Tokyo"))
    assert not edition.covers(HANAKO.domain)
    assert all(r.allowed for r in edition.at(edition.profile(HANAKO), local("2999-01-01T00:00")).of.values())
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 2, 29))
    assert ruling(edition, "receive", "2024-02-29T23:59:59", expired).allowed
    assert ruling(edition, "receive", "2024-03-01T00:00", expired).rule is Rule.EXPIRY
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 2, 29))
    assert ruling(edition, "read", "2024-02-29T00:00", suspended).rule is Rule.SUSPENSION


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_dates_that_mean_always_and_never_are_understood(zone: str) -> None:
    edition = open_edition(ZoneInfo(zone))
    endless = edition.profile(HANAKO, contract_expiry=date.max, suspended_since=date.max)
    assert ruling(edition, "send", "2899-01-01T00:00", endless).rule is Rule.OPEN
    long_ago = edition.profile(HANAKO, contract_expiry=date.min, suspended_since=date.min)
    assert ruling(edition, "send", "1999-01-01T00:00", long_ago).rule is Rule.EXPIRY


def test_now_must_name_its_zone() -> None:
    edition = open_edition(ZoneInfo("UTC"))
    with pytest.raises(ValueError, match="zone"):
        edition.at(edition.profile(HANAKO), datetime(2024, 1, 1))  # noqa: DTZ001 - refused for that


def test_courses_and_groups_nobody_names_do_not_multiply_profiles() -> None:
    edition = Edition(plan({"receive-end": "2024-02-01"}))
    some = edition.profile(HANAKO, group="g", area="1", course="two-year", contract_type="ip8")
    assert some == edition.profile(JIRO, group="h", area="2", course="monthly")


def test_an_answer_for_a_known_profile_takes_under_ten_microseconds() -> None:
    edition = Edition(read_plan(example_plan(), "e.yaml"))
    profile, now = edition.profile(HANAKO), datetime(2024, 1, 31, tzinfo=UTC)
    edition.at(profile, now)
    seconds = min(timeit.repeat(lambda: edition.at(profile, now), number=1000, repeat=5))
    assert seconds / 1000 < 10e-6
