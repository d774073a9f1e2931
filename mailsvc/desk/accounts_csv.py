"""One row of an accounts file and one directory entry, each turned into the other.

Use: `read_entry(cells)` for a row, `write_row(entry)` for the way back; both are pure, and what one writes the
other reads as the same entry.
Fails: `BadRow`, with every bad cell of the row by its column's name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from filters.mail import AddressKind, Forwarding, Left
from mailsvc.kit.quantities import parse_size, print_size
from mailsvc.records.directory import Entry
from schedules.blocks.values import is_word
from schedules.names import LOCAL_PART_LIMIT, Address
from schedules.text import Language

T = TypeVar("T")

CELL_LIMIT = 1000  # characters; a longer cell is a mistake in the file, not a name

COLUMNS: tuple[str, ...] = (
    "address",
    "kind",
    "holder",
    "contact",
    "language",
    "contract",
    "course",
    "type",
    "start",
    "expiry",
    "suspended_since",
    "group",
    "area",
    "services",
    "address_expiry",
    "state",
    "moved_to",
    "disclose",
    "forward_to",
    "forward_confirmed",
    "forward_disclose",
    "forward_keep",
    "alias_of",
    "quota",
    "homepage",
)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_YES_NO = {"yes": True, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class BadCell:
    """One cell that cannot be taken, by its column's name."""

    column: str
    reason: str


class BadRow(ValueError):
    """A row that cannot be taken; every bad cell is in `cells`."""

    def __init__(self, *cells: BadCell) -> None:
        self.cells = cells
        super().__init__("; ".join(f"{cell.column}: {cell.reason}" for cell in cells))


