"""How fast messages come in when nothing is kept: our gateway, stock aiosmtpd and Postfix's smtp-sink, in one run.

    .venv/bin/python bench/gateway_discard.py [--messages-1mb N] [--messages-10kb N]

Each server runs in a process of its own; smtp-source sends over 20 sessions from the same machine, so only the ratios
of one run mean anything. Needs smtp-source and smtp-sink (Debian's postfix package).
"""

import argparse
import asyncio
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
SESSIONS = 20
SERVERS = ("smtp-sink", "stock aiosmtpd", "lastpost")


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--serve", choices=SERVERS[1:], help=argparse.SUPPRESS)
    words.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    words.add_argument("--messages-1mb", type=int, default=300)
    words.add_argument("--messages-10kb", type=int, default=4000)
    given = words.parse_args()
    if given.serve:
        asyncio.run(_stock(given.port) if given.serve == SERVERS[1] else _ours(given.port))
        return 0
    for size, name, messages in ((10_000, "10 KB", given.messages_10kb), (1_000_000, "1 MB", given.messages_1mb)):
        rates = {server: _measure(server, size, messages) for server in SERVERS}
        for server, rate in rates.items():
            print(f"{name:>6}  {server:<15} {rate:9.1f} messages/s")
        print(f"{name:>6}  lastpost / stock aiosmtpd = {rates[SERVERS[2]] / rates[SERVERS[1]]:.1f}x", flush=True)
    return 0


def _measure(server: str, size: int, messages: int) -> float:
    if server == SERVERS[1] and size > 100_000:
        messages = max(messages // 5, 2 * SESSIONS)  # it is slow; a rate needs no more
    port = _free_port()
    running = subprocess.Popen(_command(server, port), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(port, running)
        begun = time.perf_counter()
        source = _tool("smtp-source")
        target = ["-f", "a@world.example", "-t", "b@closing.example", f"127.0.0.1:{port}"]
        subprocess.run([source, "-s", str(SESSIONS), "-m", str(messages), "-l", str(size), *target], check=True)
        return messages / (time.perf_counter() - begun)
    finally:
        running.terminate()
        running.wait(30)


def _command(server: str, port: int) -> list[str]:
    if server == "smtp-sink":
        user = ["-u", "nobody"] if Path("/proc/self").owner() == "root" else []
        return [_tool("smtp-sink"), *user, f"127.0.0.1:{port}", "512"]
    return [sys.executable, str(HERE), "--serve", server, "--port", str(port)]


def _tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        sys.exit(f"{name} is not here: apt-get install postfix")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if running.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"the server on port {port} did not start: {(running.stderr.read() if running.stderr else b'').decode()}")


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
    sys.path.insert(0, str(HERE.parent.parent))
    from tests.rules.gateway.discard import DiscardReception
    from tests.rules.gateway.house import open_gateway

    listeners = [{"listen": f"127.0.0.1:{port}"}]
    async with open_gateway(DiscardReception(), listeners=listeners):
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
