import pytest

from mailsvc.records import audit
from mailsvc.records.errors import Conflict
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import audit as audit_table
from tests.contracts.made import MINUTE, NOW


def write(records: Records, act: str, subject: str = "plan closing") -> None:
    def work(connection: Connection) -> None:
        detail = {"by": "30 days", "理由": "雪"}
        audit.write(connection, at=NOW, actor="admin", act=act, subject=subject, detail=detail, reason="snow")

    records.act(work)


def test_acts_are_listed_newest_first_and_by_subject(records: Records) -> None:
    for act in ("apply", "postpone", "hold"):
        write(records, act)
    write(records, "import", "domain closing.example")
    with records.read() as connection:
        every = audit.listing(connection)
        of_plan = audit.listing(connection, subject="plan closing", limit=2)
        older = audit.listing(connection, subject="plan closing", before=of_plan[-1].number)
    assert [row.act for row in every] == ["import", "hold", "postpone", "apply"]
    assert [row.act for row in of_plan] == ["hold", "postpone"]
    assert [row.act for row in older] == ["apply"]
    assert (every[0].at, every[0].actor, every[0].reason) == (NOW, "admin", "snow")
    assert every[0].detail == {"by": "30 days", "理由": "雪"}


def test_an_act_that_fails_leaves_no_audit_row(records: Records) -> None:
    def work(connection: Connection) -> None:
        audit.write(connection, at=NOW + MINUTE, actor="admin", act="apply", subject="plan closing")
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        records.act(work)
    with records.read() as connection:
        assert audit.listing(connection) == []


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_log_cannot_be_changed(records: Records, verb: str) -> None:
    write(records, "apply")
    statement = audit_table.update().values(actor="nobody") if verb == "update" else audit_table.delete()
    with pytest.raises(Conflict, match="audit is append-only"):
        records.act(lambda connection: connection.execute(statement))
    with records.read() as connection:
        assert [row.actor for row in audit.listing(connection)] == ["admin"]
