"""When a mailbox is full, for now or for good, and when its subscriber is warned."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import quota
from filters.mail import Usage
from filters.verdict import Because, Defer, Refuse

ROOM = Usage(900, 1000, None, grace_over=False, fresh=False)
SIZES = st.integers(0, 3_000)


@pytest.mark.parametrize(("promised", "full"), [(0, False), (99, False), (100, True), (5_000, True)])
def test_what_is_promised_takes_room(promised: int, full: bool) -> None:
    said = quota.full(replace(ROOM, promised=promised))
    assert isinstance(said, Defer) is full


def test_what_is_only_promised_never_refuses_for_good() -> None:
    said = quota.full(replace(ROOM, promised=200, grace_over=True, fresh=True))
    assert isinstance(said, Defer)
    assert (said.because, str(said.reply)) == (Because.OVER_QUOTA_GRACE, "452 4.2.2 Mailbox full")


def test_what_is_counted_anew_and_over_for_long_does() -> None:
    said = quota.full(replace(ROOM, used=1000, promised=200, grace_over=True, fresh=True))
    assert isinstance(said, Refuse)
    assert str(said.reply) == "550 5.2.2 Mailbox full"


def test_no_limit_is_never_full() -> None:
    assert quota.full(Usage(10**12, 0, None, grace_over=True, fresh=True, promised=10**12)) is None
    assert quota.full(None) is None
    assert quota.warned(10**12, 0, 0) == 0


@given(SIZES, SIZES, st.booleans(), st.booleans())
def test_a_refusal_for_good_needs_a_fresh_count_over_the_limit(
    used: int,
    promised: int,
    grace_over: bool,
    fresh: bool,
) -> None:
    said = quota.full(Usage(used, 1000, None, grace_over=grace_over, fresh=fresh, promised=promised))
    assert (said is None) is (used + promised < 1000)
    assert isinstance(said, Refuse) is (used >= 1000 and grace_over and fresh)


@pytest.mark.parametrize(
    ("used", "before", "after"),
    [
        (799, 0, 0),
        (800, 0, 80),
        (949, 80, 80),
        (950, 80, 95),
        (950, 0, 95),
        (2000, 95, 95),
        (900, 95, 95),
        (899, 95, 80),
        (750, 95, 80),
        (749, 95, 0),
        (750, 80, 80),
        (749, 80, 0),
        (0, 0, 0),
    ],
)
def test_who_is_warned(used: int, before: int, after: int) -> None:
    assert quota.warned(used, 1000, before) == after


@given(st.lists(SIZES, max_size=60))
def test_between_two_equal_warnings_the_mailbox_was_well_below(sizes: list[int]) -> None:
    before, lowest = 0, dict.fromkeys(quota.WARNINGS, 0)
    for used in sizes:
        after = quota.warned(used, 1000, before)
        lowest = {percent: min(low, used) for percent, low in lowest.items()}
        assert after in {0, *quota.WARNINGS}
        if after > before:
            assert used * 100 >= after * 1000
            assert lowest[after] < (after - 5) * 10
            lowest |= {percent: 10_000 for percent in quota.WARNINGS if percent <= after}
        before = after
