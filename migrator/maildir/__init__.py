"""Maildirs: mail as files, put there by the gateway (`delivery.py`) or by a move (`source.py`, `target.py`).

    box = MaildirBox(Path("/srv/mail/hanako"), ...)
    source = MaildirSource(Path("/srv/mail/hanako"))
    target = MaildirTarget(Path("/backup/hanako"), move="maildir:/srv/mail/hanako")

`names.py`, `folders.py` are folders on disk, `listing.py` what is in them; `octets.py` reads, `storing.py` writes;
`keywords.py`, `subscriptions.py`, `box.py`, `lock.py` are what Dovecot keeps beside the mail; `usage.py` counts, and
`room.py` tells what its quota lets in. What is common to mailboxes on this disk is in `migrator/disk/`.
"""
