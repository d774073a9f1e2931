"""A file's octets with every line ended by CRLF."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.maildir import octets as reading
from migrator.maildir.octets import NoMessage, OnDisk, read, with_crlf

LINES = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\r\r\n", b"\0", b"\xff"]), max_size=40).map(b"".join)


def plainly(octets: bytes) -> bytes:
    """The naive way."""
    out = bytearray()
    for at, octet in enumerate(octets):
        if octet == 0x0A and (at == 0 or octets[at - 1] != 0x0D):
            out += b"\r"
        out.append(octet)
    return bytes(out)


@given(LINES)
def test_a_bare_lf_gets_its_cr_and_nothing_else_changes(octets: bytes) -> None:
    assert with_crlf(octets) == plainly(octets)


@given(LINES)
def test_doing_it_twice_changes_nothing(octets: bytes) -> None:
    assert with_crlf(with_crlf(octets)) == with_crlf(octets)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
@pytest.mark.parametrize("octets", [b"a\r\nb\nc\r\r\n\n", b"\n", b"", b"\r\n" * 5, b"\n\r\n\r\r\n"])
def test_where_chunks_end_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, octets: bytes
) -> None:
    monkeypatch.setattr(reading, "CHUNK", chunk)
    (tmp_path / "m").write_bytes(octets)
    large = OnDisk(os.open(tmp_path / "m", os.O_RDONLY))
    large.measure()
    assert b"".join(large.chunks()) == plainly(octets)
    assert large.size == len(plainly(octets))
    large.forget()
    large.forget()


def test_a_large_message_can_be_read_when_its_file_is_gone(tmp_path: Path) -> None:
    octets = b"line\n" * 300_000
    (tmp_path / "m").write_bytes(octets)
    content, _ = read(tmp_path, "m")
    (tmp_path / "m").unlink()
    assert isinstance(content, OnDisk)
    assert b"".join(content.chunks()) == octets.replace(b"\n", b"\r\n")
    content.forget()
    with pytest.raises(ValueError, match="forgotten"):
        list(content.chunks())


def test_octets_can_be_had_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"a\nb\r\n")
    content, _ = read(tmp_path, "m", exact=True)
    assert b"".join(content.chunks()) == b"a\nb\r\n"


def test_what_is_no_file_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "m")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(NoMessage):
            read(tmp_path, name)


@pytest.mark.parametrize(("at", "year"), [(0, 1970), (-5, 1970), (981_173_106, 2001), (2**43, 9999)])
def test_whatever_time_a_file_has_is_a_date(tmp_path: Path, at: int, year: int) -> None:
    (tmp_path / "m").write_bytes(b"")
    os.utime(tmp_path / "m", (at, at))
    _, date = read(tmp_path, "m")
    assert date.year in {year, 1970, 2446}  # ext4 ends in 2446
    assert date.tzinfo is not None
