"""The mail service of Kyodo Hikari.NET in its daily life, on a running service: KY-1 to KY-6, KY-11, KY-16.

Contracts are in `test_kyodo.py`. The accounts are those of the example plan; clamd is a peer that finds one test virus.
"""

import json
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from schedules.edition import Edition
from schedules.moments import end_of_day, months_after
from schedules.planfile import read_plan
from tests.facts.examples import ACCOUNTS, PLANS, SECOND, TOKYO, entries, power, profile, tokyo
from tests.peers.clamd import EICAR, ClamdPeer
from tests.peers.threaded import threaded
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import wait_until

MIKA, KENJI, NAOKO, WORKSHOP = (f"{name}@kyodo.example" for name in ("mika", "kenji", "naoko", "workshop"))
FORGED = "victim@elsewhere.example"
SETTINGS = """\
virus:
  scanners: ["clamd://127.0.0.1:{port}"]
  size_limit: 64 KiB
  unscanned: {{{{encrypted: deliver, too_large: deliver, too_deep: refuse, ambiguous: refuse}}}}
rate: {{{{sender: 4/1 h}}}}
quota: {{{{grace: 14 days}}}}
"""
PGP = b"-----BEGIN PGP MESSAGE-----\r\n\r\nwcBMA\r\n-----END PGP MESSAGE-----\r\n"
LARGE = (b"x" * 70 + b"\r\n") * 1000
SMALL_QUOTA = "small@kyodo.example"


@dataclass
class Daily:
    us: LastpostHouse
    clamd: ClamdPeer

    def send(self, door: str, sender: str, recipient: str, mark: str, body: bytes) -> str:
        """The reply to the end of the content."""
        with smtplib.SMTP("127.0.0.1", getattr(self.us, door), timeout=60) as client:
            client.ehlo("client.example")
            assert client.mail(sender)[0] == 250
            assert client.rcpt(recipient)[0] == 250
            code, words = client.data(f"From: {sender}\r\nSubject: {mark}\r\n\r\n".encode() + body)
            return f"{code} {words.decode()}"

    def mail(self, address: str) -> list[EmailMessage]:
        local, _, domain = address.partition("@")
        return [message_from_bytes(one, policy=policy.default) for one in self.us.mail(domain, local)]

    def letters(self, address: str) -> list[EmailMessage]:
        """What we wrote to an address ourselves."""
        return [one for one in self.mail(address) if one["Auto-Submitted"] == "auto-generated"]

    def subjects(self, address: str) -> list[str]:
        return [str(one["Subject"]) for one in self.mail(address)]

    def quarantined(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.us.lastpost("quarantine", "list", "--json"))
        return found


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daily]:
    accounts = (ACCOUNTS / "kyodo.csv").read_text(encoding="utf-8")
    columns = accounts.partition("\n")[0].split(",")
    small = {"address": SMALL_QUOTA, "kind": "base", "quota": "20 kB"}
    accounts += ",".join(small.get(column, "") for column in columns) + "\n"
    with threaded(ClamdPeer()) as clamd:
        served = '  kyodo.example: {{deliver: "maildir:{folder}/mail/{{domain}}/{{user}}"}}\n'
        words = Words(domains=served, more=SETTINGS.format(port=clamd.port))
        plan = (PLANS / "kyodo.yaml").read_text(encoding="utf-8")
        folder: Path = tmp_path_factory.mktemp("kyodo") / "us"
        with house(folder, plan=plan, accounts=accounts, words=words) as us:
            yield Daily(us, clamd)


# -- KY-1: storage and time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "through"),
    [
        ("2024-01-31", "2024-03-31"),
        ("2023-12-31", "2024-02-29"),
        ("2022-12-31", "2023-02-28"),
        ("2024-02-29", "2024-04-29"),
    ],
)
def test_ky_1_mail_is_kept_two_calendar_months(received: str, through: str) -> None:
    """KY-1: received 2024-01-31: kept through 2024-03-31; two months after 2023-12-31 is 2024-02-29."""
    last_day = months_after(tokyo(received).date(), 2)
    assert last_day.isoformat() == through
    assert end_of_day(last_day, TOKYO) - SECOND == tokyo(f"{through}T23:59:59")


def test_ky_1_every_address_has_a_hundred_megabytes() -> None:
    """KY-1: 100 MB for each address, additional ones too."""
    live = [one for one in entries("kyodo") if one.left is None]
    assert {one.quota for one in live} == {100_000_000}


