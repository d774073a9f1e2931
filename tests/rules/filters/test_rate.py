"""The window that slides over its slots."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import rate
from filters.verdict import Because

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(("minutes", "weight"), [(0, 1.0), (15, 0.75), (30, 0.5), (59, 1 / 60)])
def test_the_slot_before_counts_as_far_as_the_window_reaches(minutes: int, weight: float) -> None:
    found = rate.window(HOUR, NOON + timedelta(minutes=minutes))
    assert found.slot == NOON.timestamp() // 3600
    assert found.weight == pytest.approx(weight)


def test_the_zone_of_a_time_does_not_matter() -> None:
    assert rate.window(HOUR, NOON.astimezone(timezone(timedelta(hours=9, minutes=30)))) == rate.window(HOUR, NOON)


def test_too_much_is_put_off_and_never_refused_for_good() -> None:
    said = rate.exceeded()
    assert (said.because, str(said.reply)[:9]) == (Because.RATE_LIMIT, "450 4.7.1")


@given(st.lists(st.integers(0, 4 * 3600), max_size=300).map(sorted), st.integers(1, 20))
def test_no_slot_has_more_than_the_limit_and_no_hour_twice_as_much(instants: list[int], limit: int) -> None:
    counts: dict[int, int] = {}
    taken: list[int] = []
    for second in instants:
        at = rate.window(HOUR, NOON + timedelta(seconds=second))
        if rate.within(limit, counts.get(at.slot, 0) + 1, counts.get(at.slot - 1, 0), at.weight):
            counts[at.slot] = counts.get(at.slot, 0) + 1
            taken.append(second)
    assert all(count <= limit for count in counts.values())
    for end in taken:
        assert len([one for one in taken if end - 3600 < one <= end]) < 2 * limit or limit == 1
    if len(instants) >= 1:
        assert taken  # somebody always gets in
