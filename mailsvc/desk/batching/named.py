"""What could not be moved of a mailbox that is done, in Japanese and English: from its receipt.

    for text in named_of(receipt): text.in_("ja")

Numbers are told in both languages. Why a server refuses a message or a folder is its own word: it stands in quotes, as
the receipt has it. At most `NAMED` are told; the receipt has them all. Never fails.
"""

# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Iterator

from migrator.receipts.reading import BadReceipt
from migrator.receipts.receipt import FolderReceipt, NotCounted, Receipt
from migrator.receipts.signing import verified
from migrator.steps.reckoning import findings_of
from schedules.text import Text

NAMED = 50  # of one mailbox


def named_of(text: str) -> tuple[Text, ...]:
    """What a signed receipt names, a sentence each."""
    try:
        receipt, _ = verified(text)
    except (BadReceipt, NotCounted) as error:
        return (Text(f"明細を読み取れません。記録（原文）：「{error}」", f"its receipt cannot be read: {error}"),)
    said = tuple(said_of(receipt))
    if len(said) <= NAMED:
        return said
    more = len(said) - NAMED
    return (*said[:NAMED], Text(f"ほかに {more} 件あります（明細に記載）。", f"and {more} more, in its receipt"))


def said_of(receipt: Receipt) -> Iterator[Text]:
    """All that a receipt names."""
    counted = set[str]()
    for folder in receipt.folders:
        name = "/".join(folder.folder)
        for one in folder.refused:
            what = f"{name}：メッセージ {one.uid} を移せませんでした。理由（原文）：「{one.why}」"
            yield Text(what, f"{name}: message {one.uid} could not be moved: “{one.why}”")
        counted.update(findings_of(folder))
        yield from _unclear(name, folder)
    for finding in receipt.findings:
        if finding not in counted:
            yield Text(f"ご確認ください。記録（原文）：「{finding}」", f"look at: “{finding}”")
    for name, why in receipt.left_out.items():
        yield Text(f"{name}：移行の対象外です。理由（原文）：「{why}」", f"{name}: left out: “{why}”")


def _unclear(name: str, one: FolderReceipt) -> Iterator[Text]:
    if one.never_shown:
        yield Text(
            f"{name}：移行元にある {one.counted} 通のうち {one.never_shown} 通を読み出せませんでした。",
            f"{name}: the source counts {one.counted} messages, and never showed {one.never_shown} of them",
        )
    if one.no_longer_there:
        yield Text(
            f"{name}：移したメールのうち {one.no_longer_there} 通が、移行先に見当たりません。",
            f"{name}: {one.no_longer_there} messages that were put into the target are there no more",
        )
    if one.changed:
        yield Text(
            f"{name}：{one.changed} 通の内容が、移行先で元のメールと異なっています。",
            f"{name}: {one.changed} messages have other octets in the target than were sent: it changes them",
        )
