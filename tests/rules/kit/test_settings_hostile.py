"""Whatever octets stand in a settings file, it is read or refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_settings import SEEDS, target
from tests.rules.kit.files_of_settings import GOOD

_VALUES = [
    "yes",
    "no",
    "0",
    "-1",
    "''",
    "[]",
    "{}",
    "~",
    "[a, b]",
    "{a: b}",
    "1 MB",
    "1 h",
    "::",
    "/x",
    "*.a",
    "a@b",
    "&a x",
]


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_seeds(seed: bytes) -> None:
    target(seed)


@given(st.binary(max_size=200))
def test_any_octets(data: bytes) -> None:
    target(data)


@given(st.sampled_from(SEEDS), st.data())
def test_any_seed_with_octets_changed(seed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed)))
    until = data.draw(st.integers(at, min(len(seed), at + 40)))
    target(seed[:at] + data.draw(st.binary(max_size=20)) + seed[until:])


@given(st.integers(0, GOOD.count("\n") - 1), st.sampled_from(_VALUES))
def test_any_line_with_another_value(number: int, value: str) -> None:
    lines = GOOD.splitlines()
    lines[number] = lines[number].partition(": ")[0].rstrip(":") + ": " + value
    target("\n".join(lines).encode())
