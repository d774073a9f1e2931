"""One contract: what it has, and what giving it up or changing its course would lead to. Nothing is written here.

Use: `show_contract(desk, address, Asking(...))`, `show_cancellation(...)`, `show_change(...)`. All three read the plan
that covers the address's domain, or the one that `Asking.plan` names; a plan without mail domains has to be named.
Fails: `Refused` where the directory has no such address, no plan covers it, or the plan has no rules for contracts;
`BadName` for what is no address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from random import Random

from filters.mail import AddressKind
from mailsvc.desk.desk import Desk
from mailsvc.desk.plans import stored_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory
from mailsvc.records.directory import Entry
from mailsvc.standing import Almanac
from mailsvc.standing.almanac import edition_of
from schedules.blocks.terms import Terms
from schedules.blocks.whom import ADDITIONAL_ADDRESS, HOMEPAGE, MAIL, Contract
from schedules.contracts.charges import total
from schedules.contracts.checkitems import Item
from schedules.contracts.checklist import checklist
from schedules.contracts.joining import Account, joined
from schedules.contracts.renewals import expiry_shown
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.stage_dates import comes
from schedules.terms import Cancellation, Permission, cancellation, course_change, service_end
from schedules.text import Language, Text
from schedules.words import Medium, Stage

_ORDER = {AddressKind.BASE: 0, AddressKind.ADDITIONAL: 1, AddressKind.ALIAS: 2, AddressKind.ROLE: 3}


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked besides the address."""

    plan: str = ""  # a plan in force; empty: the one that covers the domain
    on: date | None = None  # the day of asking, in the plan's zone; None: today
    stopped: Mapping[str, date] = field(default_factory=dict)  # services that have stopped already, and when


@dataclass(frozen=True, slots=True)
class Becoming:
    """What the contracts of a holder become at a successor; the id and the codes are drawn on the day itself."""

    at: datetime
    account: Account
    inherited_from: str | None
    inherited: tuple[str, ...]
    contact: str | None
    services: tuple[tuple[str, Text], ...]  # the contract, and the service's title
    added: tuple[str, ...]
    unmapped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContractShown:
    """A contract as its member page shows it."""

    address: Address
    language: Language  # of the holder's letters
    plan: str
    edition: int
    asked: date
    contract: Contract
    expiry: Text  # "automatic renewal" where it renews by itself (SK-9)
    service_end: date | None
    becomes: Becoming | None
    checklist: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class CancellationShown:
    """What giving up a contract would lead to."""

    shown: ContractShown
    medium: Medium
    cancellation: Cancellation
    total: int | None  # yen; None: cannot be told


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """Whether a contract may change its course."""

    shown: ContractShown
    to: str
    title: Text | None
    keeps: tuple[str, ...]
    permission: Permission


@dataclass(frozen=True, slots=True)
class _Read:
    shown: ContractShown
    plan: Plan
    dates: Mapping[Stage, datetime]  # when stages come for it: exceptions, holds and amendments counted


def contract_of(entries: Sequence[Entry]) -> Contract:
    """The contract that these addresses belong to: its base address first, and what it has by what accounts say.

    Raises ValueError where there are none.
    """
    if not entries:
        raise ValueError("a contract has one address at least")
    in_order = sorted(entries, key=lambda entry: (_ORDER[entry.kind], entry.address.domain.ascii, entry.address.key))
    first = in_order[0]
    return Contract(
        number=first.contract,
        holder=first.holder,
        contact=first.contact,
        course=first.course,
        type=first.contract_type,
        start=first.start,
        expiry=first.contract_expiry,
        suspended_since=first.suspended_since,
        group=first.group,
        area=first.area,
        has=first.services | frozenset(_uses(in_order)),
        addresses={entry.address: entry.address_expiry for entry in in_order if entry.kind in _OWN_MAILBOX},
    )


_OWN_MAILBOX = {AddressKind.BASE, AddressKind.ADDITIONAL}


def _uses(entries: Iterable[Entry]) -> Iterable[str]:
    for entry in entries:
        if entry.left is None:
            yield MAIL
        if entry.homepage:
            yield HOMEPAGE
        if entry.kind is AddressKind.ADDITIONAL:
            yield ADDITIONAL_ADDRESS


def show_contract(desk: Desk, address: str, asking: Asking) -> ContractShown:
    """What the contract of an address has, and its check list."""
    return _shown(desk, address, asking).shown


