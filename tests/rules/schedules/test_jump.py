from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.jump import BadState, JumpGuard, Suspect, Trusting

T = datetime(2024, 1, 31, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def running(wall: datetime = T) -> JumpGuard:
    """A guard of a process that started at T, its monotonic clock at 0."""
    return JumpGuard.start(wall, 0.0)


def suspect(guard: JumpGuard) -> Suspect:
    assert isinstance(guard.state, Suspect)
    return guard.state


@pytest.mark.parametrize(
    ("elapsed", "wall", "jumped"),
    [
        (30, T + 30 * SECOND, False),
        (30, T + 90 * SECOND, False),  # parted by 60 s: not over 60
        (30, T + 91 * SECOND, True),
        (30, T - 30 * SECOND, False),
        (30, T - 31 * SECOND, True),
        (30, T + 10 * DAY, True),
        (30, T - 10 * DAY, True),
        (86400, T + DAY, False),  # a long silence of both clocks is no jump
        (0, T, False),
    ],
)
def test_a_running_process_sees_the_clocks_part(elapsed: float, wall: datetime, jumped: bool) -> None:
    assert isinstance(running().tick(wall, elapsed).state, Suspect) == jumped


def test_small_steps_add_up() -> None:
    guard = running()
    for number in range(1, 4):
        guard = guard.tick(T + number * 25 * SECOND, 0.0)
        assert isinstance(guard.state, Suspect) == (number == 3)


@pytest.mark.parametrize(
    ("wall", "jumped"),
    [
        (T, False),
        (T + 7 * DAY, False),
        (T + 7 * DAY + SECOND, True),
        (T + 365 * DAY, True),
        (T - 60 * SECOND, False),
        (T - 61 * SECOND, True),
        (T - 365 * DAY, True),
    ],
)
def test_a_start_is_judged_by_the_mark(wall: datetime, jumped: bool) -> None:
    guard = JumpGuard.start(wall, 0.0, mark=T)
    assert isinstance(guard.state, Suspect) == jumped
    if jumped:
        assert suspect(guard).trusted_now == T
        assert suspect(guard).wall_now == wall
        assert guard.mark == T


def test_the_longest_outage_is_a_setting() -> None:
    assert isinstance(JumpGuard.start(T + HOUR, 0.0, mark=T, longest_outage=MINUTE).state, Suspect)


def test_the_first_start_of_all_believes_the_clock() -> None:
    guard = running()
    assert guard.state == Trusting()
    assert guard.mark == T


def test_the_mark_rises_with_the_wall_clock_and_never_falls_by_itself() -> None:
    guard = running().tick(T + 30 * SECOND, 30.0)
    assert guard.mark == T + 30 * SECOND
    assert guard.tick(T + 20 * SECOND, 40.0).mark == T + 30 * SECOND


def test_the_mark_stands_still_while_in_doubt() -> None:
    guard = running().tick(T + 10 * DAY, 30.0)
    assert guard.mark == T
    assert guard.tick(T + 10 * DAY + HOUR, 30.0 + 3600).mark == T


def test_trusted_time_goes_on_with_the_monotonic_clock() -> None:
    guard = running().tick(T + 10 * DAY, 30.0)
    assert suspect(guard).trusted_now == T + 30 * SECOND
    assert guard.trusted(90.0) == T + 90 * SECOND
    later = suspect(guard.tick(T + 10 * DAY + HOUR, 3630.0))
    assert later.trusted_now == T + HOUR + 30 * SECOND
    assert later.since == T + 30 * SECOND
    assert later.jumped_by == 10 * DAY - 30 * SECOND


@pytest.mark.parametrize("jump", [10 * DAY, -10 * DAY, 61 * SECOND, -61 * SECOND])
def test_doubt_heals_when_the_wall_clock_comes_back(jump: timedelta) -> None:
    guard = running().tick(T + jump + 30 * SECOND, 30.0)
    assert isinstance(guard.state, Suspect)
    healed = guard.tick(T + 60 * SECOND, 60.0)
    assert healed.state == Trusting()
    assert healed.mark == T + 60 * SECOND
    assert healed.trusted(70.0) == T + 70 * SECOND


def test_doubt_stays_while_the_wall_clock_is_elsewhere() -> None:
    guard = running().tick(T + 10 * DAY, 30.0).tick(T + 20 * DAY, 60.0)
    assert suspect(guard).wall_now == T + 20 * DAY
    assert suspect(guard).trusted_now == T + 60 * SECOND


@pytest.mark.parametrize("jump", [10 * DAY, -10 * DAY])
def test_acknowledging_believes_the_wall_clock_and_moves_the_mark_to_it(jump: timedelta) -> None:
    guard = running().tick(T + jump, 30.0).acknowledge(T + jump, 30.0)
    assert guard.state == Trusting()
    assert guard.mark == T + jump
    assert guard.tick(T + jump + 30 * SECOND, 60.0).state == Trusting()
    assert JumpGuard.start(T + jump + HOUR, 0.0, mark=guard.mark).state == Trusting()


@pytest.mark.parametrize(
    ("jump", "away", "still"),
    [
        (10 * DAY, HOUR, True),  # the wrong clock ran on
        (10 * DAY, timedelta(), True),
        (2 * HOUR, MINUTE, True),  # a jump that no mark alone would show
        (10 * DAY, -10 * DAY + MINUTE, False),  # set right while down
        (10 * DAY, -5 * DAY, False),  # set to a time that an outage explains
        (10 * DAY, -20 * DAY, True),  # set to before the trusted time
        (10 * DAY, 30 * DAY, True),  # set still further
        (-HOUR, MINUTE, True),
        (-HOUR, HOUR + MINUTE, False),  # shows the time trusted then: believed again
        (-HOUR, -DAY, True),
        (-DAY, 30 * DAY, True),
    ],
)
def test_doubt_survives_a_restart_unless_the_clock_was_set_right(jump: timedelta, away: timedelta, still: bool) -> None:
    before = running().tick(T + jump, 30.0)
    kept = Suspect.from_json(suspect(before).to_json())
    again = JumpGuard.start(T + jump + away, 5.0, mark=before.mark, pending=kept)
    assert isinstance(again.state, Suspect) == still
    if still:
        assert again.mark == T
        assert again.trusted(5.0) == suspect(again).trusted_now >= kept.trusted_now
    else:
        assert again.mark == max(T, T + jump + away)


def test_trusted_time_goes_on_over_a_restart_by_the_wrong_clock() -> None:
    before = suspect(running().tick(T + 10 * DAY, 30.0))
    again = suspect(JumpGuard.start(T + 10 * DAY + HOUR, 0.0, mark=T, pending=before))
    assert again.trusted_now == T + HOUR + 30 * SECOND
    assert (again.since, again.why) == (before.since, before.why)


def test_a_pending_doubt_without_a_mark_is_still_a_doubt() -> None:
    before = suspect(running().tick(T + 10 * DAY, 30.0))
    again = JumpGuard.start(T + 10 * DAY, 0.0, pending=before)
    assert isinstance(again.state, Suspect)
    assert again.mark == before.trusted_now


def test_why_says_which_way_and_how_far() -> None:
    assert suspect(running().tick(T - HOUR, 0.0)).why == "the wall clock went 1:00:00 back while this process ran"
    assert "2:00:00 back of the last time" in suspect(JumpGuard.start(T - 2 * HOUR, 0.0, mark=T)).why
    assert "more than the longest outage" in suspect(JumpGuard.start(T + 8 * DAY, 0.0, mark=T)).why


def test_datetimes_must_name_their_zone() -> None:
    naive = datetime(2024, 1, 1)  # noqa: DTZ001 - refused for that
    with pytest.raises(ValueError, match="zone"):
        JumpGuard.start(naive, 0.0)
    with pytest.raises(ValueError, match="zone"):
        running().tick(naive, 0.0)
    with pytest.raises(ValueError, match="zone"):
        running().acknowledge(naive, 0)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}', "[" * 100_000])
def test_a_state_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadState):
        Suspect.from_json(text)


def test_a_state_of_another_format_is_refused() -> None:
    text = suspect(running().tick(T + DAY, 0.0)).to_json()
    for bad in (text.replace('"format": 1', '"format": 2'), text.replace("+00:00", "")):
        with pytest.raises(BadState):
            Suspect.from_json(bad)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**7), 10**7)), max_size=20))
def test_whatever_the_clocks_do_the_mark_never_falls_and_never_rises_in_doubt(steps: list[tuple[int, int]]) -> None:
    guard, monotonic, wall = running(), 0, T
    for passed, jumped in steps:
        monotonic, wall = monotonic + passed, wall + timedelta(seconds=passed + jumped)
        after = guard.tick(wall, float(monotonic))
        assert after.mark >= guard.mark
        if isinstance(after.state, Suspect):
            assert after.mark == guard.mark
            assert abs(after.state.jumped_by) > MINUTE
        guard = after
