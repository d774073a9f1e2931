"""Which servers take a domain's mail (RFC 5321 5.1, RFC 7505), and what DNS that fails means (`dns-faults`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event

import pytest

from filters.lookup import DnsAway, NameUnknown
from mailsvc.kit.dns import Dns
from mailsvc.outbox.exchangers import Exchangers, NoExchanger
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.outbox import Outbox, Pace
from mailsvc.records.deliveries import DeliveryState
from schedules.names import DomainName
from tests.peers.dns import NULL_MX, DnsPeer, Fault, Table, Truncated, Value
from tests.peers.smtp import Answer, SmtpPeer
from tests.rules.outbox.world import PACE, World, at_work, world
from tests.support.deadline import until

Found = Sequence[str] | Exception
NOBODY = NameUnknown("no such name")
SICK = DnsAway("no answer")


class Names:
    """DNS from a table: MX by domain, addresses by host, IPv6 where there is a colon."""

    def __init__(
        self, mx: Mapping[str, Sequence[tuple[int, str]] | Exception], hosts: Mapping[str, Found] | None = None
    ) -> None:
        self._mx = mx
        self._hosts = hosts or {}

    async def mx(self, name: str) -> Sequence[tuple[int, str]]:
        found = self._mx.get(name, NOBODY)
        if isinstance(found, Exception):
            raise found
        return found

    async def addresses(self, name: str, *, v6: bool) -> Sequence[str]:
        found = self._hosts.get(name, NOBODY)
        if isinstance(found, Exception):
            raise found
        return [ip for ip in found if (":" in ip) is v6]

    async def txt(self, name: str) -> Sequence[bytes]:
        raise NameUnknown(name)

    async def ptr(self, ip: str) -> Sequence[str]:
        raise NameUnknown(ip)


HOSTS: Mapping[str, Found] = {
    "a.example": ["192.0.2.1", "2001:db8::1"],
    "b.example": ["192.0.2.2"],
    "c.example": ["192.0.2.3"],
    "us.example": ["192.0.2.99"],
    "bare.example": ["192.0.2.4"],
    "sick.example": SICK,
}


def us(name: str) -> bool:
    return name in {"us.example", "192.0.2.99"}


async def places(
    mx: Sequence[tuple[int, str]] | Exception, domain: str = "new.example", *, seed: int = 1
) -> Sequence[str]:
    found = Exchangers(Names({"new.example": mx, "bare.example": []}, HOSTS), Random(seed), is_us=us)
    return [place.ip for place in await found.of(DomainName.parse(domain))]


async def test_hosts_come_by_preference_with_every_address_of_each() -> None:
    assert await places([(20, "b.example"), (10, "a.example")]) == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]


async def test_within_one_preference_chance_decides() -> None:
    mx = [(10, "b.example"), (10, "c.example")]
    orders = {tuple(await places(mx, seed=seed)) for seed in range(20)}
    assert orders == {("192.0.2.2", "192.0.2.3"), ("192.0.2.3", "192.0.2.2")}


async def test_without_mx_the_domain_itself_takes_its_mail() -> None:
    assert await places([], "bare.example") == ["192.0.2.4"]


@pytest.mark.parametrize(("literal", "ip"), [("[192.0.2.7]", "192.0.2.7"), ("[IPv6:2001:db8::7]", "2001:db8::7")])
async def test_an_address_literal_is_its_own_server(literal: str, ip: str) -> None:
    assert await places([], literal) == [ip]


@pytest.mark.parametrize(
    ("mx", "reply"),
    [
        ([(0, "")], "556 5.1.10"),
        (NOBODY, "550 5.1.2"),
        ([], "550 5.4.4"),
        ([(10, "gone.example")], "550 5.4.4"),
        ([(10, "us.example")], "554 5.4.6"),
        ([(10, "us.example"), (20, "a.example")], "554 5.4.6"),
        ([(10, "us.example"), (10, "a.example")], "554 5.4.6"),
    ],
)
async def test_what_will_never_be_is_final(mx: Sequence[tuple[int, str]] | Exception, reply: str) -> None:
    with pytest.raises(NoExchanger) as never:
        await places(mx)
    assert str(never.value.reply).startswith(reply)


@pytest.mark.parametrize("mx", [SICK, [(10, "sick.example")], [(10, "gone.example"), (20, "sick.example")]])
async def test_what_dns_cannot_say_now_is_asked_again(mx: Sequence[tuple[int, str]] | Exception) -> None:
    with pytest.raises(HopAway, match=r"4\.4\.3"):
        await places(mx)


async def test_a_host_that_dns_cannot_tell_of_keeps_no_other_from_being_tried() -> None:
    assert await places([(10, "sick.example"), (20, "b.example")]) == ["192.0.2.2"]


async def test_of_thousands_of_servers_only_some_are_looked_up() -> None:
    names = Names({"closing.example": [(number, f"mx{number}.example") for number in range(4000)]})
    asked: list[str] = []

    async def silent(name: str, *, v6: bool) -> Sequence[str]:
        asked.append(name)
        raise SICK

    names.addresses = silent  # type: ignore[method-assign]
    with pytest.raises(HopAway):
        await Exchangers(names, Random(1), is_us=us).of(DomainName("closing.example"))
    assert len(asked) == 40


async def test_servers_behind_ourselves_are_left_out() -> None:
    mx = [(5, "b.example"), (10, "us.example"), (20, "c.example")]
    assert await places(mx) == ["192.0.2.2"]


async def test_our_own_address_under_another_name_is_us_too() -> None:
    names = Names({"new.example": [(10, "alias.example")]}, {"alias.example": ["192.0.2.99"]})
    with pytest.raises(NoExchanger, match=r"5\.4\.6"):
        await Exchangers(names, Random(1), is_us=us).of(DomainName("new.example"))


# ── with a name server and mail servers ─────────────────────────────────────────────────────────────────────
def outbox(
    here: World,
    dns: DnsPeer,
    *,
    is_us: Callable[[str], bool] = lambda _: False,
    pace: Pace = PACE,
    seconds: float = 60.0,
) -> Outbox:
    lookup = Dns([f"127.0.0.1@{dns.port}"], seconds, here.clock.monotonic)
    means = replace(here.means(), exchangers=Exchangers(lookup, Random(1), is_us=is_us))
    return here.outbox(means=means, pace=pace)


HOST: Table = {("mx.new.example", "A"): ["127.0.0.1"]}
MX = ["10 mx.new.example."]


@pytest.mark.parametrize("mx", [MX, Truncated(MX)])
async def test_mail_leaves_by_the_mx_of_its_domain(tmp_path: Path, mx: Value) -> None:
    async with SmtpPeer() as peer, DnsPeer({**HOST, ("new.example", "MX"): mx}) as dns:
        async with world(tmp_path, f"mx:{peer.port}") as here, at_work(outbox(here, dns)):
            message = await here.accept("jiro@new.example", "saburo@new.example")
            await here.until_state(message, DeliveryState.DELIVERED, DeliveryState.DELIVERED)
            assert {one.lane for one in here.deliveries(message)} == {"mx:new.example"}
        assert peer.connections == 1


@pytest.mark.parametrize(
    ("mx", "reply"), [(NULL_MX, "556 5.1.10"), (Fault.NXDOMAIN, "550 5.1.2"), (["10 gone.example."], "550 5.4.4")]
)
async def test_permanent_answers_of_dns_settle(tmp_path: Path, mx: Value, reply: str) -> None:
    async with DnsPeer({("new.example", "MX"): mx}) as dns, world(tmp_path, "mx:") as here, at_work(outbox(here, dns)):
        message = await here.accept("jiro@new.example")
        await here.until_state(message, DeliveryState.UNDELIVERABLE)
        assert here.deliveries(message)[0].last_reply.startswith(reply)


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.TIMEOUT, Fault.REFUSED, Fault.GARBAGE])
async def test_dns_that_fails_puts_off_and_rests_only_that_domain(tmp_path: Path, fault: Fault) -> None:
    async with (
        SmtpPeer() as peer,
        DnsPeer({**HOST, ("sick.example", "MX"): fault, ("new.example", "MX"): MX}) as dns,
        world(tmp_path, f"mx:{peer.port}") as here,
        at_work(outbox(here, dns, seconds=2.0)) as box,
    ):
        sick = await here.accept("a@sick.example")
        await until(lambda: here.deliveries(sick)[0].last_reply, "the first attempt")
        well = await here.accept("jiro@new.example")
        await here.until_state(well, DeliveryState.DELIVERED)
        assert set(box.resting) == {"mx:sick.example"}
        assert here.states(sick) == [DeliveryState.QUEUED]
        assert here.deliveries(sick)[0].last_reply.startswith("4.4.3")


async def test_where_the_first_server_is_away_the_next_is_asked(tmp_path: Path) -> None:
    table: Table = {
        ("new.example", "MX"): ["10 off.new.example.", "20 mx.new.example."],
        ("off.new.example", "A"): ["127.0.0.2"],
        **HOST,
    }
    async with (
        SmtpPeer() as peer,
        DnsPeer(table) as dns,
        world(tmp_path, f"mx:{peer.port}") as here,
        at_work(outbox(here, dns)),
    ):
        message = await here.accept("jiro@new.example")
        await here.until_state(message, DeliveryState.DELIVERED)


async def test_a_server_that_leads_back_to_us_gets_nothing(tmp_path: Path) -> None:
    async with (
        SmtpPeer() as peer,
        DnsPeer({**HOST, ("new.example", "MX"): MX}) as dns,
        world(tmp_path, f"mx:{peer.port}") as here,
        at_work(outbox(here, dns, is_us=lambda name: name == "127.0.0.1")),
    ):
        message = await here.accept("jiro@new.example")
        await here.until_state(message, DeliveryState.UNDELIVERABLE)
        assert not peer.connections
    assert here.log.named("undeliverable")[0]["reply"] == "554 5.4.6 the mail servers of new.example lead back to us"


async def test_one_domain_of_others_has_a_share_of_its_own(tmp_path: Path) -> None:
    held_back = Event()
    async with (
        SmtpPeer({"end": Answer("250 ok", held=held_back)}) as peer,
        DnsPeer({**HOST, ("new.example", "MX"): MX}) as dns,
        world(tmp_path, f"mx:{peer.port}") as here,
        at_work(outbox(here, dns, pace=replace(PACE, share=9, per_destination=2))),
    ):
        sent = [await here.accept(f"u{n}@new.example") for n in range(8)]
        await until(lambda: len(peer.mails) == 2, "the share is used")
        held_back.set()
        for message in sent:
            await here.until_state(message, DeliveryState.DELIVERED)
        assert peer.connections == 2
