"""The kinds of addresses on a whole house: aliases, catch-all, tags, role addresses, and no directory at all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.real.house import LastpostHouse, Words, house
from tests.stories.plans import END, plan

ACCOUNTS = """\
address,kind,alias_of,state
hanako@closing.example,base,,
Yamada@closing.example,alias,hanako@closing.example,
sales@closing.example,alias,yamada@closing.example,
gone@closing.example,base,,left
abuse@closing.example,alias,hanako@closing.example,
all@catching.example,base,,
*@catching.example,alias,all@catching.example,
named@catching.example,base,,
exact@plain.example,base,,
"""
BOXES = '{{deliver: "maildir:{folder}/mail/{{domain}}/{{user}}"'
DOMAINS = (
    f"  catching.example: {BOXES}}}}}\n"
    f"  plain.example: {BOXES}, plus_addressing: no}}}}\n"
    f"  unpublished.example: {BOXES}}}}}\n"
    f"  published-later.example: {BOXES}}}}}\n"
)
PLAN = plan(
    "announce: 2026-01-01, send-end: 2027-06-01, receive-end: 2027-06-01", domains="[closing.example, catching.example]"
)


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    folder = tmp_path_factory.mktemp("kinds") / "us"
    with house(folder, plan=PLAN, accounts=ACCOUNTS, words=Words(domains=DOMAINS)) as running:
        running.move_to(END - timedelta(days=2))
        yield running


@pytest.mark.parametrize(
    ("asked", "domain", "user"),
    [
        ("yamada@closing.example", "closing.example", "hanako"),
        ("YAMADA@Closing.Example", "closing.example", "hanako"),
        ("sales@closing.example", "closing.example", "hanako"),
        ("hanako+shop@closing.example", "closing.example", "hanako"),
        ("sales+shop@closing.example", "closing.example", "hanako"),
        ("abuse@closing.example", "closing.example", "hanako"),
        ("Postmaster@closing.example", "closing.example", "postmaster"),
        ("postmaster@unpublished.example", "unpublished.example", "postmaster"),
        ("abuse@plain.example", "plain.example", "abuse"),
        ("anybody.at.all@catching.example", "catching.example", "all"),
        ("named@catching.example", "catching.example", "named"),
        ("postmaster@catching.example", "catching.example", "postmaster"),
    ],
)
def test_mail_comes_to_the_mailbox_that_is_meant(us: LastpostHouse, asked: str, domain: str, user: str) -> None:
    us.move_to(END - timedelta(days=2))
    mark = f"to {asked}".lower().replace("@", " at ")
    us.send(asked, mark)
    us.arrives(domain, user, mark.encode())


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        ("gone@closing.example", "550 5.1.6"),
        ("nobody@closing.example", "550 5.1.1"),
        ("nobody+shop@closing.example", "550 5.1.1"),
        ("exact@plain.example", "250 2.1.5"),
        ("exact+shop@plain.example", "550 5.1.1"),
        ("hanako@unpublished.example", "451 4.3.0"),
        ("postmaster", "250 2.1.5"),
        ("postmaster@a.closing.example", "550 5.7.1"),
    ],
)
def test_what_others_are_answered(us: LastpostHouse, asked: str, reply: str) -> None:
    us.move_to(END - timedelta(days=2))
    for port in (us.world, us.inbound):
        assert us.rcpt(asked, port=port).startswith(reply)


def test_after_the_end_only_role_addresses_are_left(us: LastpostHouse) -> None:
    us.move_to(END + timedelta(seconds=5))
    ended = ["sales@closing.example", "hanako+shop@closing.example", "any@catching.example", "named@catching.example"]
    roles = ["postmaster@closing.example", "abuse@closing.example", "abuse@catching.example"]
    replies = us.replies([*ended, *roles])
    assert {one: replies[one][:9] for one in ended} == dict.fromkeys(ended, "550 5.1.6")
    assert {one: replies[one][:9] for one in roles} == dict.fromkeys(roles, "250 2.1.5")


def test_a_directory_that_comes_later_is_followed(us: LastpostHouse) -> None:
    more = us.folder / "more.csv"
    more.write_text("address,kind\nhanako@late.example,base\n")
    assert us.rcpt("hanako@late.example").startswith("550 5.7.1"), "no domain of ours"
    asked = ["late@published-later.example", "hanako@published-later.example"]
    assert [reply[:9] for reply in us.replies(asked).values()] == ["451 4.3.0"] * 2
    more.write_text("address,kind\nlate@published-later.example,base\n")
    us.lastpost("accounts", "import", str(more))
    assert [reply[:9] for reply in us.replies(asked).values()] == ["250 2.1.5", "550 5.1.1"]
