"""Domains of several providers in one house: a contract's number is its provider's, and shows nobody else's data."""

from mailsvc.desk.contracts import Asking, show_contract
from mailsvc.desk.plans import apply_plan
from schedules.planfile import read_plan
from tests.rules.desk.world import PLAN, World

HEAD = "address,kind,contract,holder,services\n"
FIRST = f"{HEAD}hanako@closing.example,base,1001,Hanako,hikari\nkid@closing.example,additional,1001,Hanako,hikari\n"
SECOND = f"{HEAD}taro@second.example,base,1001,Taro,adsl phone\n"


def test_a_contract_of_the_same_number_at_another_provider_is_not_shown_with_it(world: World) -> None:
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided by the board")
    assert (world.take(FIRST).rejected, world.take(SECOND).rejected) == (0, 0)
    contract = show_contract(world.desk, "kid@closing.example", Asking()).contract
    assert [str(address) for address in contract.addresses] == ["hanako@closing.example", "kid@closing.example"]
    assert contract.holder == "Hanako"
    assert not contract.has & {"adsl", "phone"}
    other = show_contract(world.desk, "taro@second.example", Asking(plan="closing")).contract
    assert [str(address) for address in other.addresses] == ["taro@second.example"]
