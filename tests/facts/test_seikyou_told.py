"""The end of Seikyou Internet: what its members are advised and told, by what they have (SK-10 to SK-13)."""

from datetime import date, timedelta

import pytest

from mailsvc.desk.planning.page import notice_page
from schedules.agenda import DeedKind, Falling, agenda
from schedules.blocks.dates import Audience, Channel
from schedules.blocks.services import Desk, Purpose
from schedules.blocks.whom import HOMEPAGE, MAIL, Contract
from schedules.calendars import desk_open
from schedules.contracts.checkitems import Item, ItemKind
from schedules.contracts.checklist import broken_by, checklist
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.planfile import read_plan
from schedules.positions import BadFile
from schedules.words import Stage
from tests.facts.examples import PLANS, TOKYO, example, tokyo
from tests.rules.desk.noticed import Read

TODAY = date(2022, 6, 1)


@pytest.fixture
def edition() -> Edition:
    return example("seikyou")


@pytest.fixture
def plan(edition: Edition) -> Plan:
    return edition.plan


def who_has(*words: str, course: str = "monthly") -> Contract:
    return Contract(course=course, has=frozenset(words))


def items(contract: Contract, plan: Plan, kind: ItemKind, on: date = TODAY) -> list[Item]:
    return [item for item in checklist(contract, plan, on) if item.kind is kind]


def fallen(edition: Edition, id_: str) -> list[Falling]:
    """What falls due by one notice of the plan."""
    notice = next(one for one in edition.plan.notices if one.id == id_)
    return [one for one in agenda(edition) if one.source == notice.source]


# -- SK-10: advice by use ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "advised"),
    [
        ((), ["line-alone", "cancel-last"]),
        ((MAIL,), ["mail-overlap", "cancel-last"]),
        ((HOMEPAGE,), ["homepage-address", "cancel-last"]),
        ((MAIL, HOMEPAGE), ["mail-overlap", "homepage-address", "cancel-last"]),
    ],
    ids=["line alone", "mail", "homepage", "both"],
)
def test_sk_10_everybody_is_advised_by_what_they_use(plan: Plan, has: tuple[str, ...], advised: list[str]) -> None:
    """SK-10: no mail and no homepage: any time; mail: an overlap; homepage: the new URL some months before."""
    assert [item.id for item in items(who_has("connection", *has), plan, ItemKind.ADVICE)] == advised


def test_sk_10_advice_says_what_to_do(plan: Plan) -> None:
    """SK-10: re-register the address wherever it is a contact or a login; announce the new URL."""
    told = {item.id: item.text for item in items(who_has(MAIL, HOMEPAGE), plan, ItemKind.ADVICE)}
    mail, homepage = told["mail-overlap"], told["homepage-address"]
    assert mail is not None
    assert homepage is not None
    assert "contact or login" in mail.en
    assert "ログインID" in mail.ja
    assert "new URL some months before" in homepage.en
    assert "数か月前" in homepage.ja


def test_sk_10_it_says_when_to_begin(plan: Plan) -> None:
    """SK-10: an overlap of three months for mail, four for the homepage, counted from the end of all services."""
    begin = {item.id: (item.begin, item.last_day) for item in items(who_has(MAIL, HOMEPAGE), plan, ItemKind.ADVICE)}
    assert begin["mail-overlap"] == (date(2023, 11, 3), date(2024, 1, 31))
    assert begin["homepage-address"] == (date(2023, 10, 4), date(2024, 1, 31))


# -- SK-11: lines and phones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "last_days"),
    [
        (("adsl", "hikari-offered"), {"adsl": date(2023, 1, 31)}),
        (("adsl",), {}),
        (("isdn",), {"isdn": date(2023, 12, 31)}),
        (("ip-phone",), {"ip-phone": date(2024, 1, 31)}),
        (("connection", "hikari"), {"connection": date(2024, 1, 31)}),
    ],
    ids=["adsl with hikari offered", "adsl without", "isdn", "ip phone", "fibre"],
)
def test_sk_11_each_line_ends_on_its_own_date(plan: Plan, has: tuple[str, ...], last_days: dict[str, date]) -> None:
    """SK-11: ADSL 2023-01-31 only where Hikari is offered; ISDN moves from 2024-01; the phone ends with all."""
    assert {item.id: item.last_day for item in items(who_has(*has), plan, ItemKind.SERVICE)} == last_days


