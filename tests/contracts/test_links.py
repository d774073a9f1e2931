"""Links to exports over both databases: used up once at a time, renewed, revoked, swept, and never kept in clear."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import text

from mailsvc.records import exports, links
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import Succeeded
from mailsvc.records.links import Link, NewLink, NewSession, digest
from mailsvc.records.store import Records
from tests.contracts.jobs_made import add, claim, settle, wanted
from tests.contracts.made import MINUTE, NOW

TOKEN, HANAKO = "a-token-of-many-bits", "hanako@closing.example"
MONTH, HOUR = timedelta(days=30), timedelta(hours=1)


def export(records: Records, name: str = "hanako") -> str:
    """A job that makes an archive; its id."""
    job = add(records, wanted(name)).id
    records.act(lambda connection: exports.add(connection, Export(job, ExportForm.ZIP, f"/exports/{name}.zip")))
    return job


def made(records: Records, token: str = TOKEN, *, until: datetime = NOW + MONTH, address: str = HANAKO) -> str:
    job = export(records, f"{token}-{address}")
    new = NewLink(digest(token), job, address, "admin", until)
    records.act(lambda connection: links.make(connection, new, NOW))
    return job


def use(records: Records, token: str = TOKEN, session: str = "s1", at: datetime = NOW) -> Link | None:
    new = NewSession(digest(session), at + HOUR)
    return records.act(lambda connection: links.use(connection, digest(token), new, at))


def seen(records: Records, session: str = "s1") -> Link | None:
    with records.read() as connection:
        return links.of_session(connection, digest(session))


def test_a_link_is_used_up_into_one_session(records: Records) -> None:
    job = made(records)
    link = use(records)
    assert link is not None
    assert (link.job, link.address, link.used_at) == (job, HANAKO, None)
    assert use(records, session="s2", at=NOW + MINUTE) is None, "somebody has it open"
    found = seen(records)
    assert found is not None
    assert (found.used_at, found.session_until) == (NOW, NOW + HOUR)
    assert found.is_open(NOW + HOUR - MINUTE)
    assert not found.is_open(NOW + HOUR)


def test_when_its_session_has_ended_it_can_be_used_again_and_the_old_session_is_gone(records: Records) -> None:
    made(records)
    use(records)
    assert use(records, session="s2", at=NOW + HOUR) is not None
    assert seen(records) is None
    records.act(lambda connection: links.end_session(connection, digest("s2")))
    assert use(records, session="s3", at=NOW + HOUR) is not None


def test_what_is_not_there_expired_or_revoked_is_used_by_nobody(records: Records) -> None:
    made(records)
    made(records, "other")
    records.act(lambda connection: links.revoke(connection, [digest("other")], NOW))
    assert use(records, "guessed") is None
    assert use(records, at=NOW + MONTH) is None
    assert use(records, "other") is None
    assert use(records, digest(TOKEN)) is None, "what is kept opens nothing"


def test_a_session_that_has_ended_begins_anew_while_its_link_lives(records: Records) -> None:
    made(records)
    use(records)
    again = NewSession(digest("s2"), NOW + 3 * HOUR)
    assert records.act(lambda connection: links.reopen(connection, digest("s1"), again, NOW + 2 * HOUR)) is not None
    assert seen(records) is None
    late = NewSession(digest("s3"), NOW + MONTH + HOUR)
    assert records.act(lambda connection: links.reopen(connection, digest("s2"), late, NOW + MONTH)) is None
    assert records.act(lambda connection: links.reopen(connection, digest("nobody"), late, NOW)) is None


def test_a_session_is_prolonged_only_while_it_lives(records: Records) -> None:
    made(records)
    use(records)
    half = NOW + HOUR / 2

    def prolong(at: datetime) -> bool:
        return records.act(lambda connection: links.prolong(connection, digest("s1"), at + HOUR, at))

    assert prolong(half)
    assert prolong(NOW + HOUR)
    assert not prolong(NOW + 3 * HOUR)


def test_a_link_is_renewed_unless_it_was_revoked(records: Records) -> None:
    made(records)
    later = NOW + 2 * MONTH
    assert records.act(lambda connection: links.renew(connection, digest(TOKEN), later))
    assert use(records, at=NOW + MONTH) is not None, "it had expired, and lives again"
    assert records.act(lambda connection: links.revoke(connection, [digest(TOKEN)], NOW)) == 1
    assert records.act(lambda connection: links.revoke(connection, [digest(TOKEN)], NOW)) == 0
    assert not records.act(lambda connection: links.renew(connection, digest(TOKEN), later))
    assert seen(records) is None, "its session has ended with it"


def test_they_are_listed_by_address_and_by_the_beginning_of_their_id(records: Records) -> None:
    made(records)
    made(records, "second", address="jiro@closing.example")
    with records.read() as connection:
        assert {one.address for one in links.listing(connection)} == {HANAKO, "jiro@closing.example"}
        (mine,) = links.listing(connection, address=HANAKO)
        assert links.listing(connection, name=mine.id) == [mine]
        assert links.listing(connection, name="%") == []
    assert mine.token_sha256.startswith(mine.id)


async def test_of_many_who_use_a_link_at_once_one_has_it(records: Records) -> None:
    made(records)
    tries = [asyncio.to_thread(use, records, TOKEN, f"s{number}") for number in range(8)]
    assert sum(one is not None for one in await asyncio.gather(*tries)) == 1


def test_links_are_forgotten_when_they_have_been_dead_for_long(records: Records) -> None:
    made(records)
    made(records, "revoked", until=NOW + 5 * MONTH)
    made(records, "alive", until=NOW + 5 * MONTH)
    use(records)
    records.act(lambda connection: links.revoke(connection, [digest("revoked")], NOW))
    assert records.act(lambda connection: links.sweep(connection, NOW, 10)) == 0
    assert records.act(lambda connection: links.sweep(connection, NOW + 2 * MONTH, 1)) == 1
    assert records.act(lambda connection: links.sweep(connection, NOW + 2 * MONTH, 10)) == 1
    with records.read() as connection:
        assert [one.token_sha256 for one in links.listing(connection)] == [digest("alive")]


def test_no_token_is_kept(records: Records) -> None:
    made(records)
    use(records, session="the-session")
    with records.read() as connection:
        kept = [list(connection.execute(text(f"SELECT * FROM {table}"))) for table in ("links", "link_sessions")]
    assert TOKEN not in str(kept)
    assert "the-session" not in str(kept)


def test_an_export_is_handed_over_once_it_has_ended_well(records: Records) -> None:
    job, failed = export(records), export(records, "jiro")

    def ended() -> list[str]:
        with records.read() as connection:
            return [one.job for one in exports.ended(connection, 10)]

    assert ended() == []
    settle(records, next(one.job for one in claim(records) if one.job.id == job), Succeeded("signed", named=False))
    assert ended() == [job]
    files = [ExportFile(1, "hanako.zip", 7, "aa"), ExportFile(2, "hanako-2.zip", 9, "bb")]
    assert records.act(lambda connection: exports.hand_over(connection, job, files, NOW))
    assert not records.act(lambda connection: exports.hand_over(connection, job, files, NOW))
    assert ended() == []
    with records.read() as connection:
        assert exports.files_of(connection, job) == files
        assert [one for one, _ in exports.running(connection)] == [], "these are moves, no exports"
        assert exports.find(connection, failed) == Export(
            failed, ExportForm.ZIP, "/exports/jiro.zip", "jiro@closing.example", source="maildir:/old/jiro"
        )
