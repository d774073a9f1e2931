"""`scanner-faults` on a whole house: at every door 451 in time, nothing delivered, nothing kept, and by itself again.

What no scanner can ever read is no fault: it follows the operator's word, at the client, in the queue, at the mailbox.
"""

import json
import smtplib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.peers.clamd import ClamdPeer, Fault, Gone, Half, Say, Slow
from tests.peers.threaded import away, threaded
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import wait_until

HANAKO = "hanako@closing.example"
VIRUS = """\
virus:
  scanners: ["clamd://127.0.0.1:{port}"]
  deadline: 4 s
  size_limit: 64 KiB
  unscanned: {{{{encrypted: deliver, too_large: hold, ambiguous: refuse}}}}
"""
# Which port, from whom, to whom; where it lands.
DOORS: Mapping[str, tuple[str, str, tuple[str, str]]] = {
    "world": (FRIEND, HANAKO, ("closing.example", "hanako")),
    "inbound": (FRIEND, HANAKO, ("closing.example", "hanako")),
    "submission": (HANAKO, FRIEND, ("elsewhere.example", "friend")),
}


@dataclass
class Checked:
    """A house whose mail is scanned by a peer."""

    us: LastpostHouse
    clamd: ClamdPeer

    def send(self, door: str, mark: str, body: str = "hello\r\n", head: str = "") -> str:
        """The reply to the end of the content."""
        sender, recipient, _ = DOORS[door]
        with smtplib.SMTP("127.0.0.1", getattr(self.us, door), timeout=300) as client:
            client.ehlo("client.example")
            assert client.mail(sender)[0] == 250
            assert client.rcpt(recipient)[0] == 250
            code, words = client.data(f"Subject: {mark}\r\n{head}\r\n{body}")
            return f"{code} {words.decode()}"

    def judged(self, door: str, mark: str, body: str = "hello\r\n", head: str = "") -> str:
        """The reply once there is a verdict: a machine that stands still for four seconds has none in time."""
        replies: list[str] = []

        def decided() -> bool:
            replies.append(self.send(door, mark, body, head))
            return not replies[-1].startswith("451 4.7.1 ")

        wait_until(decided, f"a verdict on {mark}")
        return replies[-1]

    def at_every_door(self, mark: str) -> dict[str, str]:
        """The replies of all doors, asked at once."""
        with ThreadPoolExecutor(len(DOORS)) as clients:
            return dict(zip(DOORS, clients.map(lambda door: self.send(door, f"{mark} {door}"), DOORS), strict=True))

    def delivered(self, door: str, mark: str) -> list[bytes]:
        return [one for one in self.us.mail(*DOORS[door][2]) if f"Subject: {mark}\r\n".encode() in one]

    def kept(self) -> int:
        """How much is in quarantine."""
        return len(self.us.asked("select id from quarantine"))

    def listed(self, what: str, *words: str) -> list[Mapping[str, str]]:
        found: list[Mapping[str, str]] = json.loads(self.us.lastpost(what, "list", "--json", *words))
        return found


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    with threaded(ClamdPeer()) as clamd:
        words = Words(more=VIRUS.format(port=clamd.port))
        with house(tmp_path_factory.mktemp("checked") / "us", words=words) as us:
            yield Checked(us, clamd)


FAULTS: Mapping[str, Fault | None] = {
    "down": None,
    "slow": Slow(6000),
    "half an answer": Half(b"2: stream: O"),
    "garbage": Say(b"\xff\x00\xfe\r\nstream: OK"),
    "an error": Say(b"stream: Can't create temporary file ERROR"),
    "gone in mid-stream": Gone(40),
}


@contextmanager
def suffering(clamd: ClamdPeer, fault: Fault | None) -> Iterator[None]:
    if fault is None:
        with away(clamd):
            yield
        return
    clamd.fault = fault
    yield
    clamd.fault = None


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_scanner_puts_everybody_off_and_loses_nothing(checked: Checked, name: str) -> None:
    before = checked.kept()
    with suffering(checked.clamd, FAULTS[name]):
        replies = checked.at_every_door(f"put off, {name}")
        assert {door: reply[:10] for door, reply in replies.items()} == dict.fromkeys(DOORS, "451 4.7.1 ")
    for door in DOORS:
        assert checked.judged(door, f"after, {name} {door}").startswith("250 ")
        wait_until(lambda door=door: checked.delivered(door, f"after, {name} {door}"), "mail flows again")  # type: ignore[misc]
        assert checked.delivered(door, f"put off, {name} {door}") == []
    assert checked.kept() == before


ENCRYPTED = "-----BEGIN PGP MESSAGE-----\r\n\r\nwcBMA\r\n-----END PGP MESSAGE-----\r\n"
TOO_LARGE = ("x" * 70 + "\r\n") * 1000
TWO_TYPES = "Content-Type: text/plain\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize("door", DOORS)
def test_what_is_delivered_unscanned_says_so(checked: Checked, door: str) -> None:
    assert checked.judged(door, f"encrypted {door}", ENCRYPTED).startswith("250 ")
    wait_until(lambda: checked.delivered(door, f"encrypted {door}"), "it is delivered")
    (arrived,) = checked.delivered(door, f"encrypted {door}")
    assert b"\r\nX-Lastpost-Scan: not scanned (encrypted)\r\n" in arrived.partition(b"\r\nReceived: ")[0] + b"\r\n"


@pytest.mark.parametrize("door", DOORS)
def test_what_is_held_unscanned_waits_for_a_person(checked: Checked, door: str) -> None:
    mark, recipient = f"large {door}", DOORS[door][1]
    reply = checked.judged(door, mark, TOO_LARGE)
    assert reply.startswith("250 ")
    (row,) = checked.listed("queue", "--recipient", recipient)
    assert row["state"] == "held"
    assert checked.delivered(door, mark) == []
    checked.us.lastpost("queue", "release", str(row["message"]))
    wait_until(lambda: checked.delivered(door, mark), "it is delivered")


@pytest.mark.parametrize("door", DOORS)
def test_what_is_refused_unscanned_is_kept_only_where_a_refusal_would_be_bounced(checked: Checked, door: str) -> None:
    before, mark = checked.kept(), f"ambiguous {door}"
    reply = checked.judged(door, mark, head=TWO_TYPES)
    if door == "inbound":
        assert reply.startswith("250 ")
        assert (len(checked.listed("quarantine")), checked.kept()) == (before + 1, before + 1)
        wait_until(lambda: any(b"Auto-Submitted" in one for one in checked.us.mail(*DOORS[door][2])), "hanako is told")
    else:
        assert reply.startswith("550 5.7.1 ")
        assert checked.kept() == before
    assert checked.delivered(door, mark) == []
    assert checked.listed("queue") == []
