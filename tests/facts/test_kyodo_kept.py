"""How long Kyodo Hikari.NET keeps mail, and how much of it: KY-1."""

from dataclasses import replace

import pytest

from schedules.blocks.terms import Retention
from schedules.contracts.duties import over_storage
from schedules.followups import FollowUp, FollowUpKind, after_receiving
from schedules.plan import Plan
from tests.facts.examples import entry, example, tokyo


@pytest.fixture
def plan() -> Plan:
    return example("kyodo").plan


def retention(plan: Plan) -> Retention:
    assert plan.terms.retention is not None
    return plan.terms.retention


@pytest.mark.parametrize(
    ("received", "may_go"),
    [
        ("2024-01-31T00:00", "2024-04-01"),  # kept through 2024-03-31
        ("2024-01-31T23:59", "2024-04-01"),
        ("2023-12-31T12:00", "2024-03-01"),  # through 29 February
        ("2022-12-31T12:00", "2023-03-01"),
    ],
)
def test_ky_1_mail_may_be_deleted_two_calendar_months_on(plan: Plan, received: str, may_go: str) -> None:
    """KY-1: received 2024-01-31: kept through 2024-03-31; two months after 2023-12-31 is 2024-02-29."""
    mika = entry("kyodo", "mika@kyodo.example").address
    falls: FollowUp = after_receiving(mika, tokyo(received), retention(plan), plan.zone)
    assert (falls.kind, falls.at) == (FollowUpKind.RETENTION, tokyo(may_go))
    assert (falls.to, falls.by) == ((), ())
    assert str(falls.what) == f"mail that mika@kyodo.example received on {received[:10]} may be deleted"
    assert "mika@kyodo.example" in falls.what.ja


def test_ky_1_what_exceeds_a_hundred_megabytes_may_be_deleted(plan: Plan) -> None:
    """KY-1: 100 MB for each address, as the accounts say as well; not an octet less."""
    kept = retention(plan)
    assert kept.storage == 100_000_000 == entry("kyodo", "mika@kyodo.example").quota
    assert [over_storage(octets, kept) for octets in (0, 100_000_000, 100_000_001)] == [0, 0, 1]
    assert over_storage(10**12, replace(kept, storage=None)) == 0
