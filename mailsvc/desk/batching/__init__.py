"""Many mailboxes moved by one file: read and checked as a whole, asked for once, and reported.

`columns.py` says what a file holds, `lines.py` reads one row, `importing.py` is the act; `report.py` gathers what came
of a batch, `report_csv.py` and `report_page.py` write it, `reason_words.py` says why and what to do.
"""
