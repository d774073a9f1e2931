"""The notice page of a plan that was amended: its dates are those that stand, and nothing on it is about anybody."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from mailsvc.desk.planning.page import notice_page
from schedules.amendments import Act, Amendment
from schedules.amendments.acts import GateAnswer, Hold, Pause, Postpone, Release, Resume, RollBack
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.text import Language
from schedules.words import Stage
from tests.rules.desk.noticed import Read

LANGUAGES: tuple[Language, ...] = get_args(Language)
SECRET = "asked for by the family of Hanako Yamada"

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example, second.example, "*.third.example"]
title: {ja: 終了, en: The end}
reason: {ja: 終了します, en: It ends}
stages:
  announce: 2022-01-11
  send-end: end of 2024-01
  receive-end: end of 2024-01
  read-end: end of 2024-02
  purge: {at: 2024-06-01, gates: [{kind: told, at_least: 95 %}]}
"""
EVERYBODY = [
    "Until Wed 31 January 2024",
    "Receiving mail",
    "Sending mail",
    "Until Thu 29 February 2024",
    "Reading mail",
    "On Sat 1 June 2024 or later",
    "What we still keep is destroyed",
]


def amended(*acts: Act, plan: str = PLAN, made: str = "2023-10-01T09:00") -> Edition:
    """The plan with these acts, made one minute after another."""
    edition = Edition(read_plan(plan, "closing.yaml"), 1)
    at = datetime.fromisoformat(made).replace(tzinfo=UTC)
    for number, act in enumerate(acts, 1):
        edition = edition.amended(
            Amendment(number=number, made_at=at + timedelta(minutes=number), by="root", reason=SECRET, act=act)
        )
    return edition


def page(edition: Edition, language: Language = "en") -> Read:
    return Read.of(notice_page(edition, language))


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T00:00+09:00")


def test_the_plan_as_it_was_written() -> None:
    assert page(amended()).section("dates") == EVERYBODY


def test_a_postponed_stage_is_told_with_its_date_before() -> None:
    told = page(amended(Postpone((Stage.RECEIVE_END,), by=timedelta(days=14)))).section("dates")
    assert told[:5] == [
        "Until Wed 31 January 2024",
        "Sending mail",
        "Until Wed 14 February 2024",
        "before:",
        "Until Wed 31 January 2024",
    ]


def test_two_that_were_moved_alike_stand_together() -> None:
    told = page(amended(Postpone((Stage.RECEIVE_END, Stage.SEND_END), by=timedelta(days=14)))).section("dates")
    assert told[:5] == [
        "Until Wed 14 February 2024",
        "before:",
        "Until Wed 31 January 2024",
        "Receiving mail",
        "Sending mail",
    ]


def test_a_postponement_that_was_rolled_back_leaves_no_trace() -> None:
    assert (
        page(amended(Postpone((Stage.RECEIVE_END,), by=timedelta(days=14)), RollBack(0))).section("dates") == EVERYBODY
    )


def test_a_pause_without_end_leaves_no_date() -> None:
    told = page(amended(Pause())).section("dates")
    assert told[:-1] == [
        "On Sat 1 June 2024 or later",
        "What we still keep is destroyed",
        "A new date will be announced",
        "before:",
        "Until Wed 31 January 2024",
        "Receiving mail",
        "Sending mail",
        "A new date will be announced",
        "before:",
        "Until Thu 29 February 2024",
    ]


def test_a_pause_that_is_over_moves_the_dates_by_whole_days() -> None:
    told = page(amended(Pause(), Resume())).section("dates")
    assert told[:2] == ["Until Thu 1 February 2024", "before:"]


def test_an_area_that_is_held_has_dates_of_its_own() -> None:
    held = page(amended(Hold(Scope(area="ishikawa"), jst("2024-07-01"), (Stage.RECEIVE_END,))))
    assert held.section("dates") == EVERYBODY
    assert held.section("elsewhere") == [
        "Area: ishikawa",
        "Until Sun 30 June 2024",
        "Receiving mail",
    ]
    assert SECRET not in held.text


def test_a_domain_that_is_held_has_dates_of_its_own() -> None:
    """The most of all domains are everybody."""
    held = page(amended(Hold(Scope(domain="closing.example"), jst("2024-07-01"), (Stage.RECEIVE_END,))))
    assert held.section("dates") == EVERYBODY
    assert held.section("elsewhere")[:2] == ["closing.example", "Until Sun 30 June 2024"]


