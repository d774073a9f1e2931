"""Mail that is forwarded, on a whole house: out under a sender of ours, back without the new address, and at rest."""

from collections.abc import AsyncIterator
from email import message_from_bytes
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.forwarding_house import MAIL, ForwardingHouse, forwarding_house
from tests.peers.smtp import Answer
from tests.support.deadline import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = b"new@home.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ForwardingHouse]:
    async with forwarding_house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def house(shared: ForwardingHouse) -> ForwardingHouse:
    """The house they share; nothing has left it yet as far as this test sees."""
    shared.world.mails.clear()
    return shared


def bounce(returned: bytes, recipient: str, status: str) -> bytes:
    """What the target's server writes, naming the new address wherever it can."""
    header = returned.partition(b"\r\n\r\n")[0]
    return (
        b"From: MAILER-DAEMON@home.example\r\nSubject: Undelivered: " + recipient.encode() + b"\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        b"--B\r\nContent-Type: text/plain\r\n\r\n<" + recipient.encode() + b"> is unknown here\r\n"
        b"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.home.example\r\n\r\n"
        b"Final-Recipient: rfc822; "
        + recipient.encode()
        + b"\r\nAction: failed\r\nStatus: "
        + status.encode()
        + b"\r\n\r\n"
        b"--B\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        b"Received: from mx by mx.home.example for <"
        + recipient.encode()
        + b">; now\r\n"
        + header
        + b"\r\n\r\n--B--\r\n"
    )


async def test_a_bounce_goes_back_and_does_not_name_the_new_address(house: ForwardingHouse) -> None:
    assert (await house.send(MAIL, "goro")).startswith("250 ")
    (gone,) = await house.left(1)
    octets = bounce(gone.body, "goro.new@home.example", "5.2.2")
    assert (await house.send(octets, gone.sender, sender="")).startswith("250 ")
    (_, back) = await house.left(2)
    assert (back.sender, back.recipients) == ("", ["a@world.example"])
    assert NEW not in back.body
    parts = "".join(str(part.get_payload(decode=True)) for part in message_from_bytes(back.body).walk())
    assert NEW.decode() not in parts
    for words in (b"Final-Recipient: rfc822; goro@closing.example", b"Status: 5.2.2", b"Subject: hello"):
        assert words in back.body
    assert await house.lastpost("forwards", "list") == []


async def test_with_consent_a_bounce_goes_back_as_it_came(house: ForwardingHouse) -> None:
    assert (await house.send(MAIL, "shiro")).startswith("250 ")
    (gone,) = await house.left(1)
    octets = bounce(gone.body, "shiro.new@home.example", "5.2.2")
    assert (await house.send(octets, gone.sender, sender="postmaster@home.example")).startswith("250 ")
    (_, back) = await house.left(2)
    assert back.recipients == ["a@world.example"]
    assert back.body.endswith(octets)


async def test_only_what_we_have_forwarded_comes_back(house: ForwardingHouse) -> None:
    assert (await house.send(MAIL, "goro")).startswith("250 ")
    (gone,) = await house.left(1)
    forged = gone.sender.replace("=a@", "=victim@")
    assert (await house.send(MAIL, forged, sender="")).startswith("550 5.1.1 ")
    assert (await house.send(b"Subject: buy\r\n\r\nnow\r\n", gone.sender, sender="x@spam.example")).startswith(
        "550 5.7.1 "
    )
    for together in ((gone.sender, "taro"), ("taro", gone.sender)):
        assert (await house.send(gone.body, *together, sender="")).startswith("452 4.5.3 ")
    assert len(house.world.mails) == 1


async def test_a_target_that_refuses_for_good_lets_the_forward_rest(tmp_path: Path) -> None:
    script = {"RCPT TO:<goro.new@": Answer("550 5.1.1 <goro.new@home.example> is nobody")}
    async with forwarding_house(tmp_path, script) as house:
        refused = await house.send(MAIL, "goro", sender="")
        (delivery,) = await house.settled(refused)
        assert delivery["last_reply"].startswith("550 5.1.1 ")
        (letter,) = await house.left(1)
        assert (letter.sender, letter.recipients) == ("", ["goro@phone.example"])
        (text,) = [part.get_payload(decode=True) for part in message_from_bytes(letter.body).walk()]
        assert isinstance(text, bytes)
        assert b"goro.new@home.example" in text
        (row,) = await house.lastpost("forwards", "list")
        assert (row["address"], row["target"]) == ("goro@closing.example", "goro.new@home.example")
        stays = await house.settled(await house.send(MAIL, "goro", sender=""))
        assert [one["recipient"] for one in stays] == ["goro@closing.example"]
        assert len(house.service.bodies("goro")) == 1
        await house.lastpost("forwards", "resume", "goro@closing.example", "--reason", "it takes mail again")
        await house.settled(await house.send(MAIL, "goro", sender=""))
        await until(lambda: len(house.world.taken) == 2, "the subscriber is told again")
