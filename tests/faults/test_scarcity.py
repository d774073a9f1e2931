"""no-descriptors: without file descriptors or memory it answers 421 or 4xx, and survives."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.faults.limits import limited
from tests.faults.service import Service
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("tmpfs")


def test_no_descriptors_left(house: Service) -> None:
    with house.serving(lambda command: limited(command, files=64)) as program:
        with ExitStack() as held:
            for _ in range(80):
                held.enter_context(socket.create_connection(("127.0.0.1", house.smtp), timeout=60))
            assert house.send("crowded", within=3) in {0, 421, 451, 452}
            assert program.running
        wait_until(lambda: house.send("after") == 250, "descriptors are free again")
        wait_until(lambda: "after" in house.kept(), "the mail after")
        assert program.running


def test_a_memory_cap(house: Service) -> None:
    with house.serving(lambda command: limited(command, memory=1500 << 20)) as program:
        with ThreadPoolExecutor(12) as clients:
            answers = list(clients.map(lambda number: house.send(f"big-{number}", size=15_000_000), range(12)))
        assert all(code in {0, 250, 421} or 400 <= code < 500 for code in answers)
        assert program.running
        taken = {f"big-{number}" for number, code in enumerate(answers) if code == 250}
        wait_until(lambda: taken <= set(house.kept()), "everything taken")
        assert house.send("after") == 250
