"""The replies that belong to the conversation itself and judge no message; verdicts speak through `filters.replies`.

Constants only. The banner, EHLO's answer and 354 carry no enhanced code (RFC 2034 4).
"""

from typing import Final

from filters.replies import Reply

OK: Final = Reply(250, "2.0.0", "OK", "RFC 5321 4.2.2")
SENDER_OK: Final = Reply(250, "2.1.0", "Sender OK", "RFC 3463 3.2")
GO_AHEAD: Final = Reply(354, "", "End data with <CR><LF>.<CR><LF>", "RFC 5321 4.1.1.4")
GOODBYE: Final = Reply(221, "2.0.0", "Bye", "RFC 5321 4.1.1.10")
CANNOT_VERIFY: Final = Reply(252, "2.0.0", "Cannot verify; send mail and see", "RFC 5321 3.5.3")
HELP: Final = Reply(214, "2.0.0", "See RFC 5321", "RFC 5321 4.1.1.8")
START_TLS: Final = Reply(220, "2.0.0", "Ready to start TLS", "RFC 3207 4")

UNKNOWN_COMMAND: Final = Reply(500, "5.5.2", "Command not recognised", "RFC 5321 4.2.4")
LINE_TOO_LONG: Final = Reply(500, "5.5.2", "Command line too long", "RFC 5321 4.5.3.1.9")
NOT_IMPLEMENTED: Final = Reply(502, "5.5.1", "Command not implemented", "RFC 5321 4.2.4")
NO_ARGUMENT: Final = Reply(501, "5.5.4", "This command takes no argument", "RFC 5321 4.3.2")
SYNTAX_HELO: Final = Reply(501, "5.5.4", "Syntax: EHLO hostname", "RFC 5321 4.1.1.1")
SYNTAX_MAIL: Final = Reply(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]", "RFC 5321 4.1.1.2")
SYNTAX_RCPT: Final = Reply(501, "5.5.4", "Syntax: RCPT TO:<address>", "RFC 5321 4.1.1.3")
SYNTAX_BDAT: Final = Reply(501, "5.5.4", "Syntax: BDAT octets [LAST]", "RFC 3030 2")
SYNTAX_VRFY: Final = Reply(501, "5.5.4", "Syntax: VRFY text", "RFC 5321 4.1.1.6")
BAD_PARAMETER: Final = Reply(501, "5.5.4", "Bad parameter", "RFC 5321 4.1.1.11")
UNKNOWN_MAIL_PARAMETER: Final = Reply(555, "5.5.4", "MAIL parameter not recognised", "RFC 5321 4.1.1.11")
UNKNOWN_RCPT_PARAMETER: Final = Reply(555, "5.5.4", "RCPT parameter not recognised", "RFC 5321 4.1.1.11")
BAD_SENDER: Final = Reply(501, "5.1.7", "Bad sender address", "RFC 3463 3.2")
BAD_RECIPIENT: Final = Reply(501, "5.1.3", "Bad recipient address", "RFC 3463 3.2")
NOT_UTF8: Final = Reply(501, "5.5.2", "The command is not UTF-8", "RFC 6531 3.3")
NEEDS_SMTPUTF8: Final = Reply(553, "5.6.7", "This address needs the SMTPUTF8 parameter", "RFC 6531 3.5")

HELO_FIRST: Final = Reply(503, "5.5.1", "Send EHLO first", "RFC 5321 4.1.4")
MAIL_FIRST: Final = Reply(503, "5.5.1", "Send MAIL first", "RFC 5321 4.1.4")
NESTED_MAIL: Final = Reply(503, "5.5.1", "Sender already given", "RFC 5321 4.1.4")
NO_RECIPIENTS: Final = Reply(554, "5.5.1", "No valid recipients", "RFC 5321 3.3")
IN_BDAT: Final = Reply(503, "5.5.1", "Finish with BDAT LAST, or send RSET", "RFC 3030 2")
NO_TLS: Final = Reply(502, "5.5.1", "TLS is not offered", "RFC 3207 4.1")
TLS_ALREADY: Final = Reply(503, "5.5.1", "TLS is already active", "RFC 3207 4.2")
TLS_INJECTION: Final = Reply(554, "5.5.1", "Commands were sent after STARTTLS in clear; they are refused", "RFC 3207 6")
NOT_SERVED: Final = Reply(550, "5.7.1", "This listener does not serve you", "RFC 5321 3.6.2")

TIMEOUT: Final = Reply(421, "4.4.2", "Timed out waiting for you; closing", "RFC 5321 4.5.3.2.7")
TOO_MANY_ERRORS: Final = Reply(421, "4.7.0", "Too many errors; closing", "RFC 5321 3.8")
TURNED_AWAY: Final = Reply(554, "5.7.1", "This listener does not serve you", "RFC 5321 3.1")
NO_MAIL: Final = Reply(421, "4.7.0", "Too many commands that lead to no mail; closing", "RFC 5321 3.8")
BAD_SEQUENCE: Final = Reply(503, "5.5.1", "No service here; send QUIT", "RFC 5321 3.1")
BROKEN: Final = Reply(421, "4.3.0", "Local error; closing", "RFC 5321 3.8")

# What a sound client never causes, whatever mail it carries; too many end the session.
MISTAKES: Final = frozenset(
    {
        UNKNOWN_COMMAND,
        LINE_TOO_LONG,
        NOT_IMPLEMENTED,
        NO_ARGUMENT,
        SYNTAX_HELO,
        SYNTAX_MAIL,
        SYNTAX_RCPT,
        SYNTAX_BDAT,
        SYNTAX_VRFY,
        BAD_PARAMETER,
        UNKNOWN_MAIL_PARAMETER,
        UNKNOWN_RCPT_PARAMETER,
        NOT_UTF8,
        HELO_FIRST,
        MAIL_FIRST,
        NESTED_MAIL,
        NO_TLS,
        TLS_ALREADY,
        NOT_SERVED,
        BAD_SEQUENCE,
    }
)
