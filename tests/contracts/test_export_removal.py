"""Places of exports over both databases: over when nobody needs them, never while a link or a job does."""

from dataclasses import replace
from datetime import timedelta

from mailsvc.records import export_removal, exports, links
from mailsvc.records.export_removal import Old
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import JobKind, Succeeded
from mailsvc.records.links import NewLink, digest
from mailsvc.records.store import Records
from migrator.job import Event, State
from tests.contracts.jobs_made import act, add, claim, settle, wanted
from tests.contracts.made import NOW

HANAKO = "hanako@closing.example"
PLACE = Old("/exports/a/mail.zip", HANAKO)
DAY = timedelta(days=1)


def handed_over(records: Records, name: str, place: str = PLACE.place) -> str:
    """An export that is done, measured, with a link of ten days."""
    job = add(records, replace(wanted(name), kind=JobKind.EXPORT, address=HANAKO)).id
    records.act(lambda connection: exports.add(connection, Export(job, ExportForm.ZIP, place)))
    (taken,) = claim(records)
    settle(records, taken.job, Succeeded("signed", named=False))
    file = ExportFile(1, "mail.zip", 7, "aa")
    records.act(lambda connection: exports.hand_over(connection, job, [file], NOW))
    new = NewLink(digest(name), job, HANAKO, "admin", NOW + 10 * DAY)
    records.act(lambda connection: links.make(connection, new, NOW))
    return job


def over(records: Records, days: int) -> list[Old]:
    with records.read() as connection:
        return list(export_removal.over(connection, NOW + days * DAY, 10))


def begin(records: Records, days: int) -> bool:
    before = NOW + days * DAY
    return records.act(lambda connection: export_removal.begin(connection, PLACE, before, before + DAY))


def test_a_place_is_over_when_the_last_link_of_all_its_jobs_has_ended(records: Records) -> None:
    handed_over(records, "first")
    handed_over(records, "second")
    handed_over(records, "elsewhere", "/exports/b/mail.zip")
    assert over(records, 9) == []
    records.act(lambda connection: links.revoke(connection, [digest("first")], NOW + DAY))
    assert over(records, 10) == [], "an instant is needed to be behind it"
    assert over(records, 11) == [PLACE, Old("/exports/b/mail.zip", HANAKO)]
    records.act(lambda connection: links.renew(connection, digest("second"), NOW + 40 * DAY))
    assert over(records, 11) == [Old("/exports/b/mail.zip", HANAKO)]
    assert not begin(records, 11), "renewed meanwhile"


def test_a_job_that_adds_to_it_keeps_it(records: Records) -> None:
    handed_over(records, "first")
    job = add(records, replace(wanted("second"), kind=JobKind.EXPORT, address=HANAKO)).id
    records.act(lambda connection: exports.add(connection, Export(job, ExportForm.ZIP, PLACE.place)))
    assert (over(records, 90), begin(records, 90)) == ([], False)
    (taken,) = claim(records)
    settle(records, taken.job, Succeeded("signed", named=False))
    assert over(records, 90) == [], "it was not handed over yet"
    records.act(lambda connection: exports.hand_over(connection, job, [], NOW + 80 * DAY))
    assert (over(records, 80), over(records, 81)) == ([], [PLACE])


def test_what_goes_is_said_once_then_forgotten_with_its_files(records: Records) -> None:
    job = handed_over(records, "first")
    assert begin(records, 11)
    assert not begin(records, 11), "once"
    with records.read() as connection:
        assert (over(records, 11), export_removal.begun(connection, 10)) == ([], [PLACE])
        assert exports.newest(connection, HANAKO) is None
        assert not exports.is_kept(connection, PLACE.place)
    records.act(lambda connection: export_removal.end(connection, PLACE))
    with records.read() as connection:
        assert export_removal.begun(connection, 10) == []
        assert (exports.find(connection, job), exports.files_of(connection, job)) == (None, [])


def test_an_export_that_is_over_is_not_tried_again(records: Records) -> None:
    """It would make files that nobody is told of."""
    failed = add(records, replace(wanted("failed"), kind=JobKind.EXPORT, address=HANAKO)).id
    records.act(lambda connection: exports.add(connection, Export(failed, ExportForm.ZIP, PLACE.place)))
    assert act(records, Event.CANCEL, failed) == {failed: State.CANCELLED}
    with records.read() as connection:
        assert exports.over(connection, [failed]) is None
    assert act(records, Event.RETRY, failed) == {failed: State.WAITING}
    act(records, Event.CANCEL, failed)
    handed = handed_over(records, "handed", "/exports/b/mail.zip")
    assert begin(records, 11)
    for _ in range(2):
        assert (act(records, Event.RETRY, failed), act(records, Event.RETRY, handed)) == ({}, {})
        with records.read() as connection:
            assert [exports.over(connection, [job]) for job in (failed, handed)] == [HANAKO, HANAKO]
        records.act(lambda connection: export_removal.end(connection, PLACE))
