"""The octets around files, as other programs read them; zip64 where a number needs it and nowhere else."""

import io
import struct
from datetime import UTC, datetime, timedelta, timezone
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.archive.layout import LARGE, MANY, Entry, central, ending, local

AT = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
ZIP64 = b"\1\0"


def archive(entries: list[Entry]) -> bytes:
    """An archive of empty files."""
    body, records = bytearray(), bytearray()
    for one in entries:
        records += central(one, len(body))
        body += local(one)
    return bytes(body) + records + ending(len(entries), len(records), len(body))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50),
            st.datetimes(datetime(1980, 1, 1), datetime(2107, 12, 31)),  # noqa: DTZ001 -- the zone is given below
            st.integers(-12, 14),
        ),
        max_size=20,
        unique_by=lambda one: one[0],
    )
)
def test_names_and_times_are_read_by_others(files: list[tuple[str, datetime, int]]) -> None:
    entries = [Entry(name, 0, 0, at.replace(tzinfo=timezone(timedelta(hours=zone)))) for name, at, zone in files]
    with ZipFile(io.BytesIO(archive(entries))) as read:
        for info, (name, at, _) in zip(read.infolist(), files, strict=True):
            assert info.orig_filename == name
            assert info.date_time == (at.year, at.month, at.day, at.hour, at.minute, at.second // 2 * 2)
            assert (info.external_attr >> 16, info.extract_version) == (0o100644, 20)


def test_the_exact_time_stands_in_utc_beside_it() -> None:
    at = datetime(2001, 2, 3, 13, 5, 7, tzinfo=timezone(timedelta(hours=9)))
    assert struct.pack("<2HBL", 0x5455, 5, 1, int(at.timestamp())) in local(Entry("a", 0, 0, at))


@pytest.mark.parametrize("at", [datetime(1969, 12, 31, tzinfo=UTC), datetime(2038, 1, 20, tzinfo=UTC)])
def test_a_time_that_does_not_fit_is_left_out(at: datetime) -> None:
    assert b"UT" not in local(Entry("a", 0, 0, at)) + central(Entry("a", 0, 0, at), 0)


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, 2**40])
def test_large_files_use_zip64_and_smaller_ones_do_not(size: int) -> None:
    one = Entry("a", size, 0, AT)
    wide = size >= LARGE
    assert (local(one)[31:33] == ZIP64, central(one, 0)[47:49] == ZIP64) == (wide, wide)
    assert central(one, size)[47:49] == (ZIP64 if wide else b"UT")
    assert (b"PK\6\6" in ending(1, 50, size)) == wide


def test_large_files_are_read_by_others_where_they_are() -> None:
    one, other = Entry("a", 2**33, 0, AT), Entry("b", 0, 0, AT)
    at = len(local(one)) + one.size
    records = central(one, 0) + central(other, at)
    whole = ending(2, len(records), at + len(local(other)))
    file = io.BytesIO(records + whole)
    with ZipFile(_Shifted(file, at + len(local(other)))) as read:
        assert [(info.file_size, info.header_offset) for info in read.infolist()] == [(2**33, 0), (0, at)]


@pytest.mark.parametrize("count", [MANY - 1, MANY + 1])
def test_many_files_use_zip64_and_fewer_do_not(count: int) -> None:
    whole = archive([Entry(f"{number}", 0, 0, AT) for number in range(count)])
    assert (b"PK\6\6" in whole[-200:]) == (count >= MANY)
    with ZipFile(io.BytesIO(whole)) as read:
        assert len(read.infolist()) == count


class _Shifted:
    """A file whose first octets nobody has to make."""

    def __init__(self, file: io.BytesIO, by: int) -> None:
        self._file = file
        self._by = by

    def seek(self, at: int, whence: int = 0) -> int:
        return self._file.seek(at - self._by if whence == 0 else at, whence) + self._by

    def tell(self) -> int:
        return self._file.tell() + self._by

    def read(self, count: int = -1) -> bytes:
        return self._file.read(count)

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        return
