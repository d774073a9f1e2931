"""The notice page: what it tells, in both languages, safe to put anywhere (SK-13)."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.desk.planning.page import notice_page
from schedules.edition import Edition
from schedules.planfile import read_plan
from schedules.text import Language
from tests.rules.desk.noticed import Read

LANGUAGES: tuple[Language, ...] = get_args(Language)

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example, "*.closing.example"]
title: {ja: メールの終了, en: the end of mail}
reason: {ja: サービスは終了します, en: the service comes to its end}
stages:
  announce: 2022-01-11
  freeze: 2023-11-01
  homepage-upload-end: end of 2023-12
  send-end: end of 2024-01
  receive-end: end of 2024-01
  read-only: end of 2024-01
  read-end: 2024-03-31T18:00
  homepage-end: end of 2024-01
  forward-end: end of 2024-01
  purge: 2024-06-01
  dns-end: 2024-07-01
switches:
  - {capabilities: [add_address], off: 2023-01-01, reason: {ja: 追加できません, en: no address can be added}}
services:
  - id: phone
    title: {ja: 電話, en: phone}
    end: end of 2023-06
    whom: {areas: [east]}
    condition: {ja: 東の地域のみ, en: in the east only}
    advice: {ja: 別の電話を, en: take another phone}
  - {id: router, title: {ja: ルーター, en: router}}
advice:
  - {id: mail, whom: {has: [mail]}, lead: 60 days, text: {ja: 早めに, en: be early}}
  - {id: phones, whom: {has: [phone]}, text: {ja: 番号を, en: tell your number}}
  - {id: alone, whom: {lacks: [mail, homepage]}, text: {ja: 自由に, en: as you like}}
  - {id: clubs, whom: {types: [club]}, text: {ja: 総会で, en: tell your members}}
  - {id: all, lead: 30 days, until: 2023-12-28, text: {ja: 最後に解約, en: cancel last}}
offers:
  - title: {ja: 次の会社, en: Next Ltd}
    url: https://next.example/apply?a=1&b=2
    phone: +81 3-0000-0000
    benefit: {ja: 手数料無料, en: no fee}
desks:
  - {id: help, purpose: closure, title: {ja: 窓口, en: Help desk}, phone: 0120-000-000, opens: "10:00", closes: "18:00"}
  - {id: night, purpose: service, title: {ja: 夜, en: Night}, opens: "00:00", closes: "23:59", weekends: yes}
  - {id: away, purpose: corporate, title: {ja: 法人, en: Firms}, opens: "09:00", closes: "17:00", away: [2023-12-29]}
  - {id: leave, purpose: cancelling, title: {ja: 解約, en: Leave}, url: https://closing.example/quit}
terms:
  costs:
    - {id: fee, title: {ja: 手数料, en: office fee}, yen: 0}
    - {id: few, title: {ja: 一部, en: rental}, yen: 20000, whom: {has: [rental]}}
    - {id: more, title: {ja: 工事, en: work}, yen: "1,980 yen"}
"""


def edition(text: str = PLAN) -> Edition:
    return Edition(read_plan(text, "closing.yaml"), 1)


def read(language: Language = "en", text: str = PLAN) -> Read:
    return Read.of(notice_page(edition(text), language))


def test_what_ends_when_in_order_of_time() -> None:
    """Told as the last day of use; an end that is no midnight, with its time (SK-13)."""
    assert read().section("dates") == [
        "From Sun 1 January 2023",
        "No address can be added",
        "Until Tue 31 October 2023",
        "Changing settings",
        "Until Sun 31 December 2023",
        "Changing homepages",
        "Until Wed 31 January 2024",
        "Receiving mail",
        "Sending mail",
        "Forwarding of mail",
        "Homepages, and their addresses on the web",
        "Fetching homepages",
        "Until 18:00 on Sun 31 March 2024",
        "Reading mail",
        "On Sat 1 June 2024 or later",
        "What we still keep is destroyed",
    ]


def test_the_same_in_japanese() -> None:
    told = read("ja").section("dates")
    assert told[:4] == ["2023年1月1日（日）から", "追加できません", "2023年10月31日（火）まで", "設定の変更"]
    assert told[-4:] == [
        "2024年3月31日（日）18:00まで",
        "メールの閲覧",
        "2024年6月1日（土）以降",
        "お預かりしているデータを消去します",
    ]


def test_what_is_off_for_a_while_is_told_with_both_dates() -> None:
    paused = PLAN.replace("off: 2023-01-01,", 'off: "2023-01-01T09:30", on: 2023-02-01,')
    assert "From 09:30 on Sun 1 January 2023 until Tue 31 January 2023" in read(text=paused).section("dates")
    assert "2023年1月1日（日）09:30から2023年1月31日（火）まで" in read("ja", paused).section("dates")


def test_who_joins_a_successor_is_told_what_stays() -> None:
    joins = PLAN.replace("  purge:", "  successor: {at: end of 2024-01, to: smtp://mx.next.example}\n  purge:").replace(
        "  receive-end: end of 2024-01\n", ""
    )
    told = read(
        text=joins.replace("  forward-end: end of 2024-01\n", "").replace("  dns-end: 2024-07-01\n", "")
    ).section("dates")
    at = told.index("From Thu 1 February 2024")
    assert told[at + 1] == "Mail is delivered by the service you move to; addresses stay"
    assert "Receiving mail" not in told
    assert "mx.next.example" not in "".join(told)


