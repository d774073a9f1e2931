"""A small app served on a free port of loopback, and raw HTTP spoken to it, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp

from mailsvc.kit.net import listen
from mailsvc.web.patience import Limits
from mailsvc.web.server import serve


@dataclass
class Served:
    port: int
    serving: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, path: str, *headers: str, method: str = "GET") -> "Answer":
        reader, writer = await self.connect()
        try:
            return await ask_on(reader, writer, path, *headers, method=method)
        finally:
            writer.close()
            await writer.wait_closed()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, *headers: str, method: str = "GET"
) -> Answer:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode()
    first, *rest = head.strip().split("\r\n")
    found = dict(line.lower().split(": ", 1) for line in rest)
    length = 0 if method == "HEAD" else int(found.get("content-length", "0"))
    return Answer(int(first.split()[1]), found, await asyncio.wait_for(reader.readexactly(length), 60))


@contextlib.asynccontextmanager
async def served(
    app: ASGIApp, limits: Limits | None = None, proxies: Sequence[str] = ("127.0.0.1", "::1")
) -> AsyncIterator[Served]:
    listening = listen("127.0.0.1", 0)
    ready = asyncio.Event()
    task = asyncio.create_task(serve(app, listening, up=ready.set, limits=limits, proxies=proxies))
    port = listening.getsockname()[1]
    await asyncio.wait_for(ready.wait(), 60)
    try:
        yield Served(port, task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 60)
