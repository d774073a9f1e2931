import asyncio

import dns.asyncresolver
import dns.message
import dns.query
import dns.resolver
import pytest

from tests.peers.dns import NULL_MX, DnsPeer, Fault, Truncated


def resolver(peer: DnsPeer, lifetime: float = 3.0) -> dns.asyncresolver.Resolver:
    asking = dns.asyncresolver.Resolver(configure=False)
    asking.nameservers, asking.port, asking.lifetime = ["127.0.0.1"], peer.port, lifetime
    return asking


async def mx(peer: DnsPeer, name: str, lifetime: float = 3.0) -> list[str]:
    return sorted(str(row) for row in await resolver(peer, lifetime).resolve(name, "MX"))


async def test_records_are_answered_from_the_table() -> None:
    async with DnsPeer({("closing.example", "MX"): ["10 a.example.", "20 b.example."]}) as peer:
        assert await mx(peer, "Closing.example") == ["10 a.example.", "20 b.example."]
    assert peer.asked == [("closing.example", "MX")]


async def test_null_mx() -> None:
    async with DnsPeer({("null.example", "MX"): NULL_MX}) as peer:
        assert await mx(peer, "null.example") == ["0 ."]


async def test_unknown_names_and_unknown_types_differ() -> None:
    async with DnsPeer({("known.example", "A"): ["192.0.2.1"]}) as peer:
        with pytest.raises(dns.resolver.NXDOMAIN):
            await mx(peer, "unknown.example")
        with pytest.raises(dns.resolver.NoAnswer):
            await mx(peer, "known.example")


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED])
async def test_a_server_that_fails(fault: Fault) -> None:
    async with DnsPeer({("sick.example", "MX"): fault}) as peer:
        with pytest.raises(dns.resolver.NoNameservers):
            await mx(peer, "sick.example")


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.GARBAGE])
async def test_a_server_that_never_answers_in_earnest(fault: Fault) -> None:
    async with DnsPeer({("sick.example", "MX"): fault}) as peer:
        with pytest.raises((dns.resolver.LifetimeTimeout, dns.resolver.NoNameservers)):
            await mx(peer, "sick.example", lifetime=0.3)
    assert peer.asked


async def test_truncated_answers_are_whole_by_tcp() -> None:
    async with DnsPeer({("big.example", "MX"): Truncated(["10 a.example."])}) as peer:
        assert await mx(peer, "big.example") == ["10 a.example."]
    assert peer.by_tcp == [("big.example", "MX")]


async def test_nxdomain_can_be_scripted_for_one_type() -> None:
    async with DnsPeer({("odd.example", "A"): ["192.0.2.1"], ("odd.example", "MX"): Fault.NXDOMAIN}) as peer:
        query = dns.message.make_query("odd.example", "MX")
        reply = await asyncio.to_thread(dns.query.udp, query, "127.0.0.1", 3, peer.port)
    assert reply.rcode().name == "NXDOMAIN"
