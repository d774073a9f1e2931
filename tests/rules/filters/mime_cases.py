"""Messages for the reading of MIME: some that everybody reads alike, some on which readers differ.

`SOUND` and `ODD` are by name; `mime_corpus.py` makes realistic mail as many programs write it.
"""

from filters.mime_entity import Oddity


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def mixed(parts: str, head: str = 'Content-Type: multipart/mixed; boundary="b"') -> bytes:
    return wire(f"From: a@b.example\nMIME-Version: 1.0\n{head}\n\n{parts}")


TEXT = "Content-Type: text/plain\n\nhello\n"
WHOLE = f"--b\n{TEXT}--b--\n"
SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n-----BEGIN PGP SIGNATURE-----\nx\n"

SOUND: dict[str, bytes] = {
    "empty": b"",
    "no header": b"\r\nhello\r\n",
    "header alone": b"Subject: x\r\n",
    "plain": wire("Subject: x\n\nhello\n"),
    "eight bits undeclared": b"Subject: \xe3\x81\x82\r\n\r\n\xe3\x81\x82\xff\r\n",
    "japanese": b'Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$"\x1b(B\r\n',
    "plain with dashes": wire("Subject: x\n\n-- \nsignature\n--- a/file\n+++ b/file\n--b\n"),
    "signed text": wire(f"Subject: x\n\n{SIGNED}"),
    "quoted armour": wire("Subject: x\n\n> -----BEGIN PGP MESSAGE-----\n"),
    "mixed": mixed(WHOLE),
    "bare LF": mixed(WHOLE).replace(b"\r\n", b"\n"),
    "unquoted boundary with equals": mixed(
        WHOLE.replace("--b", "------=_x"), "Content-Type: multipart/mixed; boundary=----=_x"
    ),
    "boundary with a space": mixed(
        WHOLE.replace("--b", "--simple boundary"), 'Content-Type: multipart/mixed; boundary="simple boundary"'
    ),
    "boundary in braces": mixed(WHOLE.replace("--b", "--{1-A}#!"), 'Content-Type: multipart/mixed; boundary="{1-A}#!"'),
    "boundary in capitals": mixed(WHOLE, "CONTENT-TYPE: Multipart/MIXED; BOUNDARY=b"),
    "folded type": mixed(WHOLE, 'Content-Type: multipart/mixed;\n\tcharset=utf-8;\n\tboundary="b"'),
    "semicolons at the end": mixed(WHOLE, 'Content-Type: multipart/mixed; boundary="b";; '),
    "preamble and epilogue": mixed(f"This is MIME.\n{WHOLE}A list's footer\n-- \nbye\n"),
    "white space behind delimiters": mixed(WHOLE.replace("--b\n", "--b \t\n").replace("--b--", "--b-- ")),
    "closed twice": mixed(WHOLE + "--b--\n"),
    "no last line end": mixed(WHOLE)[:-2],
    "header-only part": mixed("--b\nContent-Type: text/plain\n--b--\n"),
    "part without header": mixed("--b\n\nhello\n--b--\n"),
    "empty part": mixed("--b\n\n--b--\n"),
    "empty multipart": mixed(""),
    "multipart of no part": mixed("--b--\n"),
    "broken type": wire("Content-Type: text\n\nhello\n"),
    "empty type": wire("Content-Type:\n\nhello\n"),
    "type without semicolon": wire("Content-Type: text/plain charset=utf-8\n\nhello\n"),
    "type with comment": wire("Content-Type: text/plain; charset=us-ascii (Plain text)\n\nhello\n"),
    "parameters broken in a leaf": wire('Content-Type: text/plain; "utf-8; name=x\n\nhello\n'),
    "the same encoding twice": wire("Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding:  8bit\n\nhello\n"),
    "8-bit with a hyphen": wire("Content-Transfer-Encoding: 8-bit\n\nhello\n"),
    "base64 and its padding": mixed("--b\nContent-Transfer-Encoding: base64\n\nPw=\n=\n\n_____\n--b\n\na=b\n--b--\n"),
    "mbox line": wire("From a@b.example Sun Nov 22 00:00:00 2026\nContent-Type: text/plain\n\nhello\n"),
    "broken line behind Content-": wire("Content-Type: text/plain\nnonsense\nX: y\n\nhello\n"),
    "space before another colon": wire("Subject : x\nContent-Type: text/plain\n\nhello\n"),
    "a name in pieces": mixed('--b\nContent-Type: a/b; name*0="x"; name*1="y"\n\nhello\n--b--\n'),
    "certificates": mixed("--b\nContent-Type: application/pkcs7-mime; smime-type=certs-only\n\nAA==\n--b--\n"),
    "a returned header": mixed(
        "--b\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: multipart/mixed; boundary=c\n\n--b--\n"
    ),
    "a returned message, cut": mixed(
        "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nhel\n--b--\n",
        "Content-Type: multipart/report; boundary=b",
    ),
    "siblings of one boundary": mixed(
        "".join(f"--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n{TEXT}--c--\n" for _ in range(2))
        + "--b--\n"
    ),
    "digest": mixed("--b\n\nSubject: x\n\nhello\n--b--\n", "Content-Type: multipart/digest; boundary=b"),
}


