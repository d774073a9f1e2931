from datetime import timedelta

import pytest

from mailsvc.records import editions, ledger, marks, usage
from mailsvc.records.editions import StoredPlan
from mailsvc.records.errors import Conflict
from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import amendments, plans
from mailsvc.records.usage import UsageRow
from schedules.names import Address
from tests.contracts.made import MINUTE, NOW

LETTER = DeedKey("closing.example", "announce", "tell-administrators", -86400, "group coop-3")


def save(records: Records, number: int, text: str = "name: closing", name: str = "closing") -> None:
    def work(connection: Connection) -> None:
        editions.save_plan(
            connection, text, file="closing.yaml", name=name, number=number, at=NOW, by="admin", reason="the board"
        )

    records.act(work)


def amend(records: Records, number: int, text: str, name: str = "closing") -> None:
    def work(connection: Connection) -> None:
        editions.add_amendment(connection, name, text, number=number, at=NOW + MINUTE, by="admin", reason="snow")

    records.act(work)


def test_plans_and_amendments_are_loaded_in_order(records: Records) -> None:
    save(records, 1, "old text")
    amend(records, 1, '{"postpone": 1}')
    save(records, 2, "new text")
    amend(records, 2, '{"hold": 2}')
    save(records, 1, "another", "bright")
    with records.read() as connection:
        assert editions.load(connection) == [
            StoredPlan("bright", 1, "another", "closing.yaml", NOW, ()),
            StoredPlan("closing", 2, "new text", "closing.yaml", NOW, ('{"postpone": 1}', '{"hold": 2}')),
        ]
        assert editions.next_numbers(connection, "closing") == (3, 3)
        assert editions.next_numbers(connection, "unknown") == (1, 1)
        history = editions.history(connection, "closing")
    assert [(change.number, change.amendment) for change in history] == [(1, False), (2, False), (1, True), (2, True)]
    assert history[0].by == "admin"
    assert history[0].reason == "the board"


def test_each_change_of_a_plan_is_seen_by_its_version(records: Records) -> None:
    save(records, 1)
    amend(records, 1, "{}")
    assert records.version("editions") == 2


def test_of_two_administrators_with_the_same_number_the_second_is_told(records: Records) -> None:
    save(records, 1)
    amend(records, 1, '{"first": 1}')
    with pytest.raises(Conflict, match=r"number 1 of plan 'closing' cannot be added: the next number is 2"):
        amend(records, 1, '{"second": 1}')
    with pytest.raises(Conflict, match="the next number is 2"):
        save(records, 1, "another text")
    with pytest.raises(Conflict, match="the next number is 2"):
        amend(records, 3, "{}")
    with records.read() as connection:
        assert editions.load(connection)[0].amendments == ('{"first": 1}',)
    assert records.version("editions") == 2


