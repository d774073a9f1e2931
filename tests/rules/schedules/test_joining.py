"""Consolidations: what each holder has at a successor, drawn from an injected random source."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.consolidation import Consolidation, Inherit, OptionMapping, PriceChange
from schedules.blocks.whom import Contract
from schedules.contracts.joining import (
    Account,
    Biller,
    Joined,
    Option,
    billed_by,
    joined,
    listed_at,
    price_of,
    unmapped,
)
from schedules.names import Address
from tests.rules.schedules.contracts import TOKYO, at, contract, own, text


def becomes(option: str, new: str, *, each_address: bool = False) -> OptionMapping:
    return OptionMapping(option=option, becomes=new, title=text(new), each_address=each_address)


JOINS = Consolidation(
    at=at(2016, 4, 1),
    account="successor-account",
    options=(becomes("mail", "safe-mail"), becomes("virus", "safe-mail"), becomes("line", "fibre")),
    added=("virus",),
    prices=(PriceChange(service="safe-mail", title=text("mail"), old=540, new=324),),
    inherited=("line-password", "credit-card"),
)
DAYS = st.none() | st.dates(date(1995, 1, 1), date(2016, 1, 1))
OPTIONS = st.frozensets(st.sampled_from(["mail", "virus", "line", "homepage", "dial-up", "successor-account"]))


def join(*contracts: Contract, by: Consolidation = JOINS, seed: int = 1) -> Joined:
    return joined(contracts, by, random=Random(seed))


# -- Whose account, whose data -----------------------------------------------------------------------------------------


def test_who_has_no_account_there_gets_one_with_an_id_that_is_told() -> None:
    found = join(own("A", None, "mail"))
    assert (found.account, found.id_told_by, found.id_immutable) == (Account.NEW, ("mail",), True)
    assert len(found.customer_id) == 8


def test_who_has_an_account_there_keeps_it_and_is_told_of_no_id() -> None:
    found = join(own("A", date(2001, 1, 1), "mail"), own("B", date(2002, 1, 1), "mail", "successor-account"))
    assert (found.account, found.customer_id, found.id_told_by) == (Account.EXISTING, "", ())
    assert (found.inherited_from, found.inherited, found.contact) == (None, (), None)


@pytest.mark.parametrize(("inherit", "number"), [(Inherit.OLDEST, "B"), (Inherit.NEWEST, "C")])
def test_the_plan_says_whose_data_are_taken_over(inherit: Inherit, number: str) -> None:
    mine = [own("A", date(2004, 5, 1)), own("B", date(2001, 2, 1)), own("C", date(2010, 9, 1)), own("D", None)]
    found = join(*mine, by=replace(JOINS, inherit=inherit))
    assert (found.inherited_from, found.contact) == (number, f"{number.lower()}@closing.example")
    assert found.inherited == ("line-password", "credit-card")


def test_of_two_contracts_of_one_day_the_lower_number_is_the_older() -> None:
    day = date(2001, 2, 1)
    assert join(own("B", day), own("A", day)).inherited_from == "A"


def test_where_no_start_is_known_the_lowest_number_counts() -> None:
    assert join(own("B", None), own("A", None)).inherited_from == "A"


def test_a_contract_without_addresses_leaves_the_contact_it_has() -> None:
    assert join(contract("line", number="A", contact="old@x.example")).contact == "old@x.example"


@given(st.permutations([("A", date(2004, 5, 1)), ("B", date(2001, 2, 1)), ("C", date(2010, 9, 1)), ("D", None)]))
def test_the_order_of_contracts_does_not_matter(order: list[tuple[str, date | None]]) -> None:
    assert join(*(own(number, start, "mail") for number, start in order)) == join(
        *(own(number, start, "mail") for number, start in sorted(order))
    )


@pytest.mark.parametrize("holders", [(), ("H", "I")])
def test_only_contracts_of_one_holder_are_joined(holders: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"not of {len(holders)}"):
        join(*(own(f"C-{holder}", None, holder=holder) for holder in holders))


# -- Services, codes ---------------------------------------------------------------------------------------------------


def test_options_of_one_contract_that_become_one_service_are_one_service() -> None:
    found = join(own("A", None, "mail", "virus", "line"))
    assert [(one.old, one.new) for one in found.services] == [(("mail", "virus"), "safe-mail"), (("line",), "fibre")]
    assert [one.titles for one in found.services] == [(text("safe-mail"),), (text("fibre"),)]


def test_two_contracts_have_services_of_their_own_the_oldest_first() -> None:
    found = join(own("A", date(2004, 1, 1), "mail"), own("B", date(2001, 1, 1), "mail"))
    assert [(one.contract, one.new) for one in found.services] == [("B", "safe-mail"), ("A", "safe-mail")]


def test_each_address_may_become_a_service() -> None:
    by = replace(JOINS, options=(becomes("mail", "safe-mail", each_address=True), *JOINS.options[1:]))
    addresses = {Address.parse(f"{name}@closing.example"): None for name in ("main", "work")}
    found = join(contract("mail", "virus", "line", number="A", addresses=addresses), by=by)
    assert [(one.new, one.address) for one in found.services] == [
        ("safe-mail", Address.parse("main@closing.example")),
        ("safe-mail", Address.parse("work@closing.example")),
        ("fibre", None),
    ]
    (only,) = join(contract("mail", number="A"), by=by).services
    assert only.address is None


def test_the_same_random_source_draws_the_same() -> None:
    mine = own("A", None, "mail", "line")
    assert join(mine, seed=7) == join(mine, seed=7)
    assert join(mine, seed=7).services[0].code != join(mine, seed=8).services[0].code


class OneByOne(Random):
    """Draws A, A, B, B, … whatever is asked for."""

    def __init__(self) -> None:
        super().__init__(0)
        self.drawn = 0

    def choices(self, population: object, *_: object, k: int = 1, **__: object) -> list[str]:  # type: ignore[override]
        assert isinstance(population, str)
        self.drawn += 1
        return [population[self.drawn // 2]] * k


def test_nothing_is_drawn_twice() -> None:
    found = joined([own("A", None, "mail", "line")], JOINS, random=OneByOne(), taken={"2" * 8, "3" * 10})
    drawn = [found.customer_id, *(one.code for one in found.services)]
    assert drawn == ["3" * 8, "4" * 10, "5" * 10]


@given(st.lists(st.tuples(DAYS, OPTIONS), min_size=1, max_size=6), st.integers())
def test_every_option_is_mapped_listed_or_says_whose_account_it_is(
    given_: list[tuple[date | None, frozenset[str]]], seed: int
) -> None:
    mine = [own(f"C{n}", start, *has) for n, (start, has) in enumerate(given_)]
    found = joined(mine, JOINS, random=Random(seed))
    codes = [one.code for one in found.services]
    assert len(set(codes)) == len(codes)
    for one in mine:
        moved = {old for service in found.services if service.contract == one.number for old in service.old}
        listed = {option.option for option in found.unmapped if option.contract == one.number}
        assert moved | listed == one.has - {"successor-account"}
        assert not moved & listed


# -- What is added, what becomes nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize(("has", "added"), [(("mail",), ["virus"]), (("mail", "virus"), []), (("line",), []), ((), [])])
def test_what_a_service_includes_is_added_for_who_lacked_it(has: tuple[str, ...], added: list[str]) -> None:
    assert [one.option for one in join(own("A", None, *has)).added] == added


def test_what_belongs_to_no_service_is_added_for_everybody() -> None:
    by = replace(JOINS, added=("points",))
    assert [one.option for one in join(own("A", None), by=by).added] == ["points"]


def test_options_without_a_successor_are_listed_before_the_day() -> None:
    mine = [own("A", None, "mail", "homepage", "dial-up"), own("B", None, "successor-account"), own("C", None, "telex")]
    assert unmapped(mine, JOINS) == (Option("A", "dial-up"), Option("A", "homepage"), Option("C", "telex"))
    assert listed_at(JOINS) == at(2016, 3, 18)
    assert listed_at(replace(JOINS, unmapped_listed=timedelta(days=1))) == at(2016, 3, 31)


# -- Prices and bills --------------------------------------------------------------------------------------------------


def test_a_price_changes_with_the_consolidation_or_when_it_says() -> None:
    before, after = at(2016, 4, 1) - timedelta(seconds=1), at(2016, 4, 1)
    assert [price_of("safe-mail", when, JOINS) for when in (before, after)] == [540, 324]
    own_day = replace(JOINS, prices=(replace(JOINS.prices[0], at=at(2016, 6, 1)),))
    assert [price_of("safe-mail", when, own_day) for when in (after, at(2016, 6, 1))] == [540, 324]
    assert price_of("fibre", after, JOINS) is None


@pytest.mark.parametrize(
    ("joins", "last_old"),
    [
        (at(2016, 4, 1), date(2016, 3, 31)),
        (at(2016, 4, 15), date(2016, 4, 30)),
        (at(2016, 4, 1, 3), date(2016, 4, 30)),
        (datetime(2016, 12, 1, tzinfo=TOKYO), date(2016, 11, 30)),
    ],
)
def test_a_month_is_billed_by_the_successor_once_it_begins_there(joins: datetime, last_old: date) -> None:
    by = replace(JOINS, at=joins)
    assert billed_by(last_old, by) is Biller.OLD
    assert billed_by(last_old.replace(day=1), by) is Biller.OLD
    assert billed_by(last_old + timedelta(days=1), by) is Biller.NEW
