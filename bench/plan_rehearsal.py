"""How long it takes to rehearse a plan over 1,000,000 addresses and to compare two, and what an instant writes.

    .venv/bin/python -m bench.plan_rehearsal [ADDRESSES]

Ten groups, ten areas, twenty expiries, suspended or not: 4,000 profiles, of which the plan tells every one apart. The
whole commands are measured, start of the interpreter included, their output going to a file. Then a service runs while
the end of receiving comes: who is asked is refused at the instant, and the directory's tables stay what they were.
"""

import json
import resource
import smtplib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.dialects.sqlite import insert

from bench.results import Table
from bench.service import DOMAIN, lastpost, prepare, running
from filters.mail import AddressKind, Forwarding, Left
from mailsvc.records import facts, staging
from mailsvc.records.entries import Entry, address_row, contract_row, holder_row
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import addresses, contracts, holders
from schedules.names import Address, DomainName
from tests.support.ports import free_port

ADDRESSES = 1_000_000
SLICE = 50_000
RUNS = 3
GOAL = 10.0  # seconds
NOW = datetime.now(UTC)
EXPIRIES = [None, *(date(2027, 1, 31) + timedelta(days=7 * number) for number in range(19))]
WINDOW = ("--from", "2026-11-01", "--to", "2028-11-01")
WISH = Forwarding(Address("x", DomainName("elsewhere.example")), confirmed=True, disclose=False, keep=True)
DIRECTORY = ("domains", "holders", "contracts", "addresses")

PLAN = f"""\
plan: closing
zone: Asia/Tokyo
domains: [{DOMAIN}]
title: {{ja: メールの終了, en: The end of mail}}
reason: {{ja: 終了しました, en: This mail service has ended}}
notice_url: https://www.{DOMAIN}/notice
stages:
  announce: 2026-12-01
  freeze: 2027-06-01
  send-end: RECEIVE
  receive-end: RECEIVE
  read-only: RECEIVE
  homepage-upload-end: RECEIVE
  homepage-end: 2027-09-30
  read-end: 2027-09-30
  export-end: 2027-09-30
  forward-end: 2028-03-31
  purge: 2028-04-30
exceptions:
{"".join(f"  - scope: {{area: area{n}}}{chr(10)}    stages: {{read-end: 2027-10-{n + 1:02}}}{chr(10)}    reason: {{ja: 地域, en: area {n}}}{chr(10)}" for n in range(10))}
holds:
{"".join(f"  - scope: {{group: group{n}}}{chr(10)}    until: 2027-11-{n + 1:02}{chr(10)}    stages: [export-end]{chr(10)}    reason: {{ja: 団体, en: group {n}}}{chr(10)}" for n in range(10))}
notices:
  - {{id: ahead, stage: receive-end, before: [180 days, 90 days, 30 days, 7 days], text: {{ja: お知らせ, en: The end is near}}}}
"""  # noqa: E501 -- as a plan has it
FAR, LATER = PLAN.replace("RECEIVE", "2027-07-31T18:00"), PLAN.replace("RECEIVE", "2027-08-31T18:00")


