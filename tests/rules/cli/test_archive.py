"""`lastpost archive`, and archives on either side of `lastpost migrate mailbox`, as somebody types them."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from mailsvc.cli.archive import _show
from migrator.archive.verify import Finding
from migrator.maildir.folders import directory_name
from tests.rules.cli.conftest import Line, Ran
from tests.rules.migrator.maildir.trees import MAIL, folder, lay

RECEIVED = directory_name(("受信",))


@pytest.fixture
def old(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maildir with three messages in two folders."""
    monkeypatch.setenv("XDG_STATE_HOME", str(lastpost.folder / "state"))
    box = folder(lastpost.folder / "old")
    lay(box, "1.a:2,S")
    lay(box, "2.b", part="new")
    lay(folder(box, RECEIVED), "3.c:2,F")
    return box


def test_what_an_archive_is_found_to_hold_is_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _show([Finding("a.zip", "x\n1 message in 1 part, as they were put in", "it is missing")])
    assert capsys.readouterr().out == "a.zip: x\\n1 message in 1 part, as they were put in: it is missing\n"


def moved(line: Line, from_: str = "maildir:old", to: str = "zip:hanako.zip?viewer=no") -> Ran:
    ran = line("migrate", "mailbox", "--from", from_, "--to", to, "--read-back")
    assert ran.code == 0, ran.err
    return ran


def test_a_mailbox_goes_into_an_archive_and_what_came_since_into_its_next_part(lastpost: Line, old: Path) -> None:
    assert "3 messages found; all of them are in the target" in moved(lastpost).err
    assert [path.name for path in lastpost.folder.glob("hanako*")] == ["hanako.zip"]
    moved(lastpost)
    assert [path.name for path in lastpost.folder.glob("hanako*")] == ["hanako.zip"]
    lay(old, "4.d", b"Subject: late\n\nlate\n")
    moved(lastpost)
    assert sorted(path.name for path in lastpost.folder.glob("hanako*")) == ["hanako-2.zip", "hanako.zip"]
    with ZipFile(lastpost.folder / "hanako-2.zip") as part:
        assert [part.read(name) for name in part.namelist() if "late" in name] == [b"Subject: late\r\n\r\nlate\r\n"]
    ran = lastpost("archive", "verify", "hanako-2.zip")
    assert (ran.code, ran.out) == (0, "")
    assert "4 messages in 2 parts, as they were put in" in ran.err


def test_a_part_has_two_gigabytes_at_most(lastpost: Line, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert old.is_dir()
    monkeypatch.setattr("migrator.archive.draft._END", 1_999_999_000)  # as if the end of a part had so many octets
    moved(lastpost)
    assert sorted(path.name for path in lastpost.folder.glob("hanako*")) == [
        "hanako-2.zip", "hanako-3.zip", "hanako.zip"
    ]  # fmt: skip
    assert lastpost("archive", "verify", "hanako.zip").code == 0


def test_what_is_in_it_is_listed(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    rows = lastpost("archive", "list", "hanako.zip", "--json").array()
    assert [(row["folder"], row["flags"], row["octets"]) for row in rows] == [
        (["INBOX"], ["\\Seen"], 25),
        (["INBOX"], [], 25),
        (["受信"], ["\\Flagged"], 25),
    ]
    assert "mail/受信/" in lastpost("archive", "list", "hanako.zip").out


def test_it_is_taken_apart_and_a_second_time_nothing_is_left_to_do(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    ran = lastpost("archive", "extract", "hanako.zip", "--to", "out")
    assert (ran.code, ran.err) == (0, "3 files made\n")
    assert sorted(path.read_bytes() for path in (lastpost.folder / "out").rglob("*.eml")) == [MAIL] * 3
    (told,) = lastpost("archive", "extract", "hanako.zip", "--to", "out", "--json").array()
    assert (told["made"], told["there"], told["findings"]) == (0, 3, [])


def test_it_goes_back_into_a_maildir(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    moved(lastpost, from_="zip:hanako.zip", to="maildir:new")
    new = lastpost.folder / "new"
    assert sorted(path.read_bytes() for path in new.rglob("cur/*")) == [MAIL] * 3
    assert [path.name.rpartition(",")[2] for path in (new / RECEIVED / "cur").iterdir()] == ["F"]


def test_damage_is_named_with_code_3(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    file = lastpost.folder / "hanako.zip"
    whole = bytearray(file.read_bytes())
    whole[whole.index(b"hello\r\n")] ^= 1
    file.write_bytes(whole)
    ran = lastpost("archive", "verify", "hanako.zip")
    assert ran.code == 3
    assert "hanako.zip: mail/INBOX/" in ran.out
    assert "1 finding: each is named" in ran.err
    (told,) = lastpost("archive", "verify", "hanako.zip", "--json").array()
    assert (told["whole"], told["messages"]) == (False, 3)
    ran = lastpost("archive", "extract", "hanako.zip", "--to", "out")
    assert (ran.code, len([*(lastpost.folder / "out").rglob("*.eml")])) == (3, 2)


@pytest.mark.parametrize("act", [("verify",), ("list",), ("extract", "--to", "out")], ids=lambda words: str(words[0]))
def test_what_is_no_archive_is_told_in_a_sentence(lastpost: Line, act: tuple[str, ...]) -> None:
    word, *more = act
    for path, what in (("none.zip", "none.zip is not there"), (".", ". is a folder")):
        ran = lastpost("archive", word, path, *more)
        assert (ran.code, ran.out) == (1, "")
        assert f"{what}: name an archive" in ran.err
    (lastpost.folder / "some.zip").write_bytes(b"no zip")
    ran = lastpost("archive", word, "some.zip", *more)
    assert ran.code == (3 if word == "verify" else 1)
    assert "some.zip: it is cut off, or its end is damaged" in ran.out + ran.err
    assert not (lastpost.folder / "out").exists()


def test_a_file_where_the_folder_is_to_be_is_told_with_its_remedy(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    (lastpost.folder / "out").write_bytes(b"mine")
    ran = lastpost("archive", "extract", "hanako.zip", "--to", "out")
    assert ran.code == 1
    assert "out is a file" in ran.err
    assert "name a folder, or one that is not there yet" in ran.err
    assert (lastpost.folder / "out").read_bytes() == b"mine"


@pytest.mark.real("unzip")
def test_the_system_s_own_tools_read_it(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost)
    ran = subprocess.run(
        ["unzip", "-t", "hanako.zip"], cwd=lastpost.folder, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, "No errors detected" in ran.stdout) == (0, True)


def test_it_can_be_read_in_a_browser_unless_that_was_not_wanted(lastpost: Line, old: Path) -> None:
    assert old.is_dir()
    moved(lastpost, to="zip:shown.zip")
    moved(lastpost)
    with ZipFile(lastpost.folder / "shown.zip") as shown, ZipFile(lastpost.folder / "hanako.zip") as plain:
        assert {"index.html", "pages/000001.html"} <= set(shown.namelist())
        assert {name.partition("/")[0] for name in plain.namelist()} == {"mail", "manifest-1.json"}
    assert lastpost("archive", "verify", "shown.zip").code == 0
    assert lastpost("archive", "extract", "shown.zip", "--to", "out").code == 0
