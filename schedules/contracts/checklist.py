"""What one subscriber should know and do, by what the contract has: the check list. Pure; nothing is stored.

    for item in checklist(contract, plan, today):
        print(item.title.ja, item.text.ja)

It holds advice by use (SK-10), services with ends of their own (SK-11), warnings of what breaks when something is given
up (SP-2), what a table says of the subscriber's equipment (SP-4), what to do in the days after a stop (SP-3), the ways
out (SP-1), the successor's offers and the help desks (SK-12). `dates` gives stages the instants that stand where
amendments have moved them; without it they are the plan's. Nothing here fails: what does not concern a contract is
left out, and what cannot be told has no day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import chain, product

from schedules.blocks.services import Advice, DecisionTable, Dependant, Desk, LeavingRoute, Purpose, Row, Service, Wait
from schedules.blocks.whom import HOMEPAGE, Contract
from schedules.contracts.checkitems import (
    Item,
    ItemKind,
    desk_words,
    if_it_ends,
    joined_words,
    offer_words,
    route_words,
    when,
)
from schedules.moments import later
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Stage

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)

Dates = Mapping[Stage, datetime]


def checklist(
    contract: Contract,
    plan: Plan,
    on: date,
    *,
    stopped: Mapping[str, date] | None = None,
    dates: Dates | None = None,
    leaving: date | None = None,
) -> tuple[Item, ...]:
    """The check list of a contract as it is shown on the day `on`.

    `stopped` gives services the days they stopped; `leaving` is the last day of a contract that is given up before the
    services end: what must be done in time must be done by then.
    """
    gone = stopped or {}
    known = dates if dates is not None else {stage: line.at for stage, line in plan.stages.items()}
    having = [service for service in plan.services if service.id in contract.has]
    kept = [service for service in having if service.id not in gone]
    return (
        *(_by(leaving, item, on) for item in _advice(contract, plan, on, known)),
        *(_by(leaving, item, on) for service in kept for item in _ends(service, contract, plan, on)),
        *chain.from_iterable(_warnings(service, contract, plan) for service in kept),
        *chain.from_iterable(_rows(service, contract) for service in having),
        *chain.from_iterable(
            _waits(service, contract, gone[service.id], on) for service in having if service.id in gone
        ),
        *chain.from_iterable(_routes(service.routes, plan, service.title) for service in kept),
        *_routes(plan.terms.routes, plan, None),
        *(
            Item(ItemKind.OFFER, "", one.title, offer_words(one), url=one.url, phone=one.phone, source=one.source)
            for one in plan.offers
        ),
        *(_desk(desk) for desk in plan.desks if _concerns(desk, contract, plan)),
    )


# -- What breaks, what holds now, what a table says: each answers one question -----------------------------------------


def broken_by(service_id: str, contract: Contract, plan: Plan) -> tuple[Dependant, ...]:
    """What else breaks for `contract` when it gives up a service: "ending A affects B unless C" (SP-2).

    What `affects` names is a service of the plan, which then only matters to whoever has it, or something else.
    """
    services = {service.id: service for service in plan.services}
    found = services.get(service_id)
    if found is None:
        return ()
    return tuple(
        dependant
        for dependant in found.dependants
        if dependant.whom.covers(contract)
        and contract.has.isdisjoint(dependant.unless)
        and (dependant.affects not in services or dependant.affects in contract.has)
    )


def wait_advice(service: Service, contract: Contract, days_after_stop: int) -> tuple[Wait, ...]:
    """What holds so many days after the stop, the day of the stop being day 0 (SP-3); before the stop nothing does."""
    return tuple(
        wait
        for wait in service.waits
        if wait.whom.covers(contract)
        and wait.from_day <= days_after_stop
        and (wait.to_day is None or days_after_stop <= wait.to_day)
    )


def look_up(table: DecisionTable, facts: Mapping[str, str]) -> Text | None:
    """What a table says where these facts hold: its first row that fits, else `otherwise` (SP-4); case does not count.

    A row that names no value for a column fits every one; a fact that is not known fits no row that asks for it.
    """
    known = {column: value.casefold() for column, value in facts.items()}
    return next((row.text for row in table.rows if _fits(row, known)), table.otherwise)


def facts_of(contract: Contract, table: DecisionTable) -> tuple[Mapping[str, str], ...]:
    """The facts of a contract that a table asks for; several where it has several things of one column.

    `area`, `course`, `type` and `group` are the contract's own; of any other column it is what stands among the words
    the contract has, such as the model of its equipment.
    """
    own = {"area": contract.area, "course": contract.course, "type": contract.type, "group": contract.group}
    choices = [[own[column]] if column in own else _among(contract, table, column) for column in table.by]
    return tuple(
        {column: value for column, value in zip(table.by, values, strict=True) if value} for values in product(*choices)
    )


def _fits(row: Row, known: Mapping[str, str]) -> bool:
    return all(known.get(column) in {one.casefold() for one in values} for column, values in row.when.items())


def _among(contract: Contract, table: DecisionTable, column: str) -> list[str]:
    values = chain.from_iterable(row.when.get(column, ()) for row in table.rows)
    return [value for value in dict.fromkeys(values) if value.casefold() in contract.has] or [""]


# -- The parts of the list, in its order -------------------------------------------------------------------------------


def _advice(contract: Contract, plan: Plan, on: date, dates: Dates) -> Iterator[Item]:
    for advice in plan.advice:
        if advice.whom.covers(contract):
            ends = advice.until or _end_of(advice, plan, dates)
            last = last_day(ends, plan)
            begin = later(ends, -advice.lead).astimezone(plan.zone).date() if ends and advice.lead else None
            yield Item(
                ItemKind.ADVICE, advice.id, None, advice.text, begin, last, when(on, begin, last), source=advice.source
            )


def _by(leaving: date | None, item: Item, on: date) -> Item:
    """The same item for a contract that ends on the day `leaving`, as much earlier as that is."""
    if leaving is None or (item.last_day is not None and item.last_day <= leaving):
        return item
    begin = leaving - (item.last_day - item.begin) if item.begin and item.last_day else item.begin
    return replace(item, begin=begin, last_day=leaving, when=when(on, begin, leaving))


def _end_of(advice: Advice, plan: Plan, dates: Dates) -> datetime | None:
    """The end of what advice is about: of the services and uses it names, else that of the mail service."""
    ends = {service.id: service.end for service in plan.services}
    ends[HOMEPAGE] = dates.get(Stage.HOMEPAGE_END)
    named = [end for word in advice.whom.has if (end := ends.get(word)) is not None]
    joins = plan.consolidation.at if plan.consolidation and advice.lead else None
    return min(named, key=datetime.timestamp, default=dates.get(Stage.RECEIVE_END) or plan.terms.last_month_of or joins)


def _ends(service: Service, contract: Contract, plan: Plan, on: date) -> Iterator[Item]:
    """Where the end of a service does not concern a contract, nothing is said of it."""
    text = joined_words(service.condition, service.advice)
    if service.whom.covers(contract) and (service.end or text):
        last = last_day(service.end, plan)
        yield Item(
            ItemKind.SERVICE, service.id, service.title, text, None, last, when(on, None, last), source=service.source
        )


def _warnings(service: Service, contract: Contract, plan: Plan) -> Iterator[Item]:
    for dependant in broken_by(service.id, contract, plan):
        id_ = f"{service.id}/{dependant.affects}"
        yield Item(ItemKind.WARNING, id_, if_it_ends(service.title), dependant.effect, source=dependant.source)


def _rows(service: Service, contract: Contract) -> Iterator[Item]:
    for table in service.tables:
        for facts in facts_of(contract, table):
            text = look_up(table, facts)
            if text is not None:
                about = ", ".join(facts.values())
                yield Item(ItemKind.TABLE, table.id, table.title, text, about=about, source=table.source)


def _waits(service: Service, contract: Contract, stop: date, on: date) -> Iterator[Item]:
    """What holds now after a stop and what will hold later; what is over is left out."""
    for wait in service.waits:
        begin = stop + wait.from_day * _DAY
        last = None if wait.to_day is None else stop + wait.to_day * _DAY
        if wait.whom.covers(contract) and (last is None or on <= last):
            yield Item(
                ItemKind.WAIT,
                service.id,
                service.title,
                wait.text,
                begin,
                last,
                when(on, begin, last),
                source=wait.source,
            )


def _routes(routes: Sequence[LeavingRoute], plan: Plan, of: Text | None) -> Iterator[Item]:
    desks = {desk.id: desk for desk in plan.desks}
    for route in routes:
        desk = desks.get(route.desk or "")
        words = route_words(route, desk)
        phone, url = (desk.phone, desk.url) if desk else ("", "")
        yield Item(ItemKind.ROUTE, route.id, route.title, words, url=url, phone=phone, of=of, source=route.source)


def _concerns(desk: Desk, contract: Contract, plan: Plan) -> bool:
    """Desks for corporate contracts are shown to those that must ask there; the others to everybody (SW-12)."""
    own = {rule.desk for rule in plan.terms.media if rule.whom.covers(contract)}
    return desk.purpose is not Purpose.CORPORATE or desk.id in own


def _desk(desk: Desk) -> Item:
    return Item(
        ItemKind.DESK, desk.id, desk.title, desk_words(desk), url=desk.url, phone=desk.phone, source=desk.source
    )


def last_day(ends: datetime | None, plan: Plan) -> date | None:
    """The last day of use of what ends at an instant, in the plan's zone."""
    return None if ends is None else later(ends, -_MOMENT).astimezone(plan.zone).date()