def main(wanted: int) -> None:
    table = Table(
        f"A plan rehearsed over {wanted:,} addresses", ("measure", "seconds, median", "of processor", "all runs")
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, http = prepare(folder, accounts=10, deliver=f"smtp://127.0.0.1:{free_port()}")
        _fill(folder, wanted)
        (folder / "closing.yaml").write_text(FAR, encoding="utf-8")
        (folder / "later.yaml").write_text(LATER, encoding="utf-8")
        lastpost(folder, "plan", "apply", str(folder / "closing.yaml"), "--reason", "measured")
        (found,) = _timed(table, "rehearse over two years", folder, "plan", "rehearse", "closing", *WINDOW)
        assert found["addresses"]["total"] == wanted, found["addresses"]
        compared = _timed(table, "diff of two editions", folder, "plan", "diff", "closing", str(folder / "later.yaml"))
        table.note(f"{found['profiles']:,} profiles, {len(found['changes']):,} changes; {len(compared):,} differences.")
        table.note(f"Goal: under {GOAL:g} s each. SQLite; the whole command, start included.")
        _instant(table, folder, port, http)
    table.write()


def _fill(folder: Path, wanted: int) -> None:
    """The addresses as an import would leave them, in larger transactions than an import may take."""
    domain = DomainName(DOMAIN)
    with Records.open(f"sqlite:///{folder / 'records.db'}") as records:
        generation = records.act(lambda connection: staging.begin(connection, domain, NOW, "bench"))
        for first in range(0, wanted, SLICE):
            records.act(partial(_insert, generation=generation, numbers=range(first, min(first + SLICE, wanted))))
        records.act(lambda connection: staging.publish(connection, [generation], NOW))
        while records.act(lambda connection: staging.sweep_generations(connection, 1000)):
            pass  # what was there before is swept here, not while the instant comes


def _insert(connection: Connection, generation: int, numbers: range) -> None:
    made = [_entry(number) for number in numbers]
    for table, row in ((holders, holder_row), (contracts, contract_row)):
        rows = {str(entry.contract): row(generation, entry) for entry in made}
        connection.execute(insert(table).on_conflict_do_nothing(), list(rows.values()))
    connection.execute(addresses.insert(), [address_row(generation, entry) for entry in made])


def _entry(number: int) -> Entry:
    """Ten addresses share seven contracts; every contract has one of 4,000 profiles."""
    contract = number * 7 // 10
    return Entry(
        Address(f"user{number}", DomainName(DOMAIN)),
        kind=AddressKind.ADDITIONAL if number % 5 == 4 else AddressKind.BASE,
        holder=f"H{contract}",
        contract=f"C{contract}",
        group=f"group{contract % 10}",
        area=f"area{contract // 10 % 10}",
        contract_expiry=EXPIRIES[contract // 100 % 20],
        suspended_since=date(2026, 10, 1) if contract // 2000 % 2 else None,
        forwarding=WISH if number % 50 == 3 else None,
        left=Left(None, disclose=False) if number % 97 == 1 else None,
    )


def _timed(table: Table, measure: str, folder: Path, *words: str) -> list[dict[str, dict[str, int]]]:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), *words, "--json"]
    took, worked = [], []
    for _ in range(RUNS):
        with (folder / "out.json").open("wb") as out:
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
            took.append(time.perf_counter() - began)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            worked.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    middle = statistics.median(took)
    verdict = "met" if middle < GOAL else "missed"
    processor, all_runs = f"{statistics.median(worked):.1f}", ", ".join(f"{one:.1f}" for one in took)
    table.row(f"{measure} ({verdict})", f"**{middle:.1f}**", processor, all_runs)
    return list(json.loads((folder / "out.json").read_bytes()))


def _instant(table: Table, folder: Path, port: int, http: int) -> None:
    """The end of receiving comes while the service runs."""
    before = _sums(folder)
    with running(folder, port, http):
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
        plan = "".join(line for line in PLAN.splitlines(keepends=True) if "freeze" not in line)
        (folder / "now.yaml").write_text(plan.replace("RECEIVE", at.isoformat().replace("+00:00", "Z")), "utf-8")
        _apply_now(folder)
        last, first = _asked_until_refused(port, at)
        time.sleep(3)
    after = _sums(folder)
    changed = [name for name in DIRECTORY if before[name] != after[name]]
    more = {name: after[name].rows - before[name].rows for name in after if after[name].rows != before[name].rows}
    table.row("last 250, from the instant", f"{last:+.3f}", "", "")
    table.row("first 550, from the instant", f"{first:+.3f}", "", "")
    table.note(f"Rows of the directory written while receiving ended for all: **{'some' if changed else 'none'}**.")
    rows = ", ".join(f"{name} {number:+}" for name, number in sorted(more.items()))
    table.note(f"(All its tables have the sums they had.) Other tables, letters to administrators among them: {rows}.")


def _apply_now(folder: Path) -> None:
    text = (folder / "now.yaml").read_text(encoding="utf-8").replace("announce: 2026-12-01", "announce: 2026-01-01")
    (folder / "now.yaml").write_text(text, encoding="utf-8")
    lastpost(folder, "plan", "apply", str(folder / "now.yaml"), "--reason", "measured")


def _asked_until_refused(port: int, at: datetime) -> tuple[float, float]:
    """Seconds from the instant to the last 250 and to the first 550."""
    last = float("-inf")
    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds() - 0.3))
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
        smtp.ehlo("client.example")
        while True:
            smtp.mail("friend@elsewhere.example")
            code, _ = smtp.rcpt(f"user0@{DOMAIN}")
            seen = (datetime.now(UTC) - at).total_seconds()
            smtp.rset()
            if code != 250:
                assert code == 550, code
                return last, seen
            last = seen
            assert seen < 60
            time.sleep(0.005)


def _sums(folder: Path) -> dict[str, facts.Sum]:
    with closing(sqlite3.connect(folder / "records.db")) as plain:
        return facts.sums(plain)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ADDRESSES)
