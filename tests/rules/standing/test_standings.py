"""A standing for every form an address can have, and for what is missing."""

from datetime import date, datetime, timedelta

import pytest

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Forwarding, Left, Sender
from mailsvc.records.directory import Entry
from mailsvc.standing import FactsAway
from schedules.amendments import Amendment, Hold
from schedules.blocks.scopes import Scope
from schedules.words import Capability
from tests.rules.standing.world import (
    AFTER,
    AT,
    BEFORE,
    END,
    FORWARD_OVER,
    JST,
    NOTICE,
    PLAN,
    World,
    address,
    alias,
    answer,
)

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class TestWho:
    async def test_an_address_elsewhere_is_not_ours(self, world: World) -> None:
        standing = await world.standings.of(address("x@elsewhere.example"), BEFORE)
        assert (standing.ours, standing.kind, standing.mailbox, standing.rulings) == (False, None, None, None)

    async def test_a_name_below_a_domain_is_ours_only_by_a_wildcard(self, world: World) -> None:
        world.publish(Entry(address("a@deep.closing.example")))
        assert (await world.standings.of(address("a@deep.closing.example"), BEFORE)).kind is AddressKind.BASE
        assert not (await world.standings.of(address("a@deep.staying.example"), BEFORE)).ours

    async def test_a_known_address_in_any_case_is_itself(self, world: World) -> None:
        world.publish(Entry(address("Hanako")))
        standing = await world.standings.of(address("hANAKO"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.BASE, address("Hanako"))
        assert standing.asked == address("hANAKO")

    async def test_an_unknown_address_has_no_mailbox_but_its_domains_rulings(self, world: World) -> None:
        world.publish(Entry(address("hanako")))
        world.apply()
        standing = await world.standings.of(address("nobody"), AFTER)
        assert (standing.ours, standing.kind, standing.mailbox, standing.usage) == (True, None, None, None)
        assert standing.rulings is not None
        assert not standing.rulings[Capability.SEND].allowed

    async def test_left_and_forwarding_are_told(self, world: World) -> None:
        left = Left(address("shiro@elsewhere.example"), disclose=True)
        wish = Forwarding(address("jiro@newhome.example"), confirmed=True, disclose=True, keep=False)
        world.publish(Entry(address("shiro"), left=left), Entry(address("jiro"), forwarding=wish))
        assert (await world.standings.of(address("shiro"), BEFORE)).left == left
        assert (await world.standings.of(address("jiro"), BEFORE)).forwarding == wish


class TestRoles:
    @pytest.mark.parametrize("local", ["postmaster", "POSTMASTER", "abuse", "postmaster+x"])
    async def test_are_there_without_a_directory(self, world: World, local: str) -> None:
        standing = await world.standings.of(address(f"{local}@empty.example"), BEFORE)
        assert (standing.kind, standing.asked) == (AddressKind.ROLE, address(f"{local}@empty.example"))

    @pytest.mark.parametrize("local", ["postmaster+1", "PostMaster+a%b", '"postmaster+/../x"', '"postmaster+@evil"'])
    async def test_have_one_mailbox_whatever_tag_a_stranger_thinks_of(self, world: World, local: str) -> None:
        standing = await world.standings.of(address(f"{local}@empty.example"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.ROLE, address("postmaster@empty.example"))

    async def test_go_where_the_directory_says(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("postmaster", "hanako"))
        standing = await world.standings.of(address("postmaster"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.ROLE, address("hanako"))

    async def test_fall_back_to_their_own_mailbox_from_a_broken_alias(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("postmaster", "gone"))
        standing = await world.standings.of(address("postmaster"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.ROLE, address("postmaster"))

    async def test_elsewhere_are_not_ours(self, world: World) -> None:
        assert not (await world.standings.of(address("postmaster@elsewhere.example"), BEFORE)).ours


class TestMissingFacts:
    async def test_a_domain_of_ours_without_a_directory_is_never_called_unknown(self, world: World) -> None:
        with pytest.raises(FactsAway, match=r"empty\.example"):
            await world.standings.of(address("hanako@empty.example"), BEFORE)

    async def test_a_mailbox_that_cannot_be_counted(self, world: World) -> None:
        world.publish(Entry(address("hanako")))
        folder = world.maildir("hanako")
        folder.parent.mkdir(parents=True)
        folder.write_text("a file where the mailbox should be")
        with pytest.raises(FactsAway, match="hanako"):
            await world.standings.of(address("hanako"), BEFORE)


class TestUsage:
    async def test_is_counted_only_where_it_matters(self, world: World) -> None:
        world.publish(
            Entry(address("hanako")),
            Entry(address("goro"), left=Left(None, disclose=False)),
            Entry(address("free"), quota=0),
        )
        world.apply()
        assert (await world.standings.of(address("hanako"), BEFORE)).usage is not None
        assert (await world.standings.of(address("hanako"), BEFORE, usage=False)).usage is None
        assert (await world.standings.of(address("hanako"), AFTER)).usage is None
        assert (await world.standings.of(address("goro"), BEFORE)).usage is None
        assert (await world.standings.of(address("free"), BEFORE)).usage is None
        assert (await world.standings.of(address("postmaster"), BEFORE)).usage is None

    async def test_of_a_domain_whose_mailboxes_are_elsewhere_is_not_known(self, world: World) -> None:
        world.publish(Entry(address("a@relayed.example")))
        standing = await world.standings.of(address("a@relayed.example"), BEFORE)
        assert (standing.kind, standing.usage) == (AddressKind.BASE, None)


class TestNoticePage:
    async def test_is_the_plans_own_and_else_the_providers(self, world: World) -> None:
        world.publish(Entry(address("hanako")), Entry(address("a@staying.example")))
        world.apply()
        assert (await world.standings.of(address("hanako"), AFTER)).notice_url == NOTICE
        staying = await world.standings.of(address("a@staying.example"), AFTER)
        assert staying.notice_url == "https://provider.example/"


async def test_the_end_comes_at_its_second(world: World) -> None:
    world.publish(Entry(address("hanako")))
    world.apply()
    assert await answer(world, "hanako", END - timedelta(microseconds=1)) == "250 2.1.5 Recipient OK"
    assert await answer(world, "hanako", END) == (f"550 5.1.6 Mail service at closing.example has ended; see {NOTICE}")


async def test_a_hold_keeps_one_address_open(world: World) -> None:
    world.publish(Entry(address("hanako")), Entry(address("jiro"), area="noto"))
    hold = Hold(Scope(area="noto"), END + timedelta(days=30))
    world.apply(amendments=[Amendment(1, AT, "tests", "earthquake", hold)])
    assert (await answer(world, "hanako", AFTER)).startswith("550 ")
    assert (await answer(world, "jiro", AFTER)).startswith("250 ")


async def test_a_suspended_contract_keeps_its_mail_and_may_not_send(world: World) -> None:
    world.publish(Entry(address("rokuro"), suspended_since=date(2024, 1, 1)))
    world.apply()
    assert await answer(world, "rokuro", BEFORE) == "250 2.1.5 Recipient OK"
    standing = await world.standings.of(address("rokuro"), BEFORE, usage=False)
    submission = Client(ClientKind.SUBMISSION, "127.0.0.1", 1)
    outward = await world.standings.of(address("x@elsewhere.example"), BEFORE)
    verdict = judge.recipient(submission, Sender(address("rokuro"), standing), outward)
    assert str(verdict.reply).startswith("550 5.7.1 Sending from this address is suspended since 2024-01-01")


async def test_the_demo_world_by_its_real_plan(world: World) -> None:
    disclosed = Forwarding(address("jiro@newhome.example"), confirmed=True, disclose=True, keep=False)
    silent = Forwarding(address("saburo@newhome.example"), confirmed=True, disclose=False, keep=False)
    world.publish(
        Entry(address("hanako")),
        Entry(address("jiro"), forwarding=disclosed),
        Entry(address("saburo"), forwarding=silent),
        Entry(address("shiro"), left=Left(address("shiro@elsewhere.example"), disclose=True)),
        Entry(address("goro"), left=Left(None, disclose=False)),
        Entry(address("rokuro"), suspended_since=date(2024, 1, 1)),
    )
    world.apply()
    rows = {
        "hanako": (250, 550, 550),
        "jiro": (251, 251, 551),
        "saburo": (250, 250, 550),
        "shiro": (551, 551, 551),
        "goro": (550, 550, 550),
        "rokuro": (250, 550, 550),
        "postmaster": (250, 250, 250),
        "nobody": (550, 550, 550),
        "x@elsewhere.example": (550, 550, 550),
    }
    for who, codes in rows.items():
        found = [int((await answer(world, who, at))[:3]) for at in (BEFORE, AFTER, FORWARD_OVER)]
        assert tuple(found) == codes, who


@pytest.mark.parametrize(
    ("suspension", "line"),
    [
        ("keep", "250 2.1.5 Recipient OK"),
        ("defer", "450 4.2.1 This mailbox is suspended for now"),
        ("refuse", "550 5.2.1 This mailbox is suspended"),
    ],
)
async def test_mail_to_the_suspended_by_plan(world: World, suspension: str, line: str) -> None:
    world.publish(Entry(address("rokuro"), suspended_since=date(2024, 1, 1)))
    world.apply(PLAN.replace("suspension: keep", f"suspension: {suspension}"))
    assert await answer(world, "rokuro", BEFORE) == line
    assert (await answer(world, "rokuro", AFTER)).startswith("550 5.1.6 ")
    assert (await answer(world, "rokuro", datetime(2023, 12, 31, tzinfo=JST))).startswith("250 ")


async def test_the_first_hours_are_soft_and_a_brown_out_passes(world: World) -> None:
    world.publish(Entry(address("hanako")))
    brown_out = "brown_outs:\n  - {from: 2024-01-20T10:00, until: 2024-01-20T11:00}\n"
    world.apply(
        PLAN.replace("receive-end: {at: 2024-02-01}", "receive-end: {at: 2024-02-01, soft_for: 2 h}") + brown_out
    )
    at = datetime(2024, 1, 20, 10, tzinfo=JST)
    moments = [at - SECOND, at, at + HOUR, END - SECOND, END, END + 2 * HOUR - SECOND, END + 2 * HOUR]
    found = [(await answer(world, "hanako", moment))[:9] for moment in moments]
    soft, hard, fine = "450 4.1.6", "550 5.1.6", "250 2.1.5"
    assert found == [fine, soft, fine, fine, soft, soft, hard]


async def test_the_last_day_of_a_contract_and_of_an_address(world: World) -> None:
    world.publish(
        Entry(address("short"), contract_expiry=date(2024, 1, 15)),
        Entry(address("own"), contract_expiry=date(2023, 3, 31), address_expiry=date(2024, 1, 15)),
    )
    world.apply()
    midnight = datetime(2024, 1, 16, tzinfo=JST)
    for local in ("short", "own"):
        assert (await answer(world, local, midnight - SECOND)).startswith("250 ")
        assert (await answer(world, local, midnight)).startswith("550 5.1.6 ")
