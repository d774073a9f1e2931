"""Old accounts of people who move: closed by themselves after a verified and confirmed move, else at the cutoff."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import LeavingRoute
from schedules.contracts.closing import closing
from tests.rules.schedules.contracts import at, text

MOVE = LeavingRoute(id="move", title=text("move"), by_itself=True)
ASK = LeavingRoute(id="ask", title=text("ask"))
CUTOFF = at(2024, 2, 1)
EARLY, LATER = at(2023, 12, 1, 9), at(2023, 12, 4, 18)
MOMENTS = st.none() | st.integers(0, 730).map(lambda days: EARLY + timedelta(days=days - 365))


@pytest.mark.parametrize(("verified", "confirmed"), [(EARLY, LATER), (LATER, EARLY)])
def test_a_move_that_is_verified_and_confirmed_closes_the_account_by_itself(
    verified: datetime, confirmed: datetime
) -> None:
    found = closing([ASK, MOVE], verified=verified, confirmed=confirmed, cutoff=CUTOFF)
    assert (found.at, found.by_itself) == (LATER, True)


@pytest.mark.parametrize(("verified", "confirmed"), [(None, None), (EARLY, None), (None, EARLY)])
def test_one_of_the_two_alone_closes_nothing(verified: datetime | None, confirmed: datetime | None) -> None:
    found = closing([MOVE], verified=verified, confirmed=confirmed, cutoff=CUTOFF)
    assert (found.at, found.by_itself) == (CUTOFF, False)


def test_a_plan_without_such_a_way_closes_at_the_cutoff() -> None:
    assert not closing([ASK], verified=EARLY, confirmed=EARLY, cutoff=CUTOFF).by_itself
    assert closing([], verified=EARLY, confirmed=EARLY, cutoff=CUTOFF).at == CUTOFF


def test_a_move_that_is_complete_too_late_changes_nothing() -> None:
    last = CUTOFF - timedelta(seconds=1)
    assert closing([MOVE], verified=EARLY, confirmed=last, cutoff=CUTOFF).at == last
    assert not closing([MOVE], verified=EARLY, confirmed=CUTOFF, cutoff=CUTOFF).by_itself


def test_without_a_cutoff_an_account_stays_until_its_move_is_complete() -> None:
    stays = closing([MOVE], verified=EARLY, confirmed=None, cutoff=None)
    assert (stays.at, stays.by_itself, stays.reason.en) == (None, False, "no end is known")
    assert closing([MOVE], verified=EARLY, confirmed=LATER, cutoff=None).at == LATER


@given(MOMENTS, MOMENTS, MOMENTS, st.sampled_from([(), (ASK,), (MOVE,), (ASK, MOVE)]))
def test_no_account_outlives_the_cutoff_nor_closes_unconfirmed(
    verified: datetime | None, confirmed: datetime | None, cutoff: datetime | None, routes: tuple[LeavingRoute, ...]
) -> None:
    found = closing(routes, verified=verified, confirmed=confirmed, cutoff=cutoff)
    if cutoff is not None:
        assert found.at is not None
        assert found.at <= cutoff
    if found.by_itself:
        assert found.at in {verified, confirmed}
        assert verified is not None
        assert confirmed is not None