def test_ky_1_a_mailbox_over_its_storage_takes_no_more(daily: Daily) -> None:
    """KY-1, KY-6: over the standard, delivery is put off (452) and stopped in the end (550); nothing is lost."""
    assert daily.send("world", FRIEND, SMALL_QUOTA, "a large letter", LARGE[:19_000]).startswith("250 ")
    wait_until(lambda: daily.letters(SMALL_QUOTA), "its owner is told")
    wait_until(lambda: daily.us.rcpt(SMALL_QUOTA).startswith("452 4.2.2"), "the mailbox is full")
    daily.us.move("+15d")
    wait_until(lambda: daily.us.rcpt(SMALL_QUOTA).startswith("550 5.2.2"), "the grace time is over")
    assert "a large letter" in daily.subjects(SMALL_QUOTA)
    daily.us.move("")


# -- KY-2, KY-3: viruses -----------------------------------------------------------------------------------------------


def test_ky_2_mail_to_and_from_the_service_is_checked(daily: Daily) -> None:
    """KY-2: both directions pass the same check of the same gateway before they are answered."""
    before = len(daily.clamd.streams)
    assert daily.send("world", FRIEND, NAOKO, "in", b"hello\r\n").startswith("250 ")
    assert daily.send("submission", NAOKO, FRIEND, "out", b"goodbye\r\n").startswith("250 ")
    scanned = [bytes(one) for one in daily.clamd.streams[before:]]
    assert any(b"hello" in one for one in scanned)
    assert any(b"goodbye" in one for one in scanned)


@pytest.mark.parametrize(("door", "sender", "recipient"), [("world", FORGED, NAOKO), ("submission", NAOKO, FORGED)])
def test_ky_2_infected_mail_is_kept_from_everybody(daily: Daily, door: str, sender: str, recipient: str) -> None:
    """KY-2: neither delivered nor sent on, in either direction; clean mail behind it arrives."""
    before = len(daily.quarantined())
    reply = daily.send(door, sender, recipient, f"infected by {door}", EICAR + b"\r\n")
    assert reply.startswith("554 5.7.1 ")
    assert len(daily.quarantined()) == before + 1
    assert daily.send(door, sender, recipient, f"clean by {door}", b"hello\r\n").startswith("250 ")
    wait_until(lambda: f"clean by {door}" in daily.subjects(recipient), "the clean one arrives")
    assert f"infected by {door}" not in daily.subjects(recipient)


def test_ky_3_an_outside_sender_is_never_told(daily: Daily) -> None:
    """KY-3: outside sender forged: no mail to it, though our own MTA handed it in; the local recipient is told."""
    reply = daily.send("inbound", "forged@elsewhere.example", MIKA, "to mika", EICAR + b"\r\n")
    assert reply.startswith("250 "), "a refusal would make our MTA bounce to the forged sender"
    wait_until(lambda: len(daily.letters(MIKA)) == 1, "the local recipient is told")
    assert "sent to you" in str(daily.letters(MIKA)[0].get_content())
    assert daily.mail("forged@elsewhere.example") == []


def test_ky_3_a_local_sender_is_told_and_the_outside_recipient_is_not(daily: Daily) -> None:
    """KY-3: local sender to outside: sender told, recipient not."""
    reply = daily.send("submission", KENJI, "stranger@elsewhere.example", "from kenji", EICAR + b"\r\n")
    assert reply.startswith("554 5.7.1 "), "told in the session"
    wait_until(lambda: len(daily.letters(KENJI)) == 1, "and by a letter")
    assert "sent from your address" in str(daily.letters(KENJI)[0].get_content())
    assert daily.mail("stranger@elsewhere.example") == []


# -- KY-4: no completeness ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "body", "why"), [("encrypted letter", PGP, "encrypted"), ("large letter", LARGE, "too large")]
)
def test_ky_4_what_could_not_be_read_is_marked_not_called_clean(daily: Daily, mark: str, body: bytes, why: str) -> None:
    """KY-4: an encrypted or too large message is delivered with a field that says it was not scanned, and why."""
    assert daily.send("world", FRIEND, WORKSHOP, mark, body).startswith("250 ")
    wait_until(lambda: mark in daily.subjects(WORKSHOP), "it arrives")
    (found,) = [one for one in daily.mail(WORKSHOP) if one["Subject"] == mark]
    assert found["X-Lastpost-Scan"] == f"not scanned ({why})"


def test_ky_4_nothing_is_ever_called_clean(daily: Daily) -> None:
    """KY-4: what was read and found clean carries no promise either."""
    daily.send("world", FRIEND, WORKSHOP, "an ordinary letter", b"hello\r\n")
    wait_until(lambda: "an ordinary letter" in daily.subjects(WORKSHOP), "it arrives")
    (found,) = [one for one in daily.mail(WORKSHOP) if one["Subject"] == "an ordinary letter"]
    assert found["X-Lastpost-Scan"] is None
    assert not any("clean" in f"{name}: {value}".lower() for name, value in found.items())


