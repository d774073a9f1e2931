"""Reservations in memory against a naive oracle: never negative, never forgotten, all given back."""

from collections.abc import Coroutine
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mailsvc.standing.reservations import LEASE, Reservations
from schedules.names import Address
from tests.rules.standing.world import address

T = TypeVar("T")

BOXES = [address(local) for local in ("hanako", "jiro", "saburo")]
TRANSACTIONS = st.sampled_from(["a", "b", "c", "d"])
OCTETS = st.integers(0, 1_000)
LIMIT = 10_000


def at_once(work: Coroutine[object, object, T]) -> T:
    """What a coroutine that never waits returns: in memory nothing waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waited")


class Promises(RuleBasedStateMachine):
    """The oracle is a table: who holds how much where, until when, and whether a verdict has promised it."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.reservations = Reservations(lambda: self.seconds)
        self.table: dict[tuple[str, Address], tuple[int, float, bool]] = {}

    def others(self, transaction: str, mailbox: Address) -> int:
        return sum(
            octets
            for (whose, where), (octets, until, _) in self.table.items()
            if where == mailbox and whose != transaction and until > self.seconds
        )

    @rule(transaction=TRANSACTIONS, mailbox=st.sampled_from(BOXES), octets=OCTETS)
    def take(self, transaction: str, mailbox: Address, octets: int) -> None:
        held, _, firm = self.table.get((transaction, mailbox), (0, 0.0, False))
        until = self.seconds + LEASE.total_seconds()
        self.table[transaction, mailbox] = (max(held, octets), until, firm)
        seen = at_once(self.reservations.take(transaction, mailbox, octets, LIMIT))
        assert seen == self.others(transaction, mailbox)

    @rule(transaction=TRANSACTIONS, mailboxes=st.sets(st.sampled_from(BOXES)))
    def confirm(self, transaction: str, mailboxes: set[Address]) -> None:
        self.reservations.confirm(transaction, mailboxes)
        for (whose, where), (octets, until, firm) in list(self.table.items()):
            if whose != transaction:
                continue
            if firm or where in mailboxes:
                self.table[whose, where] = (octets, until, True)
            else:
                del self.table[whose, where]

    @rule(transaction=TRANSACTIONS, octets=OCTETS)
    def correct(self, transaction: str, octets: int) -> None:
        mine = {where: held for (whose, where), held in self.table.items() if whose == transaction}
        more = {where for where, (held, until, _) in mine.items() if octets > held or until <= self.seconds}
        for where, (_, _, firm) in mine.items():
            self.table[transaction, where] = (octets, self.seconds + LEASE.total_seconds(), firm)
        found = at_once(self.reservations.correct(transaction, octets))
        assert {grown.mailbox: grown.others for grown in found} == {
            where: self.others(transaction, where) for where in more
        }

    @rule(transaction=TRANSACTIONS)
    def release(self, transaction: str) -> None:
        self.reservations.release(transaction)
        self.table = {key: held for key, held in self.table.items() if key[0] != transaction}

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    @invariant()
    def every_sum_is_the_table_s(self) -> None:
        for mailbox in BOXES:
            assert at_once(self.reservations.reserved(mailbox)) == self.others("", mailbox)

    def teardown(self) -> None:
        for transaction in ("a", "b", "c", "d"):
            self.reservations.release(transaction)
        assert (self.reservations._boxes, self.reservations._transactions) == ({}, {})


TestPromises = Promises.TestCase


async def test_what_is_never_released_is_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.standing.reservations._REMEMBERED", 10)
    seconds = 0.0
    reservations = Reservations(lambda: seconds)
    for number in range(100):
        seconds += LEASE.total_seconds() / 20
        await reservations.take(f"asked only {number}", BOXES[0], 1, LIMIT)
    assert len(reservations._transactions) <= 22
    assert await reservations.reserved(BOXES[0]) == 20
