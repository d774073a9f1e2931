"""A rehearsal says exactly what will happen: counts of every change, dates of stages, letters."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schedules.agenda import DeedKind
from schedules.amendments import Amendment, Hold
from schedules.blocks.dates import Audience, PlanHold, PlanNotice
from schedules.blocks.scopes import Scope
from schedules.blocks.whom import Whom
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.rehearsing.groups import Group, Reads, merged, reads
from schedules.rehearsing.rehearsal import Change, Rehearsal, rehearse
from schedules.words import Capability, Power, Rule, Stage
from tests.rules.schedules.plans import TOKYO, plan
from tests.rules.schedules.walking import CLOSING, HANAKO, JUDGE, SECOND, WORDS, addresses, changes, plans

DAY = timedelta(days=1)


def jst(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2024, month, day, hour, tzinfo=TOKYO)


SMALL = {"announce": "2023-01-01", "send-end": "2024-02-01", "receive-end": "2024-02-01", "read-end": "2024-05-01"}


def some(count: int = 1, **facts: object) -> Group:
    return Group(**{"domain": CLOSING, "kind": "base", "count": count, **facts})  # type: ignore[arg-type]


def rehearsed(of: Plan | Edition, *groups: Group, **window: datetime) -> Rehearsal:
    edition = of if isinstance(of, Edition) else Edition(of)
    return rehearse(edition, groups, JUDGE, **window)  # type: ignore[arg-type]


def of_power(rehearsal: Rehearsal, capability: Capability) -> list[Change]:
    return [change for change in rehearsal.changes if change.power == Power(capability)]


@given(plans(), st.lists(addresses(), min_size=1, max_size=6))
def test_counts_are_those_of_a_walk_over_every_address_and_instant(of: Plan, population: Sequence[Group]) -> None:
    edition = Edition(of)
    found: Counter[tuple[object, ...]] = Counter()
    for change in rehearse(edition, merged(population, reads(edition)), JUDGE).changes:
        found[change.at.astimezone(UTC), change.power, change.before.told, change.after.told] += change.tally.total
    assert found == changes(edition, population)


@given(plans(), st.lists(addresses(), min_size=1, max_size=6))
def test_nothing_changes_outside_of_the_window(of: Plan, population: Sequence[Group]) -> None:
    edition = Edition(of)
    groups = merged(population, reads(edition))
    whole = rehearse(edition, groups, JUDGE).changes
    part = rehearse(edition, groups, JUDGE, since=jst(1, 10), until=jst(1, 20)).changes
    assert list(part) == [change for change in whole if jst(1, 10) <= change.at < jst(1, 20)]


@given(plans(), st.lists(addresses(), max_size=8))
def test_every_address_is_counted_once(of: Plan, population: Sequence[Group]) -> None:
    edition = Edition(of)
    rehearsal = rehearse(edition, merged(population, reads(edition)), JUDGE)
    assert rehearsal.tally.total == len(population) == sum(rehearsal.tally.kinds.values())
    assert rehearsal.tally.forwarding == sum(one.forwarding for one in population)
    assert all(sum(count for _, count in stage.dates) in {0, len(population)} for stage in rehearsal.stages)


def test_a_change_says_when_what_and_for_how_many_of_which_kind() -> None:
    groups = [some(900), some(50, kind="additional", forwarding=True), some(40, left=True), some(10, kind="role")]
    (change,) = of_power(rehearsed(plan(SMALL), *groups), Capability.READ)
    assert (change.at, change.stage) == (jst(5, 1), Stage.READ_END)
    assert (change.before.allowed, change.after.allowed) == (True, False)
    assert change.tally.kinds == {"additional": 50, "base": 900, "left": 40, "role": 10}
    assert (change.tally.total, change.tally.forwarding) == (1000, 50)


def test_replies_are_the_judges() -> None:
    (change,) = of_power(rehearsed(plan(SMALL), some()), Capability.SEND)
    assert change.after.reply == "False 2024-02-01 00:00:00+09:00 it has ended"


def test_an_expiry_comes_before_the_plans_own_end_and_is_told_as_such() -> None:
    groups = [some(7, contract_expiry=date(2024, 1, 15)), some(93)]
    rehearsal = rehearsed(plan(SMALL), *groups)
    early, end = of_power(rehearsal, Capability.RECEIVE)[:2]
    assert (early.at, early.after.rule, early.stage, early.tally.total) == (jst(1, 16), Rule.EXPIRY, None, 7)
    assert rehearsal.ended_before == 7
    assert end.at == jst(2, 1)


def test_an_expiry_after_the_end_counts_nowhere() -> None:
    assert rehearsed(plan(SMALL), some(7, contract_expiry=date(2024, 12, 31))).ended_before == 0


def test_who_is_held_open_is_counted_apart_with_the_date_that_holds() -> None:
    held = replace(plan(SMALL), holds=(PlanHold(scope=Scope(area="noto"), until=jst(3, 1), reason=WORDS),))
    rehearsal = rehearsed(held, some(80), some(20, area="noto"))
    stages = {stage.stage: stage for stage in rehearsal.stages}
    assert stages[Stage.RECEIVE_END].dates == ((jst(2, 1), 80), (jst(3, 1), 20))
    assert stages[Stage.RECEIVE_END].elsewhen == 20
    assert stages[Stage.READ_END].elsewhen == 0
    assert rehearsal.apart == 20


def test_an_address_named_by_an_amendment_is_counted_alone() -> None:
    edition = Edition(plan(SMALL)).amended(
        Amendment(1, jst(1, 1), "admin", "a court asks", Hold(Scope(address=HANAKO), jst(9, 1)))
    )
    groups = merged([some(example=HANAKO), some(99, example=Address("taro", CLOSING))], reads(edition))
    assert {stage.stage: stage.elsewhen for stage in rehearsed(edition, *groups).stages}[Stage.READ_END] == 1


def test_mail_that_goes_to_a_successor_is_answered_otherwise() -> None:
    moved = plan({"successor": "2024-03-01"})
    (change,) = of_power(rehearsed(moved, some(5)), Capability.RECEIVE)
    assert (change.at, change.before.reply[-5:], change.after.reply[-4:]) == (jst(3, 1), "False", "True")


NOTICE = PlanNotice(id="ahead", stage=Stage.RECEIVE_END, before=(30 * DAY,), text=WORDS)


def letters(of: Plan, *groups: Group) -> list[int | None]:
    due = rehearsed(of, *groups).due
    return [one.letters for one in due if one.falling.kind is DeedKind.NOTICE]


def test_letters_go_to_who_is_there_and_no_role_address() -> None:
    groups = [some(900), some(40, left=True), some(10, kind="role"), some(50, kind="additional")]
    assert letters(replace(plan(SMALL), notices=(NOTICE,)), *groups) == [950]


def test_letters_go_to_those_whom_the_notice_means() -> None:
    two_year = replace(NOTICE, whom=Whom(courses=("two-year",)))
    groups = [some(900, course="two-year"), some(100)]
    assert letters(replace(plan(SMALL), notices=(two_year,)), *groups) == [900]
    phone = replace(NOTICE, whom=Whom(has=("phone",), lacks=("homepage",)))
    groups = [some(5, services=frozenset({"phone"})), some(6, services=frozenset({"phone"}), homepage=True), some(7)]
    assert letters(replace(plan(SMALL), notices=(phone,)), *groups) == [5]


def test_contacts_are_those_who_have_one() -> None:
    to = replace(NOTICE, to=Audience.CONTACTS)
    assert letters(replace(plan(SMALL), notices=(to,)), some(30, contact=True), some(70)) == [30]


def test_how_many_cannot_be_told_of_contracts_with_more_addresses() -> None:
    additional = replace(NOTICE, whom=Whom(has=("additional-address",)))
    assert letters(replace(plan(SMALL), notices=(additional,)), some(30)) == [None]


def test_who_is_held_open_is_written_to_before_the_own_end() -> None:
    held = PlanHold(scope=Scope(area="noto"), until=jst(6, 1), reason=WORDS)
    groups = [some(80), some(20, area="noto")]
    assert letters(replace(plan(SMALL), notices=(NOTICE,), holds=(held,)), *groups) == [80, 20]


def test_groups_are_no_finer_than_what_is_read() -> None:
    population = [some(1, group="a", course="x", homepage=True), some(2, group="b", area="y")]
    assert merged(population, Reads()) == (some(3),)
    assert len(merged(population, Reads(groups=True))) == 2
    assert len(merged([some(1), some(1, domain=SECOND)], Reads())) == 2


def test_progress_is_told() -> None:
    heard: list[tuple[int, int]] = []
    rehearse(Edition(plan(SMALL)), [some()] * 2500, JUDGE, tick=lambda done, whole: heard.append((done, whole)))
    assert heard == [(0, 2500), (1000, 2500), (2000, 2500), (2500, 2500)]
