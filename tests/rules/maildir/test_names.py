"""Names on disk: no local part leaves its folder, no two mailboxes share one."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailsvc.kit.targets import MaildirTarget
from migrator.maildir.names import is_of_delivery, safe_user, size_in, unique_name
from schedules.names import Address, DomainName

AT = datetime(2024, 1, 31, 15, 0, 0, 250, tzinfo=UTC)

# Everything a client could ever send, and more: surrogates, controls, separators.
locals_ = st.text(st.characters(), max_size=80) | st.text("./\\%~*\x00\n aA", max_size=12)


@given(locals_)
@example("..")
@example(".")
@example("../../etc/passwd")
@example("/etc/passwd")
@example("a/../../b")
@example("\x00")
@example("~root")
@example("")
@example("\udcff")
@example("ΐ" * 60)
@example("\x85" * 64)
def test_any_local_part_stays_inside_its_folder(local: str) -> None:
    name = safe_user(local)
    assert name
    assert name not in {".", ".."}
    assert not set(name) & set("/\x00\n")
    assert not name.startswith(".")
    assert len(os.fsencode(name)) <= 255
    folder = MaildirTarget("/srv/mail/{domain}/{user}").folder("closing.example", name)
    assert folder.parent == Path("/srv/mail/closing.example")
    assert Path(os.path.normpath(folder)) == folder


@given(locals_, locals_)
@example("a/b", "a%2Fb")
@example("", "%")
@example(".a", "%2Ea")
@example("A", "a")
def test_two_mailboxes_share_a_folder_only_if_they_are_one(one: str, other: str) -> None:
    domain = DomainName("closing.example")
    same = Address(one, domain).same_mailbox(Address(other, domain))
    assert (safe_user(one) == safe_user(other)) == same


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("Hanako", "hanako"),
        ("a..b.", "a..b."),
        ("a/b", "a%2Fb"),
        (".hidden", "%2Ehidden"),
        ("50%", "50%25"),
        ("x\x01y", "x%01y"),
        ("user+tag", "user+tag"),
        ("花子", "花子"),
    ],
)
def test_usual_names_stay_readable(local: str, name: str) -> None:
    assert safe_user(local) == name


def test_a_name_too_long_for_a_folder_is_cut_and_stays_its_own() -> None:
    one, other = safe_user("x" * 300), safe_user("x" * 301)
    assert one != other
    assert len(one) <= 255


def test_a_messages_name_is_the_same_for_every_attempt() -> None:
    name = unique_name("01HX-3", AT, "mx.provider.example")
    assert name == "1706713200.M000250Q01HX-3.mx.provider.example"
    assert name == unique_name("01HX-3", AT, "mx.provider.example")


@pytest.mark.parametrize("host", ["a/b", "a:2,S", "../x", "a,S=5", ""])
def test_a_hosts_name_cannot_break_a_file_name(host: str) -> None:
    name = unique_name("1", AT, host)
    assert not set(name) & set("/:,")
    assert not name.endswith(".Q1.")


@pytest.mark.parametrize("delivery_id", ["", "a/b", "..", "a b", "a" * 65, "a,S=1", "ü"])
def test_a_delivery_id_that_fits_no_file_name_is_refused(delivery_id: str) -> None:
    with pytest.raises(ValueError, match="delivery id"):
        unique_name(delivery_id, AT, "host")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("1.M2Q3.host,S=1234", 1234),
        ("1.M2Q3.host,S=1234:2,RS", 1234),
        ("1.M2Q3.host,S=12,W=13:2,", 12),
        ("1.M2Q3.host,W=13,S=12", 12),
        ("1.M2Q3.host", None),
        ("1.M2Q3.host:2,S", None),
        ("1.M2Q3.host,S=", None),
        ("1.M2Q3.host,S=12x", None),
        ("1.M2Q3.host,S=-1", None),
        ("S=5", None),
    ],
)
def test_sizes_in_names(name: str, size: int | None) -> None:
    assert size_in(name) == size


def test_a_message_is_known_by_its_delivery_whatever_its_flags() -> None:
    assert is_of_delivery("1.M000250Q7.host,S=3:2,RS", "7")
    assert not is_of_delivery("1.M000250Q77.host,S=3", "7")
    assert not is_of_delivery("1.M000250Q17.host,S=3", "7")
