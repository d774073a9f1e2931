"""`lastpost backup`, `verify`, `restore` and `release`, as an operator types them."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import AbstractContextManager
from contextlib import closing as closed_after

from mailsvc.desk.desk import open_records
from mailsvc.kit.settings import parse_settings
from mailsvc.records import marks
from mailsvc.records.marks import VerifiedBackup
from mailsvc.records.store import Records
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_listings import ID, stored
from tests.rules.desk.world import SETTINGS


def findings(line: Line) -> dict[object, object]:
    return {row["what"]: row["severity"] for row in line("doctor", "--json").array() if row["check"] == "waiting"}


def test_everything_comes_back_and_waits_until_somebody_lets_it_go(closing: Line) -> None:
    asyncio.run(stored(closing.folder))
    file = closing.folder / "monday.backup"
    (made,) = closing("backup", str(file), "--json").array()
    assert made["octets"] == file.stat().st_size
    accounts, plan = closing("accounts", "export").out, closing("plan", "show", "--json").out
    verified = closing("verify", str(file))
    assert (verified.code, verified.err) == (0, f"{file} is whole\nnoted in the records as their newest backup\n")
    (told,) = closing("verify", str(file), "--json").array()
    assert (told["problems"], told["bodies"], told["database"]) == ([], 1, "SQLite")
    (closing.folder / "records.db").unlink()
    restored = closing("restore", str(file), "--reason", "the disk died")
    assert restored.code == 0, restored.err
    assert "everything is held" in restored.err
    assert (closing("accounts", "export").out, closing("plan", "show", "--json").out) == (accounts, plan)
    assert len(closing("queue", "list", "--json").array()) == 2
    (finding,) = [what for what in findings(closing) if "no mail goes out" in str(what)]
    assert "restored from monday.backup" in str(finding)
    (held,) = closing("release", "--json").array()
    assert held["lanes"] == {"maildir": 1}
    assert "nothing is released yet" in closing("release").err
    assert closing("release", "--reason", "looked through").err == "released\n"
    assert closing("release").code == 1
    acts = [(row["act"], row["reason"]) for row in closing("audit", "list", "--json").array()][:2]
    assert acts == [("release", "looked through"), ("restore", "the disk died")]


def test_records_in_use_are_replaced_only_if_told_to(closing: Line) -> None:
    file = str(closing.folder / "b")
    closing("backup", file)
    asyncio.run(stored(closing.folder))
    ran = closing("restore", file, "--reason", "back")
    assert (ran.code, "--replace" in ran.err) == (1, True)
    assert closing("queue", "show", ID).code == 0
    assert closing("restore", file, "--replace", "--reason", "back").code == 0
    assert closing("queue", "show", ID).code == 1


def test_a_damaged_backup_is_told_and_not_restored(closing: Line) -> None:
    file = closing.folder / "b"
    closing("backup", str(file))
    with plainly(file) as plain, plain:
        plain.execute("DELETE FROM addresses")
    ran = closing("verify", str(file))
    assert (ran.code, "the table addresses has 0 rows" in ran.out) == (3, True)
    assert json.loads(closing("verify", str(file), "--json").out)[0]["problems"]
    refused = closing("restore", str(file), "--replace", "--reason", "x")
    assert (refused.code, "is damaged" in refused.err) == (1, True)
    assert closing("accounts", "list", "--json").array()


def test_what_cannot_be_is_told_in_a_sentence(closing: Line) -> None:
    file = closing.folder / "b"
    assert closing("backup", str(file)).code == 0
    for words, said in (
        (("backup", str(file)), "is there already"),
        (("backup", str(closing.folder / "no" / "b")), "the folder"),
        (("verify", str(closing.folder / "closing.yaml")), "cannot be read as a backup"),
        (("verify", str(closing.folder / "records.db")), "no backup that"),
        (("verify", str(closing.folder / "nothing")), "No such file"),
    ):
        ran = closing(*words)
        assert (ran.code, ran.out) == (1, "")
        assert said in ran.err


def test_nothing_is_restored_under_a_running_service(closing: Line) -> None:
    file = closing.folder / "b"
    closing("backup", str(file))
    settings = parse_settings(SETTINGS, "lastpost.yaml", closing.folder)
    with open_records(settings) as records, records.serving():
        ran = closing("restore", str(file), "--replace", "--reason", "x")
        assert (ran.code, "stop it first" in ran.err) == (1, True)
        assert closing("backup", str(closing.folder / "beside")).code == 0
    assert closing("release").code == 1


def test_a_backup_needs_no_settings_to_be_verified(closing: Line) -> None:
    closing("backup", "b")
    shutil.rmtree(closing.folder / "mail", ignore_errors=True)
    (closing.folder / "lastpost.yaml").unlink()
    assert closing("verify", "b").code == 0


def plainly(file: object) -> AbstractContextManager[sqlite3.Connection]:
    """A plain connection that is closed afterwards."""
    return closed_after(sqlite3.connect(str(file)))


def noted(line: Line) -> VerifiedBackup | None:
    with Records.open(f"sqlite:///{line.folder / 'records.db'}") as records, records.read() as connection:
        return marks.verified_backup(connection)


def test_the_records_note_that_their_newest_backup_is_whole(closing: Line) -> None:
    first, second = str(closing.folder / "first"), str(closing.folder / "second")
    closing("backup", first)
    assert noted(closing) is None
    closing("backup", second)
    assert closing("verify", first).err == f"{first} is whole\n"
    assert noted(closing) is None, "it is not the newest"
    assert "noted in the records" in closing("verify", second).err
    found = noted(closing)
    assert found is not None
    assert found.made_at < found.verified_at


def test_a_backup_that_is_not_whole_is_not_noted(closing: Line) -> None:
    file = closing.folder / "b"
    closing("backup", str(file))
    with closed_after(sqlite3.connect(file)) as plain:
        plain.execute("DROP TABLE marks")
    assert closing("verify", str(file)).code == 3
    assert noted(closing) is None


def test_a_backup_is_verified_though_the_records_cannot_be_opened(closing: Line) -> None:
    file = closing.folder / "b"
    closing("backup", str(file))
    (closing.folder / "records.db").rename(closing.folder / "elsewhere.db")
    ran = closing("verify", str(file))
    assert ran.code == 0
    assert "not noted in the records" in ran.err
    (closing.folder / "lastpost.yaml").unlink()
    assert closing("verify", str(file)).err == f"{file} is whole\n"
