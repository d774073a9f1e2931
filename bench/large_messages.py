"""Messages of 10 KB and 1 MB: our gateway discarding and durable, stock aiosmtpd and smtp-sink discarding, in one run.

    .venv/bin/python -m bench.large_messages

Each server runs in a process of its own; smtp-source sends over 20 sessions from the same machine.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, service
from tests.support.ports import free_port, listens
from tests.support.programs import Program

SESSIONS = 20
COUNTS = {"10 KB": (10_240, 4000), "1 MB": (1_000_000, 300)}
STOCK, OURS, DURABLE, SINK = (
    "stock aiosmtpd, discards",
    "lastpost, discards",
    "lastpost, durable",
    "smtp-sink, discards",
)


def main() -> None:
    table = Table("Large messages, 20 sessions", ("size", "server", "messages/s"))
    for size, (octets, messages) in COUNTS.items():
        rates: dict[str, float] = {}
        for name in (SINK, STOCK, OURS, DURABLE):
            count = messages // 5 if (name, size) == (STOCK, "1 MB") else messages  # it is slow; a rate needs no more
            with tempfile.TemporaryDirectory(prefix="bench.") as folder, _server(name, Path(folder)) as port:
                rates[name] = _rate(port, octets, count)
            table.row(size, name, f"{rates[name]:.0f}")
        table.note(
            f"{size}: lastpost discarding : stock **{rates[OURS] / rates[STOCK]:.1f}**, "
            f"lastpost durable : stock **{rates[DURABLE] / rates[STOCK]:.1f}**"
            + (" (goals 6 and 3)." if size == "1 MB" else ".")
        )
    table.write()


def _rate(port: int, octets: int, messages: int) -> float:
    command = [
        "smtp-source",
        "-s",
        str(SESSIONS),
        "-m",
        str(messages),
        "-l",
        str(octets),
        "-f",
        "friend@elsewhere.example",
    ]
    begun = time.monotonic()
    subprocess.run([*command, "-t", f"user7@{DOMAIN}", f"127.0.0.1:{port}"], check=True)
    return messages / (time.monotonic() - begun)


@contextmanager
def _server(name: str, folder: Path) -> Iterator[int]:
    if name == DURABLE:
        with service(folder, deliver=f"smtp://127.0.0.1:{free_port()}") as lastpost:
            yield lastpost.port
        return
    port = free_port()
    command = [sys.executable, "-m", "bench.large_messages", name, str(port)]
    if name == SINK:
        command = ["smtp-sink", "-u", "nobody", f"inet:127.0.0.1:{port}", "512"]
    with Program(command, folder / "server.log") as program:
        program.ready(lambda: listens(port), f"{name} listens", within=20)
        yield port


async def _stock(port: int) -> None:
    from aiosmtpd.smtp import SMTP

    class Discard:
        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - the name aiosmtpd looks for
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Discard(), hostname="stock.example", loop=loop, data_size_limit=None), "127.0.0.1", port
    )
    await server.serve_forever()


async def _ours(port: int) -> None:
    from tests.rules.gateway.discard import DiscardReception
    from tests.rules.gateway.house import open_gateway

    async with open_gateway(DiscardReception(), listeners=[{"listen": f"127.0.0.1:{port}"}]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_stock(int(sys.argv[2])) if sys.argv[1] == STOCK else _ours(int(sys.argv[2])))
    else:
        main()
