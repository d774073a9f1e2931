"""The fuzz target of accounts files holds for its seeds and for bytes near them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_accounts_csv import SEEDS, target


@pytest.mark.parametrize("seed", SEEDS)
def test_each_seed_ends_well(seed: bytes) -> None:
    assert target(seed) is None


@given(st.sampled_from(SEEDS), st.integers(0, 80), st.binary(max_size=12), st.integers(0, 5))
def test_damaged_seeds_end_well(seed: bytes, place: int, inserted: bytes, cut: int) -> None:
    assert target(seed[:place] + inserted + seed[place + cut :]) is None


@given(st.text('address,"\n@.ab*あ\u2028\x85 -', max_size=120))
def test_any_cells_end_well(text: str) -> None:
    assert target(b"address,area,group\n" + text.encode()) is None
