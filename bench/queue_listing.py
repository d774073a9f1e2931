"""How long `lastpost queue list --json` takes over 100,000 messages that wait, from its start to its last line.

    .venv/bin/python -m bench.queue_listing [MESSAGES]

The whole command is measured, start of the interpreter included, its output going to a file.
"""

import json
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
        everything = sorted(_listed(folder, wanted) for _ in range(RUNS))
        first_page = sorted(_listed(folder, 50, "--limit", "50") for _ in range(RUNS))
    table = Table(f"`queue list --json` over {wanted:,} messages that wait", ("rows", "seconds, middle of five runs"))
    table.row(f"{wanted:,}", f"**{everything[RUNS // 2]:.2f}**")
    table.row("50 (`--limit 50`)", f"{first_page[RUNS // 2]:.2f}")
    table.note("The whole command, the interpreter's start included (goal: under 1 s). Records in SQLite.")
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


def _listed(folder: Path, rows: int, *words: str) -> float:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), "queue", "list"]
    listing = folder / "listing.json"
    with listing.open("wb") as out:
        began = time.perf_counter()
        subprocess.run([*command, "--json", *words], stdout=out, check=True)
        took = time.perf_counter() - began
    assert len(json.loads(listing.read_bytes())) == rows
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
