import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.outbox.hop_replies import LINE_LIMIT, TEXT_KEPT, GarbageReply, HopReply, Replies


def replies(octets: bytes, step: int = 0) -> list[HopReply]:
    reader, found = Replies(), []
    for start in range(0, len(octets), step or len(octets)):
        reader.feed(octets[start : start + (step or len(octets))])
        while reply := reader.take():
            found.append(reply)
    return found


def test_one_line_and_many() -> None:
    octets = b"220 ready\r\n250-mx.example\r\n250-SIZE 10\r\n250 8BITMIME\r\n"
    for step in (0, 1, 7):
        assert [reply.lines for reply in replies(octets, step)] == [
            ("ready",),
            ("mx.example", "SIZE 10", "8BITMIME"),
        ]


def test_an_unfinished_reply_waits() -> None:
    reader = Replies()
    reader.feed(b"250-first\r\n250")
    assert reader.take() is None
    assert reader.pending
    reader.feed(b"\r\n")
    assert reader.take() == HopReply(250, ("first", ""))
    assert not reader.pending


@pytest.mark.parametrize(
    "octets", [b"hello\r\n", b"99 x\r\n", b"2500 x\r\n", b"250-a\r\n251 b\r\n", b"\r\n", b"150 x\r\n"]
)
def test_garbage_is_named(octets: bytes) -> None:
    with pytest.raises(GarbageReply):
        replies(octets)


def test_a_long_line_is_read_and_its_text_cut() -> None:
    (reply,) = replies(b"250 " + b"x" * 10_000 + b"\r\n")
    assert len(str(reply)) <= TEXT_KEPT + 4


def test_an_endless_line_and_an_endless_reply_are_garbage() -> None:
    with pytest.raises(GarbageReply, match="line"):
        replies(b"250 " + b"x" * LINE_LIMIT)
    with pytest.raises(GarbageReply, match="lines"):
        replies(b"250-x\r\n" * 1000)


def test_enhanced_codes_and_text() -> None:
    reply = HopReply(550, ("5.1.1 no such user", "really"))
    assert reply.enhanced == "5.1.1"
    assert str(reply) == "550 5.1.1 no such user / really"
    assert not HopReply(250, ("2.x ok",)).enhanced


@given(st.binary(max_size=80))
def test_nothing_unprintable_gets_through(octets: bytes) -> None:
    try:
        said = "".join(line for reply in replies(octets + b"\r\n") for line in reply.lines)
    except GarbageReply as error:
        said = str(error)
    assert not said or said.isprintable()
