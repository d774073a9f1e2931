import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from mailsvc.records import writer
from mailsvc.records.errors import Conflict, RecordsAway, Unstorable
from mailsvc.records.orders import Row
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import marks, versions


def mark(name: str, text: str = "x") -> Row:
    return marks, {"name": name, "text": text}


def put(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(marks.insert().values(name=name, text="by work"))
        return f"put {name}"

    return work


def names(records: Records) -> set[str]:
    with records.read() as connection:
        return set(connection.scalars(select(marks.c.name)))


async def test_inserted_rows_are_there_when_insert_returns(committing: Records) -> None:
    await committing.committer.insert([mark("a"), mark("b"), (versions, {"what": "w", "number": 7})])
    assert names(committing) == {"a", "b"}
    assert committing.version("w") == 7


async def test_commit_gives_back_what_the_work_returned(committing: Records) -> None:
    assert await committing.committer.commit(put("a")) == "put a"
    assert names(committing) == {"a"}


async def test_what_waits_together_is_committed_together(records: Records) -> None:
    seconds: list[float] = []
    records.committer.observe = seconds.append
    orders = [asyncio.ensure_future(records.committer.insert([mark(f"m{n}")])) for n in range(100)]
    await asyncio.sleep(0)
    async with records.committer.running():
        await asyncio.gather(*orders)
    assert len(names(records)) == 100
    assert len(seconds) == 1


async def test_a_failing_order_does_not_touch_the_others(committing: Records) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(marks.insert().values(name="half", text="x"))
        raise ValueError("a bug of the caller")

    commit, insert = committing.committer.commit, committing.committer.insert
    answers = await asyncio.gather(
        commit(put("a")), insert([mark("b")]), commit(broken), insert([mark("c")]), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [str, type(None), ValueError, type(None)]
    assert names(committing) == {"a", "b", "c"}


async def test_a_row_that_is_there_already_is_a_conflict_of_its_caller_only(committing: Records) -> None:
    await committing.committer.insert([mark("a")])
    insert = committing.committer.insert
    answers = await asyncio.gather(insert([mark("b")]), insert([mark("c"), mark("a")]), return_exceptions=True)
    assert answers[0] is None
    assert isinstance(answers[1], Conflict)
    assert names(committing) == {"a", "b"}


async def test_two_callers_with_the_same_row_one_has_it(committing: Records) -> None:
    insert = committing.committer.insert
    answers = await asyncio.gather(*(insert([mark("same", str(n))]) for n in range(5)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 4 + ["NoneType"]


async def test_a_cancelled_caller_takes_nobody_along(records: Records) -> None:
    first = asyncio.ensure_future(records.committer.insert([mark("first")]))
    second = asyncio.ensure_future(records.committer.commit(put("second")))
    await asyncio.sleep(0)
    first.cancel()
    async with records.committer.running():
        assert await second == "put second"
    assert first.cancelled()
    assert "second" in names(records)


async def test_close_drains_what_is_queued_and_refuses_more(records: Records) -> None:
    role = asyncio.create_task(records.committer.run())
    orders = [asyncio.ensure_future(records.committer.insert([mark(f"m{n}")])) for n in range(700)]
    await asyncio.sleep(0)
    await records.committer.close()
    await role
    assert await asyncio.gather(*orders) == [None] * 700
    assert len(names(records)) == 700
    with pytest.raises(RecordsAway, match="ending"):
        await records.committer.insert([mark("late")])


async def test_a_cancelled_role_drains_before_it_ends(records: Records) -> None:
    role = asyncio.create_task(records.committer.run())
    orders = [asyncio.ensure_future(records.committer.insert([mark(f"m{n}")])) for n in range(100)]
    await asyncio.sleep(0)
    role.cancel()
    with pytest.raises(asyncio.CancelledError):
        await role
    assert await asyncio.gather(*orders) == [None] * 100
    assert len(names(records)) == 100


async def test_long_work_leaves_the_rest_to_the_next_transaction(
    committing: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BATCH_SECONDS", 0.0)
    seconds: list[float] = []
    committing.committer.observe = seconds.append

    await asyncio.gather(*(committing.committer.commit(put(f"m{n}")) for n in range(40)))
    assert len(seconds) > 1
    assert len(names(committing)) == 40


async def test_each_order_is_done_once_however_the_batches_fall(committing: Records) -> None:
    def count_up(connection: Connection) -> None:
        connection.execute(versions.update().values(number=versions.c.number + 1))

    await committing.committer.insert([(versions, {"what": "w", "number": 0})])
    work = [committing.committer.commit(count_up) for _ in range(300)]
    rows = [committing.committer.insert([mark(f"m{n}", "x" * 40_000)]) for n in range(300)]
    await asyncio.gather(*work, *rows)
    assert committing.version("w") == 300
    assert len(names(committing)) == 300


async def test_a_mistake_in_our_own_sql_is_no_passing_fault(committing: Records) -> None:
    with pytest.raises(InvalidRequestError):
        await committing.committer.commit(lambda connection: connection.begin().rollback())
    await committing.committer.insert([mark("after")])
    assert names(committing) == {"after"}


async def test_an_act_is_one_transaction(records: Records) -> None:
    def half(connection: Connection) -> None:
        put("a")(connection)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        records.act(half)
    assert names(records) == set()
    assert records.act(put("b")) == "put b"
    assert await records.ask(lambda connection: connection.scalars(select(marks.c.name)).all()) == ["b"]


async def test_a_committer_may_be_run_again(records: Records) -> None:
    for name in ("first", "second"):
        async with records.committer.running():
            await records.committer.insert([mark(name)])
    assert names(records) == {"first", "second"}


async def test_text_that_is_no_unicode_is_the_callers_mistake(committing: Records) -> None:
    with pytest.raises(Unstorable, match="Unicode"):
        await committing.committer.insert([mark("a\udcff")])
    await committing.committer.insert([mark("b")])
    assert names(committing) == {"b"}