def test_names_below_a_wildcard_are_asked_about_too() -> None:
    held = page(amended(Hold(Scope(domain="*.third.example"), jst("2024-07-01"))))
    assert held.section("elsewhere")[:2] == ["*.third.example", "Until Sun 30 June 2024"]


def test_an_exception_of_an_area_in_the_plan_is_told() -> None:
    exception = """\
exceptions:
  - {scope: {area: noto}, stages: {read-end: end of 2024-05}, reason: {ja: 地震, en: the earthquake}}
  - {scope: {group: club}, stages: {read-end: 2024-05-15}, reason: {ja: 秘密, en: a secret}}
"""
    told = page(amended(plan=PLAN + exception))
    assert told.section("elsewhere") == ["Area: noto", "Until Fri 31 May 2024", "Reading mail"]
    assert told.section("dates") == EVERYBODY


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "acts",
    [
        (Hold(Scope(address=Address.parse("hanako@closing.example")), jst("2025-01-01")),),
        (
            Hold(
                Scope(address=Address.parse("hanako@closing.example")), jst("2025-01-01"), legal_order="東京地裁 第1号"
            ),
        ),
        (Hold(Scope(group="coop"), jst("2025-01-01")),),
        (Hold(Scope(area="noto"), jst("2025-01-01"), legal_order="東京地裁 第1号"),),
        (Hold(Scope(area="noto"), jst("2025-01-01"), (Stage.PURGE,)),),
        (Hold(Scope(area="noto", group="coop"), jst("2025-01-01")),),
        (Hold(Scope(area="noto"), jst("2024-05-01")), Release(Scope(area="noto"), jst("2023-12-01"))),
        (GateAnswer(Stage.PURGE, opened=False, findings=("hanako@closing.example was not told",)),),
    ],
    ids=["address", "order", "group", "order-area", "purge", "area-group", "released", "gate"],
)
def test_the_world_sees_nothing_of_what_concerns_few(acts: tuple[Act, ...], language: Language) -> None:
    """Holds of addresses and groups, legal orders, gates: the page is the very same, octet by octet."""
    assert notice_page(amended(*acts), language) == notice_page(amended(), language)


def test_holds_and_orders_written_in_the_plan_are_nobodys_either() -> None:
    written = """\
holds:
  - scope: {address: hanako@closing.example}
    until: 2025-01-01
    legal_order: 東京地裁 第1号
    reason: {ja: 令状, en: a writ}
  - {scope: {group: coop}, until: 2025-01-01, reason: {ja: 秘密, en: a secret}}
"""
    assert notice_page(amended(plan=PLAN + written), "en") == notice_page(amended(), "en")


@pytest.mark.parametrize("scope", ["address: hanako@closing.example", "group: coop", "group: coop, area: noto"])
def test_a_switch_for_few_is_not_told_to_the_world(scope: str) -> None:
    """What is stopped for one address, for abuse, say, is between its owner and us."""
    stopped = f"""\
switches:
  - capabilities: [receive, forward]
    off: 2023-06-03
    scope: {{{scope}}}
    reason: {{ja: 規約違反のため停止, en: stopped for abuse}}
"""
    assert notice_page(amended(plan=PLAN + stopped), "en") == notice_page(amended(), "en")


def test_a_switch_of_an_area_is_told_there() -> None:
    stopped = """\
switches:
  - {capabilities: [add_address], off: 2023-06-03, scope: {area: noto}, reason: {ja: 停止, en: no new addresses}}
"""
    told = page(amended(plan=PLAN + stopped))
    assert told.section("elsewhere") == ["Area: noto", "From Sat 3 June 2023", "No new addresses"]


def test_reasons_that_administrators_wrote_stand_nowhere() -> None:
    acts = (
        Postpone((Stage.RECEIVE_END,), by=timedelta(days=14)),
        Hold(Scope(area="noto"), jst("2024-05-01")),
        Hold(Scope(domain="closing.example"), jst("2024-06-01")),
        Pause(jst("2023-11-01")),
    )
    for language in LANGUAGES:
        assert "Hanako" not in notice_page(amended(*acts), language)
        assert "root" not in page(amended(*acts), language).text
