"""An archive of 2 GB fetched through the door of links: in one go, and cut at many places and gone on with.

.venv/bin/python -m bench.export_download [octets]
"""

import hashlib
import http.client
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from bench.results import Table
from bench.service import DOMAIN, Service, lastpost, service
from mailsvc.records import exports, jobs
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import JobKind, NewJob, move_digest
from mailsvc.records.store import Connection, Records
from schedules.clock import SystemClock

OCTETS = 2_000_000_000
GOAL = 20_000_000
BLOCK = 1_000_000
WHOLE = "exports: {{folder: {folder}/exports, public_url: 'http://127.0.0.1'}}\n"


def _archive(path: Path, octets: int) -> str:
    """A file whose blocks all differ; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as opened:
        for number in range(octets // BLOCK):
            block = number.to_bytes(8, "big") * (BLOCK // 8)
            opened.write(block)
            digest.update(block)
    return digest.hexdigest()


def _handed_over(folder: Path, path: Path, octets: int, sha256: str) -> None:
    """An export that is done, as the role would have left it."""
    address, now = f"user7@{DOMAIN}", SystemClock().now()

    def work(connection: Connection) -> None:
        move = move_digest("maildir:/old", f"zip:{path}")
        new = NewJob("0" * 26, JobKind.EXPORT, "maildir:/old", f"zip:{path}", move, "bench", address=address)
        jobs.add(connection, new, now)
        exports.add(connection, Export(new.id, ExportForm.ZIP, str(path)))
        exports.hand_over(connection, new.id, [ExportFile(1, path.name, octets, sha256)], now)

    with Records.open(f"sqlite:///{folder}/records.db") as records:
        records.act(work)


def _opened(here: Service, folder: Path) -> tuple[str, str]:
    """The URL of the file and the session's cookie."""
    url = lastpost(folder, "links", "make", f"user7@{DOMAIN}", "--reason", "measured").stdout.strip()
    connection = http.client.HTTPConnection("127.0.0.1", here.http)
    connection.request("POST", url.removeprefix("http://127.0.0.1"))
    answer = connection.getresponse()
    answer.read()
    cookie = answer.headers["set-cookie"].partition(";")[0]
    connection.request("GET", answer.headers["location"], headers={"Cookie": cookie})
    (path,) = re.findall(r'href="(/take/files/[^"]+\.zip)"', connection.getresponse().read().decode())
    return f"http://127.0.0.1:{here.http}{path}", cookie


def _fetched(url: str, cookie: str, into: Path, *words: str) -> float:
    begun = time.monotonic()
    subprocess.run(["curl", "-s", "-f", "-b", cookie, "-C", "-", "-o", str(into), *words, url], check=False)
    return time.monotonic() - begun


def _cut(url: str, cookie: str, into: Path, octets: int) -> tuple[float, int]:
    """Fetch it, each run of curl ended by its own time limit; the seconds and the number of runs."""
    begun, runs, chance = time.monotonic(), 0, Random(1)
    while not into.exists() or into.stat().st_size < octets:
        _fetched(url, cookie, into, "--max-time", f"{chance.uniform(0.1, 0.6):.2f}")
        runs += 1
    return time.monotonic() - begun, runs


def _sum(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def main() -> None:
    octets = int(sys.argv[1]) if len(sys.argv) > 1 else OCTETS
    table = Table(f"An archive of {octets / 1e9:.1f} GB fetched by a link", ("measure", "value"))
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder = Path(name)
        archive = folder / "mail.zip"
        sha256 = _archive(archive, octets)
        deliver = f"maildir:{folder}/mail/{{domain}}/{{user}}"
        with service(folder, deliver=deliver, more=WHOLE.format(folder=folder)) as here:
            _handed_over(folder, archive, octets, sha256)
            url, cookie = _opened(here, folder)
            _fetched(url, cookie, folder / "warm", "--max-time", "0.3")
            here.forget_peak()
            before = here.resident()
            whole = folder / "whole.zip"
            seconds = _fetched(url, cookie, whole)
            more = here.peak() - before
            table.row("in one go", f"{octets / 1e6 / seconds:.0f} MB/s")
            table.row("the same octets", _sum(whole) == sha256)
            whole.unlink()
            seconds, runs = _cut(url, cookie, whole, octets)
            more = max(more, here.peak() - before)
            table.row(f"cut {runs - 1} times and gone on with", f"{octets / 1e6 / seconds:.0f} MB/s")
            table.row("the same octets, cut", _sum(whole) == sha256)
            table.row("more memory of the service", f"{more / 1e6:.1f} MB")
    table.note(f"Goal: at most {GOAL / 1e6:.0f} MB more ({'met' if more <= GOAL else 'missed'}).")
    table.write()


if __name__ == "__main__":
    main()
