"""`soft_bounce: true`: each permanent refusal of the demo's table becomes a temporary one, and no more."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.real.house import LastpostHouse, Words, house
from tests.stories.plans import END, SIMPLE
from tests.stories.test_demo_table import AFTER, BEFORE

# What a reply becomes; the demo's mitsuru is full from the start, here his mailbox is empty.
SOFT = {"550 5.1.1": "450 4.1.1", "550 5.1.6": "450 4.1.6", "551 5.1.6": "450 4.1.6", "550 5.7.1": "450 4.7.1"}
EMPTY = {"mitsuru@closing.example": "250 2.1.5"}


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    words = Words(gateway="  size_limit: 1 MB\n", more="soft_bounce: true\n")
    with house(tmp_path_factory.mktemp("soft") / "us", plan=SIMPLE, words=words) as running:
        yield running


def softened(table: dict[str, str]) -> dict[str, str]:
    return {one: SOFT.get(reply[:9], reply[:9]) for one, reply in table.items()}


@pytest.mark.parametrize(
    ("after", "table"), [(False, BEFORE | EMPTY), (True, AFTER)], ids=["before-the-end", "after-the-end"]
)
def test_the_demo_table_without_any_5xx(us: LastpostHouse, after: bool, table: dict[str, str]) -> None:
    us.move_to(END + timedelta(seconds=5 if after else -3600))
    for port in (us.world, us.inbound):
        replies = us.replies(table, port=port)
        assert {one: reply[:9] for one, reply in replies.items()} == softened(table)


def test_senders_and_sizes_are_softened_too(us: LastpostHouse) -> None:
    us.move_to(END + timedelta(days=1))
    ended = us.rcpt("friend@elsewhere.example", port=us.submission, sender="hanako@closing.example")
    assert ended.startswith("450 4.7.1 ")
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        code, words = client.docmd("MAIL FROM:<friend@elsewhere.example> SIZE=99000000")
        assert (code, words[:6]) == (452, b"4.3.4 ")


def test_explain_says_the_soft_reply(us: LastpostHouse) -> None:
    assert "450 4.1.1" in us.lastpost("explain", "nobody@closing.example", "--at", "2027-01-01")