def nested(depth: int) -> bytes:
    opening = "".join(f"--b{level}\nContent-Type: multipart/mixed; boundary=b{level + 1}x\n\n" for level in range(0))
    text = opening + "".join(
        f"Content-Type: multipart/mixed; boundary={level:04}\n\n--{level:04}\n" for level in range(depth)
    )
    return wire(text + TEXT + "".join(f"--{level:04}--\n" for level in reversed(range(depth))))


ODD: dict[str, tuple[bytes, Oddity]] = {
    "base64 behind padding": (wire("Content-Transfer-Encoding: base64\n\nPw==\nPw==\n"), Oddity.BEHIND_PADDING),
    "base64 behind padding in a part": (
        mixed("--b\nContent-Transfer-Encoding: base64\n\nP\nw=\n=Pw==\n--b--\n"),
        Oddity.BEHIND_PADDING,
    ),
    "two types": (wire("Content-Type: text/plain\nContent-Type: text/html\n\nx\n"), Oddity.TWO_FIELDS),
    "two types in a part": (
        mixed("--b\nContent-Type: text/plain\ncontent-type: a/b\n\nx\n--b--\n"),
        Oddity.TWO_FIELDS,
    ),
    "two encodings": (
        wire("Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nx\n"),
        Oddity.TWO_FIELDS,
    ),
    "two boundaries": (mixed(WHOLE, "Content-Type: multipart/mixed; boundary=b; boundary=c"), Oddity.TWO_PARAMETERS),
    "two charsets": (wire("Content-Type: text/plain; charset=utf-8; charset=utf-7\n\nx\n"), Oddity.TWO_PARAMETERS),
    "message/partial": (wire("Content-Type: message/partial; id=1; number=1\n\nx\n"), Oddity.PIECE),
    "message/external-body": (wire("Content-Type: message/external-body; access-type=URL\n\nx\n"), Oddity.ELSEWHERE),
    "no boundary": (mixed(WHOLE, "Content-Type: multipart/mixed"), Oddity.NO_BOUNDARY),
    "empty boundary": (mixed(WHOLE, 'Content-Type: multipart/mixed; boundary=""'), Oddity.NO_BOUNDARY),
    "long boundary": (mixed(WHOLE, f"Content-Type: multipart/mixed; boundary={'x' * 71}"), Oddity.ODD_BOUNDARY),
    "boundary with a control character": (
        mixed(WHOLE, 'Content-Type: multipart/mixed; boundary="b\x01"'),
        Oddity.ODD_BOUNDARY,
    ),
    "boundary of 8 bits": (mixed(WHOLE, "Content-Type: multipart/mixed; boundary=あ"), Oddity.ODD_BOUNDARY),
    "boundary that ends in a space": (
        mixed(WHOLE, 'Content-Type: multipart/mixed; boundary="b "'),
        Oddity.ODD_BOUNDARY,
    ),
    "boundary with a backslash": (
        mixed(WHOLE, r'Content-Type: multipart/mixed; boundary="b\""'),
        Oddity.ODD_PARAMETERS,
    ),
    "boundary folded in its quotes": (
        mixed(WHOLE, 'Content-Type: multipart/mixed; boundary="b\n b"'),
        Oddity.ODD_BOUNDARY,
    ),
    "open quotes": (mixed(WHOLE, 'Content-Type: multipart/mixed; boundary="b'), Oddity.ODD_PARAMETERS),
    "text behind the boundary": (mixed(WHOLE, "Content-Type: multipart/mixed; boundary=b c"), Oddity.ODD_PARAMETERS),
    "comment in a multipart": (mixed(WHOLE, "Content-Type: multipart/mixed; boundary=b (c)"), Oddity.ODD_PARAMETERS),
    "boundary in pieces": (
        mixed(WHOLE, 'Content-Type: multipart/mixed; boundary*0="b"; boundary*1=""'),
        Oddity.SPLIT_BOUNDARY,
    ),
    "boundary encoded": (mixed(WHOLE, "Content-Type: multipart/mixed; boundary*=us-ascii''b"), Oddity.SPLIT_BOUNDARY),
    "multipart of no subtype": (mixed(WHOLE, "Content-Type: multipart; boundary=b"), Oddity.ODD_TYPE),
    "multipart behind a comment": (mixed(WHOLE, "Content-Type: (x) multipart/mixed; boundary=b"), Oddity.ODD_TYPE),
    "multipart with spaces": (mixed(WHOLE, "Content-Type: multipart / mixed; boundary=b"), Oddity.ODD_TYPE),
    "same boundary within": (
        mixed(f"--b\nContent-Type: multipart/mixed; boundary=b\n\n{WHOLE}--b--\n"),
        Oddity.LIKE_BOUNDARY,
    ),
    "longer boundary within": (
        mixed(f"--b\nContent-Type: multipart/mixed; boundary=bc\n\n--bc\n{TEXT}--bc--\n--b--\n"),
        Oddity.LIKE_BOUNDARY,
    ),
    "shorter boundary within": (
        mixed(
            f"--bc\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{TEXT}--b--\n--bc--\n",
            "Content-Type: multipart/mixed; boundary=bc",
        ),
        Oddity.LIKE_BOUNDARY,
    ),
    "line like a boundary": (mixed(f"--b\n{TEXT}--bc\nx\n--b--\n"), Oddity.ODD_DELIMITER),
    "text behind a delimiter": (mixed(f"--b x\n{TEXT}--b--\n"), Oddity.ODD_DELIMITER),
    "never closed": (mixed(f"--b\n{TEXT}"), Oddity.NEVER_CLOSED),
    "never closed within": (
        mixed(f"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n{TEXT}--b--\n"),
        Oddity.NEVER_CLOSED,
    ),
    "never opened": (mixed("hello\n"), Oddity.NEVER_OPENED),
    "opened again": (mixed(WHOLE + f"--b\n{TEXT}--b--\n"), Oddity.REOPENED),
    "encoded multipart": (
        mixed(WHOLE, "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64"),
        Oddity.ENCODED_CONTAINER,
    ),
    "encoded message": (
        mixed("--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\nx\n--b--\n"),
        Oddity.ENCODED_CONTAINER,
    ),
    "unknown encoding": (wire("Content-Transfer-Encoding: x-mine\n\nx\n"), Oddity.UNKNOWN_ENCODING),
    "base64 with a comment": (wire("Content-Transfer-Encoding: base64 (x)\n\nx\n"), Oddity.UNKNOWN_ENCODING),
    "NUL in a header": (b"Subject: a\0b\r\n\r\nx\r\n", Oddity.CONTROL_IN_HEADER),
    "bare CR in a header": (b"Subject: a\rContent-Type: text/html\r\n\r\nx\r\n", Oddity.CONTROL_IN_HEADER),
    "type behind nonsense": (wire("Subject: x\nnonsense\nContent-Type: text/html\n\nx\n"), Oddity.BROKEN_HEADER),
    "type behind a line of spaces": (wire("Subject: x\n \nContent-Type: text/html\n\nx\n"), Oddity.BROKEN_HEADER),
    "uuencoded behind nonsense": (wire("Subject: x\nbegin 644 a\n#0V%T\n`\nend\n\nx\n"), Oddity.BROKEN_HEADER),
    "uuencoded behind spaces": (wire("Subject: x\n \nbegin 644 a\n#0V%T\n`\nend\n"), Oddity.BROKEN_HEADER),
    "a report alone": (wire("Content-Type: message/delivery-status\n\nx\n"), Oddity.WHOLLY_MESSAGE),
    "an encoded message/x-mine": (
        wire("Content-Type: message/x-mine\nContent-Transfer-Encoding: base64\n\nPw==\n"),
        Oddity.WHOLLY_MESSAGE,
    ),
    "message/x-mine in a message": (
        mixed("--b\nContent-Type: message/rfc822\n\nContent-Type: message/x-mine\n\nx\n--b--\n"),
        Oddity.WHOLLY_MESSAGE,
    ),
    "type that begins with a fold": (wire(" x: y\nContent-Type: text/html\n\nx\n"), Oddity.BROKEN_HEADER),
    "space before the colon": (wire("Content-Type : text/html\n\nx\n"), Oddity.SPACED_FIELD),
    "long field": (wire(f"Content-Type: text/html; x={'y' * 9000}\n\nx\n"), Oddity.LONG_FIELD),
    "long header": (wire(f"Subject: {'y' * 300_000}\n\nx\n"), Oddity.LONG_HEADER),
    "header without end": (b"Subject: x\r\n" * 30_000, Oddity.LONG_HEADER),
    "depth 500": (nested(500), Oddity.DEEP),
    "messages in messages": (wire("Content-Type: message/rfc822\n\n" * 100 + "x\n"), Oddity.DEEP),
    "many parts": (mixed("--b\n\nx\n" * 1500 + "--b--\n"), Oddity.MANY_PARTS),
    "enveloped": (wire("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAA\n"), Oddity.SMIME),
    "opaquely signed": (wire("Content-Type: application/x-pkcs7-mime; name=smime.p7m\n\nAA\n"), Oddity.SMIME),
    "PGP/MIME": (
        mixed(
            "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\n\nx\n--b--\n",
            "Content-Type: multipart/encrypted; boundary=b",
        ),
        Oddity.PGP,
    ),
    "PGP in the text": (wire("Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhQ\n"), Oddity.PGP),
    "encrypted and odd": (
        wire("Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--bc\n"),
        Oddity.ODD_DELIMITER,
    ),
}