# -- KY-5: bulk mail ---------------------------------------------------------------------------------------------------


def test_ky_5_one_senders_bulk_is_put_off_and_nobody_elses(daily: Daily) -> None:
    """KY-5: a rate per sender, answered with a temporary reply, and only as far as needed."""
    bulk, other = "orders@kyodo.example", "printers@kyodo.example"
    said = [daily.us.rcpt(FRIEND, port=daily.us.submission, sender=bulk)[:9] for _ in range(6)]
    assert said == ["250 2.1.5"] * 4 + ["450 4.7.1"] * 2
    assert daily.us.rcpt(FRIEND, port=daily.us.submission, sender=other).startswith("250 ")
    assert daily.us.rcpt(bulk).startswith("250 "), "who sends too much still receives"


# -- KY-6: what must not stay ------------------------------------------------------------------------------------------


def test_ky_6_what_is_illegal_is_deleted_by_a_person_with_a_reason(daily: Daily) -> None:
    """KY-6: the octets go, the evidence of the act stays."""
    daily.send("world", FRIEND, NAOKO, "to be deleted", EICAR + b"\r\n")
    newest = daily.quarantined()[0]
    daily.us.lastpost("quarantine", "delete", str(newest["id"]), "--reason", "against the law")
    (row,) = [one for one in daily.quarantined() if one["id"] == newest["id"]]
    assert row["state"] == "deleted"
    assert "against the law" in daily.us.lastpost("audit", "list", "--subject", str(newest["id"]), "--json")


STOPPED = """
switches:
  - capabilities: [receive, forward]
    off: 2024-06-03
    scope: {address: mika@kyodo.example}
    reason: {ja: 規約に反する利用のため、配送と転送を停止しました, en: delivery and forwarding are stopped for abuse}
"""


def test_ky_6_forwarding_and_delivery_of_one_address_are_stopped() -> None:
    """KY-6: a line of the plan stops both for one address, from an instant, with its reason; nobody else's."""
    text = (PLANS / "kyodo.yaml").read_text(encoding="utf-8")
    edition = Edition(read_plan(text + STOPPED, "kyodo.yaml"), 1)
    mika, kenji, off = profile(edition, MIKA), profile(edition, KENJI), tokyo("2024-06-03")
    for word in ("receive", "forward"):
        assert power(edition, mika, word, off - SECOND).allowed
        ruling = power(edition, mika, word, off)
        assert not ruling.allowed
        assert "abuse" in ruling.reason.en
        assert power(edition, kenji, word, off + timedelta(days=365)).allowed


# -- KY-11: the service may be closed ----------------------------------------------------------------------------------


CLOSING = """
stages:
  announce: 2027-01-12
  send-end: end of 2027-09
  receive-end: end of 2027-09
"""


def test_ky_11_a_closure_with_fair_notice_is_told_to_the_world_and_carried_out(daily: Daily) -> None:
    """KY-11: months ahead, on a page made of the plan, by letter to the administrators; and it ends on its day."""
    text = (PLANS / "kyodo.yaml").read_text(encoding="utf-8")
    daily.us.apply(text + CLOSING)
    assert "Until Thu 30 September 2027" in daily.us.lastpost("plan", "page", "kyodo", "--language", "en")
    daily.us.move_to(tokyo("2027-01-12T00:00:01"))
    daily.us.amend("hold", "kyodo", "--group", "nobody", "--until", "2028-01-01")  # rings
    wait_until(lambda: daily.letters("admin@surviving.example"), "the administrators are told")
    assert daily.us.rcpt(MIKA).startswith("250 ")
    daily.us.move_to(tokyo("2027-10-01T00:00"))
    wait_until(lambda: daily.us.rcpt(MIKA).startswith("550 5.1.6 "), "the end")
    daily.us.move("")
    daily.us.apply(text)
    wait_until(lambda: daily.us.rcpt(MIKA).startswith("250 "), "the closure is called off")


# -- KY-16: disclosure -------------------------------------------------------------------------------------------------


def test_ky_16_the_new_address_is_named_only_with_recorded_consent(daily: Daily) -> None:
    """KY-16: 551 with the new address where the accounts record consent, else 550 without it, to every client."""
    for port in (daily.us.world, daily.us.inbound):
        consented = daily.us.rcpt("yuko@kyodo.example", port=port)
        assert consented.startswith("551 5.1.6 ")
        assert "<yuko@elsewhere.example>" in consented
        silent = daily.us.rcpt("makoto@kyodo.example", port=port)
        assert silent.startswith("550 5.1.6 ")
        assert "elsewhere" not in silent
