"""Which rows are blamed for what a staged directory contradicts: the second of two, both ends of a dispute."""

import pytest

from mailsvc.desk.accounts_blame import Blame
from mailsvc.desk.accounts_csv import BadCell
from mailsvc.records.entries import Entry
from mailsvc.records.staging import Finding, Trouble
from schedules.names import Address

TWICE, ITSELF, NOWHERE = (
    "the address is there twice",
    "it forwards to itself",
    "its alias target does not exist",
)
CONTRACT, HOLDER = "the contract is described in two ways", "the holder is described in two ways"
DOMAIN = "closing.example"


def entry(local: str, *, contract: str = "", holder: str = "", domain: str = DOMAIN) -> Entry:
    return Entry(Address.parse(f"{local}@{domain}"), contract=contract, holder=holder)


def blame(*findings: tuple[str, str]) -> Blame:
    made = Blame()
    for key, what in findings:
        made.add(Finding(DOMAIN, key, Trouble(what)))
    return made


def columns(of: Blame, row: Entry) -> list[str]:
    return [cell.column for cell in of.of(row)]


def test_nothing_found_blames_nobody() -> None:
    assert len(blame()) == 0
    assert blame().of(entry("hanako", contract="C", holder="H")) == ()


@pytest.mark.parametrize(("what", "column"), [(ITSELF, "forward_to"), (NOWHERE, "alias_of")])
def test_a_row_is_blamed_in_its_column_with_the_finding_s_words(what: str, column: str) -> None:
    found = blame(("hanako", what))
    assert found.of(entry("hanako")) == (BadCell(column, what),)
    assert found.of(entry("jiro")) == ()


def test_of_two_rows_the_second_is_blamed() -> None:
    found = blame(("hanako", TWICE))
    assert [columns(found, entry("hanako")) for _ in range(4)] == [[], ["address"], ["address"], ["address"]]


def test_read_again_the_first_is_the_first_again() -> None:
    found = blame(("hanako", TWICE))
    for _ in range(3):
        found.read_again()
        assert [columns(found, entry("hanako")) for _ in range(2)] == [[], ["address"]]


def test_the_first_of_two_is_still_blamed_for_something_else() -> None:
    found = blame(("hanako", TWICE), ("hanako", ITSELF))
    assert columns(found, entry("hanako")) == ["forward_to"]
    assert columns(found, entry("hanako")) == ["address", "forward_to"]


@pytest.mark.parametrize(("what", "column"), [(CONTRACT, "contract"), (HOLDER, "holder")])
def test_every_row_of_what_is_described_in_two_ways_is_blamed(what: str, column: str) -> None:
    found = blame(("X-1", what))
    rows = [entry(name, contract="X-1", holder="X-1") for name in ("a", "b", "c")]
    assert [columns(found, row) for row in rows] == [[column]] * 3
    assert columns(found, entry("d", contract="X-2", holder="X-2")) == []


@pytest.mark.parametrize("what", [CONTRACT, HOLDER])
def test_who_was_never_named_is_blamed_for_nothing_but_standing_there_twice(what: str) -> None:
    found = Blame()
    assert not found.add(Finding(DOMAIN, "@hanako", Trouble(what)))
    assert len(found) == 0


def test_a_finding_is_new_once() -> None:
    found = Blame()
    finding = Finding(DOMAIN, "hanako", Trouble(ITSELF))
    assert [found.add(finding), found.add(finding), len(found)] == [True, False, 1]


def test_domains_are_told_apart() -> None:
    found = blame(("hanako", ITSELF), ("C-1", CONTRACT))
    assert columns(found, entry("hanako", contract="C-1", domain="second.example")) == []


def test_spellings_of_one_address_are_one() -> None:
    found = blame(("hanako", TWICE))
    assert [columns(found, entry(local)) for local in ("Hanako", "HANAKO")] == [[], ["address"]]
