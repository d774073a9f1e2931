"""A batch of many small mailboxes, asked for by `lastpost migrate batch`, carried out by `lastpost serve`.

    .venv/bin/python -m bench.jobs [MAILBOXES [FOLDER]]

Maildirs of 20 messages below FOLDER (a temporary one without it) are moved into others, the records being SQLite there.
Rate and memory of the service are told tenth by tenth; at the end each mailbox is counted.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.results import Table
from bench.service import Service, lastpost, prepare, running
from mailsvc.records import job_batches, job_list
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection, Records
from migrator.job import ENDED, State

LETTERS = 20
AT_ONCE = 8
BATCH = "friday"
TENTHS = 10
STEADY, FLAT = 0.7, 20_000_000  # slowest tenth : fastest; octets more at the end than after the first tenth
JOBS = "jobs: {{folder: '{folder}/jobs', at_once: {at_once}}}\n"


def fill(root: Path, mailboxes: int) -> Path:
    """Maildirs of so many small messages each; the file that asks for them."""
    for number in range(mailboxes):
        cur = root / "old" / str(number) / "cur"
        cur.mkdir(parents=True)
        for letter in range(LETTERS):
            octets = b"From: a@b.example\r\nSubject: %d of %d\r\n\r\n" % (letter, number) + b"a line of text\r\n" * 100
            (cur / f"{1000 + letter}.M{letter}P{number}.bench:2,S").write_bytes(octets)
    rows = root / f"{BATCH}.csv"
    with rows.open("w", encoding="utf-8") as out:
        out.write("source,target\n")
        out.writelines(f"maildir:{root}/old/{number},maildir:{root}/new/{number}\n" for number in range(mailboxes))
    return rows


def ended(connection: Connection) -> int:
    """How many are done. Raises RuntimeError where one came to another end."""
    found = job_list.totals(connection, Wanted(batch=job_batches.id_of(BATCH)))
    if found.keys() & (ENDED - {State.DONE}):
        raise RuntimeError(f"not all are done: {dict(found)}")
    return found.get(State.DONE, 0)


def carried_out(here: Service, mailboxes: int) -> Sequence[tuple[float, int]]:
    """Seconds since the start and octets of the service in memory, at each tenth of the batch."""
    found: list[tuple[float, int]] = []
    began = time.monotonic()
    with Records.open(f"sqlite:///{here.folder}/records.db") as records:
        while len(found) < TENTHS:
            time.sleep(0.1)
            with records.read() as connection:
                done = ended(connection)
            if done >= mailboxes * (len(found) + 1) // TENTHS:
                found.append((time.monotonic() - began, here.resident()))
    return found


def check(root: Path, mailboxes: int) -> None:
    """Every message is there once. Raises RuntimeError."""
    for number in range(mailboxes):
        there = sorted(path.read_bytes() for path in (root / "new" / str(number)).glob("cur/*"))
        if there != sorted(path.read_bytes() for path in (root / "old" / str(number)).glob("cur/*")):
            raise RuntimeError(f"mailbox {number} is not what it was: {len(there)} messages")


def main() -> None:
    mailboxes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="bench.", dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        root = Path(folder)
        rows = fill(root, mailboxes)
        deliver = f"maildir:{root}/mail/{{domain}}/{{user}}"
        ports = prepare(root, accounts=1, deliver=deliver, more=JOBS.format(folder=root, at_once=AT_ONCE))
        began = time.monotonic()
        lastpost(root, "migrate", "batch", str(rows))
        asked = time.monotonic() - began
        with running(root, *ports) as here:
            found = carried_out(here, mailboxes)
        check(root, mailboxes)
    table = Table(
        f"{mailboxes:,} mailboxes of {LETTERS} messages, {AT_ONCE} at once", ("done", "mailboxes/s", "resident")
    )
    before, rates = 0.0, list[float]()
    for tenth, (seconds, octets) in enumerate(found, 1):
        rates.append(mailboxes / TENTHS / (seconds - before))
        table.row(f"{mailboxes * tenth // TENTHS:,}", f"{rates[-1]:.0f}", f"{octets / 1e6:.1f} MB")
        before = seconds
    steady, more = min(rates[1:]) / max(rates[1:]), found[-1][1] - found[0][1]
    table.note(f"Asked for in {asked:.1f} s by the command; carried out in {before:.0f} s by the service:")
    table.note(f"**{mailboxes / before:.0f} mailboxes/s**; every mailbox compared with its source.")
    table.note(f"After the first tenth, slowest : fastest **{steady:.2f}** (goal: at least {STEADY:g}),")
    table.note(f"and **{more / 1e6:.1f} MB** more in memory at the end (goal: at most {FLAT / 1e6:.0f} MB).")
    table.write()


if __name__ == "__main__":
    main()
