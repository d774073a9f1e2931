"""A plan's brown-out and the soft hours of its end hold to the second on a running service."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.real.house import LastpostHouse, house
from tests.stories.plans import END, NOTICE, plan, tokyo
from tests.support.instants import SECOND, at_instant

HANAKO = "hanako@closing.example"
PLAN = plan(
    "announce: 2026-01-01, send-end: 2027-06-01, receive-end: {at: 2027-06-01, soft_for: 6 hours}",
    more="brown_outs:\n  - {from: 2027-05-10T10:00, until: 2027-05-10T10:15}\n",
)


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    with house(tmp_path_factory.mktemp("soft") / "us", plan=PLAN) as running:
        yield running


@pytest.mark.parametrize(
    ("at", "before", "after"),
    [
        (tokyo("2027-05-10T10:00"), "250 2.1.5", "450 4.1.6"),
        (tokyo("2027-05-10T10:15"), "450 4.1.6", "250 2.1.5"),
        (END, "250 2.1.5", "450 4.1.6"),
        (END + timedelta(hours=6), "450 4.1.6", "550 5.1.6"),
    ],
    ids=["brown-out-begins", "brown-out-ends", "soft-hours-begin", "soft-hours-end"],
)
def test_the_reply_changes_at_the_instant(us: LastpostHouse, at: datetime, before: str, after: str) -> None:
    for port in (us.world, us.inbound):

        def ask(port: int = port) -> str:
            return us.rcpt(HANAKO, port=port)

        assert at_instant(us.move_to, at - SECOND, ask).startswith(before)
        us.move_to(at)
        assert ask().startswith(after)


def test_the_end_for_good_names_the_notice_page(us: LastpostHouse) -> None:
    us.move_to(END + timedelta(days=1))
    assert NOTICE in us.rcpt(HANAKO)


def test_nobody_else_is_softened(us: LastpostHouse) -> None:
    expected = {
        "nobody@closing.example": "550 5.1.1",
        "goro@closing.example": "550 5.1.6",
        "shiro@closing.example": "551 5.1.6",
        "postmaster@closing.example": "250 2.1.5",
        "jiro@closing.example": "251 2.1.5",
        "x@elsewhere.example": "550 5.7.1",
    }
    for at in (tokyo("2027-05-10T10:05"), END + timedelta(hours=1)):
        us.move_to(at)
        replies = us.replies(expected)
        assert {one: reply[:9] for one, reply in replies.items()} == expected


def test_sending_ends_hard_while_receiving_ends_softly(us: LastpostHouse) -> None:
    us.move_to(END + timedelta(hours=1))
    reply = us.rcpt("friend@elsewhere.example", port=us.submission, sender=HANAKO)
    assert reply.startswith("550 5.7.1 ")
    assert "2027-06-01" in reply


def test_a_brown_out_does_not_stop_sending(us: LastpostHouse) -> None:
    us.move_to(tokyo("2027-05-10T10:05"))
    assert us.rcpt("friend@elsewhere.example", port=us.submission, sender=HANAKO).startswith("250 2.1.5")


def test_explain_says_what_the_gateway_will_answer(us: LastpostHouse) -> None:
    for at, code in (("2027-05-10T10:05", "450 4.1.6"), ("2027-06-01T03:00", "450 4.1.6"), ("2027-06-02", "550 5.1.6")):
        assert code in us.lastpost("explain", HANAKO, "--at", at)
