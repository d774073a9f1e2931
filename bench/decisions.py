"""How long one recipient's decision takes over 1,000,000 addresses while mail is being taken, and how fast a start is.

    .venv/bin/python -m bench.decisions [ADDRESSES]

Twenty senders send 10 KB to random addresses, durably, the next hop away. The time around look-up and judgement is
measured inside the service; its histogram is read from /metrics.
"""

import random
import re
import smtplib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, prepare, running
from tests.support.ports import free_port

ADDRESSES = 1_000_000
SENDERS = 20
MESSAGES = 400  # of each sender
BODY = b"Subject: load\r\n\r\n" + b"x" * 78 * 128 + b"\r\n"


def main() -> None:
    addresses = int(sys.argv[1]) if len(sys.argv) > 1 else ADDRESSES
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder = Path(name)
        begun = time.monotonic()
        port, http = prepare(folder, accounts=addresses, deliver=f"smtp://127.0.0.1:{free_port()}")
        imported = time.monotonic() - begun
        begun = time.monotonic()
        with running(folder, port, http) as lastpost:
            started = time.monotonic() - begun
            begun = time.monotonic()
            _load(port, addresses)
            rate = SENDERS * MESSAGES / (time.monotonic() - begun)
            buckets = _buckets(lastpost.metrics())
    table = Table(f"Decisions over {addresses:,} addresses under load", ("measure", "value"))
    table.row("import of all addresses", f"{imported:.0f} s")
    table.row("start until it listens (goal: under 3 s)", f"{started:.1f} s")
    table.row("load: messages of 10 KB taken durably", f"{rate:.0f}/s")
    for share in (0.5, 0.9, 0.99, 0.999):
        table.row(f"p{share * 100:g} of look-up and judgement", f"under {_quantile(buckets, share) * 1000:g} ms")
    table.note("Goal: p99 under 1 ms. Upper bounds of the histogram's buckets.")
    table.write()


def _load(port: int, addresses: int) -> None:
    command = [sys.executable, "-m", "bench.decisions", "send", str(port), str(addresses)]
    senders = [subprocess.Popen([*command, str(SENDERS // 2)]) for _ in range(2)]
    if sum(sender.wait() for sender in senders):
        raise SystemExit("a sender failed")


def _send(port: int, addresses: int, sessions: int) -> None:
    """Some sessions in turns: each has a command under way while the others are answered."""
    chosen = random.Random(port)
    open_ = [smtplib.SMTP("127.0.0.1", port, timeout=60) for _ in range(sessions)]
    for smtp in open_:
        smtp.ehlo("client.example")
    for _ in range(MESSAGES):
        for smtp in open_:
            to = f"user{chosen.randint(1, addresses)}@{DOMAIN}"
            smtp.send(f"MAIL FROM:<friend@elsewhere.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
        for smtp in open_:
            assert [smtp.getreply()[0] for _ in range(3)] == [250, 250, 354]
            smtp.send(BODY + b".\r\n")
        for smtp in open_:
            assert smtp.getreply()[0] == 250
    for smtp in open_:
        smtp.quit()


def _buckets(metrics: str) -> list[tuple[float, float]]:
    found = re.findall(r'^lastpost_decision_seconds_bucket\{le="([^"]+)"\} (\S+)$', metrics, re.MULTILINE)
    return [(float(bound), float(count)) for bound, count in found]


def _quantile(buckets: list[tuple[float, float]], share: float) -> float:
    total = buckets[-1][1]
    return next(bound for bound, count in buckets if count >= share * total)


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        _send(*map(int, sys.argv[2:5]))
    else:
        main()
