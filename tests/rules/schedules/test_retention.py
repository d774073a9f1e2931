"""How long mail is kept, and how much of it: sizes as plans write them, calendar months in the plan's zone (KY-1)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schedules.blocks.terms import Retention
from schedules.contracts.duties import kept_until, over_storage
from schedules.planfile import print_plan, read_plan
from schedules.positions import BadFile
from tests.facts.examples import PLANS

TEXT = (PLANS / "kyodo.yaml").read_text(encoding="utf-8")
WRITTEN = "    storage: 100 MB\n"


def stored(written: str) -> int | None:
    retention = TypeAdapter(Retention).validate_python({"months": "2", "storage": written})
    return retention.storage


@pytest.mark.parametrize(
    ("written", "octets"),
    [("100 MB", 10**8), ("100MB", 10**8), ("2 GB", 2 * 10**9), ("1,500 kB", 1_500_000), ("100000000", 10**8)],
)
def test_a_size_is_read_as_people_write_it(written: str, octets: int) -> None:
    assert stored(written) == octets


@pytest.mark.parametrize("written", ["", "100 mb", "100 MiB", "1.5 GB", "-1 MB", "0 MB", "10,00 MB", "plenty"])
def test_what_is_no_size_is_a_mistake_at_its_place(written: str) -> None:
    assert TEXT.count(WRITTEN) == 1
    line = TEXT[: TEXT.index(WRITTEN)].count("\n") + 1
    with pytest.raises(BadFile) as found:
        read_plan(TEXT.replace(WRITTEN, f'    storage: "{written}"\n'), "kyodo.yaml")
    (problem,) = found.value.problems
    assert (problem.position.line, "terms.retention.storage" in str(problem)) == (line, True)


def test_it_prints_and_reads_back() -> None:
    plan = read_plan(TEXT, "kyodo.yaml")
    assert (
        read_plan(print_plan(plan), "again.yaml").terms.retention
        == plan.terms.retention
        == Retention(months=2, storage=10**8)
    )


@given(
    st.integers(0, 100 * 366 * 86_400).map(
        lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.integers(1, 240),
    st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo"]),
)
def test_mail_is_never_let_go_before_its_months_are_over(received: datetime, months: int, zone: str) -> None:
    there = ZoneInfo(zone)
    until = kept_until(received, Retention(months=months), there)
    last = (until - timedelta(seconds=1)).astimezone(there).date()
    day = received.astimezone(there).date()
    assert (last.year - day.year) * 12 + last.month - day.month == months
    assert last.day == day.day or (last.day < day.day and (last + timedelta(days=1)).day == 1)


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_only_what_is_over_may_go(octets: int, storage: int) -> None:
    assert over_storage(octets, Retention(months=2, storage=storage)) == max(0, octets - storage)
    assert over_storage(octets, Retention(months=2)) == 0
