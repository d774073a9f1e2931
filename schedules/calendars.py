"""Business days, desk hours and whole months.

    business_days(date(2024, 5, 29), date(2024, 5, 31), Calendar())    # 3

The only place that knows holidays. Those of Japan are known from 1949 to 2099; in years before and after, only weekends
and the days a plan names are days off. Nothing here fails.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from schedules.blocks.services import Calendar, Desk, Holidays
from schedules.moments import months_after

_DAY = timedelta(days=1)
_SATURDAY = 5
_CATEGORIES = {Holidays.NONE: (), Holidays.JP: ("public",), Holidays.JP_BANK: ("public", "bank")}


@lru_cache(maxsize=512)
def _holidays(known: Holidays, year: int) -> frozenset[date]:
    """The days off of one year, substitute holidays among them."""
    categories = _CATEGORIES[known]
    return (
        frozenset(country_holidays("JP", years=year, expand=False, categories=categories))
        if categories
        else frozenset()
    )


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Whether people work on `day`; what the plan itself says of a day goes before weekends and holidays."""
    if day in calendar.open:
        return True
    if day in calendar.closed or day.weekday() >= _SATURDAY:
        return False
    return day not in _holidays(calendar.holidays, day.year)


def business_days(first: date, last: date, calendar: Calendar) -> int:
    """How many business days there are from `first` to `last`, both counted; 0 where `last` is before `first`."""
    return sum(is_business_day(first + days * _DAY, calendar) for days in range((last - first).days + 1))


def desk_open(desk: Desk, at: datetime, calendar: Calendar, zone: ZoneInfo) -> bool:
    """Whether somebody is at `desk` at the instant `at`; its hours are meant in `zone`.

    At its closing time it is closed. Hours that end before they begin reach into the next day.
    """
    local = at.astimezone(zone)
    day, now = local.date(), local.time()
    if desk.opens is None:
        return _attended(desk, day, calendar)
    if desk.closes is None or desk.opens < desk.closes:
        return _attended(desk, day, calendar) and desk.opens <= now and (desk.closes is None or now < desk.closes)
    evening = now >= desk.opens and _attended(desk, day, calendar)
    return evening or (now < desk.closes and _attended(desk, day - _DAY, calendar))


def _attended(desk: Desk, day: date, calendar: Calendar) -> bool:
    return day not in desk.away and (desk.weekends or is_business_day(day, calendar))


def month_of(day: date) -> date:
    """The month `day` lies in, as its first day."""
    return day.replace(day=1)


def month_end(day: date, ahead: int = 0) -> date:
    """The last day of the month `day` lies in, or of the month so many months later."""
    return months_after(month_of(day), ahead + 1) - _DAY


def months_between(first: date, last: date) -> int:
    """How many months the month of `last` comes after that of `first`; the days within them do not count."""
    return (last.year - first.year) * 12 + last.month - first.month


def in_words(day: date) -> tuple[str, str]:
    """`day` as Japanese and English sentences name it."""
    return f"{day.year}年{day.month}月{day.day}日", day.isoformat()
