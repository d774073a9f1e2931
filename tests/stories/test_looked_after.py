"""A running service looked after by its administrator: health, metrics, one id all the way; limits."""

import json
import re
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.real.house import LastpostHouse, Words, house
from tests.stories.plans import SIMPLE
from tests.support.deadline import wait_until

HANAKO = "hanako@closing.example"
FEW = Words(gateway="  sessions_per_client: 60\n")


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    with house(tmp_path_factory.mktemp("care") / "us", plan=SIMPLE, words=FEW) as running:
        yield running


def metrics(us: LastpostHouse) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{us.http}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def test_health_names_every_role(us: LastpostHouse) -> None:
    with urlopen(f"http://127.0.0.1:{us.http}/healthz", timeout=60) as answer:
        told = json.loads(answer.read())
    assert answer.status == 200
    assert {"gateway", "outbox", "alarm", "committer"} <= set(json.dumps(told).replace('"', " ").split())


def test_one_id_goes_from_the_reply_through_log_trace_and_header(us: LastpostHouse) -> None:
    before = metrics(us)
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        client.mail("friend@elsewhere.example")
        client.rcpt(HANAKO)
        code, words = client.data(b"Subject: to be followed\r\n\r\nx\r\n")
    assert code == 250
    (message,) = re.findall(r"2\.6\.0 Taken as (\S+)", words.decode())
    arrived = us.arrives("closing.example", "hanako", b"to be followed")
    assert message.encode() in arrived
    wait_until(lambda: "delivered" in us.lastpost("trace", message), "it is settled")

    def logged() -> list[dict[str, object]]:
        whole = us.program.output().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if message in line]

    wait_until(lambda: {"accepted", "delivered"} <= {str(line["event"]) for line in logged()}, "both are logged")
    assert all(line["message"] == message for line in logged())

    def grown(name: str) -> bool:
        return any(one.startswith(name) and value > before.get(one, 0) for one, value in metrics(us).items())

    wait_until(lambda: grown("lastpost_messages_accepted") and grown("lastpost_deliveries"), "both are counted")


def test_listings_are_one_json_array_alone_on_stdout(us: LastpostHouse) -> None:
    for words in (
        ("accounts", "list"),
        ("accounts", "show", HANAKO),
        ("plan", "show"),
        ("explain", HANAKO),
        ("clock", "show"),
        ("audit", "list"),
    ):
        told = us.lastpost(*words, "--json")
        assert isinstance(json.loads(told), list), words
        assert told.startswith("[")


def test_a_client_with_too_many_sessions_is_asked_to_come_later(us: LastpostHouse) -> None:
    with ExitStack() as held:
        banners = []
        for _ in range(61):
            client = held.enter_context(socket.create_connection(("127.0.0.1", us.world), timeout=60))
            banners.append(client.recv(1000)[:9])
        assert {one[:4] for one in banners[:60]} == {b"220 "}
        assert banners[60] == b"421 4.7.0"
    wait_until(lambda: has_room(us), "there is room again")


def has_room(us: LastpostHouse) -> bool:
    """Whether a session is taken; one that ended a moment ago may still count."""
    try:
        return us.rcpt(HANAKO).startswith("250")
    except smtplib.SMTPConnectError:
        return False


def banners(us: LastpostHouse, wanted: int) -> list[bytes]:
    """The first words of so many sessions, opened as fast as they go."""
    with ExitStack() as held:
        address = ("127.0.0.1", us.world)
        clients = [held.enter_context(socket.create_connection(address, timeout=60)) for _ in range(wanted)]
        return [client.recv(1000)[:9] for client in clients]


def test_by_default_a_client_may_open_fifty_connections_a_second(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE, words=Words(pace="")) as us:
        assert us.rcpt(HANAKO).startswith("250")
        for _ in range(30):  # a busy machine may need longer than the second for them
            threading.Event().wait(1.1)  # the second of what was asked before is over
            heard = banners(us, 60)
            assert {one[:4] for one in heard[:50]} == {b"220 "}
            if b"421 4.7.0" in heard[50:]:
                break
        else:
            pytest.fail("nobody was asked to come later")


def test_a_host_that_is_closed_as_a_whole_says_so_in_its_banner(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=SIMPLE, words=Words(gateway="  closed: yes\n")) as us:
        for port in (us.world, us.submission, us.inbound):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                assert client.recv(1000).startswith(b"521 5.3.2 "), "RFC 7504 3"
                client.sendall(b"EHLO client.example\r\nQUIT\r\n")
                heard = client.makefile("rb").read()
                assert heard.startswith(b"503 "), heard
        assert us.healthy()
