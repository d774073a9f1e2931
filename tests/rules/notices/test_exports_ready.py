"""Exports that are done are handed over once: measured, with a link, by a letter; what may not go on is ended."""

import asyncio
import errno
import hashlib
import mailbox
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailsvc.kit.settings import ExportSettings
from mailsvc.notices.export_files import files_at, is_whole, path_of
from mailsvc.notices.exports_ready import ExportsReady, Means, told_size
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import exports, job_claims, job_list, jobs, links
from mailsvc.records.exports import Export, ExportForm
from mailsvc.records.job import JobKind, NewJob, Succeeded, move_digest
from mailsvc.records.links import Link, digest
from mailsvc.records.store import Connection, Records, RecordsAway
from migrator.job import State
from schedules.names import Address
from tests.rules.deeds.end import DAY, End, jst

HANAKO = "hanako@closing.example"
NOW = jst(22)


class House:
    def __init__(self, folder: Path, here: End, **settings: object) -> None:
        self.folder = folder
        self.here = here
        self.records: Records = here.records
        self.woken: list[str] = []
        self.allowed = True
        self.means = Means(
            ExportSettings.model_validate({"public_url": "https://take.example", **settings}),
            "mx.example",
            ZoneInfo("Asia/Tokyo"),
            now=here.clock.now,
            contact=lambda _connection, _mailbox: Address.parse("hanako@home.example"),
            may=self.may,
            wake_outbox=self.woken.extend,
            token=(f"token-{number}" for number in count(1)).__next__,
        )
        self._numbers = count(1)

    async def may(self, _mailbox: Address) -> bool:
        return self.allowed

    @property
    def role(self) -> ExportsReady:
        return ExportsReady(self.records, self.here.tell._post, self.means, self.here.log)

    async def export(self, *parts: bytes, form: ExportForm = ExportForm.ZIP, done: bool = True) -> str:
        job, place = f"{next(self._numbers):026d}", self.folder / ("mail.zip" if form is ExportForm.ZIP else str(form))
        for number, octets in enumerate(parts, 1):
            (place if number == 1 else place.with_stem(f"mail-{number}")).write_bytes(octets)

        def work(connection: Connection) -> None:
            target = f"{form}:{place}"
            new = NewJob(job, JobKind.EXPORT, "maildir:/m", target, move_digest("m", target), "a", address=HANAKO)
            jobs.add(connection, new, self.here.clock.now())
            exports.add(connection, Export(job, form, str(place)))
            if done:
                now = self.here.clock.now()
                (claimed,) = job_claims.claim(connection, "w", now, timedelta(minutes=1), limit=1, most_at_a_host=9)
                jobs.settle(connection, claimed.job, Succeeded("signed", named=len(parts) > 1), now)

        await self.records.committer.commit(work)
        return job

    def links(self) -> list[Link]:
        with self.records.read() as connection:
            return list(links.listing(connection))

    def made(self, job: str) -> Export:
        with self.records.read() as connection:
            found = exports.find(connection, job)
        assert found is not None
        return found


@asynccontextmanager
async def taking(folder: Path, **settings: object) -> AsyncIterator[House]:
    with Records.open(f"sqlite:///{folder}/records.db", create=True) as records:
        async with records.committer.running():
            yield House(folder, End(records, NOW), **settings)


