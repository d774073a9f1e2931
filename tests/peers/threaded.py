"""Peers on a loop and thread of their own, for tests that are no coroutines.

    with threaded(SmtpPeer()) as next_hop, threaded(ClamdPeer()) as clamd: ...
    with away(next_hop): ...                # nobody listens there, and its sessions are cut

What a test reads and sets from outside are single values and lists, whole at any moment.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

from tests.peers.tcp import TcpPeer

P = TypeVar("P", bound=TcpPeer)
SECONDS = 60


@contextmanager
def threaded(peer: P) -> Iterator[P]:
    """The peer, listening until the end of the block; what went wrong in it is raised there."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        _on(loop, peer.__aenter__())
        try:
            yield peer
        finally:
            _on(loop, peer.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@contextmanager
def away(peer: TcpPeer) -> Iterator[None]:
    """Until the end of the block a threaded peer is not there; then it is again, on the same port."""
    loop = peer.loop
    _on(loop, peer.shut())
    try:
        yield
    finally:
        _on(loop, peer.open())


def _on(loop: asyncio.AbstractEventLoop, work: Coroutine[object, object, object]) -> None:
    asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)
