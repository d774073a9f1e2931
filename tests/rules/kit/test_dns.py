"""`dns-faults`: what the resolver makes of servers that fail, lie, truncate or say nothing."""

import asyncio

import pytest

from filters.lookup import DnsAway, NameUnknown
from mailsvc.kit.dns import AWAY, LONGEST_NO, Dns
from tests.peers.dns import NULL_MX, TTL, DnsPeer, Fault, Table, Truncated

HOSTS: Table = {
    ("closing.example", "MX"): ["20 b.example.", "10 a.example."],
    ("closing.example", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("a.example", "A"): ["192.0.2.1", "192.0.2.2"],
    ("a.example", "AAAA"): ["2001:db8::1"],
    ("null.example", "MX"): NULL_MX,
    ("1.2.0.192.in-addr.arpa", "PTR"): ["a.example."],
}


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def asking(peer: DnsPeer, time: Time | None = None, *, timeout: float = 60.0, size: int = 100) -> Dns:
    return Dns([f"127.0.0.1@{peer.port}"], timeout, time or Time(), size=size)


async def test_each_question_has_its_answer() -> None:
    async with DnsPeer(HOSTS) as peer:
        dns = asking(peer)
        assert list(await dns.mx("Closing.example.")) == [(10, "a.example"), (20, "b.example")]
        assert sorted(await dns.txt("closing.example")) == [b"other", b"v=spf1 -all"]
        assert sorted(await dns.addresses("a.example", v6=False)) == ["192.0.2.1", "192.0.2.2"]
        assert list(await dns.addresses("a.example", v6=True)) == ["2001:db8::1"]
        assert list(await dns.ptr("192.0.2.1")) == ["a.example"]
        assert list(await dns.mx("null.example")) == [(0, "")]


async def test_no_data_is_no_name_unknown() -> None:
    async with DnsPeer(HOSTS) as peer:
        dns = asking(peer)
        assert list(await dns.mx("a.example")) == []
        with pytest.raises(NameUnknown):
            await dns.mx("nobody.example")


@pytest.mark.parametrize("name", ["x" * 64 + ".example", "a..example", "a" * 300])
async def test_what_cannot_be_a_name_is_asked_of_nobody(name: str) -> None:
    async with DnsPeer(HOSTS) as peer:
        with pytest.raises(NameUnknown):
            await asking(peer).mx(name)
    assert not peer.asked


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED, Fault.GARBAGE, Fault.TIMEOUT])
async def test_a_server_that_fails_is_away_and_asked_again_soon(fault: Fault) -> None:
    time = Time()
    async with DnsPeer({("sick.example", "MX"): fault}) as peer:
        dns = asking(peer, time, timeout=0.3)
        for _ in range(3):
            with pytest.raises(DnsAway, match=r"sick\.example"):
                await dns.mx("sick.example")
        tries = len(peer.asked)
        assert tries <= 3
        time.seconds += AWAY
        with pytest.raises(DnsAway):
            await dns.mx("sick.example")
        assert len(peer.asked) > tries


async def test_nobody_there_is_away() -> None:
    async with DnsPeer({}) as peer:
        dns = asking(peer, timeout=0.3)
    with pytest.raises(DnsAway):
        await dns.mx("closing.example")


async def test_a_truncated_answer_is_fetched_by_tcp() -> None:
    async with DnsPeer({("large.example", "MX"): Truncated([f"10 m{n}.example." for n in range(90)])}) as peer:
        assert len(await asking(peer).mx("large.example")) == 90
        assert peer.by_tcp == [("large.example", "MX")]


async def test_answers_live_as_long_as_their_ttl() -> None:
    time = Time()
    async with DnsPeer(HOSTS) as peer:
        dns = asking(peer, time)
        for _ in range(3):
            await dns.mx("closing.example")
        time.seconds += TTL - 1
        await dns.mx("closing.example")
        assert len(peer.asked) == 1
        time.seconds += 1
        await dns.mx("closing.example")
        assert len(peer.asked) == 2


async def test_that_a_name_is_unknown_is_remembered_for_a_bounded_time() -> None:
    time = Time()
    async with DnsPeer(HOSTS) as peer:
        dns = asking(peer, time)
        for _ in range(2):
            with pytest.raises(NameUnknown):
                await dns.txt("nobody.example")
        assert len(peer.asked) == 1
        time.seconds += LONGEST_NO
        with pytest.raises(NameUnknown):
            await dns.txt("nobody.example")
        assert len(peer.asked) == 2


async def test_many_who_ask_the_same_at_once_cost_one_question() -> None:
    async with DnsPeer(HOSTS) as peer:
        dns = asking(peer)
        many = [asyncio.create_task(dns.mx("closing.example")) for _ in range(50)]
        await asyncio.sleep(0)
        many[0].cancel()
        found = await asyncio.gather(*many[1:])
        assert {len(one) for one in found} == {2}
        assert len(peer.asked) == 1


async def test_answers_of_many_records_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.kit.dns.OCTETS", 100_000)
    many = [f"192.0.2.{number}" for number in range(60)]
    table: Table = {(f"{number}.example", "A"): many for number in range(10)}
    async with DnsPeer(table) as peer:
        dns = asking(peer)
        for number in range(10):
            assert len(await dns.addresses(f"{number}.example", v6=False)) == 60
        assert 1 <= len(dns) <= 4
        await dns.addresses("9.example", v6=False)
    assert len(peer.asked) <= 20  # UDP, then TCP


async def test_the_cache_is_bounded() -> None:
    async with DnsPeer({}) as peer:
        dns = asking(peer, size=10)
        for number in range(30):
            with pytest.raises(NameUnknown):
                await dns.mx(f"n{number}.example")
        assert len(dns) == 10
