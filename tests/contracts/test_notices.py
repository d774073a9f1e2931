"""What waits to be told, on both databases: collected, counted, settled once."""

from asyncio import gather
from datetime import timedelta
from random import Random

from mailsvc.records import notices
from mailsvc.records.notices import LISTED, Pending
from mailsvc.records.store import Connection, Records
from schedules.names import Address
from tests.contracts.made import MINUTE, NOW
from tests.rules.notices.scene import HANAKO as TOLD
from tests.rules.notices.scene import Scene, case

DAY = timedelta(hours=24)
HANAKO = Address.parse("Hanako@closing.example")
KIND = "quarantined"


def add(records: Records, number: int, now: object = NOW, address: Address = HANAKO, kind: str = KIND) -> None:
    item = {"id": str(number), "理由": "雪"}
    records.act(lambda connection: notices.add(connection, address, kind, item, now, DAY))  # type: ignore[arg-type]


def due(records: Records, now: object = NOW, limit: int = 10) -> list[Pending]:
    with records.read() as connection:
        return notices.due(connection, [KIND], now, limit)  # type: ignore[arg-type]


def settle(records: Records, told: Pending, now: object = NOW) -> bool:
    return records.act(lambda connection: notices.settle(connection, told, now, DAY))  # type: ignore[arg-type]


def next_due(records: Records) -> object:
    with records.read() as connection:
        return notices.next_due(connection)


def test_the_first_is_due_at_once_and_the_rest_a_day_later(records: Records) -> None:
    add(records, 1)
    (first,) = due(records)
    assert (first.domain, first.key, first.count, first.due_at) == ("closing.example", "hanako", 1, NOW)
    assert first.items == ({"id": "1", "理由": "雪"},)
    assert settle(records, first)
    assert (due(records), next_due(records)) == ([], None)
    for number in (2, 3):
        add(records, number, NOW + number * MINUTE)
    assert due(records, NOW + DAY - MINUTE) == []
    assert next_due(records) == NOW + DAY
    (second,) = due(records, NOW + DAY)
    assert [item["id"] for item in second.items] == ["2", "3"]
    assert settle(records, second, NOW + DAY)
    add(records, 4, NOW + DAY + MINUTE)
    assert next_due(records) == NOW + 2 * DAY


def test_after_a_quiet_day_the_next_one_is_due_at_once(records: Records) -> None:
    add(records, 1)
    assert settle(records, due(records)[0])
    add(records, 2, NOW + DAY)
    assert next_due(records) == NOW + DAY


def test_a_letter_is_settled_once(records: Records) -> None:
    add(records, 1)
    (read_by_one,), (read_by_other,) = due(records), due(records)
    assert settle(records, read_by_one)
    assert not settle(records, read_by_other)
    assert not settle(records, Pending("closing.example", "nobody", KIND, NOW, 1, ()))


def test_what_comes_between_reading_and_settling_waits_on(records: Records) -> None:
    add(records, 1)
    (read,) = due(records)
    add(records, 2)
    assert settle(records, read)
    (rest,) = due(records, NOW + DAY)
    assert ([item["id"] for item in rest.items], rest.count) == (["2"], 1)


def test_of_a_flood_all_are_counted_and_the_first_are_told(records: Records) -> None:
    def flood(connection: Connection) -> None:
        for number in range(LISTED + 30):
            notices.add(connection, HANAKO, KIND, {"id": str(number)}, NOW, DAY)

    records.act(flood)
    (read,) = due(records)
    assert (read.count, len(read.items), read.items[0]["id"]) == (LISTED + 30, LISTED, "0")
    add(records, 99)
    assert settle(records, read)
    (rest,) = due(records, NOW + DAY)
    assert (rest.count, rest.items) == (1, ())


def test_each_address_and_kind_waits_by_itself(records: Records) -> None:
    add(records, 1, address=Address.parse("hanako@other.example"))
    add(records, 2, address=Address.parse("HANAKO@closing.example"))
    add(records, 3)
    add(records, 4, kind="quota")
    assert sorted((one.domain, one.count) for one in due(records)) == [("closing.example", 2), ("other.example", 1)]
    assert len(due(records, limit=1)) == 1


def test_a_clock_that_stood_in_the_future_delays_nobody_for_longer(records: Records) -> None:
    add(records, 1, NOW + timedelta(days=400))
    (early,) = due(records, NOW + timedelta(days=400))
    assert settle(records, early, NOW + timedelta(days=400))
    add(records, 2)
    assert next_due(records) == NOW + DAY


async def test_two_services_send_one_letter_and_lose_no_item(url: str) -> None:
    with Records.open(url) as one, Records.open(url) as other:
        async with one.committer.running(), other.committer.running():
            scenes = Scene(one), Scene(other, random=Random(2))
            for turn in range(5):
                cases = [case(f"K{turn}{name}") for name in "abcd"]
                await gather(*(scenes[n % 2].keep(made, TOLD) for n, made in enumerate(cases)))
                assert sorted(await gather(*(scene.notices.round() for scene in scenes))) == [0, 1]
                for scene in scenes:
                    scene.clock.advance(DAY)
            letters = await scenes[0].letters()
    named = [line for letter in letters for line in letter.get_content().splitlines() if line.startswith("  Number:")]
    assert (len(letters), len(named), len(set(named))) == (5, 20, 20)
