"""`file-kill`, `lost-pages`: the power goes while an archive gets its name; what has the name is whole."""

from pathlib import Path

import pytest

from tests.faults.lost_pages import Kind, LostPages, Record
from tests.faults.test_archive_moves import check_whole, filled, held, moved, wanted


def _is_in(record: Record, folder: Path) -> bool:
    return record.kind not in {Kind.WRITE, Kind.TRUNCATE} and record.first.startswith(bytes(folder))


@pytest.mark.real("gcc")
@pytest.mark.parametrize("has_name", [False, True])
def test_an_archive_that_has_its_name_is_on_the_disk_with_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_name: bool
) -> None:
    disk, work = tmp_path / "disk", tmp_path / "work"
    filled(disk / "old")
    work.mkdir()
    power, new = LostPages(disk, work), disk / "new" / "mail.zip"
    with monkeypatch.context() as patched:
        for name, value in power.environ.items():
            patched.setenv(name, value)
        assert moved(disk, new).returncode == 0
    records = list(power.records())
    (renamed,) = (at for at, one in enumerate(records) if one.kind is Kind.RENAME and one.second.endswith(b"/mail.zip"))
    following = next(at for at in range(renamed + 1, len(records)) if _is_in(records[at], new.parent))
    assert records[following].kind is Kind.SYNC_FOLDER
    power.cut(following + has_name)
    assert new.exists() == has_name
    check_whole(new)
    assert not has_name or held(new) == wanted()
    ran = moved(disk, new)
    assert ran.returncode == 0, ran.stderr
    check_whole(new)
    assert held(new) == wanted()
