"""One domain closed from a single instant: written, rehearsed, put in force, and never over another plan."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailsvc.desk.auditing import list_acts
from mailsvc.desk.planning.deactivating import Asked, prepare, put_in_force, rehearsed
from mailsvc.desk.planning.showing import show_plans
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from schedules.names import BadName
from schedules.planfile import read_plan
from schedules.positions import BadFile, Wrong
from schedules.words import Capability, Rule, Stage
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, World

ASKED = Asked("closing.example", "2027-04-01", notice_url="https://www.provider.example/end")


@pytest.fixture
def peopled(world: World) -> World:
    assert world.take(EXAMPLE_CSV.read_bytes()).published
    return world


def test_a_domain_is_closed_from_one_instant(peopled: World) -> None:
    prepared = prepare(peopled.desk, ASKED)
    applied = put_in_force(peopled.desk, prepared)
    assert (applied.name, applied.number, applied.changed) == ("closing-example", 1, True)
    (shown,) = show_plans(peopled.desk, "closing-example")
    stages = {row["stage"]: row["at"] for row in shown.stages}
    assert stages[Stage.RECEIVE_END] == datetime(2027, 4, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert prepared.warnings == ()


def test_it_leaves_one_audit_row_with_its_reason(peopled: World) -> None:
    put_in_force(peopled.desk, prepare(peopled.desk, ASKED))
    (row,) = list_acts(peopled.desk, "closing-example", 10)
    assert (row["act"], row["reason"]) == ("deactivate", "closing.example is deactivated at 2027-04-01")


def test_preparing_changes_nothing(peopled: World) -> None:
    before = list_acts(peopled.desk, None, 10)
    rehearsed(peopled.desk, prepare(peopled.desk, ASKED))
    assert list_acts(peopled.desk, None, 10) == before
    assert show_plans(peopled.desk, None) == []


def test_the_rehearsal_counts_every_address_of_the_domain(peopled: World) -> None:
    rehearsal = rehearsed(peopled.desk, prepare(peopled.desk, ASKED))
    assert rehearsal.tally.total == 13
    ends = [
        change
        for change in rehearsal.changes
        if change.power.capability is Capability.SEND and change.after.rule is Rule.STAGE
    ]
    assert sum(change.tally.total for change in ends) >= 12
    assert all(change.at.timestamp() >= peopled.clock.now().timestamp() for change in rehearsal.changes)


def test_the_words_that_are_asked_for_stand_in_the_plan(peopled: World) -> None:
    asked = Asked(
        "closing.example",
        "2027-04-01",
        name="spring",
        title_ja="春の終了",
        title_en="Spring",
        reason="a move",
    )
    prepared = prepare(peopled.desk, asked, "spring.yaml")
    assert (prepared.plan.name, prepared.plan.title.ja, prepared.reason) == ("spring", "春の終了", "a move")
    assert prepared.plan.source.file == "spring.yaml"
    assert prepared.plan.text.startswith("# The end of mail at closing.example")
    assert read_plan(prepared.plan.text, "again.yaml") == prepared.plan


def test_forwards_and_purge_come_when_they_are_asked_to(peopled: World) -> None:
    asked = Asked("closing.example", "end of 2027-03", forward_until="end of 2028-03", purge_after="60 days")
    stages = prepare(peopled.desk, asked).plan.stages
    assert stages[Stage.FORWARD_END].at.date().isoformat() == "2028-04-01"
    assert stages[Stage.PURGE].at - stages[Stage.RECEIVE_END].at == timedelta(days=60)


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("elsewhere.example", "elsewhere.example is not one of ours: the settings serve closing.example"),
        ("second.example", "second.example has no directory: import its accounts"),
    ],
)
def test_a_domain_that_is_not_ours_to_close_is_refused(peopled: World, domain: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        prepare(peopled.desk, Asked(domain, "2027-04-01"))


@pytest.mark.parametrize("covers", ["closing.example", '"*.example"'])
def test_a_domain_that_a_plan_covers_is_refused(peopled: World, covers: str) -> None:
    text = PLAN.replace('[closing.example, "*.closing.example"]', f"[{covers}]")
    apply_plan(peopled.desk, read_plan(text, "closing.yaml"), "decided")
    with pytest.raises(Refused, match=r"the plan 'closing' covers closing.example already"):
        prepare(peopled.desk, ASKED)


def test_a_plan_that_came_in_between_is_seen_where_it_counts(peopled: World) -> None:
    prepared = prepare(peopled.desk, ASKED)
    apply_plan(peopled.desk, read_plan(PLAN, "closing.yaml"), "decided")
    with pytest.raises(Refused, match=r"covers closing\.example already"):
        put_in_force(peopled.desk, prepared)
    assert [one.plan for one in show_plans(peopled.desk, None)] == ["closing"]


def test_a_name_that_another_plan_has_is_refused(peopled: World) -> None:
    text = PLAN.replace('[closing.example, "*.closing.example"]', "[second.example]")
    apply_plan(peopled.desk, read_plan(text, "closing.yaml"), "decided")
    with pytest.raises(Refused, match="a plan named 'closing' is in force for other domains: choose another"):
        prepare(peopled.desk, Asked("closing.example", "2027-04-01", name="closing"))


def test_too_little_notice_names_the_earliest_end(peopled: World) -> None:
    with pytest.raises(Refused, match="the earliest end is 2026-12-23"):
        prepare(peopled.desk, Asked("closing.example", "2026-12-01"))


def test_short_notice_needs_a_reason(peopled: World) -> None:
    with pytest.raises(Refused, match="less notice than usual needs a reason"):
        prepare(peopled.desk, Asked("closing.example", "2026-12-01", short_notice=True))
    asked = Asked("closing.example", "2026-12-01", short_notice=True, reason="the landlord")
    assert prepare(peopled.desk, asked).plan.shortest_notice < timedelta(days=30)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (Asked("closing.example", "soon"), Wrong),
        (Asked("closing.example", "2027-04-01", purge_after="long"), Wrong),
        (Asked("closing.example", "2027-04-01", title_en="alone"), Wrong),
        (Asked("closing.example", "2027-04-01", name="Not A Name"), BadFile),
        (Asked("closing.example", "2027-04-01", notice_url="nowhere"), BadFile),
        (Asked("not a domain", "2027-04-01"), BadName),
    ],
)
def test_words_that_cannot_be_read_are_told(peopled: World, asked: Asked, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        prepare(peopled.desk, asked)
