"""Messages signed with a key of the tests, and the DNS in which it stands."""

from base64 import b64encode
from functools import lru_cache

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MESSAGE = b"From: Taro <taro@author.example>\r\nTo: hanako@closing.example\r\nSubject: hello\r\n\r\nhello\r\n"


@lru_cache(maxsize=1)
def _key() -> tuple[bytes, str]:
    key = rsa.generate_private_key(65537, 1024)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, b64encode(public).decode()


def signed(domain: str, message: bytes = MESSAGE, *, selector: str = "sel") -> bytes:
    """The message with a DKIM signature of this domain in front."""
    signature = dkim.sign(message, selector.encode(), domain.encode(), _key()[0], include_headers=[b"from", b"subject"])
    return bytes(signature) + message


def key_record() -> str:
    """The TXT record of the key."""
    return f"v=DKIM1; k=rsa; p={_key()[1]}"
