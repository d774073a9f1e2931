"""Memory of the service while mail piles up: resident octets with 1,000 and with 100,000 messages waiting.

    .venv/bin/python -m bench.queue_memory [MESSAGES]

The next hop is away, and comes back at the end: all of it is drained to smtp-sink while memory is watched on.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, Service, service
from tests.support.deadline import wait_until
from tests.support.ports import free_port, listens
from tests.support.programs import Program

FIRST = 1000


def send(port: int, messages: int) -> None:
    command = ["smtp-source", "-d", "-s", "20", "-m", str(messages), "-l", "4096", "-f", "friend@elsewhere.example"]
    subprocess.run([*command, "-t", f"user7@{DOMAIN}", f"inet:127.0.0.1:{port}"], check=True)


def waiting(lastpost: Service) -> int:
    lines = [line for line in lastpost.metrics().splitlines() if line.startswith("lastpost_queue{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if "undeliverable" not in line)


def megabytes(octets: int) -> str:
    return f"{octets / 1e6:.1f} MB"


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    hop = free_port()
    table = Table(f"Memory with {messages:,} messages waiting", ("moment", "resident"))
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "ours").mkdir()
        with service(root / "ours", deliver=f"smtp://127.0.0.1:{hop}?tls=none") as lastpost:
            send(lastpost.port, FIRST)
            before = lastpost.resident()
            table.row(f"{FIRST:,} waiting", megabytes(before))
            send(lastpost.port, messages - FIRST)
            wait_until(lambda: waiting(lastpost) >= messages, "all of it waits", within=60)
            full = lastpost.resident()
            table.row(f"{messages:,} waiting", megabytes(full))
            with Program(["smtp-sink", "-u", "nobody", f"127.0.0.1:{hop}", "1000"], root / "sink.log") as sink:
                sink.ready(lambda: listens(hop), "smtp-sink listens", within=10)
                lastpost.forget_peak()
                begun = time.monotonic()
                wait_until(lambda: waiting(lastpost) == 0, "the queue is drained", within=900)
                seconds = time.monotonic() - begun
            table.row("highest while draining", megabytes(lastpost.peak()))
    table.note(f"Each message more keeps **{(full - before) / (messages - FIRST):.0f} octets** in memory.")
    table.note(f"Drained at {messages / seconds:.0f} messages/s, the first pause of the lane at rest included.")
    table.write()


if __name__ == "__main__":
    main()
