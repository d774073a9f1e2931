"""Names that lead to other mailboxes: tags, aliases, the catch-all."""

from datetime import date

import pytest

from filters.mail import AddressKind, Forwarding
from mailsvc.records.directory import Entry
from mailsvc.standing import FactsAway
from schedules.words import Capability, Rule
from tests.rules.standing.world import (
    AFTER,
    BEFORE,
    World,
    address,
    alias,
    answer,
)


class TestTags:
    async def test_a_tag_is_not_part_of_the_mailbox(self, world: World) -> None:
        world.publish(Entry(address("hanako")))
        standing = await world.standings.of(address("hanako+shop+2"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.BASE, address("hanako"))

    async def test_an_address_with_a_plus_of_its_own_comes_first(self, world: World) -> None:
        world.publish(Entry(address("hanako")), Entry(address("hanako+own")))
        assert (await world.standings.of(address("hanako+own"), BEFORE)).mailbox == address("hanako+own")

    async def test_a_domain_may_have_no_tags(self, world: World) -> None:
        world.publish(Entry(address("hanako@staying.example")))
        assert (await world.standings.of(address("hanako+a@staying.example"), BEFORE)).kind is None

    @pytest.mark.parametrize("local", ["+a", "+", "++"])
    async def test_a_tag_of_nobody_is_unknown(self, world: World, local: str) -> None:
        world.publish(Entry(address("hanako")))
        assert (await world.standings.of(address(local), BEFORE)).kind is None


class TestAliases:
    async def test_lead_to_the_mailbox(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("h", "hanako"), alias("hh", "h"))
        standing = await world.standings.of(address("hh"), BEFORE)
        assert (standing.kind, standing.mailbox) == (AddressKind.ALIAS, address("hanako"))

    async def test_carry_the_mailboxs_forwarding_and_quota(self, world: World) -> None:
        wish = Forwarding(address("n@newhome.example"), confirmed=True, disclose=False, keep=False)
        world.publish(Entry(address("hanako"), forwarding=wish, quota=10), alias("h", "hanako"))
        world.fill("hanako", 11)
        standing = await world.standings.of(address("h"), BEFORE)
        assert standing.forwarding == wish
        assert standing.usage is not None
        assert (standing.usage.used, standing.usage.limit) == (11, 10)

    async def test_in_a_circle_are_facts_that_cannot_be_known(self, world: World) -> None:
        world.publish(alias("a", "b"), alias("b", "a"), alias("self", "self"))
        for local in ("a", "b", "self"):
            with pytest.raises(FactsAway, match="circle"):
                await world.standings.of(address(local), BEFORE)

    async def test_of_a_chain_up_to_ten_are_followed_and_longer_ones_not(self, world: World) -> None:
        links = [alias(f"a{n}", f"a{n + 1}") for n in range(11)]
        world.publish(*links, Entry(address("a11")))
        assert (await world.standings.of(address("a1"), BEFORE)).mailbox == address("a11")
        with pytest.raises(FactsAway, match="more than 10"):
            await world.standings.of(address("a0"), BEFORE)

    async def test_to_nobody_are_facts_that_cannot_be_known(self, world: World) -> None:
        world.publish(alias("a", "gone"))
        with pytest.raises(FactsAway, match=r"gone@closing\.example"):
            await world.standings.of(address("a"), BEFORE)

    async def test_end_with_their_own_domain(self, world: World) -> None:
        world.publish(Entry(address("hanako@staying.example")), alias("h", "hanako@staying.example"))
        world.apply()
        assert await answer(world, "h", BEFORE) == "250 2.1.5 Recipient OK"
        assert (await answer(world, "h", AFTER)).startswith("550 5.1.6 ")
        assert await answer(world, "hanako@staying.example", AFTER) == "250 2.1.5 Recipient OK"

    async def test_end_with_their_mailboxs_domain(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("h@staying.example", "hanako"))
        world.apply()
        assert await answer(world, "h@staying.example", BEFORE) == "250 2.1.5 Recipient OK"
        assert (await answer(world, "h@staying.example", AFTER)).startswith("550 5.1.6 ")

    async def test_end_on_their_own_last_day(self, world: World) -> None:
        own = Entry(address("h"), kind=AddressKind.ALIAS, alias_of=address("hanako"), address_expiry=date(2024, 1, 10))
        world.publish(Entry(address("hanako")), own)
        world.apply()
        standing = await world.standings.of(address("h"), BEFORE)
        assert standing.rulings is not None
        assert standing.rulings[Capability.RECEIVE].rule is Rule.EXPIRY
        assert standing.rulings.next_change is not None
        assert await answer(world, "hanako", BEFORE) == "250 2.1.5 Recipient OK"


class TestCatchAll:
    async def test_takes_what_nobody_has(self, world: World) -> None:
        world.publish(Entry(address("hanako")), Entry(address("jiro")), alias("*", "hanako"))
        assert (await world.standings.of(address("anything"), BEFORE)).mailbox == address("hanako")
        assert (await world.standings.of(address("jiro"), BEFORE)).mailbox == address("jiro")
        assert (await world.standings.of(address("jiro+tag"), BEFORE)).mailbox == address("jiro")

    async def test_of_one_domain_is_not_that_of_another(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("*", "hanako"), Entry(address("x@staying.example")))
        assert (await world.standings.of(address("anything@staying.example"), BEFORE)).kind is None

    async def test_does_not_take_role_addresses(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("*", "hanako"))
        assert (await world.standings.of(address("abuse"), BEFORE)).mailbox == address("abuse")

    async def test_does_not_mend_a_broken_alias(self, world: World) -> None:
        world.publish(Entry(address("hanako")), alias("*", "hanako"), alias("a", "gone"))
        with pytest.raises(FactsAway):
            await world.standings.of(address("a"), BEFORE)
