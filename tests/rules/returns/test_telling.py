"""What a sender is told of each recipient, and that nothing undisclosed is."""

from dataclasses import replace

import pytest

from filters.auth.judge import Failed
from filters.verdict import Because
from mailsvc.letters.dsn import Returned
from mailsvc.letters.dsn_fields import Action
from mailsvc.records import bodies
from mailsvc.records.deliveries import Deferred, DeliveryState
from mailsvc.returns import telling
from tests.rules.returns.world import DELIVERED, HEADER, REFUSED, SENDER, World, to

FORWARDED = replace(to("secret@newhome.example"), original="hanako@closing.example", because=Because.FORWARDED)
KEPT = replace(FORWARDED, recipient="hanako@closing.example", because=Because.LIVE, lane="maildir:/mail")


async def test_a_forwarded_recipient_bears_the_name_its_sender_used(world: World) -> None:
    await world.failed(FORWARDED)
    await world.returner().round()
    (dsn,) = await world.dsns()
    assert await world.reported(dsn) == [("hanako@closing.example", Action.FAILED, "5.1.1")]
    text = await world.text(dsn)
    assert b"newhome" not in text
    assert b"Diagnostic-Code" not in text


@pytest.mark.parametrize("because", [one for one in Because if one is not Because.OUTWARD])
async def test_what_another_server_said_is_not_repeated(world: World, because: Because) -> None:
    message = await world.failed(replace(FORWARDED, because=because))
    (one,) = await world.of(message)
    (told,) = telling.report(message, SENDER, [one], HEADER).recipients
    assert told.diagnostic == ""
    assert str(told.address) == "hanako@closing.example"


async def test_what_was_said_of_a_recipient_asked_as_such_is_repeated(world: World) -> None:
    message = await world.failed(to("jiro@elsewhere.example"))
    (one,) = await world.of(message)
    (told,) = telling.report(message, SENDER, [one], HEADER).recipients
    assert told.diagnostic == REFUSED.reply


async def test_a_forward_that_fails_is_not_told_where_the_mailbox_has_a_copy(world: World) -> None:
    message = await world.taken(FORWARDED, KEPT)
    await world.ends(message, REFUSED, DELIVERED)
    await world.returner().round()
    assert await world.dsns() == []
    assert (await world.states(message))[0] == (DeliveryState.UNDELIVERABLE, "nobody: the mailbox has a copy")


async def test_both_places_of_one_recipient_are_one_recipient_in_the_report(world: World) -> None:
    await world.failed(FORWARDED, KEPT)
    await world.returner().round()
    (dsn,) = await world.dsns()
    assert await world.reported(dsn) == [("hanako@closing.example", Action.FAILED, "5.1.1")]


@pytest.mark.parametrize(
    ("ret", "limit", "whole"),
    [("full", telling.WHOLE_LIMIT, True), ("hdrs", telling.WHOLE_LIMIT, False), ("", telling.WHOLE_LIMIT, False)],
)
async def test_the_whole_message_goes_back_only_where_asked_for(
    world: World, ret: str, limit: int, whole: bool
) -> None:
    assert limit
    await world.failed(ret=ret, envid="QQ+2B1", client_kind="submission")
    await world.returner().round()
    (dsn,) = await world.dsns()
    text = await world.text(dsn)
    assert (b"secret body" in text) == whole
    assert b"Original-Envelope-Id: QQ+1\r\n" in text


async def test_a_long_message_does_not_go_back_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "WHOLE_LIMIT", 50)
    message = await world.failed(ret="full")
    (one,) = await world.of(message)
    octets = HEADER + b"\r\nsecret body\r\n"
    assert telling.report(message, SENDER, [one], octets).returned is Returned.HEADER


async def test_a_delay_never_returns_the_whole(world: World) -> None:
    message = await world.taken(to("a@x.example", notify="delay"), ret="full")
    await world.ends(message, Deferred(world.now, "451 later"))
    (one,) = await world.of(message)
    made = telling.report(message, SENDER, [one], HEADER + b"\r\nsecret body\r\n")
    assert (made.returned, made.recipients[0].action) == (Returned.HEADER, Action.DELAYED)
    assert made.recipients[0].retried_until is not None


async def test_authentication_is_asked_only_when_a_report_is_about_to_be_written(world: World) -> None:
    await world.failed(mail_from="")
    await world.failed(header=HEADER + b"Precedence: bulk\r\n")
    await world.failed(to("a@x.example", notify="never"))
    message = await world.taken()
    await world.ends(message, DELIVERED)
    await world.returner().round()
    assert world.claims == []
    await world.failed()
    await world.returner().round()
    assert [(one.ip, str(one.sender)) for one in world.claims] == [("192.0.2.7", "taro@world.example")]


async def test_a_sender_that_failed_authentication_is_not_told_and_why_is_on_record(world: World) -> None:
    world.verdict = Failed("spf=fail")
    message = await world.failed()
    await world.returner().round()
    assert await world.dsns() == []
    wanted = (DeliveryState.UNDELIVERABLE, "nobody: authentication failed: spf=fail")
    assert await world.states(message) == [wanted]


async def test_a_sender_to_whom_there_is_no_way_is_on_record(world: World) -> None:
    world.no_way = True
    message = await world.failed()
    await world.returner().round()
    assert await world.states(message) == [(DeliveryState.UNDELIVERABLE, "nobody: there is no way to the sender")]


async def test_a_message_whose_content_is_gone_is_not_spoken_of(world: World) -> None:
    message = await world.failed()
    world.records.act(lambda one: bodies.remove_chunks(one, message.body_id, 10))
    await world.returner().round()
    wanted = (DeliveryState.UNDELIVERABLE, "nobody: its content is no longer kept")
    assert await world.states(message) == [wanted]
