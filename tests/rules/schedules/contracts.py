"""Contracts, services and plans that tests of check lists and consolidations are made of."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from schedules.blocks.services import DecisionTable, Dependant, Row, Service, Wait
from schedules.blocks.whom import Contract
from schedules.contracts.checkitems import Item, ItemKind
from schedules.contracts.checklist import checklist
from schedules.names import Address
from schedules.plan import Plan, StageLine
from schedules.text import Text
from schedules.words import Stage, Suspension

TOKYO = ZoneInfo("Asia/Tokyo")
ON = date(2023, 10, 1)


def text(words: str) -> Text:
    return Text(f"{words}。", words)


def contract(*has: str, **facts: object) -> Contract:
    return Contract(has=frozenset(has), **facts)  # type: ignore[arg-type]


def own(number: str, start: date | None, *has: str, holder: str = "H") -> Contract:
    """A contract with one address that is named by its number."""
    address = Address.parse(f"{number.lower()}@closing.example")
    return contract(*has, number=number, holder=holder, start=start, contact="old@x.example", addresses={address: None})


def service(id_: str = "phone", **said: object) -> Service:
    return Service(id=id_, title=text(id_), **said)  # type: ignore[arg-type]


def table(
    *rows: tuple[dict[str, tuple[str, ...]], str], otherwise: str = "", by: tuple[str, ...] = ("area", "model")
) -> DecisionTable:
    lines = tuple(Row(when=when, text=text(words)) for when, words in rows)
    return DecisionTable(
        id="t", title=text("table"), by=by, rows=lines, otherwise=text(otherwise) if otherwise else None
    )


def plan(*services: Service, **said: object) -> Plan:
    """A plan of these services, whose mail ends with January 2024 and whose homepages end a month later."""
    stages = {
        Stage.RECEIVE_END: datetime(2024, 2, 1, tzinfo=TOKYO),
        Stage.HOMEPAGE_END: datetime(2024, 3, 1, tzinfo=TOKYO),
    }
    facts: dict[str, object] = {
        "name": "test",
        "zone": TOKYO,
        "domains": ("closing.example",),
        "stages": {stage: StageLine(stage, at) for stage, at in stages.items()},
        "brown_outs": (),
        "suspension": Suspension.KEEP,
        "notice_url": "",
        "reason": text("it ends"),
        "title": text("the end"),
        **said,
    }
    return Plan(services=services, **facts)  # type: ignore[arg-type]


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=TOKYO)


def items(kind: ItemKind, of: Contract, by: Plan, on: date = ON, **said: object) -> list[Item]:
    return [item for item in checklist(of, by, on, **said) if item.kind is kind]  # type: ignore[arg-type]


def dependant(affects: str, **said: object) -> Dependant:
    return Dependant(affects=affects, effect=text(f"{affects} breaks"), **said)  # type: ignore[arg-type]


WAITS = (Wait(to_day=31, text=text("ask")), Wait(from_day=32, text=text("apply again")))
RETURNS = table(
    ({"area": ("east",), "model": ("PR-200NE",)}, "somebody comes"),
    ({"area": ("west",), "model": ("PR-200NE",)}, "by post"),
    ({"area": ("east", "west"), "model": ("RX-600KI", "RX-600MI")}, "maybe a kit"),
    otherwise="ask",
)
