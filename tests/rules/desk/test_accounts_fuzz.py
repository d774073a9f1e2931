"""The fuzz target of accounts files holds for its seeds and for bytes near them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_accounts_csv import SEEDS, target


def ends_well(data: bytes) -> bool:
    """Whether the target comes back; it raises where an accounts file does harm."""
    target(data)
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_each_seed_ends_well(seed: bytes) -> None:
    assert ends_well(seed)


@given(st.sampled_from(SEEDS), st.integers(0, 80), st.binary(max_size=12), st.integers(0, 5))
def test_damaged_seeds_end_well(seed: bytes, place: int, inserted: bytes, cut: int) -> None:
    assert ends_well(seed[:place] + inserted + seed[place + cut :])


@given(st.text('address,"\n@.ab*あ\u2028\x85 -', max_size=120))
def test_any_cells_end_well(text: str) -> None:
    assert ends_well(b"address,area,group\n" + text.encode())
