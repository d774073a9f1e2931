"""A contract put together from the addresses that belong to it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.mail import AddressKind, Left
from mailsvc.desk.contracts import contract_of
from mailsvc.records.entries import Entry
from schedules.names import Address

TODAY = date(2026, 11, 22)


def made(local: str, **facts: object) -> Entry:
    return Entry(Address.parse(f"{local}@closing.example"), **facts)  # type: ignore[arg-type]


def test_the_base_address_comes_first_and_gives_the_facts() -> None:
    extra = made("a", kind=AddressKind.ADDITIONAL, address_expiry=TODAY)
    base = made("z", contract="C-1", holder="H", contact="c@x.example", course="gold", contract_type="personal")
    found = contract_of([extra, base])
    assert list(found.addresses.items()) == [(base.address, None), (extra.address, TODAY)]
    assert (found.number, found.holder, found.contact, found.course, found.type) == (
        "C-1",
        "H",
        "c@x.example",
        "gold",
        "personal",
    )


@pytest.mark.parametrize(
    ("entries", "has"),
    [
        ([made("a")], {"mail"}),
        ([made("a", left=Left(None, disclose=False))], set()),
        ([made("a", homepage="pages")], {"mail", "homepage"}),
        ([made("a"), made("b", kind=AddressKind.ADDITIONAL)], {"mail", "additional-address"}),
        ([made("a", services=frozenset({"line", "sms"}))], {"mail", "line", "sms"}),
        ([made("a", left=Left(None, disclose=False)), made("b")], {"mail"}),
    ],
)
def test_what_a_contract_has_is_what_its_accounts_say(entries: list[Entry], has: set[str]) -> None:
    assert contract_of(entries).has == has


def test_aliases_and_roles_are_no_addresses_of_their_own() -> None:
    alias = made("info", kind=AddressKind.ALIAS, alias_of=Address.parse("a@closing.example"))
    role = made("postmaster", kind=AddressKind.ROLE)
    assert list(contract_of([alias, role, made("a")]).addresses) == [Address.parse("a@closing.example")]


def test_nothing_is_no_contract() -> None:
    with pytest.raises(ValueError, match="one address at least"):
        contract_of([])


@given(st.permutations([made("b"), made("a"), made("c", kind=AddressKind.ADDITIONAL), made("d", homepage="x")]))
def test_the_order_of_rows_does_not_matter(rows: list[Entry]) -> None:
    assert contract_of(rows) == contract_of(list(reversed(rows)))
