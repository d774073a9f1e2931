"""Messages a second taken durably while the next hop is away: Lastpost against Postfix, in turns, in one run.

    .venv/bin/python -m bench.durable_accept [ROUNDS]

10 KB messages over 20 sessions by smtp-source, which keeps its sessions (-d). Both queue to a port nobody listens on.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, service
from tests.real.postfix import Postfix, before_us
from tests.support.deadline import wait_until
from tests.support.ports import free_port

MESSAGES = 6000
SIZE = 10_240
SESSIONS = 20
# Debian's own pace of retries, not the tests' hasty one, and no throttling of input while the queue manager is behind.
AT_ITS_BEST = {
    "queue_run_delay": "300s",
    "minimal_backoff_time": "300s",
    "maximal_backoff_time": "4000s",
    "in_flow_delay": "0s",
}


def rate(port: int) -> float:
    command = ["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(MESSAGES), "-l", str(SIZE)]
    command += ["-f", "friend@elsewhere.example", "-t", f"user7@{DOMAIN}", f"inet:127.0.0.1:{port}"]
    begun = time.monotonic()
    subprocess.run(command, check=True)
    return MESSAGES / (time.monotonic() - begun)


def _active(postfix: Postfix) -> bool:
    """Whether its queue manager is still at work, which the next turn of the other would feel."""
    spool = postfix.folder / "spool"
    return any(any((spool / queue).rglob("*")) for queue in ("active", "incoming"))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    away = free_port()
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "ours").mkdir()
        ours: list[float] = []
        theirs: list[float] = []
        with (
            service(root / "ours", deliver=f"smtp://127.0.0.1:{away}") as lastpost,
            before_us(root / "postfix", away, AT_ITS_BEST) as postfix,
        ):
            for _ in range(rounds):
                ours.append(rate(lastpost.port))
                theirs.append(rate(postfix.port))
                wait_until(lambda: not _active(postfix), "Postfix has tried all of it once", within=120)
    table = Table("Durable accept, 10 KB, 20 sessions, next hop away", ("server", "messages/s, median", "all rounds"))
    for name, rates in (("lastpost", ours), ("postfix", theirs)):
        table.row(name, f"{statistics.median(rates):.0f}", ", ".join(f"{one:.0f}" for one in rates))
    ratio = statistics.median(ours) / statistics.median(theirs)
    table.note(f"Ratio lastpost : postfix **{ratio:.2f}** (goal 1.5, aim 2).")
    table.write()


if __name__ == "__main__":
    main()
