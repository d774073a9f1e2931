"""Maildirs as mailboxes: `MaildirSource` is read and never changed, `MaildirTarget` takes what is put into it.

    source = MaildirSource(Path("/srv/mail/hanako"))
    target = MaildirTarget(Path("/backup/hanako"), move="maildir:/srv/mail/hanako")

`maildir_source` and `maildir_target` say what they keep and how they fail; below them stand `maildir_folders` (names on
disk), `maildir_listing` (what is there), `maildir_octets` (reading), `maildir_storing` (writing), `maildir_keywords`.
Delivery into Maildirs by the gateway is `migrator.maildir`.
"""

from migrator.maildir_source import MaildirSource
from migrator.maildir_target import MaildirTarget

__all__ = ["MaildirSource", "MaildirTarget"]
