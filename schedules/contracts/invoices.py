"""What is billed in which month, paid on which day, and what paying late costs (SW-5, KY-10).

    late_charge(10_000, date(2023, 5, 31), date(2023, 7, 1), invoices)    # 119

All money is whole yen before tax; fractions of a yen are dropped, and no float takes part in that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from schedules.blocks.terms import BilledFrom, Invoices, Payment
from schedules.blocks.whom import Contract
from schedules.calendars import month_end, month_of, months_between
from schedules.contracts.charges import Charge
from schedules.moments import months_after
from schedules.text import Text

_LAST_FEE = Text("最終月の利用料", "fee of the last month")


@dataclass(frozen=True, slots=True)
class Bill:
    """One amount that is still billed after a contract's end."""

    title: Text
    yen: int | None  # None: cannot be told
    month: date  # the month it belongs to, as its first day
    billed: date  # the month in which it is billed, as its first day
    payable: Mapping[str, date | None]  # for each way to pay the day; None: the payer's own bill says it


def bills(contract: Contract, invoices: Invoices, last_day: date, charged: tuple[Charge, ...]) -> tuple[Bill, ...]:
    """What is billed after the last day: the fee of the last month, then each charge; nothing that is known to be 0."""
    leaving, complete = month_of(last_day), month_of(last_day + timedelta(days=1))
    ends = complete if invoices.penalty_month is BilledFrom.COMPLETION else leaving
    fee = _bill(_LAST_FEE, monthly_charge(contract, invoices, leaving, last_day), leaving, invoices.fee_after, invoices)
    rest = (_bill(charge.title, charge.yen, ends, invoices.penalty_after, invoices) for charge in charged)
    return tuple(bill for bill in (fee, *rest) if bill.yen != 0)


def _bill(title: Text, yen: int | None, month: date, after: int, invoices: Invoices) -> Bill:
    billed = months_after(month, after)
    payable = {payment.method: pay_day(payment, billed) for payment in invoices.payments}
    return Bill(title, yen, month, billed, payable)


def pay_day(payment: Payment, billed: date) -> date | None:
    """The day a bill of the month `billed` is paid: in a month without that day, on its last; None: not said here."""
    if payment.day is None:
        return None
    month = months_after(month_of(billed), payment.months_after)
    return min(month + timedelta(days=payment.day - 1), month_end(month))


def monthly_charge(contract: Contract, invoices: Invoices, month: date, last_day: date | None = None) -> int | None:
    """What the month that `month` lies in costs a contract that ends on `last_day`, or goes on where that is None.

    None where no price covers the contract, or where the first month is free and nobody knows which one that was.
    """
    prices = [price for price in invoices.monthly if price.whom.covers(contract)]
    if not prices or (invoices.first_month_free and contract.start is None):
        return None
    if contract.start is not None:
        since_start = months_between(contract.start, month)
        if since_start < 0 or (since_start == 0 and invoices.first_month_free):
            return 0
    if last_day is not None and month_of(month) > last_day:
        return 0
    full = sum(price.yen * (len(contract.addresses) if price.per_address else 1) for price in prices)
    if last_day is None or invoices.last_month_full or month_of(month) != month_of(last_day):
        return full
    return full * last_day.day // month_end(last_day).day


def late_charge(yen: int, due: date, paid: date, invoices: Invoices) -> int:
    """The charge for paying `yen` late: for each day from the day after `due` to the day before `paid` (KY-10)."""
    days = max((paid - due).days - 1, 0)
    # The shortest writing of a float is the number its reader wrote, so the product is exact.
    numerator, denominator = Decimal(repr(invoices.late_percent)).as_integer_ratio()
    return yen * numerator * days // (denominator * 100 * invoices.year_days)
