"""Deleted from quarantine: the octets are gone for good, the row stays as evidence."""

from datetime import timedelta

import pytest

from mailsvc.desk.quarantine import open_body, show_case
from mailsvc.desk.quarantine_acts import delete
from mailsvc.desk.refusals import Refused
from mailsvc.records import bodies
from mailsvc.records.bodies import CHUNK
from mailsvc.records.cases import QuarantineState
from mailsvc.records.store import Connection
from tests.rules.desk.quarantined import CLEAN, ID, OCTETS, acts, again, body, kept, let_go
from tests.rules.desk.world import NOW, World


async def test_a_deleted_message_leaves_its_row_and_no_octet(world: World) -> None:
    before = await kept(world, octets=b"x" * (9 * CHUNK + 1))
    assert delete(world.desk, ID, "spam")
    assert await body(world, before.body_id) == b""
    settled = again(world)
    assert settled is not None
    assert (settled.state, settled.settled_at, settled.settle_reason) == (QuarantineState.DELETED, NOW, "spam")
    assert (show_case(world.desk, ID).header, acts(world)) == ((), ["quarantine delete"])
    with pytest.raises(Refused, match=f"message {ID} was deleted by tester: spam: its octets are gone"):
        open_body(world.desk, ID, "why")
    with pytest.raises(Refused, match="its octets are gone"):
        await let_go(world, CLEAN)
    assert not delete(world.desk, ID, "again")
    assert acts(world) == ["quarantine delete"]


async def test_what_a_killed_delete_has_left_is_swept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    before = await kept(world, octets=b"x" * (3 * CHUNK))
    monkeypatch.setattr(bodies, "remove_orphan", killed)
    with pytest.raises(KeyboardInterrupt):
        delete(world.desk, ID, "spam")
    monkeypatch.undo()
    assert await body(world, before.body_id) != b""

    def sweep(conn: Connection) -> int:
        return bodies.sweep_orphans(conn, NOW - timedelta(days=1), 2)

    while world.desk.records.act(sweep):
        continue
    assert await body(world, before.body_id) == b""


async def test_what_was_released_is_not_deleted(world: World) -> None:
    before = await kept(world)
    assert await let_go(world, CLEAN)
    with pytest.raises(Refused, match=f"was released by tester: he asked for it: `lastpost trace {ID}`"):
        delete(world.desk, ID, "spam")
    assert await body(world, before.body_id) == OCTETS
