"""IMAP, spoken for the sake of moving mailboxes (RFC 3501, RFC 9051): nothing is guessed, nothing is buffered whole.

From the wire upward: `reading.py` cuts octets into responses, literals streamed; `tokens.py` reads a response's words;
`folder_names.py` writes and reads folder names; `words.py` is what is said of messages and folders.
"""
