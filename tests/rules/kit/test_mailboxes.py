"""Mailboxes opened for a move: what their files are told of the other side."""

from pathlib import Path

import pytest

from mailsvc.kit.mailbox_urls import parse_mailbox
from mailsvc.kit.mailboxes import Side, _target
from migrator.mailbox import INBOX, MailboxRefused, MailFolder


@pytest.mark.parametrize("kind", ["zip", "mbox"])
async def test_what_was_begun_by_its_owner_is_gone_on_with_by_a_master_user_and_not_for_others(
    kind: str, tmp_path: Path
) -> None:
    files = Side(parse_mailbox(f"{kind}:{tmp_path}/box.{kind}"))

    async def begun(source: str) -> None:
        target = await _target(files, Side(parse_mailbox(source)))
        try:
            await target.make([MailFolder(INBOX)])
        finally:
            await target.close()

    await begun("imaps://hanako@old.example")
    await begun("imaps://master@old.example?authz=hanako")
    with pytest.raises(MailboxRefused, match=r"a move from imaps://hanako@old\.example:993: run that one"):
        await begun("imaps://master@old.example?authz=jiro")
