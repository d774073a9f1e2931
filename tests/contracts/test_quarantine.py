"""Quarantine on both databases: kept once, settled once, its body nobody's orphan while it is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from filters.scan import Unreadable
from filters.verdict import Because
from mailsvc.records import bodies, messages, quarantine
from mailsvc.records.bodies import CHUNK, BodyWriter, StagedBody, read_body
from mailsvc.records.cases import INFECTED, Case, Kept, QuarantineState, Recipient, unread
from mailsvc.records.errors import RecordsError
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import body_chunks, body_spills, quarantine_recipients
from tests.contracts.made import MINUTE, NOW, message, new_id, staged_body, to

LATER = NOW + timedelta(days=61)
HANAKO = Recipient("hanako@closing.example", "Hanako+x@closing.example", Because.LIVE, told=True)
JIRO = Recipient("jiro@elsewhere.example", "jiro@closing.example", Because.FORWARDED)


def case(**facts: object) -> Case:
    made = Case(
        id=new_id(),
        at=NOW,
        client_kind="world",
        client_ip="192.0.2.7",
        helo="mx.b.example",
        mail_from="a@b.example",
        smtputf8=False,
        eight_bit=True,
        sender_local=False,
        accepted=False,
        reply="554 5.7.1 no",
        why=INFECTED,
        threat="Eicar-Signature",
        scanner="clamd 1.4/27000",
        recipients=(HANAKO, JIRO),
        trace=b"Received: from mx.b.example\r\n",
        content_sha256="c" * 64,
    )
    return replace(made, **facts)  # type: ignore[arg-type]


async def kept(records: Records, octets: bytes = b"Subject: x\r\n\r\nx\r\n", **facts: object) -> Kept:
    staged, made = await staged_body(records, octets), case(**facts)
    assert await records.committer.commit(lambda connection: quarantine.keep_in(connection, made, staged, LATER))
    found = find(records, made.id)
    assert found is not None
    return found


def find(records: Records, case_id: str) -> Kept | None:
    with records.read() as connection:
        return quarantine.find(connection, case_id)


def listed(records: Records, **asked: object) -> list[str]:
    with records.read() as connection:
        return [one.case.id for one in quarantine.listing(connection, **asked)]  # type: ignore[arg-type]


async def octets_of(records: Records, body_id: str) -> bytes:
    return b"".join([chunk async for chunk in read_body(records, body_id)])


def release(connection: Connection, one: Kept) -> bool:
    return quarantine.release_in(connection, one.case.id, at=NOW + MINUTE, by="admin", reason="asked for")


def delete(connection: Connection, one: Kept) -> bool:
    return quarantine.delete_in(connection, one, at=NOW + MINUTE, by="admin", reason="no use")


def sweep_orphans(records: Records) -> None:
    while records.act(lambda connection: bodies.sweep_orphans(connection, NOW - timedelta(days=1), 2)):
        continue


async def test_a_case_comes_back_as_it_was(committing: Records) -> None:
    one = await kept(committing)
    assert (one.case.recipients, one.state, one.expires_at) == ((HANAKO, JIRO), QuarantineState.KEPT, LATER)
    assert one.case == case(id=one.case.id)
    assert await octets_of(committing, one.body_id) == b"Subject: x\r\n\r\nx\r\n"
    assert (one.settled_at, one.settled_by, one.settle_reason) == (None, "", "")
    assert find(committing, "nobody") is None


async def test_a_message_is_not_kept_twice(committing: Records) -> None:
    staged, made = await staged_body(committing), case()
    for first in (True, False):
        done = await committing.committer.commit(lambda connection: quarantine.keep_in(connection, made, staged, LATER))
        assert done is first
    assert listed(committing) == [made.id]


async def test_what_fails_keeps_nothing(committing: Records) -> None:
    staged, made = await staged_body(committing), case()

    def work(connection: Connection) -> None:
        quarantine.keep_in(connection, made, staged, LATER)
        raise RecordsError("the notice failed")

    with pytest.raises(RecordsError):
        await committing.committer.commit(work)
    assert find(committing, made.id) is None
    assert await octets_of(committing, staged.id) == b""


async def test_the_listing_goes_on_and_is_narrowed(committing: Records) -> None:
    same = [(await kept(committing)).case.id for _ in range(3)]
    newest = (await kept(committing, at=NOW + MINUTE, mail_from="B@c.example", recipients=(JIRO,))).case.id
    everything = [newest, *sorted(same, reverse=True)]
    assert listed(committing) == everything
    found: list[str] = []
    while page := listed(committing, limit=2, before=find(committing, found[-1]) if found else None):
        found += page
    assert found == everything
    assert listed(committing, address="b@C.example") == [newest]
    assert listed(committing, address="hanako@closing.example") == everything[1:]
    assert listed(committing, address="HANAKO+X@closing.example") == everything[1:]
    first = find(committing, same[0])
    assert first is not None
    assert committing.act(lambda connection: delete(connection, first))
    assert listed(committing, state=QuarantineState.DELETED) == [same[0]]
    assert listed(committing, state=QuarantineState.KEPT) == [one for one in everything if one != same[0]]


@pytest.mark.parametrize("again", [release, delete])
async def test_a_case_is_settled_once(committing: Records, again: object) -> None:
    one = await kept(committing)
    assert committing.act(lambda connection: release(connection, one))
    assert callable(again)
    assert not committing.act(lambda connection: again(connection, one))
    settled = find(committing, one.case.id)
    assert settled is not None
    assert (settled.state, settled.settled_at) == (QuarantineState.RELEASED, NOW + MINUTE)
    assert (settled.settled_by, settled.settle_reason) == ("admin", "asked for")
    assert await octets_of(committing, one.body_id) != b""


async def test_a_large_body_is_no_orphan_while_it_is_kept(committing: Records) -> None:
    octets = b"x" * (3 * CHUNK + 5)
    writer = BodyWriter(committing, new_id, lambda: NOW - timedelta(days=9))
    await writer.write(octets)
    staged, made = await writer.finish(), case()
    await committing.committer.commit(lambda connection: quarantine.keep_in(connection, made, staged, LATER))
    sweep_orphans(committing)
    assert await octets_of(committing, staged.id) == octets
    found = find(committing, made.id)
    assert found is not None
    assert committing.act(lambda connection: delete(connection, found))
    sweep_orphans(committing)
    assert await octets_of(committing, staged.id) == b""
    assert rows(committing) == (0, 0, 2)


async def test_a_released_body_belongs_to_its_message(committing: Records) -> None:
    one = await kept(committing, b"y" * (2 * CHUNK + 1))

    def work(connection: Connection) -> None:
        release(connection, one)
        staged = StagedBody(one.body_id, one.size, one.sha256, ())
        sent = replace(message(staged, origin="release"), id=one.case.id)
        messages.accept_in(connection, sent, [to("hanako@closing.example")], staged)
        bodies.give_up(connection, [one.body_id])  # whatever gives it up: the message still has it

    committing.act(work)
    sweep_orphans(committing)
    assert len(await octets_of(committing, one.body_id)) == one.size
    committing.act(lambda connection: quarantine.sweep(connection, LATER, 10))
    sweep_orphans(committing)
    assert len(await octets_of(committing, one.body_id)) == one.size
    assert find(committing, one.case.id) is None


async def test_retention_forgets_in_slices_and_takes_the_bodies_along(committing: Records) -> None:
    old = [await kept(committing) for _ in range(5)]
    assert committing.act(lambda connection: release(connection, old[0]))
    just_before = LATER - timedelta(microseconds=1)
    assert committing.act(lambda connection: quarantine.sweep(connection, just_before, 10)) == 0
    assert committing.act(lambda connection: quarantine.sweep(connection, LATER, 2)) == 2
    assert len(listed(committing)) == 3
    while committing.act(lambda connection: quarantine.sweep(connection, LATER, 2)):
        continue
    sweep_orphans(committing)
    assert rows(committing) == (1, 0, 0)  # the body of the one that was released is not ours any more
    assert await octets_of(committing, old[0].body_id) != b""


def rows(records: Records) -> tuple[int, ...]:
    """Chunks, listed spills, recipients."""
    tables = (body_chunks, body_spills, quarantine_recipients)
    with records.read() as connection:
        return tuple(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def test_a_word_clears_one_content_of_one_threat(records: Records) -> None:
    def clear(connection: Connection, content: str, threat: str) -> None:
        quarantine.clear(connection, content, threat, at=NOW, by="admin", reason="a false alarm")

    for _ in range(2):
        records.act(lambda connection: clear(connection, "c", "Eicar"))
    records.act(lambda connection: clear(connection, "d", unread(Unreadable.ENCRYPTED)))
    with records.read() as connection:
        assert quarantine.is_cleared(connection, "c", "Eicar")
        assert not quarantine.is_cleared(connection, "c", "Other")
        assert not quarantine.is_cleared(connection, "d", "Eicar")
        assert quarantine.is_cleared(connection, "d", "unread: encrypted")
