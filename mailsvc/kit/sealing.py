"""Secrets of jobs sealed at rest: AES-256-GCM, by keys in a file that only its owner may read.

    sealer = Sealer.open(folder / "secrets.keys")        # made at first use, mode 600
    sealed = sealer.seal(secret, job=job.id, side="source")
    secret = sealer.unseal(sealed, job=job.id, side="source")

A sealed secret opens for its own job and side alone: moved to another row, it does not open. The file holds a key a
line, in base64; the first one seals, all of them unseal. To change the key, put a new first line
(`openssl rand -base64 32`), and take the old one away when the jobs from before have ended: their secrets are erased
then. Raises BadSecret for a file that cannot be used, and for what is not sealed by any of its keys.
"""

import base64
import binascii
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailsvc.kit.secrets import BadSecret, Secret

KEY = 32  # octets
_FORM = b"\x01"  # of what is sealed: this octet, four of the key's name, the nonce, the sealed text with its tag
_NAME = 4
_NONCE = 12  # octets, random: one key seals 2^32 secrets before two meet with any likelihood (NIST SP 800-38D 8.3)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_GIVE = "give the secret to the job again"


class Sealer:
    """Seals by the first of its keys and unseals by each of them."""

    def __init__(self, keys: Sequence[bytes], randomness: Callable[[int], bytes] = os.urandom) -> None:
        if not keys or any(len(key) != KEY for key in keys):
            raise ValueError(f"sealing needs keys of {KEY} octets")
        self._keys = {_name(key): AESGCM(key) for key in reversed(keys)}
        self._first = _name(keys[0])
        self._random = randomness

    @classmethod
    def open(cls, path: Path) -> Self:
        """By the keys of a file, made with one key where there is none. Raises BadSecret."""
        try:
            if not path.exists():
                _make(path)
            with path.open("rb") as opened:
                mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
                lines = opened.read(64 * 1024).split()
        except OSError as error:
            raise BadSecret(f"{path} can neither be read nor made ({error.strerror})", "correct the path") from None
        if mode & _OTHERS:
            raise BadSecret(f"{path} may be read by others (mode {mode:03o})", f"chmod 600 {path}")
        keys = [_key(line) for line in lines]
        good = [key for key in keys if key is not None]
        if not good or len(good) != len(keys):
            raise BadSecret(f"{path} holds something else than keys", "write one a line: `openssl rand -base64 32`")
        return cls(good)

    def seal(self, secret: Secret, *, job: str, side: str) -> bytes:
        """The secret, for the rows of this job and side."""
        nonce = self._random(_NONCE)
        text = secret.reveal().encode("utf-8", "surrogatepass")
        return _FORM + self._first + nonce + self._keys[self._first].encrypt(nonce, text, _bound(job, side))

    def unseal(self, sealed: bytes, *, job: str, side: str) -> Secret:
        """What was sealed for this job and side. Raises BadSecret."""
        head = len(_FORM) + _NAME
        key = self._keys.get(sealed[len(_FORM) : head])
        if not sealed.startswith(_FORM) or key is None:
            raise BadSecret("the key that sealed a secret of this job is not there", f"put it back, or {_GIVE}")
        try:
            text = key.decrypt(sealed[head : head + _NONCE], sealed[head + _NONCE :], _bound(job, side))
        except (InvalidTag, ValueError):
            raise BadSecret("a secret of this job does not open: it was changed, or is of another job", _GIVE) from None
        return Secret(text.decode("utf-8", "surrogatepass"))


def _bound(job: str, side: str) -> bytes:
    return f"lastpost job {job} {side}".encode()


def _name(key: bytes) -> bytes:
    """By what a key is known; says nothing of it."""
    return hashlib.sha256(b"lastpost key " + key).digest()[:_NAME]


def _key(line: bytes) -> bytes | None:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        return None
    return key if len(key) == KEY else None


def _make(path: Path) -> None:
    """A file with one new key, whole or not at all; of two that make it at once, both read the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 600
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(base64.b64encode(os.urandom(KEY)) + b"\n")
            made.flush()
            os.fsync(made.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
