"""Folders by the names that people read, whatever a server makes of them on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.folder_names import encoded
from migrator.imap.folders import Folder, Listing
from migrator.imap.tree import Tree
from migrator.mailbox import FolderName, SpecialUse


def listed(*names: str, delimiter: str = "/", flags: str = "") -> tuple[Folder, ...]:
    return tuple(Folder(encoded(name), name, delimiter, frozenset(flags.split())) for name in names)


def tree(folders: tuple[Folder, ...], prefix: str = "", delimiter: str = "/") -> Tree:
    return Tree.of(Listing(folders, prefix, delimiter), utf8=False)


@pytest.mark.parametrize(
    ("names", "prefix", "delimiter", "known"),
    [
        (("INBOX", "a/b"), "", "/", {("INBOX",): b"INBOX", ("a", "b"): b"a/b"}),
        (("inbox", "Inbox/x"), "", "/", {("INBOX",): b"inbox", ("Inbox", "x"): b"Inbox/x"}),
        (("INBOX", "INBOX.Sent"), "INBOX.", ".", {("INBOX",): b"INBOX", ("Sent",): b"INBOX.Sent"}),
        (("INBOX", "INBOX.INBOX"), "INBOX.", ".", {("INBOX",): b"INBOX", ("INBOX", "INBOX"): b"INBOX.INBOX"}),
        (("INBOX.INbox", "INBOX.a"), "INBOX.", ".", {("INBOX", "INbox"): b"INBOX.INbox", ("a",): b"INBOX.a"}),
        (("INBOX", "台北"), "", "/", {("INBOX",): b"INBOX", ("台北",): b"&U,BTFw-"}),
    ],
)
def test_names(names: tuple[str, ...], prefix: str, delimiter: str, known: dict[FolderName, bytes]) -> None:
    made = tree(listed(*names, delimiter=delimiter), prefix, delimiter)
    assert {name: folder.wire for name, folder in made.known.items()} == known
    assert {name: made.wire(name) for name in known} == known


def test_where_all_stands_below_inbox_new_folders_do_too() -> None:
    made = Tree.of(Listing(listed("INBOX", "INBOX.a", "INBOX.b.c", delimiter=".")), utf8=False)
    assert set(made.known) == {("INBOX",), ("a",), ("b", "c")}
    assert made.wire(("new", "one")) == b"INBOX.new.one"


def test_a_server_that_says_where_its_folders_begin_is_believed() -> None:
    made = tree(listed("INBOX", "INBOX/a"))
    assert set(made.known) == {("INBOX",), ("INBOX", "a")}
    assert made.wire(("new",)) == b"new"


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="."), min_size=1), min_size=1)
)
def test_a_name_goes_to_the_wire_and_back(levels: list[str]) -> None:
    if levels[0].upper() == "INBOX":
        return
    name = tuple(levels)
    wire = tree((), "INBOX.", ".").wire(name)
    back = Folder(wire, "INBOX." + ".".join(name), ".", frozenset())
    assert encoded(back.name) == wire
    assert set(tree((back,), "INBOX.", ".").known) == {name}


@given(st.permutations(["INBOX", "inbox", "INBOX.a", "a", "INBOX.INBOX", "a~", "INBOX.a~"]))
def test_no_folder_is_hidden_by_another(names: list[str]) -> None:
    made = tree(listed(*names, delimiter="."), "INBOX.", ".")
    assert {folder.name for folder in made.known.values()} == set(names)
    assert {made.wire(name).decode() for name in made.known} == set(names)


@pytest.mark.parametrize(
    ("flag", "gmail", "left_out"),
    [
        ("\\all", False, True),
        ("\\all", True, False),
        ("\\flagged", False, True),
        ("\\important", True, True),
        ("\\sent", False, False),
    ],
)
def test_views_of_other_folders_are_left_out_and_named(flag: str, gmail: bool, left_out: bool) -> None:
    made = Tree.of(Listing(listed("x", flags=flag), "", "/"), utf8=False, gmail=gmail)
    (folder,) = made.folders
    assert bool(folder.left_out) == left_out
    assert folder.special_use == {
        "\\all": SpecialUse.ALL,
        "\\flagged": SpecialUse.FLAGGED,
        "\\sent": SpecialUse.SENT,
    }.get(flag)


def test_rules_of_names_count_what_goes_to_the_wire() -> None:
    rules = tree((), "INBOX.", ".").rules
    assert (rules.delimiter, rules.length(("台北", "a"))) == (".", len(b"INBOX.&U,BTFw-.a"))
