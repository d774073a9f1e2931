"""Sizes in sentences."""

import pytest

from migrator.sizes import in_words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 octets"),
        (1, "1 octet"),
        (999, "999 octets"),
        (1_000, "1.0 kB"),
        (16_912_345, "16.9 MB"),
        (2_000_000_000, "2.0 GB"),
        (4_200_000_000_000, "4,200.0 GB"),
    ],
)
def test_a_size_is_told_with_its_unit(octets: int, words: str) -> None:
    assert in_words(octets) == words
