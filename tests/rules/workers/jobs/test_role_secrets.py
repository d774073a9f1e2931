"""Passwords of jobs: erased at every end, and never in logs, tracebacks, receipts or any other row."""

import io
from collections.abc import Callable

import pytest
from sqlalchemy import select

from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.secrets import Secret
from mailsvc.kit.telemetry import configure
from mailsvc.records.job import Side
from mailsvc.records.tables import job_secrets, metadata
from mailsvc.workers.jobs.in_hand import InHand
from migrator.job import Event, State
from migrator.mailbox import MailboxRefused, Message, Refused
from tests.rules.migrator.memory_mailboxes import MemoryTarget
from tests.rules.workers.jobs.yard import Gate, Yard
from tests.support.deadline import until

PASSWORD = "q7#Geheimnis-äß"


def works(yard: Yard) -> None:
    """Nothing is in its way."""
    del yard


def refuses_one(yard: Yard) -> None:
    def refuse(message: Message) -> Refused | None:
        return Refused("too large") if message.item.uid == 2 else None

    yard.target = lambda box: MemoryTarget(box, refuse=refuse)


def refuses_the_login(yard: Yard) -> None:
    def opening(side: Mailbox) -> None:
        raise MailboxRefused(f"LOGIN of {side.url} was refused")

    yard.opening = opening


def has_a_fault(yard: Yard) -> None:
    """The traceback passes through frames that hold the password, and its text comes of a failed encoding of it."""

    def opening(side: Mailbox) -> None:
        assert side.secret is not None
        password = side.secret.reveal()
        password.encode("ascii")

    yard.opening = opening


def is_cancelled(yard: Yard) -> None:
    yard.before = Gate(1)


ENDS = [
    (works, State.DONE),
    (refuses_one, State.DONE_WITH_NAMED),
    (refuses_the_login, State.FAILED),
    (has_a_fault, State.FAILED),
    (is_cancelled, State.CANCELLED),
]


@pytest.mark.parametrize(("way", "state"), ENDS, ids=[way.__name__ for way, _ in ENDS])
async def test_at_every_end_passwords_are_erased_and_stand_nowhere(
    yard: Yard, way: Callable[[Yard], None], state: State, stops: list[InHand]
) -> None:
    log, sealer = io.StringIO(), Sealer([b"k" * 32])
    yard.log, yard.seals = configure(log, json=True, level="debug"), sealer  # type: ignore[assignment] # a real one
    yard.fill("hanako", 3)
    way(yard)
    sealed = {side: sealer.seal(Secret(PASSWORD), job=f"{1:026d}", side=side) for side in Side}
    job = await yard.ask(secrets=sealed)
    async with yard.working():
        if isinstance(yard.before, Gate):
            await yard.before.wait()
            await yard.act(Event.CANCEL, job)
            await until(lambda: stops, "it hears of it")
            yard.before.open.set()
        ended = await yard.until(job, state)
    rows = list[str]()
    with yard.records.read() as connection:
        assert connection.execute(job_secrets.select()).all() == []
        for table in metadata.sorted_tables:
            rows += [repr(tuple(row)) for row in connection.execute(select(table))]
    written = "\n".join([*rows, repr(ended), log.getvalue(), yard.receipt(job)])
    assert job in log.getvalue()
    for part in (PASSWORD, PASSWORD[3:13], *(repr(one) for one in sealed.values())):
        assert part not in written
