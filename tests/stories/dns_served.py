"""A scripted DNS server on a loop and thread of its own, for tests that are no coroutines: `with dns_served(table)`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from tests.peers.dns import DnsPeer, Table


@contextmanager
def dns_served(table: Table) -> Iterator[int]:
    """Its port."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    peer = DnsPeer(table)
    asyncio.run_coroutine_threadsafe(peer.__aenter__(), loop).result(60)
    try:
        yield peer.port
    finally:
        asyncio.run_coroutine_threadsafe(peer.__aexit__(None, None, None), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
