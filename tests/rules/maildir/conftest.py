"""A mailbox that does not exist yet."""

from pathlib import Path

import pytest

from migrator.maildir.delivery import MaildirBox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "closing.example" / "hanako"


@pytest.fixture
def box(root: Path) -> MaildirBox:
    return MaildirBox(root, host="mx", base=root.parent.parent)
