"""One grouped query over the whole directory, on both databases."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from filters.mail import AddressKind, Forwarding, Left
from mailsvc.records.census import census
from mailsvc.records.directory import Entry
from mailsvc.records.store import Records
from schedules.names import Address, DomainName
from schedules.rehearsing.groups import Group, Reads
from tests.contracts.made import CLOSING, entry, published

ELSEWHERE = Address.parse("hanako@elsewhere.example")
SECOND = DomainName("second.example")
TOLD_AS_YES = {"left", "forwarding", "homepage", "contact"}
ALL = Reads(groups=True, areas=True, courses=True, types=True, services=True, homepage=True, contacts=True)


def counted(records: Records, *entries: Entry, read: Reads = ALL, roles: tuple[str, ...] = ()) -> list[Group]:
    records.act(lambda connection: published(connection, *entries))
    with records.read() as connection:
        return census(connection, read, roles)


def alike(number: int, **facts: object) -> list[Entry]:
    return [entry(f"{'-'.join(map(str, facts.values()))}{n}@closing.example", **facts) for n in range(number)]


def test_an_empty_directory_has_no_groups(records: Records) -> None:
    with records.read() as connection:
        assert census(connection, ALL) == []


def test_addresses_that_are_alike_are_one_group(records: Records) -> None:
    (group,) = counted(records, *(entry(f"u{n}@closing.example") for n in range(7)))
    assert (group.domain, group.kind, group.count) == (CLOSING, "base", 7)
    assert (group.contract_expiry, group.left, group.forwarding, group.address) == (None, False, False, None)
    assert str(group.example) == "u0@closing.example"


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": AddressKind.ADDITIONAL},
        {"group": "coop-3"},
        {"area": "Noto"},
        {"course": "family"},
        {"contract_type": "monthly"},
        {"contract_expiry": date(2027, 3, 31)},
        {"address_expiry": date(2027, 3, 31)},
        {"suspended_since": date(2026, 11, 1)},
        {"left": Left(None, disclose=False)},
        {"forwarding": Forwarding(ELSEWHERE, confirmed=True, disclose=False, keep=True)},
        {"services": frozenset({"adsl", "phone"})},
        {"homepage": "~hanako"},
        {"contact": "hanako@elsewhere.example"},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_whatever_a_plan_can_read_makes_a_group_of_its_own(records: Records, facts: dict[str, object]) -> None:
    groups = counted(records, entry("a@closing.example", contract="C-2", **facts), entry("b@closing.example"))
    assert [group.count for group in groups] == [1, 1]
    (other,) = [group for group in groups if str(group.example) == "a@closing.example"]
    for name, value in facts.items():
        read = getattr(other, name)
        assert (bool(read) if name in TOLD_AS_YES else read) == (bool(value) if name in TOLD_AS_YES else value)


def test_what_no_plan_reads_does_not_part_groups(records: Records) -> None:
    entries = [
        entry("a@closing.example", group="x", area="y", course="z", contract_type="t", homepage="h"),
        entry("b@closing.example", services=frozenset({"adsl"})),
    ]
    (group,) = counted(records, *entries, read=Reads())
    assert (group.count, group.group, group.area, group.course, group.services) == (2, "", "", "", frozenset())


def test_an_addresss_own_expiry_goes_before_its_contracts(records: Records) -> None:
    (group,) = counted(
        records,
        entry("a@closing.example", contract_expiry=date(2027, 1, 1), address_expiry=date(2027, 5, 1)),
        entry("b@closing.example", contract_expiry=date(2027, 2, 1), address_expiry=date(2027, 5, 1)),
    )
    assert (group.count, group.contract_expiry, group.address_expiry) == (2, None, date(2027, 5, 1))


def test_an_address_that_a_plan_names_comes_alone_whatever_its_case(records: Records) -> None:
    named = Reads(addresses=frozenset({Address.parse("HANAKO@closing.example")}))
    groups = counted(records, entry("Hanako@closing.example"), *alike(3), read=named)
    assert sorted((group.count, group.address is not None) for group in groups) == [(1, True), (3, False)]
    (single,) = [group.address for group in groups if group.address is not None]
    assert single.same_mailbox(Address.parse("hanako@closing.example"))


def test_role_addresses_are_such_by_their_names(records: Records) -> None:
    groups = counted(records, entry("Postmaster@closing.example"), entry("a@closing.example"), roles=("postmaster",))
    assert Counter(group.kind for group in groups) == {"role": 1, "base": 1}


def test_only_consent_of_a_confirmed_forward_or_a_new_address_discloses(records: Records) -> None:
    def forward(*, confirmed: bool, disclose: bool) -> Forwarding:
        return Forwarding(ELSEWHERE, confirmed=confirmed, disclose=disclose, keep=False)

    groups = counted(
        records,
        entry("a@closing.example", forwarding=forward(confirmed=True, disclose=True)),
        entry("b@closing.example", forwarding=forward(confirmed=True, disclose=False)),
        entry("c@closing.example", forwarding=forward(confirmed=False, disclose=True)),
        entry("d@closing.example", left=Left(ELSEWHERE, disclose=True)),
        entry("e@closing.example", left=Left(None, disclose=False)),
    )
    assert {str(one.example)[0]: (one.left, one.forwarding, one.disclosed) for one in groups} == {
        "a": (False, True, True),
        "b": (False, True, False),
        "c": (False, False, False),
        "d": (True, False, True),
        "e": (True, False, False),
    }


def test_only_current_generations_of_the_domains_asked_for_are_counted(records: Records) -> None:
    records.act(lambda connection: published(connection, entry("old@closing.example")))
    records.act(lambda connection: published(connection, entry("x@second.example"), domain=SECOND))
    groups = counted(records, entry("a@closing.example"), entry("b@closing.example"))
    assert {(one.domain, one.count) for one in groups} == {(CLOSING, 2), (SECOND, 1)}
    with records.read() as connection:
        assert [one.domain for one in census(connection, ALL, only=["second.example"])] == [SECOND]
        assert census(connection, ALL, only=[]) == []


def test_the_groups_of_all_add_up_to_the_directory(records: Records) -> None:
    entries = [
        replace(one, group=f"g{number % 3}", area=f"a{number % 2}", contract=f"C{number}")
        for number, one in enumerate(alike(50))
    ]
    groups = counted(records, *entries)
    assert (len(groups), sum(group.count for group in groups)) == (6, 50)
