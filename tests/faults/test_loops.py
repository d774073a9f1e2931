"""Promise `loops`: forward to self, A to B to A, Auto-Submitted, null sender; hop limit; no bounce to <>."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.forwarding_house import MAIL, ForwardingHouse, forwarding_house
from tests.peers.smtp import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOP = "554 5.4.6 "
HOP = b"Received: from a.example by b.example; Sun, 22 Nov 2026 09:00:00 +0900\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ForwardingHouse]:
    script = {"RCPT TO:<shiro.new@": Answer("550 5.1.1 <shiro.new@home.example> is nobody")}
    async with forwarding_house(tmp_path_factory.mktemp("house"), script) as made:
        yield made


@pytest.fixture
def house(shared: ForwardingHouse) -> ForwardingHouse:
    """The house they share; nothing has left it yet as far as this test sees."""
    shared.world.mails.clear()
    return shared


async def test_circles_inside_end_in_a_mailbox(house: ForwardingHouse) -> None:
    for asked, ends_in in (("hanako", "hanako"), ("h", "hanako"), ("jiro", "saburo"), ("saburo", "jiro")):
        before = len(house.service.bodies(ends_in))
        reply = await house.send(MAIL, asked)
        assert reply.startswith("250 "), reply
        (delivery,) = await house.settled(reply)
        assert (delivery["state"], delivery["recipient"]) == ("delivered", f"{ends_in}@closing.example")
        assert len(house.service.bodies(ends_in)) == before + 1
    assert house.world.mails == []


async def test_circles_outside_end_after_one_round(house: ForwardingHouse) -> None:
    assert (await house.send(MAIL, "goro")).startswith("250 ")
    (gone,) = await house.left(1)
    assert gone.recipients == ["goro.new@home.example"]
    assert gone.sender.startswith("SRS0=")
    assert gone.body.startswith(b"Delivered-To: goro@closing.example\r\n")
    assert gone.body.endswith(MAIL)
    # What came back once comes back as anybody might send it on, and never leaves again.
    for sender in (gone.sender, "a@world.example", ""):
        for octets in (gone.body, b"Auto-Submitted: auto-replied\r\n" + gone.body, HOP + gone.body):
            assert (await house.send(octets, "goro", sender=sender)).startswith(LOOP)
    assert (await house.send(gone.body, "GORO+tag", sender="")).startswith(LOOP)


async def test_too_many_hops_are_refused_for_everybody(house: ForwardingHouse) -> None:
    taken = await house.send(HOP * 50 + MAIL, "taro")
    assert taken.startswith("250 "), taken
    await house.settled(taken)
    assert (await house.send(HOP * 51 + MAIL, "taro")).startswith(LOOP)
    assert (await house.send(HOP * 51 + MAIL, "taro", "goro", sender="")).startswith(LOOP)


async def test_the_others_of_a_looping_message_get_it_and_the_null_sender_is_told_nothing(
    house: ForwardingHouse,
) -> None:
    octets = b"Delivered-To: goro@closing.example\r\n" + MAIL
    before = len(house.service.bodies("taro"))
    silent = await house.send(octets, "goro", "taro", sender="")
    refused = await house.send(MAIL, "shiro", sender="")
    told = await house.send(octets, "goro", "taro")
    for reply in (silent, told):
        assert reply.startswith("250 "), reply
        looping, other = sorted(await house.settled(reply), key=lambda one: one["original"])
        assert looping["state"] in {"undeliverable", "returned"}
        assert looping["last_reply"].startswith(LOOP)
        assert (other["state"], other["recipient"]) == ("delivered", "taro@closing.example")
    assert len(house.service.bodies("taro")) == before + 2
    (failed,) = await house.settled(refused)
    assert failed["last_reply"].startswith("550 5.1.1 ")
    # One report leaves, for the one that has a sender; it was sent last, so that others would have left before it.
    (report, *others) = await house.left(1)
    assert (report.sender, report.recipients, others) == ("", ["a@world.example"], [])
    assert b"goro@closing.example" in report.body
    assert b"5.4.6" in report.body
    assert b"home.example" not in report.body
