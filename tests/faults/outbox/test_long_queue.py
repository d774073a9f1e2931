"""A long queue costs time, never memory: only what is in hand is held."""

import asyncio
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from filters.verdict import Because
from mailsvc.outbox.outbox import Outbox
from mailsvc.records.delivery import NewDelivery, row_of
from mailsvc.records.orders import Row, insert_rows
from mailsvc.records.tables import messages
from tests.rules.outbox.world import World, at_work, world
from tests.support.deadline import until

MEGABYTE = 1_000_000


def fill(here: World, many: int, *, domains: int) -> None:
    """So many messages that wait for these domains, each lane's due now."""
    now = here.clock.now()
    for start in range(0, many, 2000):
        rows: list[Row] = []
        for number in range(start, min(start + 2000, many)):
            name, domain = f"m{number:08d}", f"d{number % domains}.example"
            row = {"id": name, "body_id": name, "size": 1, "sha256": "", "received_at": now, "client_kind": "world"}
            row |= {"client_ip": "", "helo": "", "mail_from": "", "smtputf8": False, "eight_bit": False, "trace": b""}
            row |= {"origin": "smtp", "settled_at": None, "body": "kept"}
            new = NewDelivery(f"u{number}@{domain}", f"u{number}@{domain}", Because.LIVE, f"mx:{domain}")
            rows += [(messages, row), row_of(name, 0, new, now)]
        here.records.act(lambda connection, rows=rows: insert_rows(connection, rows))  # type: ignore[misc]


async def settle_down(here: World, outbox: Outbox) -> None:
    await until(lambda: here.log.named("deferred"), "attempts were made")
    for _ in range(20):
        here.clock.advance(timedelta(seconds=1))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("many", "domains"),
    [(5_000, 1), (5_000, 500), pytest.param(100_000, 2_000, marks=pytest.mark.long)],
)
async def test_memory_is_flat_however_much_waits(tmp_path: Path, many: int, domains: int) -> None:
    async with world(tmp_path, "smtp://127.0.0.1:9?tls=none") as here:
        fill(here, many, domains=domains)
        outbox = here.outbox()
        tracemalloc.start()
        try:
            async with at_work(outbox):
                await settle_down(here, outbox)
                assert len(outbox._in_hand) <= 200
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 12 * MEGABYTE
