"""Folder names survive the way to the wire and back, and none of them is a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.folder_names import BadFolderName, decoded, encoded, quoted
from migrator.imap.reading import Response
from migrator.imap.tokens import String, tokens


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 section 5.1.3
        ("a & b", b"a &- b"),
        ("&", b"&-"),
        ("\U0001f4ec", b"&2D3c7A-"),
        ("下書き", b"&Tgtm+DBN-"),
        ("", b""),
        ("a\tb", b"a&AAk-b"),
        ("ü&ü", b"&APw-&-&APw-"),
    ],
)
def test_names_are_written_and_read(name: str, wire: bytes) -> None:
    assert encoded(name) == wire
    assert decoded(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_name_comes_back(name: str) -> None:
    wire = encoded(name)
    assert decoded(wire) == name
    assert wire.isascii()


@given(st.binary(max_size=40))
def test_what_is_read_is_the_only_form_of_its_name(octets: bytes) -> None:
    name = decoded(octets)
    assert name is None or encoded(name) == octets


@pytest.mark.parametrize(
    "octets", [b"&", b"&AAA", b"&!-", b"&AGE-", b"&AOkA6Q-&AOk-", "é".encode(), b"&2D0-", b"&A-", b"&AOk=-"]
)
def test_other_octets_are_no_modified_utf_7(octets: bytes) -> None:
    assert decoded(octets) is None


def test_a_lone_surrogate_is_no_name() -> None:
    with pytest.raises(BadFolderName):
        encoded("\ud83d")


@pytest.mark.parametrize("name", [b"a\r\nb LOGOUT", b"a\0b", b"\x7f", b"a\nb"])
def test_a_name_cannot_leave_its_quotes(name: bytes) -> None:
    with pytest.raises(BadFolderName):
        quoted(name)


@given(st.binary(max_size=30))
def test_what_is_quoted_is_read_back_as_itself(name: bytes) -> None:
    try:
        wire = quoted(name)
    except BadFolderName:
        return
    assert tokens(Response((b"* LSUB " + wire,))) == [b"*", b"LSUB", String(name)]
