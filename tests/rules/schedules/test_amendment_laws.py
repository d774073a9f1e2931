"""Laws that hold for any run of amendments, whatever they are."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import Act, Amendment, BadAmendment, Hold, Postpone, RollBack
from schedules.blocks.scopes import Scope
from schedules.checks.stages import impossible
from schedules.edition import Edition
from schedules.words import Capability, Stage
from tests.rules.schedules.plans import HANAKO, plan

MADE = datetime(2023, 6, 1, tzinfo=UTC)
EDITION = Edition(
    plan(
        {
            "announce": "2022-01-11",
            "receive-end": "2024-02-01",
            "read-end": "2024-04-01",
            "purge": "2024-06-01",
            "forward-end": "2025-02-01",
        },
        zone="Europe/Berlin",
    )
)
STAGES = st.lists(st.sampled_from(list(EDITION.plan.stages)), max_size=3, unique=True).map(tuple)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Postpone, stages=STAGES, by=st.timedeltas(timedelta(minutes=1), timedelta(days=90))),
    st.builds(
        Postpone,
        stages=STAGES.filter(bool),
        to=st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    ),
    st.builds(
        Hold,
        scope=st.sampled_from([Scope(), Scope(area="17"), Scope("closing.example")]),
        until=st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    ),
    st.builds(RollBack, to=st.integers(0, 4)),
)


def after(acts: Sequence[Act]) -> list[Edition]:
    """The editions that come out, one for each act that could be meant, after the first."""
    editions = [EDITION]
    for number, act in enumerate(acts, 1):
        try:
            editions.append(editions[-1].amended(Amendment(number, MADE, "admin", "storm", act)))
        except BadAmendment:
            continue
    return editions


@given(st.lists(ACTS, max_size=5))
def test_no_run_of_amendments_leads_to_an_impossible_order(acts: list[Act]) -> None:
    for edition in after(acts):
        assert list(impossible(edition.standing.instants)) == []


@given(st.lists(ACTS, max_size=5))
def test_what_has_been_announced_is_never_brought_forward(acts: list[Act]) -> None:
    for edition in after(acts):
        for stage, at in edition.stages():
            assert at.timestamp() >= EDITION.plan.stages[stage].at.timestamp()
            held = edition.stage_instant(stage, HANAKO.domain)
            assert held is not None
            assert held.timestamp() >= at.timestamp()


@given(st.lists(ACTS, max_size=5))
def test_rolling_back_to_the_plan_is_the_plan(acts: list[Act]) -> None:
    last = after(acts)[-1]
    roll_back = Amendment(99, MADE, "admin", "all over", RollBack(0))
    if dict(last.stages())[Stage.ANNOUNCE] > MADE:  # it was put off, and would have come in the past
        with pytest.raises(BadAmendment, match="announce would have come"):
            last.amended(roll_back)
        return
    back = last.amended(roll_back)
    assert back.stages() == EDITION.stages()
    profile = EDITION.profile(HANAKO, area="17")
    assert back.profile(HANAKO, area="17") == profile
    now = datetime(2024, 3, 1, tzinfo=UTC)
    assert back.at(profile, now).of == EDITION.at(profile, now).of


@given(st.lists(ACTS, max_size=5))
def test_amendments_are_only_ever_added_and_kept_by_json(acts: list[Act]) -> None:
    editions = after(acts)
    for earlier, later in itertools.pairwise(editions):
        assert later.amendments[:-1] == earlier.amendments
    kept = tuple(Amendment.from_json(amendment.to_json()) for amendment in editions[-1].amendments)
    again = Edition(EDITION.plan, EDITION.number, kept)
    assert again == editions[-1]
    assert again.stages() == editions[-1].stages()


@given(st.lists(ACTS, max_size=5), st.integers(0, 1200))
def test_an_amendment_never_closes_what_was_open_unless_it_rolls_back(acts: list[Act], days: int) -> None:
    now = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=days)
    kept: list[Act] = [act for act in acts if not isinstance(act, RollBack)]
    editions = after(kept)
    for earlier, later in itertools.pairwise(editions):
        before = earlier.at(earlier.profile(HANAKO, area="17"), now)
        then = later.at(later.profile(HANAKO, area="17"), now)
        for capability in Capability:
            assert then[capability].allowed or not before[capability].allowed


def test_the_laws_are_tried_on_amendments_that_can_be_meant() -> None:
    acts: list[Act] = [Postpone((), timedelta(days=30)), Hold(Scope(), datetime(2025, 1, 1, tzinfo=UTC)), RollBack(1)]
    editions = after(acts)
    assert len(editions) == 4
    assert editions[1].stages() == editions[3].stages() != EDITION.stages()
    assert editions[2].stage_instant(Stage.PURGE) == datetime(2025, 1, 1, tzinfo=UTC)
