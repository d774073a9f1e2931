"""Hosts that a stranger may name."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from mailsvc.kit.public_hosts import Asking, HostAway, NotPublic, asked_of_system, is_public, public_address

INNER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:7f00:1::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8", "2400:cb00::1"]


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_others_are(address: str) -> None:
    assert is_public(address)


def answering(*addresses: str) -> Asking:
    async def asking(_host: str) -> Sequence[str]:
        await asyncio.sleep(0)
        return addresses

    return asking


def failing(error: OSError) -> Asking:
    async def asking(_host: str) -> Sequence[str]:
        await asyncio.sleep(0)
        raise error

    return asking


async def test_a_name_is_asked_for_once_and_its_answer_is_what_counts() -> None:
    assert await public_address("imap.new.example", 993, answering("8.8.8.8", "2606:4700::1111")) == "8.8.8.8"
    assert await public_address("8.8.4.4", 143, failing(OSError())) == "8.8.4.4"


@pytest.mark.parametrize("answer", [(), ("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("nonsense",)])
async def test_one_inner_address_is_enough_to_refuse(answer: tuple[str, ...]) -> None:
    with pytest.raises(NotPublic) as no:
        await public_address("rebind.example", 993, answering(*answer))
    assert not [one for one in answer if one in str(no.value)]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "169.254.169.254"])
async def test_an_inner_address_itself_is_refused_without_asking(host: str) -> None:
    with pytest.raises(NotPublic):
        await public_address(host, 993, failing(AssertionError()))  # type: ignore[arg-type] # nobody is asked


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "localhost"])
async def test_other_ways_to_write_an_inner_address_are_seen_through(host: str) -> None:
    with pytest.raises(NotPublic):
        await public_address(host, 993, asked_of_system)


@pytest.mark.parametrize("port", [0, 25, 80, 6379, 65536])
async def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(NotPublic, match="port"):
        await public_address("8.8.8.8", port, answering())


async def test_a_name_that_is_not_there_is_told_from_one_nobody_answers_for() -> None:
    with pytest.raises(NotPublic, match="no host"):
        await public_address("nowhere.example", 993, failing(socket.gaierror(socket.EAI_NONAME, "unknown")))
    for error in (socket.gaierror(socket.EAI_AGAIN, "later"), TimeoutError()):
        with pytest.raises(HostAway):
            await public_address("slow.example", 993, failing(error))