def test_sk_11_conditions_and_advice_stand_with_the_service(plan: Plan) -> None:
    """SK-11: where ADSL ends, and that the phone's number cannot be kept, is said before."""
    told = {item.id: item.text for item in items(who_has("adsl", "hikari-offered", "ip-phone"), plan, ItemKind.SERVICE)}
    adsl, phone = told["adsl"], told["ip-phone"]
    assert adsl is not None
    assert phone is not None
    assert "only where FLET'S Hikari is offered" in adsl.en
    assert "光回線" in adsl.ja
    assert "number cannot be kept" in phone.en
    assert "引き継げません" in phone.ja


def test_sk_11_the_ends_fall_due_as_deeds(edition: Edition) -> None:
    """SK-11: services that are not mail have their own deeds, at their own instants."""
    found = {one.id.split()[-1]: one.at for one in agenda(edition) if one.kind is DeedKind.SERVICE_END}
    assert found == {
        "adsl": tokyo("2023-02-01T00:00"),
        "isdn": tokyo("2024-01-01T00:00"),
        "connection": tokyo("2024-02-01T00:00"),
        "ip-phone": tokyo("2024-02-01T00:00"),
    }


@pytest.mark.parametrize(("has", "affected"), [(("connection", "adsl"), ["connection"]), (("adsl", "hikari"), [])])
def test_sk_11_who_has_fibre_already_does_not_lose_the_connection(
    plan: Plan, has: tuple[str, ...], affected: list[str]
) -> None:
    """SK-11: the end of ADSL takes the connection with it, unless a fibre line is there."""
    assert [one.affects for one in broken_by("adsl", who_has(*has), plan)] == affected


def test_sk_11_adsl_members_are_told_during_2022(edition: Edition) -> None:
    """SK-11: change during 2022: five notices, to those who have ADSL where fibre is offered and no fibre yet."""
    letters = fallen(edition, "adsl-ends")
    assert [one.at.date().isoformat() for one in letters] == [
        "2022-04-01",
        "2022-07-01",
        "2022-10-03",
        "2022-12-01",
        "2023-01-04",
    ]
    whom = letters[0].whom
    assert whom.covers(who_has("adsl", "hikari-offered"))
    assert not whom.covers(who_has("adsl"))
    assert not whom.covers(who_has("adsl", "hikari-offered", "hikari"))


# -- SK-12: in which order, where to, whom to ask ----------------------------------------------------------------------


def desk(plan: Plan, purpose: Purpose) -> Desk:
    (found,) = [one for one in plan.desks if one.purpose is purpose]
    return found


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("2022-06-01T09:59:59", False),
        ("2022-06-01T10:00", True),
        ("2022-06-01T17:59:59", True),
        ("2022-06-01T18:00", False),
        ("2022-06-04T12:00", False),
        ("2022-06-05T12:00", False),
        ("2022-07-18T12:00", False),
        ("2023-01-02T12:00", False),
        ("2023-01-04T12:00", True),
    ],
    ids=[
        "early",
        "opening",
        "late",
        "closing",
        "saturday",
        "sunday",
        "sea day",
        "substitute of 1 january",
        "4 january",
    ],
)
def test_sk_12_the_closure_desk_has_hours(plan: Plan, at: str, there: bool) -> None:
    """SK-12: weekdays 10:00 to 18:00, not on holidays."""
    assert desk_open(desk(plan, Purpose.CLOSURE), tokyo(at), plan.terms.calendar, TOKYO) is there


def test_sk_12_cancelling_has_another_desk(plan: Plan) -> None:
    """SK-12: the desk for the closure is not the one for cancelling."""
    closure, cancelling = desk(plan, Purpose.CLOSURE), desk(plan, Purpose.CANCELLING)
    assert closure.phone != cancelling.phone
    assert cancelling.url.endswith("/support/quit/index.html")


def test_sk_12_the_check_list_ends_with_the_offer_and_both_desks(plan: Plan) -> None:
    """SK-12: the recommended successor with its link and benefit, and whom to ask for what."""
    (offer,) = items(who_has(MAIL), plan, ItemKind.OFFER)
    assert offer.url == "https://dream.jp/seikyo/"
    assert offer.text is not None
    assert "1,980" in offer.text.en
    assert [item.id for item in items(who_has(MAIL), plan, ItemKind.DESK)] == ["closure", "cancelling"]


@pytest.mark.parametrize("has", [(), (MAIL,), (MAIL, HOMEPAGE, "adsl")], ids=str)
def test_sk_12_everybody_is_told_to_cancel_after_the_switch(plan: Plan, has: tuple[str, ...]) -> None:
    """SK-12: cancel after the switch, not before."""
    (last,) = [item.text for item in items(who_has(*has), plan, ItemKind.ADVICE) if item.id == "cancel-last"]
    assert last is not None
    assert "not before" in last.en
    assert "済んでから" in last.ja


