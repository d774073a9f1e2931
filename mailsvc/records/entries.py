"""Entry: one address of the directory with its contract and holder, as rows and as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from filters.mail import AddressKind, Forwarding, Left
from schedules.names import Address, DomainName
from schedules.text import Language

# A holder or contract nobody named gets an id of its own, which is not shown.
_UNNAMED = "@"


@dataclass(frozen=True, slots=True)
class Entry:
    """An address of ours. Only `address` is needed; dates are last days of use in the plan's zone.

    A catch-all is the address whose local part is `*`, with `alias_of`.
    """

    address: Address
    kind: AddressKind = AddressKind.BASE
    holder: str = ""
    contact: str = ""  # where the holder can be reached besides
    language: Language = "ja"
    contract: str = ""
    course: str = ""
    contract_type: str = ""
    start: date | None = None
    contract_expiry: date | None = None
    suspended_since: date | None = None
    group: str = ""
    area: str = ""
    services: frozenset[str] = frozenset()  # services, options and equipment of the contract, as plans name them
    address_expiry: date | None = None
    left: Left | None = None
    forwarding: Forwarding | None = None
    alias_of: Address | None = None
    quota: int | None = None  # octets; None: as the settings say, 0: no limit
    homepage: str = ""


def holder_row(generation: int, entry: Entry) -> dict[str, object]:
    """The row of its holder."""
    return {
        "generation": generation,
        "holder": _id(entry.holder, entry),
        "contact": entry.contact,
        "language": entry.language,
        "contradictions": 0,
    }


def contract_row(generation: int, entry: Entry) -> dict[str, object]:
    """The row of its contract."""
    return {
        "generation": generation,
        "contract": _id(entry.contract, entry),
        "holder": _id(entry.holder, entry),
        "course": entry.course,
        "type": entry.contract_type,
        "start": entry.start,
        "expiry": entry.contract_expiry,
        "suspended_since": entry.suspended_since,
        "in_group": entry.group,
        "area": entry.area,
        "services": " ".join(sorted(entry.services)),
        "contradictions": 0,
    }


def address_row(generation: int, entry: Entry) -> dict[str, object]:
    """The row of the address itself."""
    left, forwarding, alias = entry.left, entry.forwarding, entry.alias_of
    return {
        "generation": generation,
        "key": entry.address.key,
        "local": entry.address.local,
        "kind": str(entry.kind),
        "contract": _id(entry.contract, entry),
        "expiry": entry.address_expiry,
        "has_left": left is not None,
        "moved_to": str(left.moved_to) if left and left.moved_to else None,
        "disclose": left is not None and left.disclose,
        "forward_to": str(forwarding.target) if forwarding else None,
        "forward_confirmed": forwarding is not None and forwarding.confirmed,
        "forward_disclose": forwarding is not None and forwarding.disclose,
        "forward_keep": forwarding is not None and forwarding.keep,
        "alias_of": str(alias) if alias else None,
        "alias_domain": alias.domain.ascii if alias else None,
        "alias_key": alias.key if alias else None,
        "forwards_to_itself": forwarding is not None and forwarding.target.same_mailbox(entry.address),
        "quota": entry.quota,
        "homepage": entry.homepage,
        "repeated": 0,
    }


def entry_of(domain: DomainName, row: Mapping[str, object]) -> Entry:
    """The entry that a joined row (see `directory.COLUMNS`) stands for."""
    return Entry(
        address=Address(_text(row["local"]), domain),
        kind=AddressKind(_text(row["kind"])),
        holder=_named(row["holder"]),
        contact=_text(row["contact"]),
        language="en" if row["language"] == "en" else "ja",
        contract=_named(row["contract"]),
        course=_text(row["course"]),
        contract_type=_text(row["type"]),
        start=_day(row["start"]),
        contract_expiry=_day(row["contract_expiry"]),
        suspended_since=_day(row["suspended_since"]),
        group=_text(row["in_group"]),
        area=_text(row["area"]),
        services=frozenset(_text(row["services"]).split()),
        address_expiry=_day(row["expiry"]),
        left=Left(_address(row["moved_to"]), bool(row["disclose"])) if row["has_left"] else None,
        forwarding=_forwarding(row),
        alias_of=_address(row["alias_of"]),
        quota=row["quota"] if isinstance(row["quota"], int) else None,
        homepage=_text(row["homepage"]),
    )


def _forwarding(row: Mapping[str, object]) -> Forwarding | None:
    target = _address(row["forward_to"])
    if target is None:
        return None
    return Forwarding(
        target,
        confirmed=bool(row["forward_confirmed"]),
        disclose=bool(row["forward_disclose"]),
        keep=bool(row["forward_keep"]),
    )


def _id(name: str, entry: Entry) -> str:
    return name or _UNNAMED + entry.address.key


def _named(value: object) -> str:
    text = _text(value)
    return "" if text.startswith(_UNNAMED) else text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _address(value: object) -> Address | None:
    return Address.parse(value) if isinstance(value, str) else None


def _day(value: object) -> date | None:
    if isinstance(value, str):  # SQLite's own form, read without SQLAlchemy's conversion
        return date.fromisoformat(value)
    return value if isinstance(value, date) else None
