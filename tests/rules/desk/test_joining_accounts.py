"""A consolidation at the desk: what a holder's contracts become, and the options that become nothing."""

import pytest

from mailsvc.desk.contracts import Asking, show_contract
from mailsvc.desk.planning.options import unmapped_options
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from schedules.contracts.joining import Account
from schedules.planfile import read_plan
from tests.rules.desk.world import PLAN, World

CONSOLIDATION = """\
consolidation:
  at: 2027-03-01
  account: there
  added: [virus]
  inherited: [card]
  options: [{option: mail, becomes: safe-mail, title: {ja: 安心メール, en: Safe mail}}]
"""
ACCOUNTS = """\
address,holder,contract,start,services,homepage
a@closing.example,H,C-1,2004-05-01,fax,
a2@closing.example,H,C-1,2004-05-01,fax,pages
b@closing.example,H,C-2,2001-02-01,virus,
c@closing.example,I,C-3,,there,
alone@closing.example,,,,telex,
z@second.example,,,,telex,
"""


@pytest.fixture
def joining(world: World) -> World:
    """The closing world, whose accounts join those of a successor."""
    assert world.take(ACCOUNTS).rejected == 0
    apply_plan(world.desk, read_plan(PLAN + CONSOLIDATION, "closing.yaml"), "decided")
    return world


def test_a_consolidation_is_shown_with_all_contracts_of_the_holder(joining: World) -> None:
    becomes = show_contract(joining.desk, "a@closing.example", Asking()).becomes
    assert becomes is not None
    assert (becomes.account, becomes.inherited_from, becomes.contact) == (Account.NEW, "C-2", "b@closing.example")
    assert [(number, title.en) for number, title in becomes.services] == [("C-2", "Safe mail"), ("C-1", "Safe mail")]
    assert (becomes.added, becomes.unmapped) == (("virus",), ("virus", "fax", "homepage"))
    other = show_contract(joining.desk, "c@closing.example", Asking()).becomes
    assert other is not None
    assert (other.account, other.inherited_from, other.contact) == (Account.EXISTING, None, None)


def test_options_that_become_nothing_are_listed_once_for_each_contract(joining: World) -> None:
    rows = list(unmapped_options(joining.desk, "closing"))
    assert [(row["option"], row["contract"], row["address"]) for row in rows] == [
        ("fax", "C-1", "a@closing.example"),
        ("homepage", "C-1", "a2@closing.example"),
        ("telex", "", "alone@closing.example"),
        ("virus", "C-2", "b@closing.example"),
    ]
    assert {row["holder"] for row in rows} == {"H", ""}


def test_domains_of_other_plans_are_left_out(joining: World) -> None:
    assert "z@second.example" not in {row["address"] for row in unmapped_options(joining.desk, "closing")}


def test_a_plan_that_joins_nothing_has_no_such_list(world: World) -> None:
    world.take(ACCOUNTS)
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    with pytest.raises(Refused, match="'closing' joins no accounts"):
        unmapped_options(world.desk, "closing")
    with pytest.raises(Refused, match="there is no plan 'opening' in force"):
        unmapped_options(world.desk, "opening")
