"""A Maildir made an archive: octets a second, memory at the peak, and what compressing would cost.

.venv/bin/python -m bench.zip_archive [MEGABYTES]

Every run is checked: `lastpost archive verify` finds every message. The interpreter's start counts.
"""

import base64
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from bench.results import Table
from migrator.archive.verify import verify

SIZE = 20_000  # octets of a message, on average
ROUNDS = 3
GOAL = 60  # MB a second
PEAK = "import resource,subprocess,sys;c=subprocess.run(sys.argv[1:]).returncode;"
PEAK += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);sys.exit(c)"


def letter(number: int, chance: random.Random) -> bytes:
    """Some text, and for most an attachment in base64."""
    size = int(chance.expovariate(1 / SIZE)) + 500
    text = b"\n".join(b" ".join(chance.choice(WORDS) for _ in range(10)) for _ in range(min(size, 4_000) // 60))
    rest = max(0, size - len(text))
    body = text + b"\n\n" + base64.encodebytes(chance.randbytes(rest * 3 // 4))
    return b"Message-ID: <%d@bench.example>\nSubject: letter %d\n\n" % (number, number) + body


WORDS = [bytes(random.Random(n).choices(b"abcdefghijklmnopqrstuvwxyz", k=2 + n % 8)) for n in range(2_000)]


def filled(root: Path, octets: int) -> tuple[int, int]:
    """A Maildir of so many octets; messages and octets."""
    chance, count, written = random.Random(1), 0, 0
    for name in ("", ".Sent", ".Archive"):
        for part in ("cur", "new", "tmp"):
            (root / name / part).mkdir(parents=True)
    while written < octets:
        whole = letter(count, chance)
        box = root / ("", ".Sent", ".Archive")[count % 3] / "cur"
        (box / f"{1_000_000_000 + count}.M{count % 1_000_000}P1.bench:2,S").write_bytes(whole)
        count, written = count + 1, written + len(whole)
    return count, written


def timed(command: list[str], state: Path) -> tuple[float, float]:
    """Seconds, and MB at the peak."""
    environ = {**os.environ, "XDG_STATE_HOME": str(state)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as wherever it is installed
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=False, env=environ
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return time.monotonic() - begun, int(done.stdout.split()[-1]) / 1000


def archived(box: Path, folder: Path, messages: int) -> tuple[float, float]:
    """Move the Maildir into a new archive, and look whether everything is in it."""
    with tempfile.TemporaryDirectory(dir=folder) as state:
        path = Path(state) / "box.zip"
        words = ["migrate", "mailbox", "--from", f"maildir:{box}", "--to", f"zip:{path}?viewer=no"]
        took = timed([sys.executable, "-m", "mailsvc.cli", *words], Path(state))
        verdict = verify(path)
        if verdict.findings or verdict.messages != messages:
            raise RuntimeError(f"{verdict.messages} of {messages} messages arrived: {verdict.findings}")
    return took


def speed(work: Callable[[bytes], object], some: list[bytes]) -> float:
    """MB a second of one core, message by message."""
    begun = time.process_time()
    for octets in some:
        work(octets)
    return sum(map(len, some)) / 1e6 / (time.process_time() - begun)


def deflated(level: int) -> Callable[[bytes], bytes]:
    def work(octets: bytes) -> bytes:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        return packer.compress(octets) + packer.flush()

    return work


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    table = Table("A Maildir into an archive", ("what", "MB/s", "goal", "MB at the peak"))
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder = Path(name)
        box = folder / "box"
        messages, octets = filled(box, megabytes * 1_000_000)
        archived(box, folder, messages)  # warms what is read
        runs = [archived(box, folder, messages) for _ in range(ROUNDS)]
        seconds, peak = statistics.median(one for one, _ in runs), max(one for _, one in runs)
        table.row("Maildir to zip, without viewer", f"**{octets / 1e6 / seconds:.0f}**", GOAL, f"{peak:.0f}")
        some = [file.read_bytes() for _, file in zip(range(1_000), (box / "cur").iterdir(), strict=False)]
    table.row("SHA-256 alone, one core", f"{speed(lambda one: hashlib.sha256(one).digest(), some):.0f}", "", "")
    for level in (1, 6):
        kept = sum(len(deflated(level)(one)) for one in some) / sum(map(len, some))
        what = f"deflate, level {level}, alone, one core: leaves {kept:.0%}"
        table.row(what, f"{speed(deflated(level), some):.0f}", "", "")
    table.note(
        f"Median of {ROUNDS}. {messages:,} messages of {octets / 1e6:,.0f} MB; every run verified to the last octet."
    )
    table.write()


if __name__ == "__main__":
    main()
