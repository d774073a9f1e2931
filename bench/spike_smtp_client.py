"""Which SMTP client delivers: aiosmtplib or our own, both over kept sessions, in turns, to one smtp-sink.

    PYTHONPATH=FOLDER .venv/bin/python -m bench.spike_smtp_client [ROUNDS]

FOLDER holds aiosmtplib (`pip install --target FOLDER aiosmtplib`), which is no dependency of this project. 10 KB
messages, 20 at once, the sink on the same cores.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from importlib import import_module
from pathlib import Path

from bench.results import Table
from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.parcel import Fate, Parcel
from mailsvc.outbox.pool import Pool
from mailsvc.outbox.smtp import Timeouts
from tests.real.smtp_tools import SmtpSink

MESSAGES = 6000
AT_ONCE = 20
LINE = b"x" * 78 + b"\r\n"
BODY = b"Subject: measured\r\n\r\n" + LINE * 128
SENDER, RECIPIENT = "a@world.example", "b@closing.example"

Deliver = Callable[[], Awaitable[None]]


async def rate(workers: list[Deliver]) -> float:
    """Messages a second, each worker delivering its share one after the other."""

    async def share(deliver: Deliver) -> None:
        for _ in range(MESSAGES // AT_ONCE):
            await deliver()

    begun = time.monotonic()
    await asyncio.gather(*map(share, workers))
    return MESSAGES / (time.monotonic() - begun)


async def theirs(port: int) -> float:
    library = import_module("aiosmtplib")
    clients = [library.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(AT_ONCE)]
    for client in clients:
        await client.connect()

    def worker(client: object) -> Deliver:
        async def deliver() -> None:
            await client.sendmail(SENDER, [RECIPIENT], BODY)  # type: ignore[attr-defined]

        return deliver

    found = await rate([worker(client) for client in clients])
    for client in clients:
        await client.quit()
    return found


async def ours(port: int) -> float:
    pool = Pool(hello="mx.closing.example", timeouts=Timeouts(), most=MESSAGES)
    hop = Hop("127.0.0.1", port)

    async def content() -> AsyncGenerator[bytes, None]:
        yield BODY

    async def deliver() -> None:
        answers = await pool.hand_over(hop, Parcel(SENDER, (RECIPIENT,), len(BODY), content))
        if answers[RECIPIENT].fate is not Fate.TAKEN:
            raise SystemExit(str(answers))

    found = await rate([deliver] * AT_ONCE)
    await pool.close()
    return found


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rates: dict[str, list[float]] = {"aiosmtplib, pooled": [], "our own, pooled and pipelined": []}
    with tempfile.TemporaryDirectory(prefix="bench.") as folder, SmtpSink(Path(folder), dump=False) as sink:
        for _ in range(rounds):
            for found, client in zip(rates.values(), (theirs, ours), strict=True):
                found.append(asyncio.run(client(sink.port)))
    table = Table("SMTP clients, 10 KB, 20 at once, to smtp-sink", ("client", "messages/s, median", "all rounds"))
    for name, found in rates.items():
        table.row(name, f"{statistics.median(found):.0f}", ", ".join(f"{one:.0f}" for one in found))
    their_median, our_median = map(statistics.median, rates.values())
    table.note(f"Ratio our own : aiosmtplib **{our_median / their_median:.2f}**.")
    table.write()


if __name__ == "__main__":
    main()
