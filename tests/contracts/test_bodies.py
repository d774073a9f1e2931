import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mailsvc.records import bodies, deliveries, messages
from mailsvc.records.bodies import CHUNK, BodyWriter
from mailsvc.records.store import Records
from mailsvc.records.tables import body_chunks, body_spills
from tests.contracts.made import NOW, accepted, message, new_id, staged_body, to


def rows(records: Records) -> tuple[int, int]:
    with records.read() as connection:
        return (
            connection.execute(select(func.count()).select_from(body_chunks)).scalar_one(),
            connection.execute(select(func.count()).select_from(body_spills)).scalar_one(),
        )


async def read(records: Records, body_id: str) -> bytes:
    return b"".join([piece async for piece in bodies.read_body(records, body_id)])


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])
async def test_octets_come_back_untouched(committing: Records, size: int) -> None:
    octets = pattern(size)
    sent = await accepted(committing, octets=octets)
    assert (sent.size, sent.sha256) == (size, hashlib.sha256(octets).hexdigest())
    assert await read(committing, sent.body_id) == octets


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
async def test_a_staged_body_is_read_before_and_after_its_message_is_written(committing: Records, size: int) -> None:
    octets = pattern(size)
    staged = await staged_body(committing, octets)
    assert b"".join([piece async for piece in bodies.staged_octets(committing, staged)]) == octets
    await messages.accept(committing, message(staged), [to("a@b.example")], staged)
    assert b"".join([piece async for piece in bodies.staged_octets(committing, staged)]) == octets


async def test_octets_may_come_in_any_pieces(committing: Records) -> None:
    octets = pattern(2 * CHUNK + 5)
    writer = BodyWriter(committing, new_id)
    for at in range(0, len(octets), 70_001):
        await writer.write(memoryview(octets)[at : at + 70_001])
    staged = await writer.finish()
    made = message(staged)
    await messages.accept(committing, made, [to("a@b.example")], staged)
    assert await read(committing, staged.id) == octets


async def test_a_small_body_waits_for_its_message(committing: Records) -> None:
    staged = await staged_body(committing, pattern(CHUNK - 1))
    assert rows(committing) == (0, 0)
    assert len(staged.tail) == 1


async def test_a_large_body_is_written_as_it_comes(committing: Records) -> None:
    writer = BodyWriter(committing, new_id)
    await writer.write(pattern(CHUNK + 1))
    assert rows(committing) == (1, 1)
    await writer.write(pattern(2 * CHUNK))
    assert rows(committing) == (3, 1)


async def test_a_discarded_body_leaves_nothing(committing: Records) -> None:
    writer = BodyWriter(committing, new_id)
    await writer.write(pattern(10 * CHUNK + 1))
    await writer.discard()
    assert rows(committing) == (0, 0)


async def test_a_discarded_small_body_leaves_nothing(committing: Records) -> None:
    writer = BodyWriter(committing, new_id)
    await writer.write(pattern(CHUNK - 1))
    await writer.discard()
    assert rows(committing) == (0, 0)


async def test_an_unknown_body_is_empty(committing: Records) -> None:
    assert await read(committing, "nobody") == b""


async def test_a_message_must_describe_its_body(committing: Records) -> None:
    staged = await staged_body(committing)
    other = await staged_body(committing, b"another body")
    with pytest.raises(ValueError, match="does not describe body"):
        await messages.accept(committing, message(staged), [to("a@b.example")], other)
    with pytest.raises(ValueError, match="goes to nobody"):
        await messages.accept(committing, message(staged), [], staged)


async def test_orphans_are_swept_in_slices_and_others_are_kept(committing: Records) -> None:
    kept = await accepted(committing, octets=pattern(2 * CHUNK))
    orphan = BodyWriter(committing, new_id, lambda: NOW)
    await orphan.write(pattern(7 * CHUNK))
    young = BodyWriter(committing, new_id, lambda: NOW + timedelta(hours=2))
    await young.write(pattern(CHUNK + 5))
    swept = 0
    old = NOW + timedelta(hours=1)
    for _ in range(20):
        if not committing.act(lambda connection: bodies.sweep_orphans(connection, old, 3)):
            break
        swept += 1
    assert 3 <= swept < 20
    assert rows(committing) == (3, 1)
    assert await read(committing, kept.body_id) == pattern(2 * CHUNK)
    assert await read(committing, orphan.id) == b""
    assert await read(committing, young.id) == pattern(CHUNK)


async def test_a_body_whose_delivery_is_made_is_swept_and_the_trace_stays(committing: Records) -> None:
    sent = await accepted(committing, octets=pattern(3 * CHUNK))
    assert committing.act(lambda connection: messages.sweep_bodies(connection, 10)) == 0
    taken = committing.act(lambda connection: deliveries.claim(connection, "w", NOW, timedelta(minutes=1), 10))
    committing.act(lambda connection: deliveries.settle(connection, taken[0], deliveries.Delivered("250 ok"), NOW))
    while committing.act(lambda connection: messages.sweep_bodies(connection, 2)):
        continue
    assert await read(committing, sent.body_id) == b""
    with committing.read() as connection:
        trace = messages.trace(connection, sent.id)
    assert trace is not None
    assert (trace.message, trace.body_kept, trace.settled_at) == (sent, False, NOW)
