from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.job import ASKED, ENDED, HELD, TABLE, Event, NotNow, Patience, State, after, takes

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PAIRS = list(product(State, Event))
EVENTS = st.lists(st.sampled_from(Event), max_size=40)


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_is_in_the_table_or_refused_and_changes_nothing(state: State, event: Event) -> None:
    if event in TABLE[state]:
        assert after(state, event) is TABLE[state][event]
    else:
        with pytest.raises(NotNow, match=rf"a job that is {state} takes no {event}: it takes .+"):
            after(state, event)


def test_every_state_has_a_row_and_can_be_reached() -> None:
    assert set(TABLE) == set(State)
    reached = {State.WAITING}
    while more := {to for state in reached for to in TABLE[state].values()} - reached:
        reached |= more
    assert reached == set(State)


def test_a_job_that_is_held_always_comes_to_an_end_of_its_lease() -> None:
    """However its worker ends, and whatever was asked meanwhile, nobody holds it then."""
    ends = (Event.SUCCEEDED, Event.NAMED, Event.FAILED_FOR_NOW, Event.FAILED_FOR_GOOD, Event.GIVEN_BACK)
    for state, event in product(HELD, (*ends, Event.LEASE_LOST)):
        assert after(state, event) not in HELD


def test_only_a_claim_or_a_wish_withdrawn_makes_a_job_run() -> None:
    running = {(state, event) for state, event in PAIRS if TABLE[state].get(event) is State.RUNNING}
    assert running == {(State.WAITING, Event.CLAIMED), (State.PAUSING, Event.RESUME)}


def test_an_ended_job_moves_by_retry_alone() -> None:
    for state in ENDED:
        assert set(TABLE[state]) == {Event.RETRY}


def test_a_wish_is_kept_when_the_worker_is_lost() -> None:
    assert after(State.PAUSING, Event.LEASE_LOST) is State.PAUSED
    assert after(State.CANCELLING, Event.LEASE_LOST) is State.CANCELLED
    assert after(State.RUNNING, Event.LEASE_LOST) is State.WAITING


@given(EVENTS)
def test_a_cancelled_job_never_runs_again_unless_a_person_says_so(events: list[Event]) -> None:
    state = State.CANCELLING
    for event in events:
        if event in ASKED or event not in TABLE[state]:
            continue
        state = after(state, event)
    assert state not in {State.RUNNING, State.WAITING, State.PAUSED}


@given(EVENTS)
def test_a_paused_job_never_runs_again_unless_a_person_says_so(events: list[Event]) -> None:
    state = State.PAUSED
    for event in events:
        if event not in ASKED and event in TABLE[state]:
            state = after(state, event)
    assert state is State.PAUSED


def test_takes_names_the_states_of_an_event() -> None:
    assert takes(Event.RETRY) == ENDED | {State.WAITING}
    assert takes(Event.CLAIMED) == {State.WAITING}
    assert takes(Event.LEASE_LOST) == HELD


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_to_the_longest_and_never_beyond(failed: int, chance: float) -> None:
    patience = Patience()
    wait, next_ = (patience.wait(count, chance=chance) for count in (failed, failed + 1))
    assert patience.first * 0.9 <= wait <= patience.longest
    assert wait <= next_


@given(st.integers(1, 50), st.timedeltas(timedelta(0), timedelta(days=2)), st.floats(0, 1))
def test_a_mailbox_gets_the_time_it_asks_for(failed: int, asked: timedelta, chance: float) -> None:
    assert Patience().wait(failed, asked=asked, chance=chance) >= asked


def test_the_first_waits_are_half_a_minute_a_minute_two() -> None:
    waits = [Patience().wait(failed).total_seconds() for failed in (1, 2, 3, 7, 8, 9)]
    assert waits == [30, 60, 120, 1920, 3600, 3600]


def test_patience_is_over_after_days_of_nothing_but_failures() -> None:
    patience = Patience(give_up=timedelta(days=5))
    assert not patience.is_over(None, NOW)
    assert not patience.is_over(NOW - timedelta(days=5) + timedelta(microseconds=1), NOW)
    assert patience.is_over(NOW - timedelta(days=5), NOW)


def test_the_documents_show_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "COMMANDS.md").read_text(encoding="utf-8")
    rows = [
        f"| {state} | {', '.join(f'{event} → {to}' for event, to in events.items())} |"
        for state, events in TABLE.items()
    ]
    assert "\n".join(rows) in text
