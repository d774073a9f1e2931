"""What the plans say, said by a running service: its clock is moved to the second before an instant and to the instant.

Two houses, one for each plan: Seikyou Internet closes (SK-1, SK-2, SK-5), IIJ4U becomes part of IIJmio (II-1, II-2).
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from tests.facts.examples import ACCOUNTS, PLANS, tokyo
from tests.peers.smtp import SmtpPeer
from tests.peers.threaded import threaded
from tests.real.house import LastpostHouse, Words, house
from tests.support.deadline import wait_until
from tests.support.files import put
from tests.support.instants import at_instant

T = TypeVar("T")
OPEN, ENDED, MAY_NOT_SEND = "250 2.1.5", "550 5.1.6", "550 5.7.1"
OUTSIDE = "somebody@elsewhere.example"
DEEP = "hanako@a.b.c.seikyou.ne.jp"
# Members whose contracts last to the end: monthly, two-year, the address course, ISDN, a club and its alias.
MEMBERS = (
    "hanako@kita.seikyou.ne.jp",
    "jiro@minato.seikyou.ne.jp",
    "hachiko@shima.seikyou.ne.jp",
    DEEP,
    "shiro@sings.jp",
    "kumi@sings.jp",
    "office@sings.jp",
)
BEFORE_THE_END, THE_END = tokyo("2024-01-31T23:59:59"), tokyo("2024-02-01T00:00")


def in_this_second(us: LastpostHouse, at: datetime, ask: Callable[[], T]) -> T:
    """What `ask` finds in the second of the house's clock that begins at `at`."""
    return at_instant(us.move_to, at, ask)


def explained(us: LastpostHouse, address: str, at: str) -> dict[str, object]:
    (told,) = json.loads(us.lastpost("explain", address, "--at", at, "--json"))
    assert isinstance(told, dict)
    return told


# -- Seikyou Internet --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seikyou(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    boxes = '{{deliver: "maildir:{folder}/mail/{{domain}}/{{user}}"}}'
    served = Words(domains=f'  "*.seikyou.ne.jp": {boxes}\n  sings.jp: {boxes}\n')
    accounts = (ACCOUNTS / "seikyou.csv").read_text(encoding="utf-8")
    commas = "," * accounts.partition("\n")[0].count(",")
    plan = (PLANS / "seikyou.yaml").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("seikyou") / "us"
    with house(folder, plan=plan, accounts=f"{accounts}{DEEP}{commas}\n", words=served) as us:
        yield us


@pytest.mark.parametrize("door", ["world", "inbound"])
@pytest.mark.parametrize("address", MEMBERS)
def test_sk_1_receiving_ends_to_the_second_on_every_domain(seikyou: LastpostHouse, address: str, door: str) -> None:
    """SK-1: 2024-01-31T23:59:59 open, 2024-02-01T00:00:00 closed, on any sub-domain and on sings.jp."""
    port = seikyou.inbound if door == "inbound" else seikyou.world
    assert in_this_second(seikyou, BEFORE_THE_END, lambda: seikyou.rcpt(address, port=port)).startswith(OPEN)
    closed = in_this_second(seikyou, THE_END, lambda: seikyou.rcpt(address, port=port))
    assert closed.startswith(ENDED)
    assert "31 January 2024" in closed
    assert "https://www.seikyou.ne.jp/" in closed


@pytest.mark.parametrize("address", MEMBERS)
def test_sk_1_sending_ends_to_the_second_on_every_domain(seikyou: LastpostHouse, address: str) -> None:
    """SK-1: sending ends at the instant at which receiving does."""

    def send() -> str:
        return seikyou.rcpt(OUTSIDE, port=seikyou.submission, sender=address)

    assert in_this_second(seikyou, BEFORE_THE_END, send).startswith("250")
    assert in_this_second(seikyou, THE_END, send).startswith(MAY_NOT_SEND)


