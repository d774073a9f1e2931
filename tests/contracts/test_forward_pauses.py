"""Forwards that rest, held to both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from mailsvc.records import forward_pauses
from mailsvc.records.store import Records
from schedules.names import Address

AT = datetime(2026, 11, 22, tzinfo=UTC)
HANAKO, TARO = Address.parse("hanako@closing.example"), Address.parse("taro@closing.example")
HOME, OTHER = Address.parse("Hanako@home.example"), Address.parse("hanako@other.example")


def pause(records: Records, address: Address = HANAKO, target: Address = HOME, reply: str = "550 5.1.1 no") -> bool:
    return records.act(lambda c: forward_pauses.pause(c, address, target, since=AT, reply=reply))


def paused(records: Records, address: Address, target: Address) -> bool:
    with records.read() as connection:
        return forward_pauses.is_paused(connection, address, target)


def test_a_forward_rests_for_one_address_and_one_target(records: Records) -> None:
    assert pause(records)
    assert paused(records, HANAKO, HOME)
    assert paused(records, Address.parse("HANAKO@Closing.Example"), Address.parse("hanako@HOME.example"))
    assert not any(paused(records, *one) for one in ((TARO, HOME), (HANAKO, OTHER)))


def test_only_the_first_refusal_is_kept(records: Records) -> None:
    assert pause(records)
    assert not pause(records, reply="550 5.2.1 another")
    with records.read() as connection:
        (kept,) = forward_pauses.listing(connection)
    assert kept == forward_pauses.Pause("closing.example", "hanako", "hanako@home.example", AT, "550 5.1.1 no")


def test_of_several_at_once_one_pauses(records: Records) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda _: pause(records), range(12))) == [False] * 11 + [True]


def test_a_forward_is_resumed_for_every_target(records: Records) -> None:
    for address, target in ((HANAKO, HOME), (HANAKO, OTHER), (TARO, HOME)):
        pause(records, address, target)
    resumed = records.act(lambda c: forward_pauses.resume(c, Address.parse("Hanako@closing.example")))
    assert sorted(one.target for one in resumed) == ["hanako@home.example", "hanako@other.example"]
    assert records.act(lambda c: forward_pauses.resume(c, HANAKO)) == []
    assert not paused(records, HANAKO, HOME)
    assert paused(records, TARO, HOME)
    later = AT + timedelta(days=1)
    assert records.act(lambda c: forward_pauses.pause(c, HANAKO, HOME, since=later, reply="again"))
