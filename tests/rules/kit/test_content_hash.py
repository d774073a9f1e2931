from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.content_hash import ContentHash, content_sha256

OCTETS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"A: b", b" "]), max_size=30).map(b"".join)


def by_hand(octets: bytes) -> str:
    """The same, the slow way."""
    whole = b"\n" + octets
    ends = [at + len(end) for end in (b"\n\n", b"\n\r\n") if (at := whole.find(end)) >= 0]
    content = whole[min(ends) :] if ends else b""
    return sha256(content or octets).hexdigest()


def test_lines_put_in_front_on_the_way_do_not_matter() -> None:
    first = b"Subject: x\r\n\r\nhello\r\n"
    again = b"Received: from a\r\n\tby b\r\nDelivered-To: c\r\n" + first
    assert content_sha256(first) == content_sha256(again) == sha256(b"hello\r\n").hexdigest()
    assert content_sha256(first) != content_sha256(first + b"x")


@pytest.mark.parametrize("header", [b"Subject: x\r\n", b"Subject: x\r\n\r\n", b"\r\n"])
def test_messages_without_content_are_told_apart_by_their_header(header: bytes) -> None:
    assert content_sha256(header) == sha256(header).hexdigest()


@given(octets=OCTETS, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_it_does_not_matter_in_which_pieces_it_comes(octets: bytes, cuts: list[int]) -> None:
    known, places = ContentHash(), sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})
    for begin, end in zip(places, [*places[1:], len(octets)], strict=True):
        known.update(memoryview(octets)[begin:end])
    assert known.hexdigest() == content_sha256(octets)


@given(octets=OCTETS)
def test_the_content_begins_behind_the_first_empty_line(octets: bytes) -> None:
    assert content_sha256(octets) == by_hand(octets)
