"""database-faults: a PostgreSQL that goes while mail comes, and comes back: 451 meanwhile, nothing lost, by itself."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.service import DOMAIN, Service
from tests.real.postgresql import Postgresql, start
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("postgresql")

SENDER, HANAKO = "a@world.example", f"hanako@{DOMAIN}"


@pytest.fixture
def server(short_tmp: Path) -> Iterator[Postgresql]:
    folder = short_tmp / "pg"
    folder.mkdir()
    running = start(folder)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def house(short_tmp: Path, server: Postgresql) -> Service:
    folder = short_tmp / "house"
    folder.mkdir()
    made = Service(folder, url=server.url(server.new_database()))
    made.prepare()
    return made


@contextmanager
def gone(server: Postgresql) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.go_on()


@contextmanager
def client(house: Service) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", house.smtp, local_hostname="world.example", timeout=60) as connected:
        connected.ehlo()
        yield connected


def told(answer: tuple[int, bytes]) -> str:
    return f"{answer[0]} {answer[1].decode()[:5]}"


def mail(subject: str) -> bytes:
    return f"Subject: {subject}\r\n\r\nx\r\n".encode()


def test_gone_at_rcpt_and_back(house: Service, server: Postgresql) -> None:
    with house.serving() as program:
        assert house.send("before") == 250
        with client(house) as asking:
            with gone(server):
                assert asking.mail(SENDER)[0] == 250
                assert told(asking.rcpt(HANAKO)) == "451 4.3.0"
                assert told(asking.rcpt(f"nobody@{DOMAIN}")) == "451 4.3.0"
                assert program.running
            wait_until(lambda: asking.rcpt(HANAKO)[0] == 250, "the records are back")
            assert asking.data(mail("after"))[0] == 250
        wait_until(lambda: {"before", "after"} <= set(house.kept()), "everything taken")
        assert sorted(house.kept()) == ["after", "before"]
        wait_until(house.healthy, "it is healthy again")
        assert "Traceback" not in program.output()


def test_gone_between_rcpt_and_the_end_of_data(house: Service, server: Postgresql) -> None:
    with house.serving() as program, client(house) as asking:
        assert asking.mail(SENDER)[0] == 250
        assert asking.rcpt(HANAKO)[0] == 250
        with gone(server):
            assert told(asking.data(mail("lost"))) == "451 4.3.0"
            assert program.running
        wait_until(lambda: house.send("again") == 250, "the records are back")
        wait_until(lambda: "again" in house.kept(), "it is delivered")
        assert "lost" not in house.kept()


def test_gone_again_and_again_under_load(house: Service, server: Postgresql) -> None:
    taken: set[str] = set()

    def load(name: str) -> list[int]:
        codes = []
        for number in range(10):
            codes.append(house.send(f"{name}-{number}", size=20_000))
            if codes[-1] == 250:
                taken.add(f"{name}-{number}")
        return codes

    with house.serving() as program:
        for round_ in range(3):
            assert set(load(f"there-{round_}")) == {250}
            with gone(server):
                assert set(load(f"gone-{round_}")) == {451}
            wait_until(lambda: house.send("probe") == 250, "the records are back")
        assert program.running
        wait_until(lambda: taken <= set(house.kept()), "everything taken")
    kept = [subject for subject in house.kept() if subject != "probe"]
    assert set(kept) == taken
    # A server that dies between a delivery and its mark may make one more copy of what was in hand.
    assert len(kept) <= len(taken) + 10
