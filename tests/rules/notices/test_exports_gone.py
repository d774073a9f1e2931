"""Files of exports go from the disk when nobody can fetch them any more, and never before."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.notices.exports_gone import ExportsGone
from mailsvc.records import audit, exports, job_acts, links
from mailsvc.records.exports import ExportForm
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection
from migrator.job import Event
from tests.rules.deeds.end import DAY
from tests.rules.notices.test_exports_ready import HANAKO, House, taking

KEEP = 30 * DAY
JUST = timedelta(seconds=1)


def role(house: House) -> ExportsGone:
    return ExportsGone(house.records, KEEP, house.here.clock.now, house.here.log)


async def asked(house: House, work: Callable[[Connection], object]) -> None:
    await house.records.committer.commit(work)


async def is_removed(house: House) -> bool:
    await role(house).round()
    return not house.folder.exists()


async def test_they_go_some_time_after_the_link_has_expired_with_an_audit_row(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        house.folder = tmp_path / "exports" / "hanako" / "first"
        house.folder.mkdir(parents=True)
        job = await house.export(b"first part", b"second part")
        await house.role.round()
        house.here.clock.advance(30 * DAY + KEEP - JUST)
        assert not await is_removed(house)
        house.here.clock.advance(2 * JUST)
        assert await is_removed(house)
        assert not (tmp_path / "exports" / "hanako").exists()
        with house.records.read() as connection:
            (row,) = [one for one in audit.listing(connection, subject=HANAKO) if one.act == "export remove"]
            assert exports.find(connection, job) is None
            assert exports.newest(connection, HANAKO) is None
        assert "token" not in str(row)
        await role(house).round()


async def test_a_revoked_link_keeps_them_no_longer_and_a_renewed_one_does(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        house.folder = tmp_path / "exports" / "first"
        house.folder.mkdir(parents=True)
        await house.export(b"x")
        await house.role.round()
        (link,) = house.links()
        house.here.clock.advance(59 * DAY)
        until = house.here.clock.now() + 30 * DAY
        await asked(house, lambda connection: links.renew(connection, link.token_sha256, until))
        house.here.clock.advance(29 * DAY)
        assert not await is_removed(house)
        now = house.here.clock.now()
        await asked(house, lambda connection: links.revoke(connection, [link.token_sha256], now))
        house.here.clock.advance(KEEP)
        assert not await is_removed(house)
        house.here.clock.advance(JUST)
        assert await is_removed(house)


async def test_they_stay_while_a_job_adds_to_them_or_what_it_made_was_not_handed_over(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        house.folder = tmp_path / "exports" / "first"
        house.folder.mkdir(parents=True)
        await house.export(b"x")
        await house.role.round()
        house.here.clock.advance(90 * DAY)
        job = await house.export(b"x", b"y", done=False)
        assert not await is_removed(house)
        now = house.here.clock.now()
        await asked(house, lambda connection: job_acts.act(connection, Wanted(ids=[job]), Event.CANCEL, now))
        house.here.clock.advance(KEEP + JUST)
        assert await is_removed(house), "what was begun and ended is worth nothing by then"


@pytest.mark.parametrize("form", [ExportForm.ZIP, ExportForm.MAILDIR])
async def test_a_kill_in_between_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportForm
) -> None:
    async with taking(tmp_path) as house:
        house.folder = tmp_path / "exports" / "first"
        house.folder.mkdir(parents=True)
        if form is ExportForm.MAILDIR:
            (house.folder / "maildir").mkdir()
            (house.folder / "maildir" / "1").write_bytes(b"x")
        job = await house.export(*([b"x"] if form is ExportForm.ZIP else []), form=form)
        await house.role.round()
        house.here.clock.advance(90 * DAY)

        def failing(_path: Path) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", failing)
            assert not await is_removed(house)
        with house.records.read() as connection:
            found = exports.find(connection, job)
            assert found is not None
            assert found.removed_at is not None
            assert not exports.is_kept(connection, found.place), "who asks for it again gets another place"
            assert exports.begun(connection, HANAKO, form) == []
        assert "export-not-removed" in str(house.here.log.events)
        assert await is_removed(house)
