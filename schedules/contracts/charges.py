"""What ending a contract costs: minimum terms left early, and costs at the end (KY-9, SW-4, SW-11, SK-3).

    charges(contract, terms, date(2023, 9, 30), service_end=None)    # (Charge("early leaving", 20,000 yen, why), …)

What follows from a start that nobody knows is not guessed: the amount is None, and `why` says so.
Every rule that covers the contract gives a charge, also one of 0 yen: that leaving is free is worth being told.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from schedules.blocks.services import Cost
from schedules.blocks.terms import FirstMonth, JudgedBy, MinimumTerm, Terms
from schedules.blocks.whom import Contract
from schedules.calendars import in_words, month_end, months_between
from schedules.positions import Position
from schedules.text import Text

_START_UNKNOWN = Text(
    "契約の開始日が不明なため、計算できません", "the start of the contract is not known, so this cannot be told"
)
_NOT_BEGUN = Text("契約の開始前です。窓口にご確認ください", "the contract will not have begun by then: ask the desk")
_SERVICE_ENDS = Text("サービス自体の終了に伴う解約のため、不要です", "nothing is owed, as the service itself ends")
_OPEN_TO_ALL = Text("契約の終了時にかかります", "paid when the contract ends")


@dataclass(frozen=True, slots=True)
class Charge:
    """Something to pay because the contract ends."""

    title: Text
    yen: int | None  # before tax; None: cannot be told, `why` says why
    why: Text
    id: str = ""
    source: Position = field(default=Position(""), compare=False)


def charges(contract: Contract, terms: Terms, last_day: date, *, service_end: date | None) -> tuple[Charge, ...]:
    """All that a contract with this last day has to pay for its end; `service_end` is the service's own last day."""
    early = (penalty(one, contract, last_day, service_end) for one in terms.minimum_terms if one.whom.covers(contract))
    costs = (cost_at_end(one, contract, last_day) for one in terms.costs if one.whom.covers(contract))
    return (*early, *costs)


def total(charged: tuple[Charge, ...]) -> int | None:
    """The sum in yen; None where one of them cannot be told."""
    known = [charge.yen for charge in charged if charge.yen is not None]
    return sum(known) if len(known) == len(charged) else None


def month_number(start: date, first: FirstMonth, day: date) -> int:
    """Which month of the contract `day` lies in: 1 is that of the start, or the next; earlier ones are 0 or less."""
    return months_between(start, day) + (1 if first is FirstMonth.START else 0)


def term_end(term: MinimumTerm, start: date) -> date:
    """The last day of a contract's first term (KY-9)."""
    return month_end(start, term.months - (1 if term.first_month is FirstMonth.START else 0))


def penalty(term: MinimumTerm, contract: Contract, last_day: date, service_end: date | None) -> Charge:
    """What it costs to leave with `last_day` as last day.

    A term that never begins anew (`free_months` 0) costs nothing once its last day is over. One that does is free to
    leave only in the first months after each term, judged by the month of leaving or that of completion (SW-4).
    """
    yen, why = _judged(term, contract.start, last_day, service_end)
    return Charge(term.title, yen, why, term.id, term.source)


def _judged(term: MinimumTerm, start: date | None, last_day: date, service_end: date | None) -> tuple[int | None, Text]:
    if last_day == service_end and not term.at_service_end:
        return 0, _SERVICE_ENDS
    if start is None:
        return None, _START_UNKNOWN
    if last_day < start:
        return None, _NOT_BEGUN
    if term.free_months:
        judged = last_day + timedelta(days=1) if term.judged_by is JudgedBy.COMPLETION else last_day
        return _in_free_month(term, month_number(start, term.first_month, judged))
    ja, en = in_words(term_end(term, start))
    if last_day >= term_end(term, start):
        return 0, Text(f"最低利用期間は{ja}で満了します", f"the minimum term is over on {en}")
    return term.yen, Text(f"最低利用期間は{ja}までです", f"the minimum term lasts until {en}")


def _in_free_month(term: MinimumTerm, number: int) -> tuple[int, Text]:
    terms_over, place = divmod(max(number - 1, 0), term.months)
    if terms_over and place < term.free_months:
        return 0, Text(f"契約{number}か月目は更新期間です", f"month {number} of the contract is free to leave in")
    first = (terms_over + 1) * term.months + 1
    last = first + term.free_months - 1
    return term.yen, Text(
        f"契約{number}か月目です。更新期間は{first}か月目から{last}か月目までです",
        f"this is month {number} of the contract; leaving is free in months {first} to {last}",
    )


def cost_at_end(cost: Cost, contract: Contract, last_day: date) -> Charge:
    """What is paid once at the end, or what is left of instalments after that of the last month, all at once."""
    yen, why = _cost(cost, contract, last_day)
    times = len(contract.addresses) if cost.per_address else 1
    return Charge(cost.title, None if yen is None else yen * times, why, cost.id, cost.source)


def _cost(cost: Cost, contract: Contract, last_day: date) -> tuple[int | None, Text]:
    if cost.instalments is None:
        return cost.yen, _OPEN_TO_ALL
    if contract.start is None:
        return None, _START_UNKNOWN
    if last_day < contract.start:
        return None, _NOT_BEGUN
    paid = min(months_between(contract.start, last_day) + 1, cost.instalments)
    left = cost.instalments - paid
    why = Text(
        f"{cost.instalments}回払いのうち残り{left}回分を一括でお支払いいただきます",
        f"{left} of {cost.instalments} instalments are left, to be paid at once",
    )
    return cost.yen * left, why
