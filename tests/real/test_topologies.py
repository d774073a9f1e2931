"""Every topology of docs/TOPOLOGIES.md, with its own settings, between real servers: no stranger is sent a bounce."""

import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.real.documented import exim, main_cf, master_cf
from tests.real.exim import Exim
from tests.real.house import LastpostHouse, Words, house
from tests.real.postfix import Postfix, behind_us
from tests.stories.plans import tokyo
from tests.support.deadline import wait_until
from tests.support.ports import free_port

FORGED = "forged@elsewhere.example"
HANAKO = "hanako@closing.example"
PAST_THE_END = "+23500d"
# The test comes from loopback, which may not pass for one of the provider's own clients.
STRANGERS = {"mynetworks": "192.0.2.0/24"}
TO_MAILDIRS = {"default_transport": "maildir:", "relay_transport": "maildir:"}

Front = Postfix | Exim


@dataclass(frozen=True)
class Standing:
    """A topology that stands: what the world meets, us, and who delivers."""

    front: int
    us: LastpostHouse
    store: Front
    mta: Front | None  # the one whose queue would hold a bounce


def sent(port: int, recipient: str, sender: str = FORGED) -> str:
    """Send a message; the reply that took or refused it."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("client.example")
        client.mail(sender)
        code, words = client.rcpt(recipient)
        if code in {250, 251}:
            code, words = client.data(b"Subject: hello\r\n\r\nhello\r\n")
    return f"{code} {words.decode()}"


def accepted(front: int, store: Front) -> None:
    assert sent(front, HANAKO).startswith("250")
    wait_until(lambda: store.delivered("hanako", "closing.example"), "hanako's mail")
    assert b"Subject: hello" in store.delivered("hanako", "closing.example")[0]


def nothing_is_bounced(*mtas: Front | None) -> None:
    for mta in mtas:
        if mta is not None:
            wait_until(lambda mta=mta: mta.queue() == [], "an empty queue")  # type: ignore[misc]  # bound now
            assert "status=bounced" not in mta.log()
            assert f"to=<{FORGED}>" not in mta.log()
            assert f"=> {FORGED}" not in mta.log()


def holds(standing: Standing) -> None:
    """What every topology promises."""
    accepted(standing.front, standing.store)
    unknown = sent(standing.front, "nobody@closing.example")
    assert unknown.startswith("550 5.1.1 ")
    assert "No such address here" in unknown
    moved = sent(standing.front, "shiro@closing.example")
    assert moved.startswith("551 5.1.6 ")
    assert "please try <shiro@elsewhere.example>" in moved
    assert sent(standing.front, "friend@elsewhere.example").startswith(("550 ", "554 ")), "no open relay"
    standing.us.move(PAST_THE_END)
    wait_until(lambda: standing.us.rcpt(HANAKO).startswith("550"), "the end")
    ended = sent(standing.front, HANAKO)
    assert ended.startswith("550 5.1.6 ")
    assert "https://www.closing.example/notice" in ended
    nothing_is_bounced(standing.mta, standing.store)


def exim_store(folder: Path, port: int) -> Exim:
    return Exim(folder, exim("behind", {10026: port}), port, [HANAKO])


@contextmanager
def postfix_store(folder: Path) -> Iterator[Postfix]:
    with behind_us(folder, settings=main_cf("the Postfix behind", {})) as postfix:
        yield postfix


# ── A: at the edge ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.real("postfix")
def test_at_the_edge_of_a_postfix(short_tmp: Path) -> None:
    with (
        postfix_store(short_tmp / "store") as store,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{store.port}?tls=none") as us,
    ):
        holds(Standing(us.world, us, store, None))


@pytest.mark.real("exim")
def test_at_the_edge_of_an_exim(short_tmp: Path) -> None:
    port = free_port()
    with (
        exim_store(short_tmp / "store", port) as store,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{port}?tls=none") as us,
    ):
        holds(Standing(us.world, us, store, None))


# ── B: before the queue ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.real("postfix")
def test_before_the_queue_of_a_postfix(short_tmp: Path) -> None:
    with (
        postfix_store(short_tmp / "store") as store,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{store.port}?tls=none") as us,
    ):
        told = main_cf("the Postfix before us", {2527: us.inbound})
        with Postfix(short_tmp / "front", "before.example", {**STRANGERS, **told}) as front:
            holds(Standing(front.port, us, store, front))
        with Postfix(short_tmp / "alone", "before.example", {**STRANGERS, **told}) as front:
            us.program.stop()
            assert sent(front.port, HANAKO).startswith("451 ")


@pytest.mark.real("exim")
def test_before_the_queue_of_an_exim(short_tmp: Path) -> None:
    store_port, port = free_port(), free_port()
    with (
        exim_store(short_tmp / "store", store_port) as store,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{store_port}?tls=none") as us,
        Exim(short_tmp / "front", exim("before-queue", {25: port, 2527: us.inbound}), port) as front,
    ):
        holds(Standing(port, us, store, front))
        us.program.stop()
        assert sent(port, HANAKO).startswith("451 ")
        nothing_is_bounced(front)


# ── C: after the queue ──────────────────────────────────────────────────────────────────────────────────
def asked(policy: int) -> Words:
    return Words(more=f'policy: {{{{listen: "127.0.0.1:{policy}", asked_for: inbound}}}}\n')


@pytest.mark.real("postfix")
def test_after_the_queue_of_a_postfix(short_tmp: Path) -> None:
    back, policy = free_port(), free_port()
    with house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{back}?tls=none", words=asked(policy)) as us:
        ports = {2527: us.inbound, 10026: back, 10031: policy}
        told = {**STRANGERS, **TO_MAILDIRS, **main_cf("the Postfix that filters", ports)}
        with Postfix(short_tmp / "mta", "mta.example", told, master_cf(ports)) as mta:
            holds(Standing(mta.port, us, mta, mta))
            assert mta.delivered("hanako", "closing.example")[0].count(b"by mx.closing.example") == 1
            us.program.stop()
            assert sent(mta.port, HANAKO).startswith("451 4.3.5 ")


@pytest.mark.real("exim")
def test_after_the_queue_of_an_exim(short_tmp: Path) -> None:
    port, back, policy = free_port(), free_port(), free_port()
    with house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{back}?tls=none", words=asked(policy)) as us:
        ports = {25: port, 2527: us.inbound, 10026: back, 10031: policy}
        with Exim(short_tmp / "mta", exim("after-queue", ports), port, [HANAKO]) as mta:
            holds(Standing(port, us, mta, mta))
            us.program.stop()
            assert sent(port, HANAKO).startswith("451 4.3.0 ")


# ── D: verdicts only ────────────────────────────────────────────────────────────────────────────────────
def looked_up(table: int, name: str, key: str) -> str:
    """What Postfix' own client of socketmaps is told."""
    command = ["postmap", "-q", key, f"socketmap:inet:127.0.0.1:{table}:{name}"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


@pytest.mark.real("postfix")
def test_a_postfix_that_only_asks(short_tmp: Path) -> None:
    policy, table = free_port(), free_port()
    words = Words(more=f'policy: {{{{listen: "127.0.0.1:{policy}", socketmap: "127.0.0.1:{table}"}}}}\n')
    with (
        postfix_store(short_tmp / "store") as store,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{store.port}?tls=none", words=words) as us,
    ):
        told = main_cf("the Postfix that only asks", {10031: policy, 10032: table})
        with Postfix(short_tmp / "mta", "mta.example", {**STRANGERS, **told}) as mta:
            assert looked_up(table, "relocated", "shiro@closing.example") == "shiro@elsewhere.example"
            assert looked_up(table, "relocated", HANAKO) == ""
            assert looked_up(table, "transport", "closing.example") == f"relay:[127.0.0.1]:{store.port}"
            assert looked_up(table, "transport", HANAKO) == f"relay:[127.0.0.1]:{store.port}"
            assert looked_up(table, "transport", "elsewhere.example") == ""
            holds(Standing(mta.port, us, store, mta))
        told.pop("smtpd_recipient_restrictions")
        us.move("+0d")
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the time before the end")
        with Postfix(short_tmp / "maps", "mta.example", {**STRANGERS, **told}) as mta:
            assert "5.1.6 " in sent(mta.port, "shiro@closing.example")
            assert "User has moved to shiro@elsewhere.example" in sent(mta.port, "shiro@closing.example")


# ── to a successor ──────────────────────────────────────────────────────────────────────────────────────
THE_MOVE = tokyo("2027-06-01T00:00")
MOVING = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {{ja: 統合, en: The move}}
reason: {{ja: 移行します, en: it moves}}
stages: {{announce: 2024-01-01, successor: {{at: "2027-06-01", to: "smtp://127.0.0.1:{port}?tls=none"}}}}
"""


@pytest.mark.real("postfix")
def test_ii1_from_one_instant_on_mail_goes_to_the_successors_postfix(short_tmp: Path) -> None:
    old = free_port()  # nobody listens there: what is taken before waits in the queue
    with behind_us(short_tmp / "successor") as successor:
        plan = MOVING.format(port=successor.port)
        with house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{old}?tls=none", plan=plan) as us:
            us.move_to(THE_MOVE - timedelta(hours=1))  # what waits is not given up meanwhile
            with smtplib.SMTP("127.0.0.1", us.submission, timeout=60) as client:  # two routes: nothing is tried at once
                client.sendmail(FORGED, [HANAKO, "friend@elsewhere.example"], b"Subject: waiting\r\n\r\nwaiting\r\n")
            assert f"smtp://127.0.0.1:{old}" in us.lastpost("explain", HANAKO)
            assert successor.delivered("hanako", "closing.example") == []
            us.move_to(THE_MOVE)
            wait_until(lambda: "routed" in us.lastpost("explain", HANAKO), "the move")
            assert us.rcpt(HANAKO).startswith("250 ")
            us.send(HANAKO, "later")
            wait_until(lambda: len(successor.delivered("hanako", "closing.example")) == 2, "both mails")
            assert us.rcpt("nobody@closing.example").startswith("550 5.1.1 ")
