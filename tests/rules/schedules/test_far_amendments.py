"""Many amendments, and amendments that lead out of the calendar: refused or carried, never a crash or a standstill."""

from dataclasses import replace
from datetime import timedelta
from time import process_time

import pytest

from schedules.amendments import Amendment, BadAmendment, Hold, Postpone, RollBack
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.names import Address
from schedules.positions import Wrong
from schedules.words import Stage
from tests.rules.schedules.plans import HANAKO, amended, local, plan

STAGES = {"announce": "2022-01-11", "receive-end": "{at: 2024-02-01, soft_for: 6h}", "purge": "2024-12-01"}
CENTURY = timedelta(days=36_525)
LATE = local("2023-06-01T00:00")


def test_postponing_on_and_on_is_refused_before_it_leads_out_of_the_calendar() -> None:
    edition = Edition(plan(STAGES))
    for _ in range(69):
        edition = amended(edition, Postpone((), CENTURY))
        edition.timeline(edition.profile(HANAKO))
    with pytest.raises(BadAmendment, match="after the year 9000: choose a sooner time"):
        amended(edition, Postpone((), CENTURY))


def test_one_step_out_of_all_years_is_refused_as_well() -> None:
    edition = Edition(plan(STAGES))
    far = replace(edition.plan.stages[Stage.PURGE], at=local("8999-12-01T00:00"))
    late = Edition(replace(edition.plan, stages={**edition.plan.stages, Stage.PURGE: far}))
    with pytest.raises(BadAmendment, match="after the year 9000"):
        amended(amended(late, Postpone((), timedelta(days=1))), Postpone((), CENTURY))


@pytest.mark.parametrize("text", ["end of 9999-12", "end of 9999-12-31"])
def test_the_end_of_all_years_is_no_instant(text: str) -> None:
    with pytest.raises(Wrong, match="does not exist"):
        Moment.parse(text)


def test_thousands_of_amendments_are_read_in_seconds_and_what_is_gone_back_to_is_found() -> None:
    until = local("2030-01-01T00:00")
    holds = tuple(
        Amendment(
            number, LATE, "admin", "exports run", Hold(Scope(address=Address.parse(f"u{number}@x.example")), until)
        )
        for number in range(1, 2001)
    )
    begun = process_time()
    edition = Edition(plan(STAGES, domains=["x.example"]), 1, (*holds, Amendment(2001, LATE, "a", "b", RollBack(1900))))
    assert process_time() - begun < 10
    assert len(edition.standing.holds) == 1900
