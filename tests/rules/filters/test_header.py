"""Reading a header: what stands in it is told, whatever stands in it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.header import HEADER_LIMIT, read_header

USUAL = (
    b"Received: from a.example (a.example [192.0.2.1])\r\n\tby mx.example with ESMTP id 1;\r\n\tMon, 2 Nov 2026\r\n"
    b"Received: from b.example by a.example\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256;\r\n b=abc\r\n  def\r\n"
    b"Subject:=?utf-8?B?44GT?=\r\n"
    b"auto-submitted :  auto-replied  \r\n"
    b"\r\n"
    b"Received: this is the body\r\n"
)


def test_fields_are_told_by_name_in_order_unfolded() -> None:
    header = read_header(USUAL)
    assert header.all("received") == [
        b"from a.example (a.example [192.0.2.1])\tby mx.example with ESMTP id 1;\tMon, 2 Nov 2026",
        b"from b.example by a.example",
    ]
    assert header.first("dkim-SIGNATURE") == b"v=1; a=rsa-sha256; b=abc  def"
    assert header.first("Auto-Submitted") == b"auto-replied"
    assert header.first("List-Id") is None
    assert header.all("List-Id") == []


def test_it_ends_at_the_empty_line() -> None:
    header = read_header(USUAL)
    assert header.complete
    assert USUAL[header.length :] == b"Received: this is the body\r\n"


@pytest.mark.parametrize("octets", [b"\r\nA: b\r\n", b"\nA: b\n"])
def test_a_message_may_have_no_header_at_all(octets: bytes) -> None:
    header = read_header(octets)
    assert header.complete
    assert header.first("A") is None
    assert octets[header.length :].startswith(b"A:")


def test_bare_line_feeds_end_lines_too() -> None:
    header = read_header(b"A: 1\n 2\nB: 3\n\nC: 4\n")
    assert (header.first("a"), header.first("b"), header.first("c")) == (b"1 2", b"3", None)


def test_a_header_without_its_end_is_told_to_be_incomplete() -> None:
    header = read_header(b"A: 1\r\nB: 2")
    assert not header.complete
    assert (header.first("A"), header.first("B"), header.length) == (b"1", b"2", 10)


def test_the_field_that_the_limit_cuts_is_left_out() -> None:
    header = read_header(b"A: 1\r\nB: 23456\r\n\r\n", limit=10)
    assert not header.complete
    assert (header.first("A"), header.first("B")) == (b"1", None)


def test_lines_that_are_no_field_are_passed_over() -> None:
    header = read_header(b"From me Mon\r\n: nothing\r\n folded\r\nA\xff: no\r\nB: yes\r\n\r\n")
    assert header.first("B") == b"yes"
    assert header.first("From") is None


@pytest.mark.parametrize(
    "hostile",
    [
        b"x" * 2_000_000,
        b"a:" * 1_000_000,
        b"a:\r\n" * 500_000,
        b"a: b\r\n" + b" \r\n" * 600_000,
        b"a" + b" " * 2_000_000 + b":",
        b"\r" * 2_000_000,
        b"a:\n" * HEADER_LIMIT,
    ],
)
def test_hostile_headers_take_no_time(hostile: bytes) -> None:
    begun = time.process_time()
    header = read_header(hostile)
    header.all("a")
    assert time.process_time() - begun < 1
    assert header.length <= HEADER_LIMIT


@given(st.binary(max_size=300), st.integers(0, 400))
def test_it_reads_anything(octets: bytes, limit: int) -> None:
    header = read_header(octets, limit=limit)
    assert 0 <= header.length <= min(len(octets), limit)
    for name in ("a", "received", "\u00e9"):
        assert header.first(name) == next(iter(header.all(name)), None)


@given(
    st.lists(st.tuples(st.sampled_from(["A", "b", "X-Y"]), st.binary(max_size=30).map(lambda o: o.replace(b"\n", b""))))
)
def test_what_was_written_is_read(fields: list[tuple[str, bytes]]) -> None:
    octets = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields) + b"\r\nbody"
    header = read_header(octets)
    assert header.complete
    for name in ("a", "B", "x-y"):
        assert header.all(name) == [value.strip() for given, value in fields if given.lower() == name.lower()]
