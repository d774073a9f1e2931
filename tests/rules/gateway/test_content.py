"""Dots, ends and bare newlines, wherever the borders of chunks fall."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.gateway.content import NewlineWatch, Opening, Unstuffer, normalised

# Octets in which everything that matters is frequent.
SPICY = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\r\n.", b"\r\n..", b"a", b"\x00", b"\xff"])).map(
    b"".join
)


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    borders = sorted({place % (len(octets) + 1) for place in places} | {0, len(octets)})
    return [octets[a:b] for a, b in itertools.pairwise(borders)] or [b""]


def stuffed(content: bytes) -> bytes:
    """What a client sends for content that ends with CRLF, or is empty (RFC 5321 4.5.2)."""
    return re.sub(rb"(\A|(?<=\r\n))\.", b"..", content) + b".\r\n"


def unstuff(chunks: list[bytes]) -> tuple[bytes, bytes, bool]:
    unstuffer, content = Unstuffer(), b""
    for number, chunk in enumerate(chunks):
        content += unstuffer.feed(chunk)
        if unstuffer.done:
            return content, bytes(unstuffer.rest) + b"".join(chunks[number + 1 :]), True
    return content, b"", False


@given(SPICY, st.lists(st.integers(0, 1000)), st.sampled_from([b"", b"NOOP\r\n", b".\r\n", b"\n"]))
def test_what_is_stuffed_comes_out_as_it_was_and_the_rest_is_kept(
    content: bytes, places: list[int], after: bytes
) -> None:
    content = content + b"\r\n" if content else b""
    assert unstuff(cut(stuffed(content) + after, places)) == (content, after, True)


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_borders_change_nothing(stream: bytes, places: list[int]) -> None:
    whole, pieces = unstuff([stream]), unstuff(cut(stream, places))
    assert whole == pieces


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_only_crlf_dot_crlf_ends_a_message(stream: bytes, places: list[int]) -> None:
    ends = (b"\r\n" + stream).find(b"\r\n.\r\n") >= 0
    assert unstuff(cut(stream, places))[2] is ends


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_no_piece_ends_between_cr_and_lf(stream: bytes, places: list[int]) -> None:
    pieces = [piece for piece in fed(cut(stream, places)) if piece]
    for piece, following in itertools.pairwise(pieces):
        assert not (piece.endswith(b"\r") and following.startswith(b"\n"))


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_so_pieces_can_be_mended_one_by_one(content: bytes, places: list[int]) -> None:
    content += b"\r\n"
    pieces = fed(cut(stuffed(content), places))
    assert b"".join(normalised(piece) for piece in pieces) == normalised(content)


@pytest.mark.parametrize(
    ("stream", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".x\r\n.\r\n", b"x\r\n"),
        (b"a\r\n...\r\n.\r\n", b"a\r\n..\r\n"),
        (b"a\r\n.b\r\n\r\n.\r\n", b"a\r\nb\r\n\r\n"),
        (b"a.\r\n.\r\n", b"a.\r\n"),
        (b"a\n.\r\n.\r\n", b"a\n.\r\n"),
        (b"\r\r\n.\r\n", b"\r\r\n"),
        (b"a\r\r\r\n.\r\n", b"a\r\r\r\n"),
    ],
)
def test_known_streams_octet_by_octet(stream: bytes, content: bytes) -> None:
    assert unstuff([stream]) == (content, b"", True)
    assert unstuff([stream[i : i + 1] for i in range(len(stream))]) == (content, b"", True)


@pytest.mark.parametrize("stream", [b"", b".", b".\r", b".\n", b"x\r\n.\n", b"x\n.\r\n", b"x\r.\r\n", b"x\r\n.\r\r\n"])
def test_what_only_looks_like_an_end_is_none(stream: bytes) -> None:
    assert not unstuff([stream])[2]


def fed(chunks: list[bytes]) -> list[bytes]:
    """What comes out for each chunk, up to the end of the message."""
    unstuffer = Unstuffer()
    return [bytes(unstuffer.feed(chunk)) for chunk in chunks if not unstuffer.done]


def bare(octets: bytes) -> bool:
    return re.search(rb"\r(?!\n)|(?<!\r)\n", octets) is not None


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_every_bare_newline_is_found(octets: bytes, places: list[int]) -> None:
    watch = NewlineWatch()
    for piece in cut(octets, places):
        watch.look(piece)
    assert watch.bare is bare(octets)


@given(SPICY, st.lists(st.integers(0, 1000)))
def test_what_is_found_for_certain_is_bare(octets: bytes, places: list[int]) -> None:
    watch, seen = NewlineWatch(), b""
    for piece in cut(octets, places):
        found = watch.look(piece)
        seen += piece
        if found:
            assert watch.found
        if watch.found:
            assert bare(seen)


def test_a_cr_at_a_border_waits_for_its_lf() -> None:
    watch = NewlineWatch()
    assert not watch.look(b"a\r")
    assert watch.bare
    assert not watch.found
    assert not watch.look(b"")
    assert not watch.look(b"\nb")
    assert not watch.bare


@given(SPICY)
def test_normalised_content_has_none_and_keeps_the_rest(octets: bytes) -> None:
    octets += b"\r\n"
    mended = normalised(octets)
    assert not bare(mended)
    assert mended.replace(b" ", b"").replace(b"\r\n", b"") == octets.replace(b"\r", b"").replace(b"\n", b"")


def test_sound_content_is_untouched() -> None:
    assert normalised(b"a\r\n.\x00\xff\r\n") == b"a\r\n.\x00\xff\r\n"


def test_lf_becomes_crlf_and_cr_a_space() -> None:
    assert normalised(b"a\nb\rc\r\r\nd\n\n") == b"a\r\nb c \r\nd\r\n\r\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", b"\r\nbody\r\n", b"Subject: x\r\n", b"X:\r\n", b"To \t: a@b.example\r\n", b"a" * 997 + b":"],
)
def test_a_header_is_seen_wherever_chunks_end(content: bytes) -> None:
    for chunks in (
        [content],
        [content[i : i + 1] for i in range(len(content))],
        [b"", content or b"\r\n", b" folded\r\n"],
    ):
        assert opened(chunks)


@pytest.mark.parametrize(
    "content",
    [
        b" Subject: x\r\n",
        b"\tfolded\r\nSubject: x\r\n",
        b"hello\r\nSubject: x\r\n",
        b"hello",
        b": nothing\r\n",
        b"From a@b.example Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n",
        b"\x00:\r\n",
        "件名: x\r\n".encode(),
        b"a" * 998 + b":",
        b"a" * 5000 + b"\r\nSubject: x\r\n",
    ],
)
def test_what_is_no_header_is_seen_too(content: bytes) -> None:
    for chunks in ([content], [content[i : i + 1] for i in range(len(content))], [content, b"\r\nSubject: x\r\n"]):
        assert not opened(chunks)


def opened(chunks: list[bytes]) -> bool:
    opening = Opening()
    for chunk in chunks:
        opening.look(chunk)
    return opening.headed
