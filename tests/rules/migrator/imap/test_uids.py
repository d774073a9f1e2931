"""Sets of UIDs: written in pieces that every server takes, and remembered in little memory."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from migrator.imap.uids import PIECE, Uids, runs, written

numbers = st.sets(st.integers(1, 500))


def read(pieces: list[str]) -> list[int]:
    found: list[int] = []
    for part in ",".join(pieces).split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1) if first else ()
    return found


@given(numbers)
def test_what_is_written_is_what_was_meant(uids: set[int]) -> None:
    assert read(list(written(runs(sorted(uids))))) == sorted(uids)


@given(st.sets(st.integers(1, 4_294_967_295), max_size=400))
def test_no_piece_is_long(uids: set[int]) -> None:
    pieces = list(written(runs(sorted(uids))))
    assert all(len(piece) <= PIECE for piece in pieces)
    assert read(pieces) == sorted(uids)


@given(st.lists(st.integers(1, 60)), st.integers(1, 70), st.integers(1, 70))
def test_what_has_come_is_known_in_any_order(coming: list[int], first: int, last: int) -> None:
    seen, known = Uids(), set[int]()
    for uid in coming:
        assert seen.add(uid) == (uid not in known)
        known.add(uid)
        assert len(seen) == len(known)
    assert {uid for uid in range(70) if uid in seen} == known
    assert list(seen.lacking([range(first, last)])) == [uid for uid in range(first, last) if uid not in known]


def test_rising_numbers_take_no_memory() -> None:
    seen = Uids()
    for uid in range(1, 100_001):
        seen.add(uid)
    assert len(seen) == 100_000
    assert sum(sys.getsizeof(part) for part in (seen._gaps, seen._starts, seen._late)) < 1_000
