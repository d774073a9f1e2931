"""Messages we write ourselves: plain text, Japanese first, then English.

`letter.py` is the letter and its octets, `templates.py` fills the *.j2 files, `post.py` queues it with its deliveries.
`dsn.py` is a report to a sender; `dsn_fields.py` has its fields for machines, `dsn_words.py` its words for people.
"""
