"""Responses are cut right wherever the network cuts them, and memory stays flat."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.imap.reading import BadResponse, Response, ResponseReader


@dataclass
class Kept:
    """A sink that remembers."""

    size: int
    chunks: list[bytes] = field(default_factory=list)

    def write(self, octets: bytes) -> None:
        self.chunks.append(octets)

    @property
    def whole(self) -> bytes:
        return b"".join(self.chunks)


def read(reader: ResponseReader, *pieces: bytes) -> list[Response]:
    return [response for piece in pieces for response in reader.feed(piece)]


STREAM = (
    b"* OK [CAPABILITY IMAP4rev1] ready\r\n"
    b"* 1 FETCH (UID 7 BODY[] {11}\r\nab\r\n{3}\r\ncd FLAGS (\\Seen))\r\n"
    b"* LIST () {1}\r\n/ {0}\r\n\r\n"
    b"+ go on\r\n"
    b"a1 OK done\r\n"
)
WHOLE = [
    Response((b"* OK [CAPABILITY IMAP4rev1] ready",)),
    Response((b"* 1 FETCH (UID 7 BODY[] ", b" FLAGS (\\Seen))"), (b"ab\r\n{3}\r\ncd",)),
    Response((b"* LIST () ", b" ", b""), (b"/", b"")),
    Response((b"+ go on",)),
    Response((b"a1 OK done",)),
]


def test_lines_and_literals_are_told_apart() -> None:
    assert read(ResponseReader(), STREAM) == WHOLE


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_where_the_network_cuts_changes_nothing(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(edges)]
    reader = ResponseReader()
    assert read(reader, *pieces) == WHOLE
    assert not reader.within


def test_octet_by_octet_too() -> None:
    assert read(ResponseReader(), *(STREAM[at : at + 1] for at in range(len(STREAM)))) == WHOLE


def test_a_large_literal_goes_to_its_sink_as_it_comes() -> None:
    sinks: list[Kept] = []

    def spool(size: int) -> Kept:
        sinks.append(Kept(size))
        return sinks[-1]

    reader = ResponseReader(spool, kept=10)
    assert read(reader, b"* 1 FETCH (BODY[] {20}\r\n", b"x" * 15) == []
    assert sinks[0].whole == b"x" * 15
    assert reader.within
    (response,) = read(reader, b"y" * 5 + b")\r\n")
    assert response == Response((b"* 1 FETCH (BODY[] ", b")"), (sinks[0],))
    assert (sinks[0].size, sinks[0].whole) == (20, b"x" * 15 + b"y" * 5)


def test_a_literal_of_the_largest_size_that_is_kept_is_kept() -> None:
    reader = ResponseReader(Kept, kept=10)
    assert read(reader, b"* X {10}\r\n0123456789\r\n") == [Response((b"* X ", b""), (b"0123456789",))]


@pytest.mark.parametrize("announced", [b"~{3}", b"{3+}", b"~{3+}"])
def test_the_other_forms_of_a_literal_are_read(announced: bytes) -> None:
    assert read(ResponseReader(), b"* X " + announced + b"\r\nabc\r\n") == [Response((b"* X ", b""), (b"abc",))]


@pytest.mark.parametrize("line", [b"* OK {3", b"* OK {x}", b"* OK {}", b"* OK {-1}", b"* OK 3}"])
def test_what_only_looks_like_a_literal_is_a_line(line: bytes) -> None:
    assert read(ResponseReader(), line + b"\r\n") == [Response((line,))]


@pytest.mark.parametrize(
    "sent",
    [
        b"* X {1073741824}\r\n",  # where no message was asked for
        b"* X {99999999999999999999}\r\n",
        b"x" * 200,
        b"x" * 99 + b"\r\n" + b"y" * 101 + b"\r\n",
        (b"* X {1}\r\na" * 60) + b"\r\n",
    ],
)
def test_what_would_fill_the_memory_is_refused(sent: bytes) -> None:
    with pytest.raises(BadResponse):
        read(ResponseReader(line_limit=100), sent)


def test_too_many_literals_are_refused() -> None:
    with pytest.raises(BadResponse, match="1000 literals"):
        read(ResponseReader(), b"* X " + b"{1}\r\na" * 1001)


def test_a_connection_cut_within_a_response_says_so() -> None:
    reader = ResponseReader()
    assert not reader.within
    for piece in (b"* OK", b" x\r", b"\n* X {2}\r\n", b"a"):
        read(reader, piece)
        assert reader.within is True
    assert read(reader, b"b\r\n") == [Response((b"* X ", b""), (b"ab",))]
    assert not reader.within