def test_sk_12_the_notice_shows_them_too(edition: Edition) -> None:
    """SK-12: offer, benefit and both desks with their hours stand on the notice page."""
    page = Read.of(notice_page(edition, "en"))
    assert "https://dream.jp/seikyo/" in page.links
    assert any("1,980 yen" in part for part in page.section("offers"))
    desks = page.section("desks")
    assert "Monday to Friday 10:00–18:00, not on holidays" in desks
    assert {"Questions about the end", "Cancelling"} <= set(desks)


# -- SK-13: two years of notice ----------------------------------------------------------------------------------------


def test_sk_13_the_end_is_announced_two_years_ahead(edition: Edition) -> None:
    """SK-13: the terms are amended as of 2022-01-11; the end comes more than two years later."""
    announce, end = edition.stage_instant(Stage.ANNOUNCE), edition.stage_instant(Stage.RECEIVE_END)
    assert announce == tokyo("2022-01-11T00:00")
    assert end is not None
    assert end - announce > timedelta(days=730)


def test_sk_13_less_than_two_years_is_refused() -> None:
    """SK-13: the plan's own least notice is two years; an announcement a month later is an error with its place."""
    text = (PLANS / "seikyou.yaml").read_text(encoding="utf-8")
    with pytest.raises(BadFile, match="`receive-end`"):
        read_plan(text.replace("announce: 2022-01-11", "announce: 2022-02-11"), "seikyou.yaml")


def test_sk_13_the_amended_terms_are_told_to_everybody_on_the_day(edition: Edition) -> None:
    """SK-13: by mail, on paper, and on the page of the world."""
    told = fallen(edition, "terms-amended") + fallen(edition, "notice-page")
    assert {one.at for one in told} == {tokyo("2022-01-11T00:00")}
    assert {(one.to, channel) for one in told for channel in one.by} >= {
        (Audience.SUBSCRIBERS, Channel.MAIL),
        (Audience.SUBSCRIBERS, Channel.LETTER),
        (Audience.WORLD, Channel.PAGE),
    }


def test_sk_13_notices_come_closer_together_towards_the_end(edition: Edition) -> None:
    """SK-13: a cadence: a year, half a year, … a day before the end, until the subscriber has done what it asks."""
    letters = fallen(edition, "the-end-comes")
    days = [(tokyo("2024-02-01T00:00") - one.at).days for one in letters]
    assert days == [365, 180, 90, 60, 30, 14, 7, 3, 1]
    assert all(one.until_done for one in letters)
    assert all(one.at.time().isoformat() == "00:00:00" for one in letters)


def test_sk_13_short_renewals_are_told_a_month_before_they_begin(edition: Edition) -> None:
    """SK-13, SK-7: two-year members in February 2022, yearly ones in February 2023."""
    for id_, course, day in (
        ("short-renewals-two-year", "two-year", "2022-02-01"),
        ("short-renewals-yearly", "yearly", "2023-02-01"),
    ):
        (letter,) = fallen(edition, id_)
        assert letter.at == tokyo(f"{day}T00:00")
        assert letter.whom.covers(who_has(MAIL, course=course))
        assert not letter.whom.covers(who_has(MAIL, course="monthly"))


def test_sk_2_the_new_url_is_asked_for_in_good_time(edition: Edition) -> None:
    """SK-2: the new URL can be announced before: homepage members are told from a year before the URLs die."""
    letters = fallen(edition, "homepage-moves")
    assert [(tokyo("2024-02-01T00:00") - one.at).days for one in letters] == [365, 180, 120, 60, 14]
    assert letters[0].whom.covers(who_has(HOMEPAGE))
    assert not letters[0].whom.covers(who_has(MAIL))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_sk_13_the_notice_page_is_made_of_the_plan(edition: Edition, language: str) -> None:
    """SK-13: title, reason, dates, services, offer, desks and advice, in either language."""
    page = Read.of(notice_page(edition, "ja" if language == "ja" else "en"))
    assert page.sections == {"dates", "services", "advice", "costs", "offers", "desks"}
    plan = edition.plan
    texts = [plan.title, plan.reason, *(one.title for one in plan.services), *(one.text for one in plan.advice)]
    for text in texts:
        told = text.ja if language == "ja" else text.en
        assert told[:1].upper() + told[1:] in page.text
    assert ("2024年1月31日（水）まで" if language == "ja" else "Until Wed 31 January 2024") in page.section("dates")
