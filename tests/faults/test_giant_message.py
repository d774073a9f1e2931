"""giant-message: over the limit it is refused at the announcement, a gigabyte announced costs no memory."""

import re
from pathlib import Path

from tests.faults.service import DOMAIN, Service
from tests.support.deadline import wait_until

HELLO = b"EHLO world.example\r\n"
RCPT = b"RCPT TO:<hanako@%s>\r\n" % DOMAIN.encode()
GIB = 1 << 30
GROWTH = 20_000_000


def most_memory(pid: int) -> int:
    """The most octets this process has ever had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def test_a_size_over_the_limit_is_refused_at_mail(house: Service) -> None:
    with house.serving():
        heard = house.say(HELLO + b"MAIL FROM:<a@world.example> SIZE=%d\r\nQUIT\r\n" % GIB)
    assert b"\r\n552 5.3.4 " in heard


def test_a_chunk_over_the_limit_is_refused_at_its_announcement(house: Service) -> None:
    with house.serving() as program:
        before = most_memory(program.pid)
        heard = house.say(HELLO + b"MAIL FROM:<a@world.example>\r\n" + RCPT + b"BDAT %d\r\n" % GIB + b"x" * 100_000)
        assert b"\r\n552 5.3.4 " in heard
        assert most_memory(program.pid) - before < GROWTH
        assert house.send("after") == 250


def test_an_unannounced_giant_is_refused_with_flat_memory(house: Service) -> None:
    with house.serving() as program:
        assert house.send("warm", size=3_000_000) == 250
        wait_until(lambda: "warm" in house.kept(), "the first mail, which takes what every mail needs")
        before = most_memory(program.pid)
        assert house.send("giant", size=60_000_000) in {0, 552}
        assert most_memory(program.pid) - before < GROWTH
        assert house.send("after") == 250


def test_a_message_just_under_the_limit_is_taken_with_flat_memory(house: Service) -> None:
    with house.serving() as program:
        assert house.send("warm", size=3_000_000) == 250
        wait_until(lambda: "warm" in house.kept(), "the first mail, which takes what every mail needs")
        before = most_memory(program.pid)
        assert house.send("large", size=19_000_000) == 250
        assert most_memory(program.pid) - before < GROWTH


def test_one_line_without_an_end_costs_no_memory(house: Service) -> None:
    with house.serving() as program:
        before = most_memory(program.pid)
        heard = house.say(HELLO + b"MAIL FROM:<" + b"a" * 5_000_000)
        assert b"\r\n500 " in heard or heard.count(b"\r\n250 ") <= 1
        assert most_memory(program.pid) - before < GROWTH
        assert house.send("after") == 250
