"""Two exceptions that meet: a domain that ends sooner, and some of its people who have more time."""

from datetime import timedelta

import pytest

from schedules.amendments import BadAmendment, Postpone
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.planfile import read_plan
from schedules.positions import BadFile
from schedules.stage_dates import comes
from schedules.words import Stage
from tests.rules.schedules.plans import amended, plan, text

STAGES = {"announce": "2022-01-11", "receive-end": "2024-02-01", "export-end": "2024-03-01", "purge": "2024-12-01"}
DOMAINS = ["a.example", "b.example", "*.c.example"]
WHY = "reason: {ja: 延長, en: more time}"


def excepted(*said: tuple[str, str]) -> str:
    lines = "".join(f"\n  - {{scope: {{{scope}}}, stages: {{{stages}}}, {WHY}}}" for scope, stages in said)
    return f"exceptions:{lines}"


SOONER = ("domain: a.example", "purge: 2024-05-01")


def put(*said: tuple[str, str]) -> Plan:
    return plan(STAGES, domains=DOMAINS, more=excepted(*said))


@pytest.mark.parametrize("scope", ["group: coop-3", "area: noto", "group: coop-3, area: noto"])
@pytest.mark.parametrize("turned", [False, True])
def test_purge_of_a_domain_does_not_come_before_the_export_end_of_a_group(scope: str, turned: bool) -> None:
    said = [SOONER, (scope, "export-end: 2024-06-01")]
    with pytest.raises(BadFile) as caught:
        read_plan(text(STAGES, domains=DOMAINS, more=excepted(*(said[::-1] if turned else said))), "small.yaml")
    (problem,) = caught.value.problems
    assert "in domain a.example, `purge` (2024-05-01) comes before `export-end` (2024-06-01, line" in str(problem)


@pytest.mark.parametrize(
    "said",
    [
        [SOONER, ("group: coop-3", "export-end: 2024-05-01")],
        [SOONER, ("domain: b.example, group: coop-3", "export-end: 2024-06-01")],
        [SOONER, ("address: hanako@b.example", "export-end: 2024-06-01")],
        [SOONER, ("domain: b.example", "export-end: 2024-06-01")],
        [("domain: a.example", "purge: 2025-05-01"), ("group: coop-3", "export-end: 2024-06-01")],
    ],
    ids=["at one instant", "of another domain", "an address elsewhere", "another domain", "purge later"],
)
def test_exceptions_that_never_meet_out_of_order_are_sound(said: list[tuple[str, str]]) -> None:
    assert put(*said).exceptions


def test_a_postponement_of_the_group_alone_is_refused_where_it_would_outlast_its_domain() -> None:
    edition = Edition(put(SOONER, ("group: coop-3", "export-end: 2024-04-15")))
    with pytest.raises(BadAmendment, match=r"for group coop-3 in domain a\.example purge would come before export-end"):
        amended(edition, Postpone((Stage.EXPORT_END,), timedelta(days=30)))
    both = amended(edition, Postpone((Stage.EXPORT_END, Stage.PURGE), timedelta(days=30)))
    dates = comes(both, both.profile(Address.parse("hanako@a.example"), group="coop-3"))
    assert dates[Stage.EXPORT_END] < dates[Stage.PURGE]
