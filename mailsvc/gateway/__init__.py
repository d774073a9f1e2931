"""SMTP in: an aiosmtpd server mended for serious use, and a message's life from RCPT to the 250 (`life.py`)."""
