"""What a report names of a mailbox that is done: numbers as sentences of both languages, servers' words as they are."""

from datetime import UTC, datetime
from pathlib import Path

from mailsvc.desk.batching.named import NAMED, named_of
from migrator.receipts.receipt import FolderReceipt, Named, Receipt
from migrator.receipts.signing import signed, signing_key
from migrator.steps.reckoning import findings_of
from schedules.text import Language

AT = datetime(2026, 11, 22, tzinfo=UTC)
BIG = Named(7, "[TOOBIG] Message size exceeds 上限")
UNMADE = "下書き: the target does not make its folder: no such name"
FOLDERS = (
    FolderReceipt(folder=("INBOX", "仕事"), into=("A",), found=3, copied=2, refused=(BIG,), no_longer_there=1),
    FolderReceipt(folder=("送信済み",), into=("B",), found=0, counted=2, never_shown=2),
    FolderReceipt(folder=("控え",), into=("C",), found=4, copied=4, changed=3),
)
RECEIPT = Receipt(
    source="old",
    target="new",
    began=AT,
    ended=AT,
    folders=FOLDERS,
    findings=(*(finding for one in FOLDERS for finding in findings_of(one)), UNMADE),
    left_out={"Shared": "it is in a shared namespace"},
)


def told(receipt: Receipt, folder: Path, language: Language) -> list[str]:
    text = signed(receipt, signing_key(folder / "key.pem"))
    return [one.in_(language) for one in named_of(text)]


def test_what_could_not_be_moved_is_told_in_japanese(tmp_path: Path) -> None:
    assert told(RECEIPT, tmp_path, "ja") == [
        "INBOX/仕事：メッセージ 7 を移せませんでした。理由（原文）：「[TOOBIG] Message size exceeds 上限」",
        "INBOX/仕事：移したメールのうち 1 通が、移行先に見当たりません。",
        "送信済み：移行元にある 2 通のうち 2 通を読み出せませんでした。",
        "控え：3 通の内容が、移行先で元のメールと異なっています。",
        f"ご確認ください。記録（原文）：「{UNMADE}」",
        "Shared：移行の対象外です。理由（原文）：「it is in a shared namespace」",
    ]


def test_what_could_not_be_moved_is_told_in_english_by_the_receipts_own_sentences(tmp_path: Path) -> None:
    assert told(RECEIPT, tmp_path, "en") == [
        "INBOX/仕事: message 7 could not be moved: “[TOOBIG] Message size exceeds 上限”",
        *RECEIPT.findings[:3],
        f"look at: “{UNMADE}”",
        "Shared: left out: “it is in a shared namespace”",
    ]


def test_of_many_messages_some_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    many = tuple(Named(uid, "no") for uid in range(1, NAMED + 31))
    folder = FolderReceipt(folder=("INBOX",), into=("INBOX",), found=len(many), refused=many)
    lines = told(Receipt(source="a", target="b", began=AT, ended=AT, folders=(folder,)), tmp_path, "ja")
    assert len(lines) == NAMED + 1
    assert lines[-1] == "ほかに 30 件あります（明細に記載）。"


def test_a_receipt_that_cannot_be_read_is_told() -> None:
    (text,) = named_of("{}")
    assert text.ja.startswith("明細を読み取れません。")
    assert text.en.startswith("its receipt cannot be read: ")
