"""POP3: a maildrop that is read, and never changed.

`source.Pop3Source` is a `migrator.mailbox.Source` with one folder, INBOX. A message is known by its UIDL; DELE is never
sent. How to log in and where is said as for IMAP (`migrator.imap.login`, `migrator.imap.session.Server`).
"""
