"""Hosts that a stranger may name."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from mailsvc.kit.mailbox_urls import parse_mailbox
from mailsvc.kit.public_hosts import Asking, HostAway, NotPublic, PublicOnly, is_public
from schedules.positions import Wrong

INNER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:7f00:1::1",
    "192.0.0.8", "192.0.0.9", "192.88.99.1", "::ffff:192.0.0.8", "2001:1::1", "2001:20::1", "3fff::1", "3fff:fff::1",
    "5f00::1", "100::1", "100:0:0:1::1",
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
    assert await PublicOnly(answering("8.8.8.8", "2606:4700::1111")).address("imap.new.example") == "8.8.8.8"
    assert await PublicOnly(failing(OSError())).address("8.8.4.4") == "8.8.4.4"


@pytest.mark.parametrize("answer", [(), ("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("nonsense",)])
async def test_one_inner_address_is_enough_to_refuse(answer: tuple[str, ...]) -> None:
    with pytest.raises(NotPublic) as no:
        await PublicOnly(answering(*answer)).address("rebind.example")
    assert not [one for one in answer if one in str(no.value)]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_an_inner_address_itself_is_refused_without_asking(host: str) -> None:
    with pytest.raises(NotPublic):
        await PublicOnly(failing(AssertionError())).address(host)  # type: ignore[arg-type] # nobody is asked


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "0x7f", "0x7f000001", "0177.0.0.1", "2130706433", "localhost"])
async def test_other_ways_to_write_an_inner_address_are_seen_through(host: str) -> None:
    with pytest.raises(NotPublic):
        await PublicOnly().address(host)


async def test_nobody_learns_which_names_our_own_network_has() -> None:
    unknown = failing(socket.gaierror(socket.EAI_NONAME, "unknown"))
    told = []
    for asking in (unknown, answering("10.0.0.1"), failing(UnicodeError("label too long"))):  # type: ignore[arg-type]
        with pytest.raises(NotPublic) as no:
            await PublicOnly(asking).address("db.example")
        told.append(str(no.value))
    assert set(told) == {"db.example is no host that mail is moved from or to"}


async def test_a_name_that_nobody_answers_for_may_be_there_later() -> None:
    for error in (socket.gaierror(socket.EAI_AGAIN, "later"), TimeoutError()):
        with pytest.raises(HostAway):
            await PublicOnly(failing(error)).address("slow.example")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("maildir:/srv/mail/taro", "folder of this machine"),
        ("imap://h@127.0.0.1?tls=none", "in clear"),
        ("imaps://h@imap.new.example?ca=/etc/shadow", "trusts"),
        ("imaps://h@imap.new.example:25", "port 25"),
        ("imaps://h@imap.new.example:6379", "port 6379"),
        ("imap://h@imap.new.example:65535", "port 65535"),
    ],
)
def test_what_no_stranger_may_ask_of_this_machine(url: str, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        PublicOnly().check(parse_mailbox(url))


@pytest.mark.parametrize("url", ["imaps://h@a.example", "imap://h@a.example", "imaps://m@a.example:143?authz=h"])
def test_servers_of_the_internet_may_be_named(url: str) -> None:
    PublicOnly().check(parse_mailbox(url))
