"""Moving what one subscriber owns: mailboxes in and out of the formats and stores they live in.

`maildir` delivers into Maildir folders and counts what they hold.
"""
