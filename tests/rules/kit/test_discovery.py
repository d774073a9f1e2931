import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.lookup import DnsAway
from mailsvc.kit.discovery import Found, NotFound, chosen, discovered
from mailsvc.kit.dns import Dns, Service
from mailsvc.kit.mailbox_urls import ImapUrl, parse_mailbox
from schedules.names import Address
from tests.peers.dns import DnsPeer, Fault, Table

HANAKO = "hanako@old.example"


async def found(table: Table, address: str = HANAKO, chance: float = 0.0) -> Found:
    async with DnsPeer(table) as peer:
        dns = Dns([f"127.0.0.1@{peer.port}"], 2.0, lambda: 0.0)
        return await discovered(Address.parse(address), dns.srv, chance=lambda: chance)


async def test_a_domain_says_where_its_mailboxes_are() -> None:
    there = await found({("_imaps._tcp.old.example", "SRV"): ["0 1 1993 IMAP.old.example."]})
    assert there == Found("imaps://hanako%40old.example@imap.old.example:1993", "imap.old.example", outside=False)
    url = parse_mailbox(there.url)
    assert isinstance(url, ImapUrl)
    assert (url.user, url.port) == (HANAKO, 1993)


async def test_tls_from_the_first_octet_is_preferred_and_the_lowest_priority() -> None:
    table = {
        ("_imap._tcp.old.example", "SRV"): ["0 1 143 a.old.example."],
        ("_imaps._tcp.old.example", "SRV"): ["20 1 993 b.old.example.", "10 1 993 c.old.example."],
    }
    assert (await found(table)).url == "imaps://hanako%40old.example@c.old.example:993"
    assert (await found({key: table[key] for key in list(table)[:1]})).url == (
        "imap://hanako%40old.example@a.old.example:143"
    )


async def test_pop3_is_taken_where_there_is_nothing_else() -> None:
    table = {
        ("_imaps._tcp.old.example", "SRV"): ["0 0 0 ."],
        ("_pop3s._tcp.old.example", "SRV"): ["0 1 995 pop.old.example."],
    }
    assert (await found(table)).url == "pop3s://hanako%40old.example@pop.old.example:995"


@pytest.mark.parametrize("host", ["imap.evil.example", "old.example.evil.example", "xold.example"])
async def test_a_host_outside_of_the_domain_needs_consent(host: str) -> None:
    there = await found({("_imaps._tcp.old.example", "SRV"): [f"0 1 993 {host}."]})
    assert (there.host, there.outside) == (host, True)


async def test_a_domain_at_a_provider_takes_its_way_to_log_in() -> None:
    there = await found({("_imaps._tcp.old.example", "SRV"): ["0 1 993 outlook.office365.com."]})
    assert there == Found(
        "imaps://hanako%40old.example@outlook.office365.com:993?auth=token", "outlook.office365.com", outside=True
    )


async def test_a_provider_that_is_known_is_not_asked_for() -> None:
    there = await found({}, "hanako@gmail.com")
    assert there == Found("gmail:hanako@gmail.com", "imap.gmail.com", outside=False)


async def test_a_domain_that_says_nothing_or_that_it_has_none_is_told() -> None:
    with pytest.raises(NotFound, match="does not say where"):
        await found({("old.example", "MX"): ["10 mx.old.example."]})
    with pytest.raises(NotFound, match="has no mailboxes"):
        await found({("_imaps._tcp.old.example", "SRV"): ["0 0 0 ."]})


async def test_what_is_no_host_is_left_out() -> None:
    with pytest.raises(NotFound):
        await found({("_imaps._tcp.old.example", "SRV"): ["0 1 0 imap.old.example.", r"0 1 993 a\@b.old.example."]})


async def test_nobody_who_answers_is_no_answer() -> None:
    with pytest.raises(DnsAway):
        await found({("_imaps._tcp.old.example", "SRV"): Fault.SERVFAIL})


SERVICES = st.lists(
    st.builds(Service, st.integers(0, 2), st.integers(0, 9), st.sampled_from("abcd"), st.just(993)), min_size=1
)


@given(SERVICES, st.floats(0, 1))
def test_one_of_the_lowest_priority_is_chosen_and_none_of_weight_0_before_another(
    offered: list[Service], chance: float
) -> None:
    one = chosen(offered, chance)
    lowest = [each for each in offered if each.priority == min(each.priority for each in offered)]
    assert one in lowest
    assert one.weight or not any(each.weight for each in lowest)


def test_weights_are_shares() -> None:
    heavy, light = Service(0, 3, "a", 993), Service(0, 1, "b", 993)
    picked = [chosen([heavy, light], (step + 0.5) / 100) for step in range(100)]
    assert {key: len(list(ones)) for key, ones in itertools.groupby(sorted(picked))} == {light: 25, heavy: 75}
