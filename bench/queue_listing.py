"""How long `lastpost queue list --json` takes over 100,000 messages that wait, from its start to its last line.

    .venv/bin/python -m bench.queue_listing [MESSAGES]

The whole command is measured, start of the interpreter included, its output going to a file.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, prepare
from filters.verdict import Because
from mailsvc.records.bodies import StagedBody
from mailsvc.records.messages import Message, NewDelivery, accept_in
from mailsvc.records.store import Connection, Records

MESSAGES = 100_000
RUNS = 5
NOW = datetime.now(UTC)
TRIED = "UPDATE deliveries SET attempts = 3, last_reply = '451 4.3.2 the next hop is being looked after, come later'"


def main(wanted: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, accounts=10, deliver="smtp://127.0.0.1:9")
        with Records.open(f"sqlite:///{folder / 'records.db'}") as records:
            for first in range(0, wanted, 10_000):
                records.act(partial(_insert, numbers=range(first, first + 10_000)))
            records.act(lambda connection: connection.exec_driver_sql(TRIED))
        runs = [(_listed(folder, wanted), _listed(folder, 50, "--limit", "50"), _started(folder)) for _ in range(RUNS)]
    columns = ("rows", "seconds, the quickest of five runs", "seconds of processor, the middle of five runs")
    table = Table(f"`queue list --json` over {wanted:,} messages that wait", columns)
    for name, took in zip(
        (f"{wanted:,}", "50 (`--limit 50`)", "the start alone"), zip(*runs, strict=True), strict=True
    ):
        table.row(name, f"**{min(wall for wall, _ in took):.2f}**", f"{sorted(cpu for _, cpu in took)[RUNS // 2]:.2f}")
    table.note("The whole command, the interpreter's start included (goal: under 1 s). SQLite; output to a file.")
    table.write()


def _insert(connection: Connection, numbers: range) -> None:
    for number in numbers:
        body = StagedBody(f"body-{number}", 10_000 + number % 977, "0" * 64, ())
        message = Message(
            f"01KBENCH{number:018d}", body.id, body.size, body.sha256, NOW - timedelta(seconds=number % 86_400),
            "world", "192.0.2.7", "mx.elsewhere.example", f"friend{number % 1000}@elsewhere.example",
            smtputf8=False, eight_bit=False, trace=b"Received: from mx.elsewhere.example\r\n" * 4, origin="smtp",
        )  # fmt: skip
        recipient = f"user{number % 5000}@{DOMAIN}"
        accept_in(connection, message, [NewDelivery(recipient, recipient, Because.LIVE, "smtp:next")], body)


Took = tuple[float, float]  # seconds, and seconds of processor


def _listed(folder: Path, rows: int, *words: str) -> Took:
    listing = folder / "listing.json"
    took = _run(folder, listing, "queue", "list", "--json", *words)
    assert len(json.loads(listing.read_bytes())) == rows
    return took


def _started(folder: Path) -> Took:
    """A command that reads settings and records and does next to nothing."""
    return _run(folder, folder / "nothing", "audit", "list", "--limit", "1", "--json")


def _run(folder: Path, to: Path, *words: str) -> Took:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), *words]
    with to.open("wb") as out:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
        took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