def show_cancellation(
    desk: Desk,
    address: str,
    asking: Asking,
    medium: Medium,
    *,
    last_day: date | None = None,
    work_day: date | None = None,
) -> CancellationShown:
    """What a request received on the day of asking would lead to; nothing is sent."""
    read = _shown(desk, address, asking)
    shown, plan = read.shown, read.plan
    _refuse_without_terms(plan)
    found = cancellation(
        shown.contract,
        plan,
        shown.asked,
        medium,
        last_day=last_day,
        service_end=shown.service_end,
        work_day=work_day,
    )
    if found.last_day is not None:
        by_then = checklist(shown.contract, plan, shown.asked, dates=read.dates, leaving=found.last_day)
        shown = replace(shown, checklist=by_then)
    return CancellationShown(shown, medium, found, total(found.charges))


def show_change(desk: Desk, address: str, asking: Asking, to: str) -> ChangeShown:
    """Whether the contract may change to the course `to` on the day of asking; nothing is changed."""
    read = _shown(desk, address, asking)
    shown, plan = read.shown, read.plan
    _refuse_without_terms(plan)
    rule = next((one for one in plan.terms.course_changes if one.to == to), None)
    if rule is None:
        known = ", ".join(dict.fromkeys(one.to for one in plan.terms.course_changes))
        raise Refused(
            f"the plan {plan.name!r} knows no change to the course {to!r}",
            f"courses one can change to: {known or 'none'}",
        )
    permission = course_change(shown.contract, plan.terms, to, shown.asked, service_end=shown.service_end)
    return ChangeShown(shown, to, rule.title, rule.keeps, permission)


def _refuse_without_terms(plan: Plan) -> None:
    if plan.terms == Terms():
        raise Refused(f"the plan {plan.name!r} has no rules for contracts", "write them below `terms`: docs/PLANS.md")


def _shown(desk: Desk, address: str, asking: Asking) -> _Read:
    asked_for = Address.parse(address)
    entry, entries = _found(desk, asked_for)
    edition = _edition(desk, asked_for, asking.plan)
    plan = edition.plan
    on = asking.on or desk.clock.now().astimezone(plan.zone).date()
    contract = contract_of(entries)
    base = next(iter(contract.addresses), entry.address)
    dates = comes(edition, edition.profile(base, group=contract.group, area=contract.area))
    shown = ContractShown(
        address=entry.address,
        language=entry.language,
        plan=plan.name,
        edition=edition.number,
        asked=on,
        contract=contract,
        expiry=expiry_shown(contract, plan.terms),
        service_end=service_end(plan, dates.get(Stage.RECEIVE_END)),
        becomes=_becoming(desk, plan, entry),
        checklist=checklist(contract, plan, on, stopped=asking.stopped, dates=dates),
    )
    return _Read(shown, plan, dates)


def _found(desk: Desk, asked: Address) -> tuple[Entry, list[Entry]]:
    """The address, and all addresses of its contract."""
    with desk.records.read() as conn:
        entry = directory.find(conn, asked.domain, asked.key)
        if entry is not None:
            return entry, directory.of_contract(conn, entry)
    raise Refused(
        f"the directory has no address {asked}",
        "`lastpost accounts list --search TEXT` finds addresses; a contract is found by any of them",
    )


def _edition(desk: Desk, asked: Address, name: str) -> Edition:
    if name:
        with desk.records.read() as conn:
            return edition_of(stored_plan(conn, name))
    almanac = Almanac(desk.records, desk.settings.service.zoneinfo)
    almanac.refresh()
    edition = almanac.of(asked.domain)
    if edition not in almanac.editions:
        known = (
            ", ".join(one.plan.name for one in almanac.editions) or "none yet: `lastpost plan apply FILE --reason TEXT`"
        )
        raise Refused(f"no plan covers {asked.domain}", f"name one with --plan; plans in force: {known}")
    return edition


def _becoming(desk: Desk, plan: Plan, asked: Entry) -> Becoming | None:
    if plan.consolidation is None:
        return None
    with desk.records.read() as conn:
        entries = directory.of_holder(conn, asked)
    by_contract: dict[str, list[Entry]] = {}
    for entry in entries:
        by_contract.setdefault(entry.contract or str(entry.address), []).append(entry)
    contracts = [contract_of(some) for some in by_contract.values()]
    # What is drawn here is thrown away: the id and the codes are given out on the day itself.
    drawn = joined(contracts, plan.consolidation, random=Random(0))  # noqa: S311 -- see above
    return Becoming(
        plan.consolidation.at,
        drawn.account,
        drawn.inherited_from,
        drawn.inherited,
        drawn.contact,
        tuple((one.contract, title) for one in drawn.services for title in one.titles),
        tuple(dict.fromkeys(one.option for one in drawn.added)),
        tuple(dict.fromkeys(one.option for one in drawn.unmapped)),
    )
