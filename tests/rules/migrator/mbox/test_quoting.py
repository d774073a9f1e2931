"""What is quoted is read as it was, however it is cut into pieces."""

import re
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.mbox.quoting import quoted, softly_crlf, unquoted, with_crlf, with_lf

Turn = Callable[[Iterable[bytes]], Iterator[bytes]]
LINES = st.lists(
    st.sampled_from(
        [b"From ", b">From x", b">>From ", b"From", b">", b">>>>>>>>", b"", b"text From ", b"\r", b"F", b" ", b">>Fro"]
    ),
    max_size=12,
)
ENDS = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def cut(draw: st.DrawFn) -> list[bytes]:
    """Octets in pieces of any size."""
    octets = b"".join(line + draw(ENDS) for line in draw(LINES)) + draw(st.sampled_from([b"", b">From", b"From "]))
    places = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    return [octets[start:end] for start, end in zip([0, *places], [*places, len(octets)], strict=True)]


def turned(turn: Turn, pieces: Iterable[bytes]) -> bytes:
    return b"".join(turn(iter(pieces)))


@given(cut())
def test_quoting_adds_one_sign_to_each_from_line_and_unquoting_takes_it(pieces: list[bytes]) -> None:
    octets = b"".join(pieces)
    there = turned(quoted, pieces)
    assert there == re.sub(rb"(?m)^(>*From )", rb">\1", octets)
    assert not re.search(rb"(?m)^From ", there)
    assert turned(unquoted, [there]) == octets


@given(cut())
def test_cuts_make_no_difference(pieces: list[bytes]) -> None:
    whole = [b"".join(pieces)]
    for turn in (quoted, unquoted, with_lf, with_crlf, softly_crlf):
        assert turned(turn, pieces) == turned(turn, whole)


@given(cut())
def test_lines_ended_by_crlf_come_back_from_disk(pieces: list[bytes]) -> None:
    octets = b"".join(pieces).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    there = turned(with_lf, [octets])
    assert turned(with_crlf, [there]) == octets
    assert turned(softly_crlf, pieces) == re.sub(rb"(?<!\r)\n", b"\r\n", b"".join(pieces))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_of_nothing_but_signs_is_held_back_nowhere(size: int) -> None:
    octets = b">" * 5000 + b"From me\n"
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    out = list(quoted(pieces))
    assert b"".join(out) == b">" + octets
    assert max(map(len, out)) <= size + 7
