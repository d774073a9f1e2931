"""Messages a second scanned and delivered: Lastpost, Postfix with amavisd-new, and plain Postfix without a scan.

    .venv/bin/python -m bench.scanned_delivery [ROUNDS]

10 KB messages over 20 sessions by smtp-source. One clamd with one signature serves both that scan; a turn ends when the
sink has all of its messages. Needs root and the Debian packages postfix, amavisd-new and clamav-daemon.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.amavis import filtered
from bench.results import Table
from bench.service import DOMAIN, service
from tests.real.clamd import Clamd
from tests.real.postfix import before_us
from tests.support.deadline import wait_until
from tests.support.ports import free_port, listens
from tests.support.programs import Program

SIZE = 10_240
SESSIONS = 20
# Enough for some seconds of each.
MESSAGES: Mapping[str, int] = {
    "lastpost, scanned": 6000,
    "postfix + amavisd-new, scanned": 500,
    "postfix, unscanned": 6000,
}
UNTHROTTLED = {"in_flow_delay": "0s", "default_destination_concurrency_limit": "20"}


@dataclass(frozen=True)
class Sink:
    """smtp-sink with its running count."""

    port: int
    log: Path

    def taken(self) -> int:
        counts = re.findall(rb"mesg=(\d+)", self.log.read_bytes()[-400:])
        return int(counts[-1]) if counts else 0


@contextmanager
def sink(folder: Path, name: str) -> Iterator[Sink]:
    port, log = free_port(), folder / f"{name}.log"
    with Program(["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "1000"], log) as program:
        program.ready(lambda: listens(port), "smtp-sink listens", within=10)
        yield Sink(port, log)


def rate(port: int, into: Sink, messages: int) -> float:
    command = ["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(messages), "-l", str(SIZE)]
    command += ["-f", "friend@elsewhere.example", "-t", f"user7@{DOMAIN}", f"inet:127.0.0.1:{port}"]
    before, begun = into.taken(), time.monotonic()
    subprocess.run(command, check=True)
    wait_until(lambda: into.taken() >= before + messages, "the sink has all of them", within=300)
    return messages / (time.monotonic() - begun)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in ("clamd", "ours"):
            (root / name).mkdir()
        with (
            sink(root, "ours.sink") as first,
            sink(root, "amavis.sink") as second,
            sink(root, "plain.sink") as third,
            Clamd(root / "clamd") as clamd,
            service(
                root / "ours",
                deliver=f"smtp://127.0.0.1:{first.port}?tls=none",
                more=f'virus: {{scanners: ["clamd:{clamd.socket}"]}}\n',
            ) as lastpost,
            filtered(root / "amavis", clamd=clamd.socket, sink=second.port, user="amavis") as scanning,
            before_us(root / "plain", third.port, UNTHROTTLED) as plain,
        ):
            turns = dict(
                zip(MESSAGES, ((lastpost.port, first), (scanning.port, second), (plain.port, third)), strict=True)
            )
            measured: dict[str, list[float]] = {name: [] for name in MESSAGES}
            for _ in range(rounds):
                for name, (port, into) in turns.items():
                    measured[name].append(rate(port, into, MESSAGES[name]))
    report({name: statistics.median(rates) for name, rates in measured.items()}, measured)


def report(median: Mapping[str, float], measured: Mapping[str, list[float]]) -> None:
    table = Table("Scanned and delivered, 10 KB, 20 sessions, one clamd", ("way", "messages/s, median", "all rounds"))
    for name, rates in measured.items():
        table.row(name, f"{median[name]:.0f}", ", ".join(f"{one:.0f}" for one in rates))
    ours, amavis, plain = (median[name] for name in MESSAGES)
    table.note(f"Ratio lastpost : amavisd-new **{ours / amavis:.1f}** (goal 10), lastpost {ours:.0f}/s (goal 600).")
    table.note(f"Ratio lastpost scanned : postfix unscanned **{ours / plain:.2f}** (aim 1).")
    table.write()


if __name__ == "__main__":
    main()
