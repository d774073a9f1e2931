"""A day's limits on a whole house: senders held to a rate, mailboxes that fill up, and DNS that has no good answer."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.peers.dns import NULL_MX, Fault, Table
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.stories.dns_served import dns_served
from tests.support.deadline import wait_until

HANAKO, JIRO = "hanako@closing.example", "jiro@closing.example"
ACCOUNTS = f"address,kind,quota\n{HANAKO},base,40 kB\n{JIRO},base,40 kB\n"
LIMITS = Words(more="rate: {{sender: 3/1 h}}\nquota: {{grace: 14 days}}\n")
DNS: Table = {
    ("gone.example", "MX"): Fault.NXDOMAIN,
    ("null.example", "MX"): NULL_MX,
    ("sick.example", "MX"): Fault.SERVFAIL,
    ("silent.example", "MX"): Fault.TIMEOUT,
}


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    with house(tmp_path_factory.mktemp("limits") / "us", accounts=ACCOUNTS, words=LIMITS) as running:
        yield running


def outward(us: LastpostHouse, sender: str) -> str:
    return us.rcpt(FRIEND, port=us.submission, sender=sender)[:9]


def test_a_sender_is_held_to_a_rate_and_nobody_else_is(us: LastpostHouse) -> None:
    us.move("+50d")  # apart from the other test's days
    said = [outward(us, sender=HANAKO) for _ in range(5)]
    assert said == ["250 2.1.5"] * 3 + ["450 4.7.1"] * 2
    assert outward(us, sender="Hanako+list@closing.example") == "450 4.7.1"
    assert outward(us, sender=JIRO) == "250 2.1.5"
    assert [outward(us, sender="") for _ in range(5)] == ["250 2.1.5"] * 5, "notices have no rate"
    assert us.rcpt(HANAKO).startswith("250"), "whoever sends too much still receives"
    us.move("+51d")
    wait_until(lambda: outward(us, sender=HANAKO) == "250 2.1.5", "the hour is over")


def warnings(us: LastpostHouse) -> list[str]:
    """The English subjects of letters in jiro's mailbox."""
    found = [message_from_bytes(one, policy=policy.default) for one in us.mail("closing.example", "jiro")]
    return sorted(str(one["Subject"]).partition(" / ")[2] for one in found if one["Auto-Submitted"])


def test_a_mailbox_that_fills_up_is_written_to_and_then_closed(us: LastpostHouse) -> None:
    us.move("+0d")
    us.send(JIRO, "x" * 16_300)  # twice: in its subject and in its body
    wait_until(lambda: warnings(us) == ["Your mailbox is 80 % full (closing.example)"], "the first warning")
    # What is in the mailbox and not settled yet takes room twice.
    wait_until(lambda: not us.asked("select 1 from deliveries where settled_at is null"), "all is settled")
    us.send(JIRO, "y" * 3_500)
    wait_until(lambda: len(warnings(us)) == 2, "the second warning, past the quota")
    assert us.rcpt(JIRO).startswith("452 4.2.2 ")
    us.move("+15d")
    wait_until(lambda: us.rcpt(JIRO).startswith("550 5.2.2 "), "the end of the grace time")
    for path in (us.folder / "mail" / "closing.example" / "jiro" / "new").glob("*"):
        path.unlink()
    wait_until(lambda: us.rcpt(JIRO).startswith("250 "), "room again, at once")


@contextmanager
def asking_dns(folder: Path) -> Iterator[LastpostHouse]:
    with dns_served(DNS) as port:
        words = Words(more=f'resolver: {{{{servers: ["127.0.0.1@{port}"], timeout: 1 s}}}}\n')
        with house(folder, accounts=ACCOUNTS, outbound="mx:", words=words) as us:
            yield us


def fate(us: LastpostHouse, domain: str) -> tuple[str, str]:
    """State and last reply of what was sent to a domain."""
    ((state, reply),) = us.asked(f"select state, last_reply from deliveries where recipient = 'friend@{domain}'")
    return str(state), str(reply)


def test_dns_faults_are_for_now_and_names_that_are_none_for_good(tmp_path: Path) -> None:
    with asking_dns(tmp_path / "us") as us:
        for domain in ("gone", "null", "sick", "silent"):
            with smtplib.SMTP("127.0.0.1", us.submission, timeout=60) as client:
                client.sendmail(HANAKO, [f"friend@{domain}.example"], b"Subject: out\r\n\r\nout\r\n")
        for domain, reply in (("gone", "550 5.1.2"), ("null", "556 5.1.10")):
            wait_until(lambda name=domain: fate(us, f"{name}.example")[0] == "returned", f"{domain} is told")  # type: ignore[misc]  # bound now
            assert fate(us, f"{domain}.example")[1].startswith(reply)
        for domain in ("sick", "silent"):
            wait_until(lambda name=domain: "4.4.3" in fate(us, f"{name}.example")[1], f"{domain} was tried")  # type: ignore[misc]  # bound now
            assert fate(us, f"{domain}.example")[0] in {"queued", "claimed"}, "tried again and again"
        wait_until(lambda: len(us.mail("closing.example", "hanako")) == 2, "both reports")
        reports = [message_from_bytes(one) for one in us.mail("closing.example", "hanako")]
        assert [one.get_content_type() for one in reports] == ["multipart/report"] * 2
