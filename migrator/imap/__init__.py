"""IMAP, spoken for the sake of moving mailboxes (RFC 3501, RFC 9051): nothing is guessed, nothing is buffered whole.

The doors are `source.py` (ImapSource), `target.py` (ImapTarget) and what they are opened with: `sessions.py` (Access),
`session.py` (Server, Security), `login.py` (Password, Token). From the wire upward:

`reading.py` cuts octets into responses, literals streamed; `tokens.py` and `words.py` read them; `wire.py`, `line.py`
carry commands, pipelined, and `waiting.py` says for how long; `session.py` logs in. `folders.py`, `namespaces.py`,
`tree.py` are a mailbox's folders, `making.py` makes them. `streaming.py`, `fetching.py`, `doubts.py`, `breaks.py`,
`searching.py` read; `senders.py`, `appending.py`, `keywords.py`, `storing.py` put them; `quota.py`, `usage.py` ask how
full a mailbox is. `telling.py` says what goes wrong in the words of `migrator.mailbox`.
"""
