"""Renewals that are cut to what is left of the service (SK-6, SK-7), and how an expiry is shown (SK-9).

    renewed(two_year, date(2022, 3, 1), date(2024, 1, 31))    # 23 months, until 2024-01-31

Nothing here lasts longer than the service does.
"""

from dataclasses import dataclass
from datetime import date

from schedules.blocks.terms import Renewal, Terms
from schedules.blocks.whom import Contract
from schedules.calendars import in_words, month_end, months_between
from schedules.text import Text

_AUTOMATIC = Text("自動更新", "automatic renewal")
_OPEN = Text("期限の記載なし", "no expiry on record")


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a renewal gives: no months and no last day where there is none."""

    months: int
    last_day: date | None


def rule_for(course: str, terms: Terms) -> Renewal | None:
    """How `course` is renewed; None where the plan does not say."""
    return next((renewal for renewal in terms.renewals if course in renewal.courses), None)


def renewed(renewal: Renewal, first_month: date, service_end: date | None) -> Renewed:
    """The term that begins with the month `first_month` lies in; `service_end` is the service's last day.

    Where less than a full term is left, the term is cut to it, or, if it cannot be cut, there is none.
    """
    if service_end is None:
        return Renewed(renewal.months, month_end(first_month, renewal.months - 1))
    left = max(months_between(first_month, service_end) + 1, 0)
    months = min(renewal.months, left) if renewal.cut or left >= renewal.months else 0
    if not months:
        return Renewed(0, None)
    return Renewed(months, min(month_end(first_month, months - 1), service_end))


def expiry_shown(contract: Contract, terms: Terms) -> Text:
    """The expiry as the member page shows it: of a course that renews by itself, that it does so."""
    renewal = rule_for(contract.course, terms)
    if renewal is not None and renewal.automatic:
        return _AUTOMATIC
    return Text(*in_words(contract.expiry)) if contract.expiry else _OPEN
