"""Mail that goes in circles is known by its trace; the others of the same message still get it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import loops
from filters.header import Header, read_header
from filters.replies import RECIPIENT_OK
from filters.verdict import Accept, Because, Forward
from schedules.names import Address
from tests.rules.filters.facts import address

HOME = Address.parse("hanako@newhome.example")
LIMIT = 50


def header(*delivered_to: str, hops: int = 3) -> Header:
    fields = [f"Delivered-To: {one}" for one in delivered_to] + ["Received: from a by b; now"] * hops
    return read_header("".join(f"{field}\r\n" for field in fields).encode() + b"\r\n")


def forward(local: str = "hanako", *, asked: str = "", keep: bool = False) -> tuple[Address, Accept | Forward]:
    mailbox = address(local)
    return address(asked or local), Forward(mailbox, HOME, keep, Because.FORWARDED, RECIPIENT_OK)


def live(local: str = "taro") -> tuple[Address, Accept | Forward]:
    return address(local), Accept(address(local), Because.LIVE, RECIPIENT_OK)


def looping(found: Header, *recipients: tuple[Address, Accept | Forward]) -> tuple[bool, ...]:
    return loops.judge(found, recipients, hop_limit=LIMIT).each


@pytest.mark.parametrize(
    "seen",
    [
        "hanako@closing.example",
        "HANAKO@Closing.Example",
        "<hanako@closing.example>",
        " hanako@closing.example ",
        "hanako@closing.example.",
    ],
)
def test_what_was_forwarded_for_a_mailbox_before_is_a_loop(seen: str) -> None:
    found = loops.judge(header(seen), [forward()], hop_limit=LIMIT)
    assert found.refused is not None
    assert str(found.refused.reply).startswith("554 5.4.6 ")
    assert found.refused.because is Because.LOOP


def test_an_alias_is_known_by_its_own_name_and_by_its_mailbox() -> None:
    for seen in ("h@closing.example", "hanako@closing.example"):
        assert looping(header("x@y.example", seen), forward(asked="h")) == (True,)


def test_other_mailboxes_and_other_systems_are_no_loop() -> None:
    for seen in ("taro@closing.example", "hanako@newhome.example", "hanako", "", "hanako@", "\u82b1", "a b@c"):
        assert looping(header(seen), forward()) == (False,)


def test_octets_that_are_no_text_are_no_loop() -> None:
    found = read_header(b"Delivered-To: \xff\xfe@closing.example\r\n\r\n")
    assert looping(found, forward()) == (False,)


def test_a_mailbox_that_takes_mail_ends_a_loop() -> None:
    found = loops.judge(header("taro@closing.example"), [live()], hop_limit=LIMIT)
    assert found.refused is None


def test_of_several_recipients_only_those_loop_that_were_here() -> None:
    found = loops.judge(
        header("hanako@closing.example"), [live(), forward(), forward("jiro"), forward(keep=True)], hop_limit=LIMIT
    )
    assert found.each == (False, True, False, True)
    assert found.refused is None


@pytest.mark.parametrize(("hops", "refused"), [(LIMIT, False), (LIMIT + 1, True), (5 * LIMIT, True)])
def test_too_many_hops_are_a_loop_for_everybody(hops: int, *, refused: bool) -> None:
    found = loops.judge(header(hops=hops), [live(), forward()], hop_limit=LIMIT)
    assert (found.refused is not None) == refused
    assert found.each == (refused, refused)


def test_an_automatic_message_loops_like_any_other() -> None:
    found = read_header(b"Delivered-To: hanako@closing.example\r\nAuto-Submitted: auto-replied\r\n\r\n")
    assert looping(found, forward(), live()) == (True, False)


def test_where_each_host_adds_its_line_a_circle_ends() -> None:
    """Two forwards of ours by way of a host that strips our Delivered-To: the hops still end it."""
    octets, rounds = b"\r\n", 0
    while loops.judge(read_header(octets), [forward()], hop_limit=LIMIT).refused is None:
        octets, rounds = (
            b"Received: from elsewhere by mx; now\r\nReceived: from mx by elsewhere; now\r\n" + octets,
            rounds + 1,
        )
    assert rounds == LIMIT // 2 + 1


@given(st.lists(st.sampled_from("abcd"), max_size=4), st.lists(st.sampled_from("abcd"), min_size=1, max_size=4))
def test_exactly_those_that_were_here_loop(seen: list[str], asked: list[str]) -> None:
    found = looping(header(*(f"{one}@closing.example" for one in seen)), *map(forward, asked))
    assert found == tuple(one in seen for one in asked)
