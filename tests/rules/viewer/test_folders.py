import pytest

from migrator.mailbox import FolderName, SpecialUse
from migrator.viewer.folders import Kind, kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (("INBOX",), "inbox"),
        (("送信済み",), "sent"),
        (("送信済みアイテム",), "sent"),
        (("Sent Items",), "sent"),
        (("INBOX", "Sent"), "sent"),
        (("[Gmail]", "送信済みメール"), "sent"),
        (("下書き",), "drafts"),
        (("ごみ箱",), "trash"),
        (("ゴミ箱",), "trash"),
        (("Deleted Items",), "trash"),
        (("迷惑メール",), "junk"),
        (("ＳＰＡＭ",), "junk"),
        (("アーカイブ",), "archive"),
    ],
)
def test_folders_that_everybody_has_are_known_by_their_names(name: tuple[str, ...], kind: str) -> None:
    assert kinds({name: None}) == {name: Kind(kind, named=True)}


@pytest.mark.parametrize("name", [("仕事",), ("仕事", "Sent"), ("Sentinel",), ("Inbox2",)])
def test_other_folders_are_not(name: tuple[str, ...]) -> None:
    assert kinds({name: None}) == {}


def test_what_a_source_announced_goes_before_names() -> None:
    folders: dict[FolderName, SpecialUse | None] = {
        ("Sent",): None,
        ("控え",): SpecialUse.SENT,
        ("ごみ箱",): SpecialUse.TRASH,
        ("下書き",): None,
    }
    assert kinds(folders) == {
        ("控え",): Kind("sent", named=False),
        ("ごみ箱",): Kind("trash", named=True),
        ("下書き",): Kind("drafts", named=True),
    }