def test_sk_1_what_was_taken_in_the_last_second_arrives(seikyou: LastpostHouse) -> None:
    """SK-1: mail that was answered 250 before the instant is delivered after it."""
    hanako = MEMBERS[0]
    in_this_second(seikyou, BEFORE_THE_END, lambda: seikyou.send(hanako, "the last letter"))
    seikyou.move_to(THE_END)
    seikyou.arrives("kita.seikyou.ne.jp", "hanako", b"the last letter")
    assert seikyou.rcpt(hanako).startswith(ENDED)


def test_sk_1_it_stays_closed(seikyou: LastpostHouse) -> None:
    """SK-1: the day after and a year after."""
    for at in ("2024-02-02T00:00", "2025-02-01T12:00"):
        seikyou.move_to(tokyo(at))
        assert {reply[:9] for reply in seikyou.replies(MEMBERS).values()} == {ENDED}


@pytest.mark.parametrize(
    ("address", "last_second", "then"),
    [
        ("hanako@kita.seikyou.ne.jp", "2024-01-31T23:59:59", "2024-02-01T00:00:00+09:00"),
        ("goro@nishi.seikyou.ne.jp", "2023-03-31T23:59:59", "2023-04-01T00:00:00+09:00"),
    ],
    ids=["member", "who-leaves"],
)
def test_sk_2_the_service_knows_when_pages_close(
    seikyou: LastpostHouse, address: str, last_second: str, then: str
) -> None:
    """SK-2: what an owner of a homepage may do changes at the end of the own contract, else with all services."""
    assert explained(seikyou, address, last_second)["next_change"] == then
    assert str(explained(seikyou, address, then)["reply"]).startswith("550 ")


@pytest.mark.parametrize(
    ("address", "at", "reply"),
    [
        ("goro@nishi.seikyou.ne.jp", "2023-03-31T23:59:59", OPEN),
        ("goro@nishi.seikyou.ne.jp", "2023-04-01T00:00:00", ENDED),
        ("goro.club@nishi.seikyou.ne.jp", "2023-04-01T00:00:00", OPEN),
        ("goro.club@nishi.seikyou.ne.jp", "2023-10-31T23:59:59", OPEN),
        ("goro.club@nishi.seikyou.ne.jp", "2023-11-01T00:00:00", ENDED),
    ],
)
def test_sk_5_an_extra_address_receives_to_its_own_last_day(
    seikyou: LastpostHouse, address: str, at: str, reply: str
) -> None:
    """SK-5: the main contract ended 2023-03-31, the extra address is paid to 2023-10-31."""
    assert in_this_second(seikyou, tokyo(at), lambda: seikyou.rcpt(address)).startswith(reply)


# -- IIJ4U -------------------------------------------------------------------------------------------------------------


class Joined(NamedTuple):
    us: LastpostHouse
    successor: SmtpPeer