async def test_what_is_done_is_measured_and_its_link_goes_out_by_letter(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        job = await house.export(b"first part", b"second part")
        await house.role.round()
        (link,) = house.links()
        assert (link.job, link.address, link.token_sha256) == (job, HANAKO, digest("token-1"))
        assert link.expires_at == NOW + 30 * DAY
        (letter,) = house.here.letters()
        assert letter.count("https://take.example/take/token-1") == 2
        assert "2026-12-22 00:00 JST" in letter
        assert "2 files, 21 B in all" in letter
        assert "Some messages could not be copied" in letter
        assert house.woken == ["lane of home.example"]
        with house.records.read() as connection:
            files = exports.files_of(connection, job)
        assert [(one.number, one.name, one.size) for one in files] == [(1, "mail.zip", 10), (2, "mail-2.zip", 11)]
        assert files[0].sha256 == hashlib.sha256(b"first part").hexdigest()
        await house.role.round()
        assert (len(house.links()), len(house.here.letters())) == (1, 1), "once"


async def test_what_waits_or_has_failed_is_not_handed_over(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        job = await house.export(b"x", done=False)
        await house.role.round()
        assert house.links() == []
        assert house.made(job).handed_at is None


async def test_a_newer_export_replaces_the_link_of_the_older(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        await house.export(b"x")
        await house.role.round()
        house.here.clock.advance(DAY)
        await house.export(b"x", b"new")
        await house.role.round()
        newer, older = house.links()
        assert (newer.revoked_at, older.revoked_at) == (None, NOW + DAY)


async def test_a_maildir_is_handed_over_as_one_file_that_names_nobody_of_this_machine(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        folder = tmp_path / "maildir" / ".&ZeVnLIqe-" / "cur"
        for name in ("cur", "new", "tmp"):
            folder.with_name(name).mkdir(parents=True)
        (folder / "1.host:2,S").write_bytes(b"Subject: x\r\n\r\n")
        (folder / "away").symlink_to("/etc/passwd")
        job = await house.export(form=ExportForm.MAILDIR)
        await house.role.round()
        with house.records.read() as connection:
            (file,) = exports.files_of(connection, job)
        packed = path_of(tmp_path / "maildir", file.name)
        with tarfile.open(packed) as tar:
            names = {one.name: (one.uid, one.uname, one.gname) for one in tar}
            assert set(names.values()) == {(0, "", "")}
            assert [name for name in names if name.endswith(("S", "away"))] == ["maildir/.&ZeVnLIqe-/cur/1.host:2,S"]
        (tmp_path / "taken home").mkdir()
        await asyncio.to_thread(subprocess.run, ["tar", "-xf", f"{packed}", "-C", f"{tmp_path}/taken home"], check=True)
        (taken,) = mailbox.Maildir(tmp_path / "taken home" / "maildir", create=False).get_folder("&ZeVnLIqe-")
        assert taken["Subject"] == "x"
        assert file.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
        assert "one tar file" in house.here.letters()[0]


async def test_on_a_full_disk_it_is_handed_over_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with taking(tmp_path) as house:
        (tmp_path / "maildir").mkdir()
        job, role = await house.export(form=ExportForm.MAILDIR), house.role

        def full(*_words: object, **_more: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(tarfile.TarFile, "add", full)
            await role.round()
            await role.round()
        assert str(house.here.log.events).count("export-waits-for-room") == 1, "nobody is told each second"
        assert [one for one in os.listdir(tmp_path) if one.startswith("maildir.")] == []  # noqa: PTH208 - a test
        await role.round()
        assert house.made(job).handed_at is None
        house.here.clock.advance(timedelta(minutes=1))
        await role.round()
        assert (house.made(job).problem, len(house.links())) == ("", 1)


async def test_without_a_page_to_fetch_it_from_there_is_no_letter(tmp_path: Path) -> None:
    async with taking(tmp_path, public_url="") as house:
        job = await house.export(b"x")
        await house.role.round()
        assert house.links() == []
        assert house.here.letters() == []
        assert house.made(job).handed_at == NOW


async def test_what_cannot_be_handed_over_says_why_and_stays_for_a_person(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        gone = await house.export()
        await house.role.round()
        assert "there is no file of this export" in house.made(gone).problem

        def nowhere(_address: Address) -> str:
            raise NoRoute("there is no way to home.example")

        house.here.tell._post._lane = nowhere
        unsent = await house.export(b"x")
        await house.role.round()
        assert house.made(unsent).problem == "no letter could be sent: there is no way to home.example"
        with house.records.read() as connection:
            assert len(exports.files_of(connection, unsent)) == 1, "a link can be made by hand"
        assert house.links() == []


async def test_what_the_plan_allows_no_more_is_cancelled(tmp_path: Path) -> None:
    async with taking(tmp_path) as house:
        job = await house.export(b"x", done=False)
        await house.role.round()
        house.allowed = False
        await house.role.round()
        with house.records.read() as connection:
            found = job_list.find(connection, job, NOW)
        assert found is not None
        assert found.state is State.CANCELLED
        assert "export-ended-by-plan" in str(house.here.log.events)


async def test_of_many_some_are_looked_at_each_time_and_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsvc.notices.exports_ready._LOOKED_AT", 2)
    async with taking(tmp_path) as house:
        forms = (ExportForm.ZIP, ExportForm.MBOX, ExportForm.MAILDIR)
        made = [await house.export(form=form, done=False) for form in forms]
        house.allowed = False
        role, left = house.role, []
        for _ in range(3):
            await role.round()
            with house.records.read() as connection:
                left.append(len(exports.running(connection)))
        assert (len(made), left) == (3, [1, 0, 0])


async def test_records_that_are_away_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with taking(tmp_path) as house:
        await house.export(b"x")
        house.means = replace(house.means, seconds=0.01)

        async def away(_work: object) -> None:
            raise RecordsAway("locked")

        with monkeypatch.context() as patched:
            patched.setattr(house.records.committer, "commit", away)
            with pytest.raises(RecordsAway):
                await house.role.round()
        await house.role.round()
        assert len(house.links()) == 1


def test_mbox_files_are_handed_over_as_one_file_without_what_is_unfinished(tmp_path: Path) -> None:
    for name in ("受信箱.mbox", "仕事/c.mbox", "manifest.json", "x.draft", "manifest.ledger"):
        (tmp_path / "mbox" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mbox" / name).write_bytes(b"From x\n\n1\n\n")
    (tmp_path / "mbox" / "link.mbox").symlink_to(tmp_path / "mbox" / "c.mbox")
    (file,) = files_at(tmp_path / "mbox", ExportForm.MBOX)
    with tarfile.open(path_of(tmp_path / "mbox", file.name)) as tar:
        names = sorted(one.name for one in tar if one.isfile())
    assert (file.name, names) == ("mbox.tar", ["mbox/manifest.json", "mbox/仕事/c.mbox", "mbox/受信箱.mbox"])
    assert is_whole(tmp_path / "mbox", ExportForm.MBOX, [file])
    os.truncate(tmp_path / "mbox" / "受信箱.mbox", 3)
    assert not is_whole(tmp_path / "mbox", ExportForm.MBOX, [file]), "what was cut is no longer whole"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b"])
def test_no_name_of_a_file_leaves_its_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no file of an export"):
        path_of(tmp_path, name)


def test_sizes_are_told_as_people_read_them() -> None:
    assert [told_size(one) for one in (0, 999, 54_321, 1_234_567, 2_000_000_000)] == [
        "0 B",
        "999 B",
        "54.3 kB",
        "1.2 MB",
        "2.0 GB",
    ]
