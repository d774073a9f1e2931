"""Houses on one PostgreSQL: each healthy, each taking and delivering mail, none taking another's work away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailsvc.outbox.outbox import Outbox
from mailsvc.records import deliveries
from mailsvc.records.deliveries import DeliveryState
from tests.contracts.conftest import _database
from tests.real.postgresql import postgresql
from tests.rules.house.premises import Premises
from tests.rules.house.test_open_house import idle
from tests.support.deadline import until
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("postgresql")


@pytest.fixture
def premises(tmp_path: Path, run_folder: RunFolder) -> Iterator[Premises]:
    with _database(postgresql(run_folder)) as url:
        made = Premises(tmp_path, f'"{url}"')
        made.settle_in()
        yield made


def neighbour(premises: Premises) -> Premises:
    """Another service on the same records and mailboxes, with ports of its own."""
    return Premises(premises.folder, premises.url)


async def test_two_houses_open_on_the_same_records(premises: Premises) -> None:
    other = neighbour(premises)
    async with premises.house(), other.house():
        for number, one in enumerate((premises, other)):
            assert (await one.health())[0] == 200
            await one.send(f"Subject: {number}\r\n\r\nmark {number}")
        await until(lambda: len(premises.inbox()) == 2, "both letters")
    assert sorted(letter[-8:] for letter in premises.inbox()) == [b"mark 0\r\n", b"mark 1\r\n"]


async def test_a_house_that_closes_leaves_the_other_at_work(premises: Premises) -> None:
    other = neighbour(premises)
    async with premises.house():
        async with other.house():
            await other.send("Subject: one\r\n\r\nfrom the other")
        assert (await premises.health())[0] == 200
        await until(lambda: len(premises.inbox()) == 1, "the letter, whoever delivers it")
        await premises.send("Subject: two\r\n\r\nafterwards")
        await until(lambda: len(premises.inbox()) == 2, "the second letter")


async def test_a_start_does_not_take_what_another_service_has_in_hand(
    premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "run", idle)
        async with premises.house():
            await premises.send("Subject: x\r\n\r\nin hand")
    with premises.records() as records:
        hour = timedelta(hours=1)
        (held,) = records.act(lambda c: deliveries.claim(c, "neighbour", datetime.now(UTC), hour, 5, ()))
        async with premises.house():
            await premises.send("Subject: y\r\n\r\nfree")
            await until(lambda: len(premises.inbox()) == 1, "the letter nobody had in hand")
        assert b"free" in premises.inbox()[0]
        with records.read() as connection:
            counted = deliveries.counts(connection)
        assert counted[DeliveryState.CLAIMED] == 1
        settled = deliveries.Delivered("2.0.0 by the neighbour")
        assert records.act(lambda c: deliveries.settle(c, held, settled, datetime.now(UTC)))
