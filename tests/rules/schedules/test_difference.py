"""Two editions compared: exactly those addresses, exactly those intervals."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import Amendment, Hold, Postpone
from schedules.blocks.dates import PlanNotice, Switch
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.rehearsing.difference import AnswerDiffers, Differences, differences
from schedules.rehearsing.groups import Group, merged, reads
from schedules.text import Text
from schedules.words import Capability, Power, Stage
from tests.rules.schedules.plans import TOKYO, plan
from tests.rules.schedules.walking import (
    CLOSING,
    HANAKO,
    JUDGE,
    OTHER,
    SECOND,
    WORDS,
    addresses,
    instants,
    plans,
    powers_of,
    told,
)

DAY, SECONDS = timedelta(days=1), timedelta(seconds=1)
SMALL = {"announce": "2023-01-01", "send-end": "2024-02-01", "receive-end": "2024-02-01", "export-end": "2024-05-01"}


def jst(month: int, day: int) -> datetime:
    return datetime(2024, month, day, tzinfo=TOKYO)


def some(count: int = 1, **facts: object) -> Group:
    return Group(**{"domain": CLOSING, "kind": "base", "count": count, **facts})  # type: ignore[arg-type]


def compared(before: Edition, after: Edition, *groups: Group, **more: object) -> Differences:
    return differences(before, after, groups, (JUDGE, JUDGE), **more)  # type: ignore[arg-type]


def postponed(stage: Stage, by: timedelta, before: Edition) -> Edition:
    made = Amendment(len(before.amendments) + 1, jst(1, 1), "admin", "more time", Postpone((stage,), by=by))
    return before.amended(made)


def covers(row: AnswerDiffers, at: datetime) -> bool:
    return (row.since is None or row.since <= at) and (row.until is None or at < row.until)


@given(plans(), plans(), st.lists(addresses(), min_size=1, max_size=5))
def test_at_every_instant_exactly_the_addresses_named_differ(
    first: Plan, second: Plan, population: Sequence[Group]
) -> None:
    before, after = Edition(first), Edition(second)
    found = compared(before, after, *merged(population, reads(before, after)))
    edges = instants([before, after], population)
    for at in [edges[0] - SECONDS, *edges] if edges else [jst(1, 1)]:
        for power in powers_of(before, after):
            rows = [row for row in found.answers if row.power == power and covers(row, at)]
            naive = [
                one
                for one in population
                if power.course in {"", one.course} and told(before, one, power, at) != told(after, one, power, at)
            ]
            assert sum(row.tally.total for row in rows) == len(naive)


@given(plans(), st.lists(addresses(), min_size=1, max_size=5))
def test_an_edition_does_not_differ_from_itself(of: Plan, population: Sequence[Group]) -> None:
    edition, again = Edition(of), Edition(replace(of))
    assert compared(edition, again, *merged(population, reads(edition))).nothing


@given(plans(), plans(), st.lists(addresses(), min_size=1, max_size=5))
def test_the_other_way_round_the_same_rows_are_mirrored(first: Plan, second: Plan, population: Sequence[Group]) -> None:
    before, after = Edition(first), Edition(second)
    groups = merged(population, reads(before, after))

    def rows(found: Differences, *, mirrored: bool) -> set[tuple[object, ...]]:
        return {
            (row.since, row.until, row.power, row.tally.total)
            + ((row.after.told, row.before.told) if mirrored else (row.before.told, row.after.told))
            for row in found.answers
        }

    there, back = compared(before, after, *groups), compared(after, before, *groups)
    assert rows(there, mirrored=False) == rows(back, mirrored=True)
    assert there.differing == back.differing


def test_a_postponement_differs_between_the_two_dates() -> None:
    before = Edition(plan(SMALL))
    found = compared(before, postponed(Stage.EXPORT_END, 30 * DAY, before), some(80), some(20, kind="alias"))
    (row,) = found.answers
    assert (row.power, row.since, row.until) == (Power(Capability.EXPORT), jst(5, 1), jst(5, 31))
    assert (row.before.allowed, row.after.allowed, row.in_words) == (False, True, False)
    assert (row.tally.total, row.tally.kinds) == (100, {"alias": 20, "base": 80})
    assert (found.total, found.differing) == (100, 100)


def test_only_who_is_held_differs_with_examples() -> None:
    before = Edition(plan(SMALL))
    after = before.amended(Amendment(1, jst(1, 1), "admin", "quake", Hold(Scope(area="noto"), jst(9, 1))))
    names = [Address(f"user{number}", CLOSING) for number in range(5)]
    groups = [some(1, area="noto", example=name) for name in names] + [some(95)]
    found = compared(before, after, *groups, examples=3)
    assert (found.total, found.differing) == (100, 5)
    assert all(row.tally.total == 5 for row in found.answers)
    assert all(row.examples == tuple(names[:3]) for row in found.answers)
    assert compared(before, after, *groups, examples=0).answers[0].examples == ()


def test_other_words_alone_are_told_as_such() -> None:
    said = plan(SMALL)
    found = compared(Edition(said), Edition(replace(said, reason=Text("閉店しました", "we have closed"))), some())
    assert found.answers
    assert all(row.in_words for row in found.answers)
    assert {row.until for row in found.answers} == {None}


def test_a_domain_that_one_edition_leaves_out_has_no_end_there() -> None:
    before, after = Edition(plan(SMALL, domains=("closing.example", "second.example"))), Edition(plan(SMALL))
    found = compared(before, after, some(3), some(4, domain=SECOND))
    assert found.differing == 4
    assert {row.tally.total for row in found.answers} == {4}
    assert all(row.after.allowed and not row.before.allowed for row in found.answers)


def test_whoever_has_ended_before_hears_other_words_at_most() -> None:
    before = Edition(plan(SMALL))
    after = postponed(Stage.SEND_END, 10 * DAY, before)
    found = compared(before, after, some(5, contract_expiry=date(2024, 1, 20)), some(7))
    sending = [row for row in found.answers if row.power == Power(Capability.SEND)]
    assert {row.tally.total for row in sending if not row.in_words} == {7}


def test_a_switch_of_one_course_concerns_that_course() -> None:
    powers = (Power(Capability.RENEW, "two-year"),)
    switch = Switch(capabilities=powers, off=jst(1, 11), on=jst(1, 20), reason=OTHER)
    before, after = Edition(plan(SMALL)), Edition(replace(plan(SMALL), switches=(switch,)))
    found = compared(before, after, some(5, course="two-year"), some(7))
    (row,) = found.answers
    assert (row.power, row.since, row.until, row.tally.total) == (powers[0], jst(1, 11), jst(1, 20), 5)


@pytest.mark.parametrize(("since", "until"), [(jst(5, 10), None), (None, jst(5, 20)), (jst(5, 10), jst(5, 20))])
def test_rows_are_cut_to_the_window(since: datetime | None, until: datetime | None) -> None:
    before = Edition(plan(SMALL))
    after = postponed(Stage.EXPORT_END, 30 * DAY, before)
    (row,) = compared(before, after, some(), since=since, until=until).answers
    assert (row.since, row.until) == (since or jst(5, 1), until or jst(5, 31))


def test_outside_of_the_window_nothing_differs() -> None:
    before = Edition(plan(SMALL))
    found = compared(before, postponed(Stage.EXPORT_END, 30 * DAY, before), some(), since=jst(7, 1))
    assert (found.answers, found.differing, found.agenda, found.nothing) == ((), 0, (), True)


def test_the_agendas_are_compared_by_id() -> None:
    one = PlanNotice(id="ahead", stage=Stage.EXPORT_END, before=(7 * DAY,), text=WORDS)
    before = Edition(replace(plan(SMALL), notices=(one,)))
    after = postponed(Stage.EXPORT_END, 30 * DAY, Edition(replace(plan(SMALL), notices=(one, replace(one, id="more")))))
    moved = {(row.after or row.before).id: row for row in compared(before, after).agenda}  # type: ignore[union-attr]
    assert sorted(moved) == ["notice ahead -7d", "notice more -7d", "tell-administrators export-end"]
    first = moved["notice ahead -7d"]
    assert first.before is not None
    assert first.after is not None
    assert (first.before.at, first.after.at) == (jst(4, 24), jst(5, 24))
    assert moved["notice more -7d"].before is None


def test_an_address_that_only_one_edition_names_differs_alone() -> None:
    before = Edition(plan(SMALL))
    after = before.amended(Amendment(1, jst(1, 1), "admin", "a court asks", Hold(Scope(address=HANAKO), jst(9, 1))))
    population = [some(example=HANAKO), some(99, example=Address("taro", CLOSING))]
    found = compared(before, after, *merged(population, reads(before, after)))
    assert found.differing == 1
    assert found.answers[0].examples == (HANAKO,)