def test_the_primary_key_refuses_the_same_number_too(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    save(records, 1)
    amend(records, 1, '{"first": 1}')
    monkeypatch.setattr(editions, "_next", lambda *_: None)  # both have looked before either wrote
    with pytest.raises(Conflict, match="added by somebody else"):
        amend(records, 1, '{"second": 1}')


def test_there_is_no_amendment_without_a_plan(records: Records) -> None:
    with pytest.raises(Conflict, match="no plan 'closing'"):
        amend(records, 1, "{}")


@pytest.mark.parametrize("table", [plans, amendments], ids=lambda table: table.name)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_refuses_to_change_what_is_append_only(records: Records, table: object, verb: str) -> None:
    save(records, 1)
    amend(records, 1, "{}")
    chosen = plans if table is plans else amendments
    statement = chosen.update().values(text="forged") if verb == "update" else chosen.delete()
    with pytest.raises(Conflict, match="append-only"):
        records.act(lambda connection: connection.execute(statement))


def test_a_deed_is_claimed_by_one_and_done_once(records: Records) -> None:
    first = records.act(lambda connection: ledger.claim(connection, LETTER, "w1", NOW, MINUTE))
    assert first is not None
    assert (first.owner, first.fence, first.until) == ("w1", 1, NOW + MINUTE)
    assert records.act(lambda connection: ledger.claim(connection, LETTER, "w2", NOW, MINUTE)) is None
    assert records.act(lambda connection: ledger.done(connection, LETTER, first.fence, "sent", NOW))
    later = NOW + timedelta(days=9)
    assert records.act(lambda connection: ledger.claim(connection, LETTER, "w2", later, MINUTE)) is None
    with records.read() as connection:
        assert ledger.done_keys(connection) == {LETTER}
        (record,) = ledger.listing(connection)
    assert (record.key, record.done_at, record.evidence, record.owner) == (LETTER, NOW, "sent", "w1")


def test_a_stale_fence_settles_nothing(records: Records) -> None:
    slow = records.act(lambda connection: ledger.claim(connection, LETTER, "slow", NOW, MINUTE))
    quick = records.act(lambda connection: ledger.claim(connection, LETTER, "quick", NOW + MINUTE, MINUTE))
    assert slow is not None
    assert quick is not None
    assert not records.act(lambda connection: ledger.renew(connection, LETTER, slow.fence, NOW + 9 * MINUTE))
    assert not records.act(lambda connection: ledger.done(connection, LETTER, slow.fence, "slow", NOW))
    assert records.act(lambda connection: ledger.renew(connection, LETTER, quick.fence, NOW + 9 * MINUTE))
    assert records.act(lambda connection: ledger.claim(connection, LETTER, "x", NOW + 8 * MINUTE, MINUTE)) is None
    assert records.act(lambda connection: ledger.done(connection, LETTER, quick.fence, "quick", NOW))


def test_a_start_that_is_alone_frees_deeds_in_hand_and_makes_no_lease_longer(records: Records) -> None:
    records.act(lambda connection: ledger.claim(connection, LETTER, "killed", NOW, MINUTE))
    ahead, soon = NOW + timedelta(days=1), NOW + timedelta(seconds=1)
    assert records.act(lambda connection: ledger.end_leases(connection, ahead)) == 0
    assert records.act(lambda connection: ledger.end_leases(connection, soon)) == 1
    assert records.act(lambda connection: ledger.claim(connection, LETTER, "new", soon, MINUTE)) is not None


@pytest.mark.parametrize("field", ["domain", "stage", "kind", "offset_seconds", "scope"])
def test_deeds_that_differ_in_one_part_of_the_key_are_two(records: Records, field: str) -> None:
    facts = {name: getattr(LETTER, name) for name in ("domain", "stage", "kind", "offset_seconds", "scope")}
    other = DeedKey(**{**facts, field: 5 if field == "offset_seconds" else "another"})
    assert records.act(lambda connection: ledger.claim(connection, LETTER, "w", NOW, MINUTE)) is not None
    assert records.act(lambda connection: ledger.claim(connection, other, "w", NOW, MINUTE)) is not None


def test_overdue_deeds_collapse_into_the_newest(records: Records) -> None:
    missed = [DeedKey("closing.example", "receive-end", "notice", -86400 * days) for days in (30, 14, 7)]
    newest = DeedKey("closing.example", "receive-end", "notice", -86400)
    held = records.act(lambda connection: ledger.claim(connection, missed[2], "w", NOW, MINUTE))
    assert records.act(lambda connection: ledger.collapse(connection, missed, newest, NOW)) == 3
    assert records.act(lambda connection: ledger.collapse(connection, missed, newest, NOW)) == 0
    assert held is not None
    assert not records.act(lambda connection: ledger.done(connection, missed[2], held.fence, "late", NOW))
    with records.read() as connection:
        assert ledger.done_keys(connection) == set(missed)
        assert {record.collapsed_into for record in ledger.listing(connection)} == {str(newest)}


def test_marks_are_put_replaced_and_taken_away(records: Records) -> None:
    with records.read() as connection:
        assert (marks.high_water(connection), marks.jump(connection)) == (None, None)
    records.act(lambda connection: marks.put_high_water(connection, NOW))
    records.act(lambda connection: marks.put_high_water(connection, NOW + MINUTE))
    records.act(lambda connection: marks.put_jump(connection, '{"since": 1}'))
    with records.read() as connection:
        assert (marks.high_water(connection), marks.jump(connection)) == (NOW + MINUTE, '{"since": 1}')
    records.act(lambda connection: marks.put_jump(connection, None))
    with records.read() as connection:
        assert marks.jump(connection) is None


def test_naive_datetimes_are_refused(records: Records) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        records.act(lambda connection: marks.put_high_water(connection, naive))
    with pytest.raises(Exception, match="naive"):
        records.act(lambda connection: ledger.claim(connection, LETTER, "w", naive, MINUTE))


def test_usage_is_remembered_by_mailbox_without_regard_to_case(records: Records) -> None:
    box, other = Address.parse("Hanako@closing.example"), Address.parse("jiro@closing.example")
    records.act(lambda connection: usage.put(connection, box, UsageRow(5, None, NOW)))
    over = UsageRow(9_000_000_000, NOW, NOW + MINUTE)
    records.act(lambda connection: usage.put_all(connection, [(box, over), (other, UsageRow(1, None, NOW))]))
    records.act(lambda connection: usage.put_all(connection, []))
    with records.read() as connection:
        assert usage.get(connection, Address.parse("HANAKO@closing.example")) == over
        assert usage.get(connection, Address.parse("saburo@closing.example")) is None
        assert usage.over(connection) == [("closing.example", "hanako", over)]