class _Cells:
    """The cells of one row, read by column; what is wrong is gathered, so that a row is told all at once."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.bad: list[BadCell] = []

    def refuse(self, column: str, reason: str) -> None:
        self.bad.append(BadCell(column, reason))

    def text(self, column: str) -> str:
        value = self._cells.get(column, "").strip()
        if len(value) > CELL_LIMIT:
            self.refuse(column, f"longer than {CELL_LIMIT} characters")
        elif not value.isprintable() and _unprintable(value):
            self.refuse(column, _unprintable(value))
        else:
            return value
        return ""

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        value = self.text(column)
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(column, str(error))
            return None

    def name(self, column: str) -> str:
        value = self.text(column)
        if value.startswith("@"):  # the records mark with it what nobody named
            self.refuse(column, f"{value!r} begins with @, which no number or name may")
        return value

    def yes(self, column: str) -> bool:
        value = self.text(column).lower()
        if value not in _YES_NO:
            self.refuse(column, f"{value!r} is neither yes nor no")
        return _YES_NO.get(value, False)


def _unprintable(value: str) -> str:
    """What character a cell may not hold, or an empty string."""
    escaped = next((char for char in value if "\udc80" <= char <= "\udcff"), "")
    if escaped:
        return f"holds the byte 0x{ord(escaped) - 0xDC00:02X}, which is not UTF-8; save the file as UTF-8"
    control = _CONTROL.search(value)
    return f"holds the control character U+{ord(control[0]):04X}" if control else ""


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no day of the calendar written as YYYY-MM-DD")


def _language(text: str) -> Language:
    match text:
        case "ja" | "en":
            return text
    raise ValueError(f"{text!r} is neither ja nor en")


def _services(text: str) -> frozenset[str]:
    words = text.lower().split()
    wrong = next((word for word in words if not is_word(word)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no word: letters a to z, digits, hyphens, dots, with spaces between the words")
    return frozenset(words)


def _kind(cells: _Cells, alias_of: Address | None) -> AddressKind:
    written = cells.text("kind").lower()
    kind = AddressKind.ALIAS if alias_of and not written else AddressKind.BASE
    if written:
        try:
            kind = AddressKind(written)
        except ValueError:
            cells.refuse("kind", f"{written!r} is none of {', '.join(AddressKind)}")
            return kind
    if kind is AddressKind.ALIAS and alias_of is None:
        cells.refuse("alias_of", "an alias needs the address it stands for")
    if kind not in {AddressKind.ALIAS, AddressKind.ROLE} and alias_of is not None:
        cells.refuse("kind", f"alias_of is given, so the kind is alias, not {kind}")
    return kind


def _left(cells: _Cells) -> Left | None:
    state = cells.text("state").lower() or "live"
    moved_to, disclose = cells.read("moved_to", Address.parse), cells.yes("disclose")
    if state not in {"live", "left"}:
        cells.refuse("state", f"{state!r} is neither live nor left")
    if state != "left" and moved_to is not None:
        cells.refuse("moved_to", "only an address whose state is left has moved; for mail that goes on use forward_to")
    if disclose and moved_to is None:
        cells.refuse("disclose", "there is no moved_to that could be disclosed")
    return Left(moved_to, disclose) if state == "left" else None


def _forwarding(cells: _Cells, address: Address) -> Forwarding | None:
    target = cells.read("forward_to", Address.parse)
    flags = {name: cells.yes(name) for name in ("forward_confirmed", "forward_disclose", "forward_keep")}
    if target is None:
        for name in (name for name, said in flags.items() if said):
            cells.refuse(name, "there is no forward_to")
        return None
    if target.same_mailbox(address):
        cells.refuse("forward_to", "the address would forward to itself")
    return Forwarding(target, flags["forward_confirmed"], flags["forward_disclose"], flags["forward_keep"])


def _alias_of(cells: _Cells, address: Address) -> Address | None:
    alias_of = cells.read("alias_of", Address.parse)
    if alias_of is not None and alias_of.same_mailbox(address):
        cells.refuse("alias_of", "the address would be an alias of itself")
    if address.local == "*" and alias_of is None:
        cells.refuse("alias_of", "a catch-all (*@domain) needs the address that takes its mail")
    return alias_of


def read_entry(row: Mapping[str, str]) -> Entry:
    """The entry that a row describes; `row` gives cells by column name, absent ones count as empty.

    Raises BadRow with every bad cell.
    """
    cells = _Cells(row)
    address = cells.read("address", partial(Address.parse, longest=LOCAL_PART_LIMIT))
    if address is None:
        raise BadRow(*(cells.bad or [BadCell("address", "is empty; every row needs its address")]))
    alias_of = _alias_of(cells, address)
    contract = cells.name("contract")
    entry = Entry(
        address=address,
        kind=_kind(cells, alias_of),
        holder=cells.name("holder") or contract,
        contact=_plain(cells.read("contact", Address.parse)),
        language=cells.read("language", _language) or "ja",
        contract=contract,
        course=cells.text("course"),
        contract_type=cells.text("type"),
        start=cells.read("start", _day),
        contract_expiry=cells.read("expiry", _day),
        suspended_since=cells.read("suspended_since", _day),
        group=cells.text("group"),
        area=cells.text("area"),
        services=cells.read("services", _services) or frozenset(),
        address_expiry=cells.read("address_expiry", _day),
        left=_left(cells),
        forwarding=_forwarding(cells, address),
        alias_of=alias_of,
        quota=cells.read("quota", parse_size),
        homepage=cells.text("homepage"),
    )
    if cells.bad:
        raise BadRow(*cells.bad)
    return entry


def _yes_no(said: bool) -> str:
    return "yes" if said else "no"


def _plain(value: object | None) -> str:
    return "" if value is None else str(value)


def write_row(entry: Entry) -> dict[str, str]:
    """The row that `read_entry` reads as this very entry; every column is there, in the order of COLUMNS."""
    left, forwarding = entry.left, entry.forwarding
    row = {
        "address": str(entry.address),
        "kind": str(entry.kind),
        "holder": entry.holder,
        "contact": entry.contact,
        "language": entry.language,
        "contract": entry.contract,
        "course": entry.course,
        "type": entry.contract_type,
        "start": _plain(entry.start),
        "expiry": _plain(entry.contract_expiry),
        "suspended_since": _plain(entry.suspended_since),
        "group": entry.group,
        "area": entry.area,
        "services": " ".join(sorted(entry.services)),
        "address_expiry": _plain(entry.address_expiry),
        "state": "left" if left else "live",
        "moved_to": _plain(left.moved_to) if left else "",
        "disclose": _yes_no(left.disclose) if left and left.moved_to else "",
        "forward_to": _plain(forwarding.target) if forwarding else "",
        "forward_confirmed": _yes_no(forwarding.confirmed) if forwarding else "",
        "forward_disclose": _yes_no(forwarding.disclose) if forwarding else "",
        "forward_keep": _yes_no(forwarding.keep) if forwarding else "",
        "alias_of": _plain(entry.alias_of),
        "quota": "" if entry.quota is None else print_size(entry.quota),
        "homepage": entry.homepage,
    }
    return {column: row[column] for column in COLUMNS}
