"""An ASGI application served by uvicorn inside the running event loop, on a socket that is already listening.

    serving = asyncio.create_task(serve(app, listen("127.0.0.1", 8025), up=lambda: roles.up("http")))

It installs no signal handlers and never exits the process. Cancelled, it stops taking connections, lets running
requests finish for a few seconds, closes idle ones, and ends. It owns the socket and closes it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator, Sequence

import uvicorn
from starlette.types import ASGIApp

from mailsvc.web.patience import Limits, bounded

_DRAIN_SECONDS = 3
_KEEP_ALIVE_SECONDS = 15


class _InLoop(uvicorn.Server):
    """uvicorn's server as a part of a larger program."""

    def __init__(self, config: uvicorn.Config, up: Callable[[], None]) -> None:
        super().__init__(config)
        self._up = up

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the program."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve and say so."""
        await super().startup(sockets)
        self._up()


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    *,
    up: Callable[[], None] = lambda: None,
    limits: Limits | None = None,
    proxies: Sequence[str] = ("127.0.0.1", "::1"),
) -> None:
    """Serve `app` until cancelled; `up` is called once connections are taken.

    `proxies` are the networks and addresses whose X-Forwarded-For is believed; from others it changes nothing.
    """
    server = _InLoop(_config(app, limits or Limits(), proxies), up)
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(serving)
        listening.close()


def _config(app: ASGIApp, limits: Limits, proxies: Sequence[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        http=bounded(limits),
        lifespan="off",
        forwarded_allow_ips=list(proxies),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        h11_max_incomplete_event_size=16_384,
    )
