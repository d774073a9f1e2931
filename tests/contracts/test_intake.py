from datetime import timedelta
from functools import partial

from mailsvc.records import audit, intake, marks, messages
from mailsvc.records.marks import VerifiedBackup
from mailsvc.records.store import Records
from tests.contracts.made import MINUTE, NOW, accepted, message, staged_body, to

LATER = NOW + MINUTE


def taken(records: Records, *patterns: str) -> int:
    with records.read() as connection:
        return intake.taken(connection, patterns, NOW, LATER)


async def test_a_message_counts_once_for_the_domains_it_was_sent_to(committing: Records) -> None:
    await accepted(committing, to("a@closing.example"), to("b@closing.example"))
    await accepted(committing, to("a@closing.example"), to("a@other.example"))
    await accepted(committing, to("a@sub.closing.example"))
    await accepted(committing, to("a@notclosing.example"), to("a@closing.example.elsewhere.example"))
    assert taken(committing, "closing.example") == 2
    assert taken(committing, "other.example") == 1
    assert taken(committing, "*.closing.example") == 1
    assert taken(committing, "closing.example", "*.closing.example") == 3
    assert taken(committing, "closin_.example") == 0
    assert taken(committing) == 0


async def test_what_we_write_ourselves_does_not_count(committing: Records) -> None:
    staged = await staged_body(committing)
    await messages.accept(committing, message(staged, origin="letter"), [to("a@closing.example")], staged)
    assert taken(committing, "closing.example") == 0


async def test_only_what_came_in_the_time_asked_for_counts(committing: Records) -> None:
    await accepted(committing, to("a@closing.example"))
    with committing.read() as connection:
        count = [
            intake.taken(connection, ["closing.example"], NOW + since, NOW + until)
            for since, until in ((timedelta(), MINUTE), (-MINUTE, timedelta()), (MINUTE, 2 * MINUTE))
        ]
    assert count == [1, 0, 0]


def test_counting_begins_with_the_first_act(records: Records) -> None:
    with records.read() as connection:
        assert intake.counted_since(connection) is None
    for at in (LATER, NOW):
        records.act(partial(audit.write, at=at, actor="a", act="x", subject="s"))
    with records.read() as connection:
        assert intake.counted_since(connection) == NOW


def test_only_the_newest_backup_of_these_records_counts_as_verified(records: Records) -> None:
    def verified() -> VerifiedBackup | None:
        with records.read() as connection:
            return marks.verified_backup(connection)

    assert not records.act(lambda connection: marks.backup_verified(connection, NOW, LATER))
    records.act(lambda connection: marks.backup_made(connection, NOW))
    assert verified() is None
    assert records.act(lambda connection: marks.backup_verified(connection, NOW, LATER))
    assert verified() == VerifiedBackup(NOW, LATER)
    records.act(lambda connection: marks.backup_made(connection, LATER))
    assert not records.act(lambda connection: marks.backup_verified(connection, NOW, LATER + MINUTE))
    assert verified() == VerifiedBackup(NOW, LATER), "what was known of the one before stays"
