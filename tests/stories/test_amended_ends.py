"""Ends that are held and postponed while the service runs: followed at once, by whom they concern.

How soon is measured in tests/real/test_two_nodes.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.real.house import LastpostHouse, Words, house
from tests.stories.plans import END, SIMPLE, plan
from tests.support.deadline import wait_until

HANAKO, SALES, INFO = "hanako@closing.example", "sales@closing.example", "info@closing.example"
SHICHIRO, MITSURU = "shichiro@closing.example", "mitsuru@closing.example"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    with house(tmp_path_factory.mktemp("held") / "us", plan=SIMPLE) as us:
        us.move_to(END - timedelta(days=1))
        us.amend("hold", "closing", "--address", HANAKO, "--until", "2027-07-01")
        us.amend("hold", "closing", "--group", "coop-noto", "--until", "2027-08-01")
        us.amend("hold", "closing", "--area", "ishikawa", "--until", "2027-09-01")
        us.move_to(END + timedelta(seconds=1))
        wait_until(lambda: us.rcpt(SHICHIRO).startswith("250"), "the last hold")
        yield us


@pytest.mark.parametrize(
    ("days", "open_still"),
    [
        (0, {HANAKO, INFO, SALES, SHICHIRO}),
        (31, {INFO, SALES, SHICHIRO}),
        (70, {INFO, SALES, SHICHIRO}),
        (93, set()),
    ],
)
def test_what_is_held_stays_open_while_the_rest_has_ended(held: LastpostHouse, days: int, open_still: set[str]) -> None:
    held.move_to(END + timedelta(days=days, seconds=1))
    asked = {HANAKO, "yamada@closing.example", INFO, SALES, SHICHIRO, MITSURU, "rokuro@closing.example"}
    replies = held.replies(sorted(asked))
    found = {one for one, reply in replies.items() if reply.startswith("250 2.1.5")}
    # yamada is hanako's alias, and not itself held.
    assert found == open_still, replies
    assert all(replies[one].startswith("550 5.1.6") for one in asked - found), replies


def test_who_is_held_may_send_too(held: LastpostHouse) -> None:
    held.move_to(END + timedelta(days=1))
    outward = {one: held.rcpt("x@elsewhere.example", port=held.submission, sender=one) for one in (HANAKO, MITSURU)}
    assert outward[HANAKO].startswith("250")
    assert outward[MITSURU].startswith("550 5.7.1")


def test_mail_to_a_held_address_is_delivered(held: LastpostHouse) -> None:
    held.move_to(END + timedelta(days=1))
    held.send(HANAKO, "held open")
    held.arrives("closing.example", "hanako", b"held open")


def test_a_postponement_is_followed_and_may_be_postponed_again(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE) as us:
        us.move_to(END + timedelta(minutes=1))
        assert us.rcpt(HANAKO).startswith("550 5.1.6")
        us.apply(SIMPLE.replace("receive-end: 2027-06-01", "receive-end: 2027-06-02"))
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the later end")
        us.move_to(END + timedelta(days=1, minutes=-1))
        us.amend("postpone", "closing", "--stage", "receive-end", "--by", "14 days")
        wait_until(lambda: "2027-06-16" in us.lastpost("plan", "show"), "the words show it")
        us.move_to(END + timedelta(days=14))
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the end postponed once more")
        us.move_to(END + timedelta(days=15, seconds=1))
        assert us.rcpt(HANAKO).startswith("550 5.1.6")


def test_a_postponement_opens_a_running_service_at_once(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE) as us:
        us.move_to(END + timedelta(seconds=1))
        assert us.rcpt(HANAKO).startswith("550 5.1.6")
        us.amend("postpone", "closing", "--stage", "receive-end", "--to", "2027-07-01")
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the postponed end")


def test_a_wildcard_covers_names_below_and_not_the_apex(tmp_path: Path) -> None:
    accounts = (
        "address,kind\nhanako@closing.example,base\nhanako@a.closing.example,base\nhanako@b.a.closing.example,base\n"
    )
    below = '  "*.closing.example": {{deliver: "maildir:{folder}/mail/{{domain}}/{{user}}"}}\n'
    stages = "announce: 2026-01-01, send-end: 2027-06-01, receive-end: 2027-06-01"
    with house(
        tmp_path / "us",
        plan=plan(stages, domains='["*.closing.example"]'),
        accounts=accounts,
        words=Words(domains=below),
    ) as us:
        asked = [f"hanako@{name}closing.example" for name in ("", "a.", "b.a.")]
        assert [reply[:3] for reply in us.replies(asked).values()] == ["250"] * 3
        us.move_to(END + timedelta(seconds=1))
        assert [reply[:3] for reply in us.replies(asked).values()] == ["250", "550", "550"]
        us.send("hanako@closing.example", "apex")
        us.arrives("closing.example", "hanako", b"apex")
