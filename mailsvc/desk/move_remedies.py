"""What to do where a mailbox does not let us in, in the words of the URL that was typed.

    raise Refused(str(error), remedy(error))

Fails: never; where nothing better is known, it says that what is settled stays settled.
"""

from migrator.imap.errors import Declined, NotImap, NoTls, Untrusted
from migrator.imap.login import NoWay

_AGAIN = "then run the same command again"
_AMEND = f"put it right, {_AGAIN}: what is settled stays settled"
_BY_CODE = {  # RFC 5530
    "AUTHORIZATIONFAILED": "name a user who may open this mailbox in front of the @, or correct `?authz=`",
    "EXPIRED": "the secret has expired: put a new one into its file",
    "PRIVACYREQUIRED": "write imaps://, or imap:// without `?tls=none`",
    "CONTACTADMIN": "ask whoever runs that server to let this user in by IMAP",
}


def remedy(error: BaseException) -> str:
    """What to do about a mailbox that said no for good: by what its server said, which is the cause of `error`."""
    known = _known(error.__cause__)
    return f"{known}, {_AGAIN}" if known else _AMEND


def _known(cause: BaseException | None) -> str:
    match cause:
        case Untrusted():
            return "name the CA certificates that vouch for it by `?ca=FILE`, or write the host as its certificate does"
        case NotImap():
            return "write imap:// where the port begins in clear (143, STARTTLS), imaps:// where it is TLS (993)"
        case NoTls():
            return "write a port at which it speaks TLS 1.2 or newer"
        case NoWay():
            return "write the URL as its provider lets programs in (imaps://, imap://, `?auth=token`)"
        case Declined(command=command, code=code) if command.startswith(("LOGIN", "AUTHENTICATE")):
            return _BY_CODE.get(code, "look at the user in the URL and at the secret")
        case _:
            return ""
