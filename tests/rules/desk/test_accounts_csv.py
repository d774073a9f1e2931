"""Rows of an accounts file: what a cell may say, what is told of one that may not, and the way back."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.mail import AddressKind, Forwarding, Left
from mailsvc.desk.accounts_csv import CELL_LIMIT, COLUMNS, BadRow, read_entry, write_row
from mailsvc.records.entries import Entry
from schedules.names import Address

HANAKO = Address.parse("hanako@closing.example")
OTHER = Address.parse("hanako@newhome.example")


def bad(row: dict[str, str]) -> dict[str, str]:
    with pytest.raises(BadRow) as caught:
        read_entry({"address": "hanako@closing.example", **row})
    return {cell.column: cell.reason for cell in caught.value.cells}


def test_an_address_alone_is_enough() -> None:
    assert read_entry({"address": "hanako@closing.example"}) == Entry(HANAKO)


EVERY_COLUMN = {
    "address": "hanako@closing.example",
    "kind": "additional",
    "holder": "H-1",
    "contact": "hanako@newhome.example",
    "language": "en",
    "contract": "C-1",
    "course": "basic",
    "type": "personal",
    "start": "2009-04-01",
    "expiry": "2027-03-31",
    "suspended_since": "2026-11-01",
    "group": "coop",
    "area": "noto",
    "services": "hikari  PR-500KI sms",
    "address_expiry": "2027-02-28",
    "state": "left",
    "moved_to": "hanako@newhome.example",
    "disclose": "yes",
    "forward_to": "hanako@newhome.example",
    "forward_confirmed": "yes",
    "forward_disclose": "no",
    "forward_keep": "yes",
    "quota": "100 MB",
    "homepage": "hanako",
}


def test_every_column_is_read() -> None:
    assert read_entry(EVERY_COLUMN) == Entry(
        HANAKO,
        AddressKind.ADDITIONAL,
        "H-1",
        "hanako@newhome.example",
        "en",
        "C-1",
        "basic",
        "personal",
        date(2009, 4, 1),
        date(2027, 3, 31),
        date(2026, 11, 1),
        "coop",
        "noto",
        frozenset({"hikari", "pr-500ki", "sms"}),
        date(2027, 2, 28),
        Left(OTHER, disclose=True),
        Forwarding(OTHER, confirmed=True, disclose=False, keep=True),
        None,
        100_000_000,
        "hanako",
    )


def test_the_columns_are_those_that_are_written() -> None:
    assert tuple(write_row(Entry(HANAKO))) == COLUMNS


def test_a_holder_that_is_not_named_is_the_contract() -> None:
    assert read_entry({"address": "hanako@closing.example", "contract": "C-1"}).holder == "C-1"


def test_the_catch_all_is_an_alias() -> None:
    entry = read_entry({"address": "*@closing.example", "alias_of": "hanako@closing.example"})
    assert (entry.kind, entry.alias_of, entry.address.local) == (AddressKind.ALIAS, HANAKO, "*")


@pytest.mark.parametrize("written", ["sms hikari", " hikari   sms", "SMS Hikari sms", "hikari\u3000sms"])
def test_services_are_words_in_any_order(written: str) -> None:
    entry = read_entry({"address": "hanako@closing.example", "services": written})
    assert entry.services == {"hikari", "sms"}
    assert write_row(entry)["services"] == "hikari sms"


def test_a_file_from_before_there_were_services_is_read() -> None:
    old = {column: cell for column, cell in EVERY_COLUMN.items() if column != "services"}
    assert read_entry(old) == replace(read_entry(EVERY_COLUMN), services=frozenset())


def test_a_forwarding_that_is_not_confirmed_is_kept() -> None:
    entry = read_entry({"address": "hanako@closing.example", "forward_to": "hanako@newhome.example"})
    assert entry.forwarding == Forwarding(OTHER, confirmed=False, disclose=False, keep=False)


@pytest.mark.parametrize("quota", [("0", 0), ("1 MB", 10**6), ("1 MiB", 2**20), ("12345", 12345)])
def test_sizes_are_read_as_people_write_them(quota: tuple[str, int]) -> None:
    assert read_entry({"address": "hanako@closing.example", "quota": quota[0]}).quota == quota[1]


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("address", "", "every row needs its address"),
        ("address", "hanako", "needs the form local@domain"),
        ("address", "x" * 65 + "@closing.example", "longer than 64 octets"),
        ("address", "hana ko@closing.example", "must be quoted"),
        ("address", "hanako@-closing.example", "is not a domain name"),
        ("address", "*@closing.example", "needs the address that takes its mail"),
        ("kind", "main", "is none of base, additional, alias, role"),
        ("kind", "alias", "needs the address it stands for"),
        ("contact", "03-1234-5678", "needs the form local@domain"),
        ("contract", "@hanako", "begins with @"),
        ("holder", "@hanako", "begins with @"),
        ("language", "fr", "is neither ja nor en"),
        ("start", "2009/04/01", "is no day of the calendar written as YYYY-MM-DD"),
        ("expiry", "2027-02-29", "is no day of the calendar"),
        ("suspended_since", "20261101", "is no day of the calendar"),
        ("address_expiry", "never", "is no day of the calendar"),
        ("state", "gone", "is neither live nor left"),
        ("moved_to", "hanako@newhome.example", "only an address whose state is left has moved"),
        ("disclose", "yes", "no moved_to that could be disclosed"),
        ("disclose", "maybe", "is neither yes nor no"),
        ("forward_to", "HANAKO@closing.example", "would forward to itself"),
        ("forward_confirmed", "yes", "there is no forward_to"),
        ("forward_keep", "1", "is neither yes nor no"),
        ("alias_of", "Hanako@Closing.Example", "an alias of itself"),
        ("quota", "lots", "is not a size"),
        ("quota", "-1 MB", "is not a size"),
        ("homepage", "a\x07b", "control character U+0007"),
        ("group", "caf\udce9", "the byte 0xE9, which is not UTF-8"),
        ("area", "x" * (CELL_LIMIT + 1), "longer than 1000 characters"),
        ("services", "hikari, sms", "'hikari,' is no word"),
        ("services", "光", "'光' is no word"),
        ("services", "x" * 64, "is no word"),
        ("services", "-mail", "'-mail' is no word"),
    ],
)
def test_a_bad_cell_is_told_by_its_column(column: str, cell: str, said: str) -> None:
    reasons = bad({column: cell})
    assert said in " ".join(reasons.values())


def test_all_bad_cells_of_a_row_are_told_at_once() -> None:
    assert set(bad({"language": "fr", "start": "soon", "quota": "lots"})) == {"language", "start", "quota"}


def test_an_alias_that_is_a_base_address_contradicts_itself() -> None:
    assert "so the kind is alias" in bad({"kind": "base", "alias_of": "jiro@closing.example"})["kind"]


LOCALS = st.text("abc.+-_'あé", min_size=1, max_size=12)
ADDRESSES = st.builds(lambda local: Address.parse(f"{local}@closing.example"), LOCALS)
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20).filter(lambda text: not text.startswith("@"))
SERVICES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
DAYS = st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    address = draw(ADDRESSES)
    target = draw(ADDRESSES.filter(lambda other: not other.same_mailbox(address)))
    contract = draw(TEXTS)
    moved_to = draw(st.none() | st.just(target))
    flags = [draw(st.booleans()) for _ in range(4)]
    return Entry(
        address=address,
        kind=draw(st.sampled_from([AddressKind.BASE, AddressKind.ADDITIONAL, AddressKind.ROLE])),
        holder=draw(TEXTS) or contract,
        contact=draw(st.just("") | st.just("x@elsewhere.example")),
        language=draw(st.sampled_from(["ja", "en"])),
        contract=contract,
        course=draw(TEXTS),
        contract_type=draw(TEXTS),
        start=draw(DAYS),
        contract_expiry=draw(DAYS),
        suspended_since=draw(DAYS),
        group=draw(TEXTS),
        area=draw(TEXTS),
        services=draw(st.frozensets(SERVICES, max_size=5)),
        address_expiry=draw(DAYS),
        left=draw(st.none() | st.just(Left(moved_to, flags[0] and moved_to is not None))),
        forwarding=draw(st.none() | st.just(Forwarding(target, *flags[1:]))),
        quota=draw(st.none() | st.integers(0, 10**15)),
        homepage=draw(TEXTS),
    )


@given(entries())
def test_what_is_written_is_read_back_as_the_same_entry(entry: Entry) -> None:
    assert read_entry(write_row(entry)) == entry


def test_an_alias_is_read_back_as_the_same_entry() -> None:
    alias = Entry(OTHER, AddressKind.ALIAS, alias_of=HANAKO)
    assert read_entry(write_row(alias)) == alias