@pytest.fixture(scope="module")
def iij4u(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    folder: Path = tmp_path_factory.mktemp("iij4u") / "us"
    plan = (PLANS / "iij4u.yaml").read_text(encoding="utf-8")
    # Its gates have their own tests: here nobody makes the backup that they would ask for.
    ungated = re.sub(r"    gates:\n(?:      - .*\n)+    unanswered: .*\n    asked: .*\n", "", plan)
    assert ungated != plan
    boxes = '  iij4u.example: {{deliver: "maildir:{folder}/mail/{{domain}}/{{user}}"}}\n'
    served = Words(domains=boxes, more="jobs: {{folder: jobs}}\n")
    accounts = (ACCOUNTS / "iij4u.csv").read_text(encoding="utf-8")
    with threaded(SmtpPeer()) as successor:
        here = ungated.replace("smtp://mx.mio.example:25", f"smtp://127.0.0.1:{successor.port}?tls=none")
        with house(folder, plan=here, accounts=accounts, words=served) as us:
            yield Joined(us, successor)


def test_ii_1_the_same_address_is_routed_to_the_successor_from_that_instant(iij4u: Joined) -> None:
    """II-1: on 2016-04-01 mail for the same address goes to the successor's platform; nobody had to do anything."""
    us, successor = iij4u
    hanako = "hanako@iij4u.example"
    us.move_to(tokyo("2016-03-31T23:00"))  # it leaves for wherever its address is when it leaves
    us.send(hanako, "before the move")
    us.arrives("iij4u.example", "hanako", b"before the move")
    assert "successor" not in str(explained(us, hanako, "2016-03-31T23:59:59"))
    assert "successor" in str(explained(us, hanako, "2016-04-01T00:00"))
    assert not successor.mails
    us.move_to(tokyo("2016-04-01T00:00"))
    assert us.rcpt(hanako).startswith(OPEN)
    us.send(hanako, "after the move")
    wait_until(lambda: any(b"after the move" in mail.body for mail in successor.mails), "the successor")
    (mail,) = [mail for mail in successor.mails if mail.taken]
    assert mail.recipients == [hanako]
    assert not any(b"after the move" in one for one in us.mail("iij4u.example", "hanako"))


def test_ii_1_every_address_stays_what_it_was(iij4u: Joined) -> None:
    """II-1: base and additional addresses alike are taken before and after, and strangers are not."""
    accounts = (ACCOUNTS / "iij4u.csv").read_text(encoding="utf-8").splitlines()[1:]
    asked = [line.partition(",")[0] for line in accounts]
    for at in ("2016-03-31T23:59:00", "2016-04-01T00:00"):
        iij4u.us.move_to(tokyo(at))
        replies = iij4u.us.replies([*asked, "nobody@iij4u.example"])
        assert [one for one in asked if not replies[one].startswith(OPEN)] == []
        assert replies["nobody@iij4u.example"].startswith("550 5.1.1")


def test_ii_1_mailboxes_are_moved_and_no_subscriber_is_asked_for_anything(iij4u: Joined, tmp_path: Path) -> None:
    """II-1: a batch takes every mailbox to the successor, each message as it was."""
    us = iij4u.us
    us.move_to(tokyo("2016-03-31T12:00"))
    for user in ("hanako", "jiro"):
        us.send(f"{user}@iij4u.example", f"for {user}")
        us.arrives("iij4u.example", user, b"for " + user.encode())
    rows = [f"maildir:{us.folder}/mail/iij4u.example/{user},maildir:{tmp_path}/{user}\n" for user in ("hanako", "jiro")]
    put(tmp_path / "joined.csv", "".join(["source,target\n", *rows]))
    us.lastpost("migrate", "batch", str(tmp_path / "joined.csv"))
    wait_until(lambda: us.lastpost("jobs", "list", "--state", "done").count("\tdone\t") == 2, "the batch to be done")
    for user in ("hanako", "jiro"):
        moved = sorted(path.read_bytes() for path in (tmp_path / user).glob("[cn]*/*"))
        assert moved == sorted(us.mail("iij4u.example", user))


@pytest.mark.parametrize(
    ("at", "next_change"),
    [
        ("2016-03-27T23:59:59", "2016-03-28T00:00:00+09:00"),
        ("2016-03-28T00:00:00", "2016-04-01T00:00:00+09:00"),
    ],
)
def test_ii_2_the_freeze_begins_and_ends_at_its_instants(iij4u: Joined, at: str, next_change: str) -> None:
    """II-2: what subscribers may change stands still from 2016-03-28T00:00 until 2016-04-01; mail does not."""
    told = explained(iij4u.us, "hanako@iij4u.example", at)
    assert told["next_change"] == next_change
    assert str(told["reply"]).startswith(OPEN)
    reply = in_this_second(iij4u.us, tokyo(at), lambda: iij4u.us.rcpt("hanako@iij4u.example"))
    assert reply.startswith(OPEN)