def test_what_only_operators_care_for_is_left_out() -> None:
    assert "1 July 2024" not in read().text


@pytest.mark.parametrize("language", LANGUAGES)
def test_services_have_their_own_end_condition_and_advice(language: Language) -> None:
    told = read(language).section("services")
    assert (
        told
        == {
            "en": ["Phone", "Until Fri 30 June 2023", "In the east only", "Take another phone"],
            "ja": ["電話", "2023年6月30日（金）まで", "東の地域のみ", "別の電話を"],
        }[language]
    )


def test_advice_says_for_whom_it_is() -> None:
    assert read().section("advice") == [
        "If you use mail",
        "Begin 60 days before the end",
        "Be early",
        "Phone",
        "Tell your number",
        "If you use neither mail nor a homepage",
        "As you like",
        "For some",
        "Tell your members",
        "For everybody",
        "Until Wed 27 December 2023",
        "Cancel last",
    ]


def test_costs_that_everybody_has_are_told() -> None:
    assert read().section("costs") == ["Office fee", "0 yen", "Work", "1,980 yen"]
    assert read("ja").section("costs") == ["手数料", "0円", "工事", "1,980円"]


def test_offers_have_their_benefit_link_and_number() -> None:
    page = read()
    url = "https://next.example/apply?a=1&b=2"
    assert page.section("offers") == ["Next Ltd", "No fee", "Apply here", url, "+81 3-0000-0000"]
    assert page.links[:2] == [url, "tel:+81300000000"]


def test_desks_have_their_hours() -> None:
    assert read().section("desks") == [
        "Questions about the end",
        "Help desk",
        "0120-000-000",
        "Monday to Friday 10:00–18:00, not on holidays",
        "The service",
        "Night",
        "Every day 00:00–23:59",
        "Corporate customers",
        "Firms",
        "Monday to Friday 09:00–17:00, not on holidays; away on 29 December 2023",
        "Cancelling",
        "Leave",
        "Its page",
        "https://closing.example/quit",
    ]
    assert "平日 09:00–17:00（土日・祝日を除く）。2023年12月29日は休業" in read("ja").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_its_language_and_title(language: Language) -> None:
    page = read(language)
    assert ("html", {"lang": language}) in page.elements
    assert page.parts[0] == page.parts[1] == ("", {"ja": "メールの終了", "en": "The end of mail"}[language])
    assert {"ja": "サービスは終了します", "en": "The service comes to its end"}[language] in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_needs_nothing_from_elsewhere(language: Language) -> None:
    """No scripts, pictures, fonts or styles of other servers: what could be fetched is not there at all."""
    page = read(language)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"})
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on") or name == "src"]
    assert not re.search(r"url\(|@import|expression", "".join(page.styles))
    policy = next(attrs["content"] for tag, attrs in page.elements if "http-equiv" in attrs and tag == "meta")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_it_is_readable_on_a_telephone() -> None:
    """The page follows the width of the screen: nothing in it has a width of its own in pixels."""
    page = read()
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.elements
    assert not re.search(r"(?<![-\w])width:\s*\d+px", "".join(page.styles))


def test_a_plan_that_says_little_makes_a_short_page() -> None:
    """A plan needs neither domains nor stages: what is not there leaves no empty heading."""
    page = read(text="plan: quiet\nzone: Asia/Tokyo\ntitle: {ja: 題, en: t}\nreason: {ja: 訳, en: r}\n")
    assert page.sections == set()
    assert "Published" not in page.text


HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)>&amp; '{{ 7*7 }}' {% raw %}"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "place", ["メールの終了", "サービスは終了します", "追加できません", "東の地域のみ", "早めに", "手数料無料", "窓口"]
)
def test_whatever_a_plan_says_stands_there_as_text(language: Language, place: str) -> None:
    line = next(line for line in PLAN.splitlines() if place in line)
    english = next(found[1] for found in re.finditer(r"ja: [^,}]+, en: ([^,}]+)", line) if place in found[0])
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    hostile = PLAN.replace(f"ja: {place}, en: {english}", f"ja: {quoted}, en: {quoted}")
    page = read(language, hostile)
    assert HOSTILE in page.text
    assert page.tags.isdisjoint({"script", "img"})


@pytest.mark.parametrize("place", ["0120-000-000", "+81 3-0000-0000"])
def test_a_number_is_text_too_and_its_link_has_digits_alone(place: str) -> None:
    page = read(text=PLAN.replace(place, "'12\"><script>3'"))
    assert '12"><script>3' in page.text
    assert "tel:123" in page.links
    assert "script" not in page.tags


sentences = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"], exclude_characters="\ufeff"), min_size=1
)


@given(title=sentences)
def test_any_sentence_comes_out_as_it_went_in(title: str) -> None:
    plan = PLAN.replace("{ja: 窓口, en: Help desk}", "{ja: " + repr_yaml(title) + ", en: x}")
    assert title[:1].upper() + title[1:] in read("ja", plan).section("desks")


def repr_yaml(text: str) -> str:
    """The text in double quotes, as YAML reads it."""
    return '"' + "".join(f"\\U{ord(one):08x}" for one in text) + '"'
