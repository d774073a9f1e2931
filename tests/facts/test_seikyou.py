"""The end of Seikyou Internet: what ends when (SK-1, SK-2), and what can no longer be begun (SK-8).

What it means for contracts stands in `test_seikyou_contracts.py`, what is told and advised in `test_seikyou_told.py`,
what a running service answers in `test_on_a_house.py`.
"""

from datetime import date, timedelta

import pytest

from schedules.edition import Edition
from schedules.names import DomainName
from schedules.plan import Plan
from schedules.words import Rule, Stage
from tests.facts.examples import SECOND, entry, example, power, profile, tokyo

END = tokyo("2024-02-01T00:00")
LAST_DAY = date(2024, 1, 31)


@pytest.fixture
def edition() -> Edition:
    return example("seikyou")


@pytest.fixture
def plan(edition: Edition) -> Plan:
    return edition.plan


# -- SK-1: one instant -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["kita.seikyou.ne.jp", "minato.seikyou.ne.jp", "a.b.c.seikyou.ne.jp", "sings.jp"])
@pytest.mark.parametrize("word", ["send", "receive", "read", "forward", "export", "homepage"])
def test_sk_1_all_ends_at_one_instant_on_every_domain(edition: Edition, domain: str, word: str) -> None:
    """SK-1: 2024-01-31T23:59:59 open, 2024-02-01T00:00:00 closed, whatever is asked for."""
    whose = profile(edition, f"hanako@{domain}")
    assert power(edition, whose, word, tokyo("2024-01-31T23:59:59")).allowed
    ended = power(edition, whose, word, tokyo("2024-02-01T00:00:00"))
    assert (ended.allowed, ended.deferred, ended.rule) == (False, False, Rule.STAGE)
    assert ended.since == END
    assert "2024" in ended.reason.ja


def test_sk_1_additional_addresses_end_with_the_rest(edition: Edition) -> None:
    """SK-1: an additional address that is paid for longer ends with all services."""
    paid = profile(edition, "hana.shop@kita.seikyou.ne.jp", own=date(2024, 10, 31))
    assert power(edition, paid, "receive", END - SECOND).allowed
    assert not power(edition, paid, "receive", END).allowed


def test_sk_1_what_is_not_mail_ends_then_too(plan: Plan) -> None:
    """SK-1: connection and IP phone end at the instant at which mail does."""
    ends = {service.id: service.end for service in plan.services}
    assert ends["connection"] == ends["ip-phone"] == plan.stages[Stage.RECEIVE_END].at == END


@pytest.mark.parametrize(
    ("domain", "covered"),
    [("x.seikyou.ne.jp", True), ("sings.jp", True), ("seikyou.ne.jp", False), ("x.sings.jp", False)],
)
def test_sk_1_which_domains_end(edition: Edition, domain: str, covered: bool) -> None:
    """SK-1: any sub-domain of seikyou.ne.jp, and sings.jp."""
    assert edition.covers(DomainName.parse(domain)) is covered


# -- SK-2: homepages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["homepage_upload", "homepage_download"])
@pytest.mark.parametrize(
    ("expiry", "last"),
    [(None, LAST_DAY), (date(2023, 3, 31), date(2023, 3, 31)), (LAST_DAY, LAST_DAY), (date(2025, 3, 31), LAST_DAY)],
    ids=["goes-on", "leaves-in-march", "ends-with-all", "paid-for-longer"],
)
def test_sk_2_pages_are_fetched_during_the_own_contract(
    edition: Edition, word: str, expiry: date | None, last: date
) -> None:
    """SK-2: a member who leaves on 2023-03-31 fetches until then, nobody after 2024-01-31."""
    whose = profile(edition, "goro@nishi.seikyou.ne.jp", expiry)
    midnight = tokyo(str(last)) + timedelta(days=1)
    assert power(edition, whose, word, midnight - SECOND).allowed
    assert not power(edition, whose, word, midnight).allowed


def test_sk_2_the_urls_die_at_the_same_instant(edition: Edition) -> None:
    """SK-2: pages are seen until the instant at which they can no longer be changed."""
    whose = profile(edition, "hanako@kita.seikyou.ne.jp")
    for word in ("homepage", "homepage_upload", "homepage_download"):
        assert power(edition, whose, word, END).since == END


def test_sk_2_accounts_name_the_page_below_home() -> None:
    """SK-2: USER in https://SUB.seikyou.ne.jp/home/USER/ is what the accounts say, SUB the address's domain."""
    hanako = entry("seikyou", "hanako@kita.seikyou.ne.jp")
    assert f"https://{hanako.address.domain.ascii}/home/{hanako.homepage}/" == "https://kita.seikyou.ne.jp/home/hanako/"


# -- SK-8: what can no longer be begun ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "off"),
    [
        ("course_change:two-year", "2022-01-11"),
        ("renew_beyond_end:two-year", "2022-01-11"),
        ("pay_online:two-year", "2022-01-11"),
        ("renew_beyond_end:yearly", "2023-01-01"),
        ("renew_beyond_end:additional-address", "2023-01-01"),
        ("add_address", "2023-01-01"),
        ("pay_online:yearly", "2023-01-01"),
    ],
)
@pytest.mark.parametrize("domain", ["kita.seikyou.ne.jp", "sings.jp"])
def test_sk_8_each_is_on_the_day_before_and_off_on_the_day(edition: Edition, word: str, off: str, domain: str) -> None:
    """SK-8: on until midnight, off from then on, with a reason in both languages and the line of the plan."""
    whose, day = profile(edition, f"hanako@{domain}"), tokyo(off)
    assert power(edition, whose, word, day - SECOND).allowed
    ruling = power(edition, whose, word, day)
    assert (ruling.allowed, ruling.rule, ruling.deferred) == (False, Rule.SWITCH, False)
    assert ruling.source.line in {switch.source.line for switch in edition.plan.switches}
    assert ruling.reason.ja
    assert ruling.reason.en


@pytest.mark.parametrize(
    ("word", "at"),
    [
        ("course_change:address", "2024-01-31T23:59:59"),
        ("renew_beyond_end:yearly", "2022-12-31T23:59:59"),
        ("pay_online:yearly", "2022-12-31T23:59:59"),
        ("pay_online:monthly", "2024-01-31T23:59:59"),
        ("renew:two-year", "2024-01-31T23:59:59"),
        ("renew:yearly", "2024-01-31T23:59:59"),
        ("receive", "2024-01-31T23:59:59"),
    ],
)
def test_sk_8_nothing_else_is_switched_off_with_them(edition: Edition, word: str, at: str) -> None:
    """SK-8: renewals up to the end go on, and so do other courses, until all services end."""
    assert power(edition, profile(edition, "hanako@sings.jp"), word, tokyo(at)).allowed
