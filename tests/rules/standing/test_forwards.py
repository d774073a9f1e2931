"""Forwards through addresses of ours, forwards that rest, and the senders we have rewritten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from filters import judge
from filters.mail import Client, ClientKind, Forwarding, Left, Sender, Standing
from filters.verdict import Accept, Because, Forward, RecipientVerdict, Refuse
from mailsvc.kit.secrets import Secret
from mailsvc.kit.srs import Srs
from mailsvc.records import forward_pauses
from mailsvc.records.directory import Entry
from mailsvc.standing import Standings
from schedules.names import Address, DomainName
from tests.rules.standing.world import AFTER, BEFORE, WORLD, World, address, alias

HOME = Address.parse("hanako@newhome.example")
SRS = Srs(DomainName("srs.surviving.example"), [Secret("a secret")])
SUBMISSION = Client(ClientKind.SUBMISSION, "127.0.0.1", 4002)


def forwards(local: str, target: str, *, keep: bool = False, disclose: bool = False) -> Entry:
    to = Address.parse(target if "@" in target else f"{target}@closing.example")
    return Entry(address(local), forwarding=Forwarding(to, confirmed=True, disclose=disclose, keep=keep))


def rewriting(world: World) -> Standings:
    return Standings(world.records, world.almanac, world.usage, world.settings, srs=SRS)


async def standing(world: World, asked: str) -> Standing:
    return await rewriting(world).of(Address.parse(asked) if "@" in asked else address(asked), BEFORE)


async def verdict(world: World, asked: str, client: Client = WORLD) -> RecipientVerdict:
    return judge.recipient(client, Sender(None), await standing(world, asked))


async def way(world: World, asked: str) -> tuple[str, list[str]]:
    """Where mail goes, and which mailboxes keep a copy."""
    found = await verdict(world, asked)
    if isinstance(found, Accept):
        return str(found.mailbox), []
    assert isinstance(found, Forward), found
    return str(found.target), [str(one) for one in (*((found.mailbox,) if found.keep else ()), *found.also)]


# ── through other addresses of ours ─────────────────────────────────────────────────────────────────────
async def test_mail_goes_on_where_the_target_of_ours_forwards_to(world: World) -> None:
    world.publish(forwards("hanako", "taro", keep=True), forwards("taro", str(HOME), keep=True))
    assert await way(world, "hanako") == (str(HOME), ["hanako@closing.example", "taro@closing.example"])


async def test_it_ends_in_the_mailbox_behind_an_alias(world: World) -> None:
    world.publish(forwards("hanako", "t"), alias("t", "taro"), Entry(address("taro")))
    assert await way(world, "hanako") == ("taro@closing.example", [])


async def test_two_that_forward_to_each_other_get_each_others_mail_once(world: World) -> None:
    world.publish(forwards("hanako", "taro"), forwards("taro", "hanako"))
    assert await way(world, "hanako") == ("taro@closing.example", [])
    assert await way(world, "taro") == ("hanako@closing.example", [])


async def test_a_circle_of_three_ends_before_it_closes(world: World) -> None:
    world.publish(forwards("a", "b"), forwards("b", "c"), forwards("c", "b"))
    assert [await way(world, one) for one in "abc"] == [
        ("c@closing.example", []),
        ("c@closing.example", []),
        ("b@closing.example", []),
    ]


async def test_who_forwards_to_an_alias_of_the_own_mailbox_keeps_it(world: World) -> None:
    world.publish(forwards("hanako", "h"), alias("h", "hanako"))
    assert await way(world, "hanako") == ("hanako@closing.example", [])


async def test_a_chain_longer_than_anybody_needs_ends(world: World) -> None:
    world.publish(*(forwards(f"n{number}", f"n{number + 1}") for number in range(30)), Entry(address("n30")))
    target, kept = await way(world, "n0")
    assert target.startswith("n1")
    assert kept == []


@pytest.mark.parametrize("target", [Entry(address("taro"), left=Left(None, disclose=False)), Entry(address("other"))])
async def test_mail_stays_where_the_target_of_ours_takes_none(world: World, target: Entry) -> None:
    world.publish(forwards("hanako", "taro"), target)
    assert await way(world, "hanako") == ("hanako@closing.example", [])


async def test_after_the_end_no_dead_mailbox_of_ours_gets_forwarded_mail(world: World) -> None:
    world.apply()
    world.publish(
        forwards("hanako", "taro"), forwards("taro", str(HOME)), forwards("jiro", "sabu"), Entry(address("sabu"))
    )
    of = rewriting(world).of
    to_home = judge.recipient(WORLD, Sender(None), await of(address("hanako"), AFTER))
    to_nowhere = judge.recipient(WORLD, Sender(None), await of(address("jiro"), AFTER))
    assert isinstance(to_home, Forward)
    assert to_home.target == HOME
    assert (str(to_nowhere.reply)[:9], to_nowhere.because) == ("550 5.1.6", Because.SERVICE_ENDED)


async def test_a_target_is_named_only_where_everybody_on_the_way_agrees(world: World) -> None:
    world.publish(forwards("hanako", "taro", disclose=True), forwards("taro", str(HOME), disclose=False))
    silent = await verdict(world, "hanako")
    world.publish(forwards("hanako", "taro", disclose=True), forwards("taro", str(HOME), disclose=True))
    told = await verdict(world, "hanako")
    assert (silent.because, silent.reply.code) == (Because.FORWARDED, 250)
    assert (told.because, told.reply.code) == (Because.FORWARDED_DISCLOSED, 251)


# ── forwards that rest ──────────────────────────────────────────────────────────────────────────────────
async def test_a_forward_that_rests_is_none(world: World) -> None:
    world.publish(forwards("hanako", str(HOME)), alias("h", "hanako"))
    world.records.act(lambda c: forward_pauses.pause(c, address("hanako"), HOME, since=BEFORE, reply="550 5.1.1 no"))
    for asked in ("hanako", "HANAKO+shop", "h"):
        assert await way(world, asked) == ("hanako@closing.example", [])
    found = (await standing(world, "hanako")).forwarding
    assert found is not None
    assert found.paused
    world.apply()
    after = judge.recipient(WORLD, Sender(None), await rewriting(world).of(address("hanako"), AFTER))
    assert (str(after.reply)[:9], after.because) == ("550 5.1.6", Because.SERVICE_ENDED)


async def test_another_target_does_not_rest(world: World) -> None:
    world.publish(forwards("hanako", "hanako@other.example"))
    world.records.act(lambda c: forward_pauses.pause(c, address("hanako"), HOME, since=BEFORE, reply="550 5.1.1 no"))
    assert await way(world, "hanako") == ("hanako@other.example", [])


async def test_whose_forward_led_to_a_target(world: World) -> None:
    world.publish(
        forwards("hanako", "t"), alias("t", "taro"), forwards("taro", str(HOME)), forwards("x", "x@other.example")
    )
    of = rewriting(world).forwarder
    assert (await of(address("hanako+shop"), HOME)) == (await of(address("taro"), HOME))
    holder = await of(address("hanako"), HOME)
    assert holder is not None
    assert holder.address == address("taro")
    assert await of(address("x"), HOME) is None
    assert await of(Address.parse("x@elsewhere.example"), HOME) is None


async def test_a_circle_has_no_forwarder_outside(world: World) -> None:
    world.publish(forwards("hanako", "taro"), forwards("taro", "hanako"))
    assert await rewriting(world).forwarder(address("hanako"), HOME) is None


# ── senders we have rewritten ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("client", [WORLD, SUBMISSION], ids=str)
async def test_mail_to_a_sender_we_rewrote_goes_back_to_the_sender(world: World, client: Client) -> None:
    found = await verdict(world, SRS.forward("jiro@world.example", at=BEFORE), client)
    assert isinstance(found, Accept)
    assert (str(found.mailbox), found.because, found.reply.code) == ("jiro@world.example", Because.BOUNCE_RETURNED, 250)


async def test_what_we_did_not_sign_or_no_longer_believe_is_unknown(world: World) -> None:
    world.publish(alias("*", "hanako"), Entry(address("hanako")))
    genuine = SRS.forward("jiro@world.example", at=BEFORE)
    expired = SRS.forward("jiro@world.example", at=BEFORE - timedelta(days=30))
    forged = genuine.replace("jiro", "taro")
    for client in (WORLD, SUBMISSION):
        for asked in (expired, forged, "SRS0=x@srs.surviving.example"):
            found = await verdict(world, asked, client)
            assert isinstance(found, Refuse)
            assert found.because is Because.UNKNOWN_ADDRESS


async def test_a_sender_of_ours_is_judged_as_anybody_of_ours(world: World) -> None:
    world.publish(
        Entry(address("hanako")), forwards("taro", str(HOME)), Entry(address("gone"), left=Left(None, disclose=False))
    )
    live = await verdict(world, SRS.forward("hanako@closing.example", at=BEFORE))
    onward = await verdict(world, SRS.forward("taro@closing.example", at=BEFORE))
    gone = await verdict(world, SRS.forward("gone@closing.example", at=BEFORE))
    nobody = await verdict(world, SRS.forward("nobody@closing.example", at=BEFORE))
    assert isinstance(live, Accept)
    assert (live.mailbox, live.because) == (address("hanako"), Because.BOUNCE_RETURNED)
    assert isinstance(onward, Forward)
    assert (onward.target, onward.because, onward.reply.code) == (HOME, Because.BOUNCE_RETURNED, 250)
    assert [gone.because, nobody.because] == [Because.MOVED, Because.UNKNOWN_ADDRESS]


async def test_what_was_rewritten_by_two_comes_back_through_us(world: World) -> None:
    once = SRS.forward("jiro@world.example", at=BEFORE)
    found = await verdict(world, SRS.forward(once, at=BEFORE))
    assert isinstance(found, Accept)
    assert str(found.mailbox) == "jiro@world.example"


async def test_without_srs_such_an_address_is_like_any_other(world: World) -> None:
    asked = Address.parse(SRS.forward("jiro@world.example", at=BEFORE))
    found = await world.standings.of(asked, BEFORE)
    assert found == replace(found, ours=False, returned=None)
