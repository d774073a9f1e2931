from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from mailsvc.kit.ids import id_maker
from mailsvc.letters.letter import Letter
from mailsvc.letters.post import Post
from mailsvc.records import messages
from mailsvc.records.bodies import read_body
from mailsvc.records.deliveries import DeliveryState
from mailsvc.records.store import Connection, Records
from schedules.clock import MovableClock
from schedules.names import Address
from schedules.text import Text

NOW = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
LETTER = Letter(
    (Address.parse("a@surviving.example"), Address.parse("b@other.example")),
    Text("件名", "subject"),
    Text("文", "x"),
    "k",
)


def post(records: Records) -> Post:
    return Post(
        records,
        sender=Address.parse("goodbye@surviving.example"),
        hostname="mx.example",
        zone=ZoneInfo("Asia/Tokyo"),
        new_id=id_maker(MovableClock(NOW), Random(1)),
        lane=lambda address: f"lane of {address.domain}",
    )


async def test_a_letter_becomes_a_message_from_the_null_sender(tmp_path: Path) -> None:
    with Records.open(f"sqlite:///{tmp_path}/r.db", create=True) as records:
        ready = await post(records).ready(LETTER, NOW)
        message_id = records.act(ready.queue)
        with records.read() as connection:
            found = messages.trace(connection, message_id)
        assert found is not None
        assert found.message.mail_from == ""
        assert found.message.origin == "letter"
        assert [(one.recipient, one.lane, one.state) for one in found.deliveries] == [
            ("a@surviving.example", "lane of surviving.example", DeliveryState.QUEUED),
            ("b@other.example", "lane of other.example", DeliveryState.QUEUED),
        ]
        body = b"".join([octets async for octets in read_body(records, found.message.body_id)])
    assert b"Date: Sun, 22 Nov 2026 09:00:00 +0900\r\n" in body
    assert len(body) == found.message.size


async def test_a_letter_is_undone_with_its_transaction(tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        ready.queue(connection)
        raise RuntimeError("the deed failed")

    with Records.open(f"sqlite:///{tmp_path}/r.db", create=True) as records:
        ready = await post(records).ready(LETTER, NOW)
        with pytest.raises(RuntimeError):
            records.act(fail)
        with records.read() as connection:
            assert messages.find(connection, ready.message.id) is None
