"""Who is who at a listener."""

import pytest

from filters.mail import ClientKind
from mailsvc.gateway.clients import Doorman, plain_address
from mailsvc.kit.settings.gateway import Listener

PIN, OTHER = "ab" * 32, "cd" * 32


def doorman(**words: object) -> Doorman:
    return Doorman(Listener.model_validate({"listen": "127.0.0.1:0", **words}))


def test_without_peers_everybody_is_the_world() -> None:
    door = doorman()
    assert door.kind("127.0.0.1") is ClientKind.WORLD
    assert door.kind("2001:db8::1") is ClientKind.WORLD
    assert door.kind("127.0.0.1", PIN) is ClientKind.WORLD
    assert not door.certificates_matter


def test_networks_name_our_own() -> None:
    door = doorman(
        submission={"networks": ["192.0.2.0/28", "2001:db8:25::/64"]}, inbound={"networks": ["198.51.100.7"]}
    )
    assert door.kind("192.0.2.15") is ClientKind.SUBMISSION
    assert door.kind("192.0.2.16") is ClientKind.WORLD
    assert door.kind("2001:db8:25::9") is ClientKind.SUBMISSION
    assert door.kind("198.51.100.7") is ClientKind.INBOUND
    assert door.kind("::ffff:198.51.100.7") is ClientKind.INBOUND


def test_the_smaller_network_says_more() -> None:
    door = doorman(inbound={"networks": ["10.0.0.0/8"]}, submission={"networks": ["10.1.0.0/16"]})
    assert door.kind("10.1.2.3") is ClientKind.SUBMISSION
    assert door.kind("10.2.2.3") is ClientKind.INBOUND


def test_a_certificate_says_more_than_a_network() -> None:
    door = doorman(inbound={"networks": ["10.0.0.0/8"]}, submission={"certificates": [PIN]})
    assert door.kind("10.1.2.3", PIN) is ClientKind.SUBMISSION
    assert door.kind("10.1.2.3", OTHER) is ClientKind.INBOUND
    assert door.kind("203.0.113.1", PIN) is ClientKind.SUBMISSION
    assert door.kind("203.0.113.1", OTHER) is ClientKind.WORLD
    assert door.certificates_matter


def test_everyone_else_may_be_turned_away() -> None:
    door = doorman(submission={"networks": ["10.0.0.0/8"]}, everyone_else=False)
    assert door.kind("203.0.113.1") is None
    assert door.kind("203.0.113.1", PIN) is None
    assert door.kind("10.0.0.1") is ClientKind.SUBMISSION


@pytest.mark.parametrize(
    ("ip", "plain"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::1"), ("::1", "::1")],
)
def test_addresses_are_made_plain(ip: str, plain: str) -> None:
    assert str(plain_address(ip)) == plain
