"""Receipts signed (Ed25519), and signatures verified.

    key = signing_key(folder / "receipts.pem")      # made at first use, mode 0600
    text = signed(receipt, key)
    receipt, signer = verified(text, trusted=public_key(Path("provider.pem").read_bytes()))

The public key rides in the file. It alone shows that nothing was changed since; who signed is shown only by `trusted`,
a key that came another way. What is signed are the octets of `Receipt.to_json`, whatever blanks or order the file has.
Raises BadKey, and BadReceipt for what was changed, signed by another, or never a receipt.
"""

import base64
import contextlib
import json
import os
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from migrator.receipts.reading import BadReceipt, receipt_from
from migrator.receipts.receipt import NotCounted, Receipt

_ALGORITHM = "Ed25519"


class BadKey(ValueError):
    """A key cannot be read, made or used; the message says which and why."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path`, made there where there is none; of two processes that make it, both get the same."""
    try:
        if not path.exists():
            _make(path)
        key = load_pem_private_key(_private(path), password=None)
    except BadKey:
        raise
    except OSError as error:
        raise BadKey(f"the key {path} can neither be read nor made: {error.strerror or error}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"{path} holds no private key without a password: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} holds a key of another kind than Ed25519")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """The public key in a PEM file, which may hold the private one instead."""
    try:
        if b"PRIVATE KEY" in pem:
            private = load_pem_private_key(pem, password=None)
            key = private.public_key() if isinstance(private, Ed25519PrivateKey) else None
        else:
            read = load_pem_public_key(pem)
            key = read if isinstance(read, Ed25519PublicKey) else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("it holds no key in PEM form") from None
    if key is None:
        raise BadKey("it holds a key of another kind than Ed25519")
    return key


def public_pem(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The public key as a PEM file: what is handed to whoever is to verify receipts."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def signed(receipt: Receipt, key: Ed25519PrivateKey) -> str:
    """The receipt and its signature, as one JSON object with sorted keys."""
    text = receipt.to_json()
    signature = {
        "algorithm": _ALGORITHM,
        "public_key": _written(_raw(key.public_key())),
        "value": _written(key.sign(text.encode("ascii"))),
    }
    return json.dumps({"receipt": json.loads(text), "signature": signature}, indent=1, sort_keys=True)


def verified(text: str, *, trusted: Ed25519PublicKey | None = None) -> tuple[Receipt, Ed25519PublicKey]:
    """The receipt and who signed it; it adds up, and is as it was signed, by `trusted` where that is given."""
    tree = _tree(text)
    if tree.keys() - {"receipt", "signature"}:
        raise BadReceipt("it says more than was signed")
    signer, value = _signature(tree.get("signature"))
    if trusted is not None and _raw(trusted) != _raw(signer):
        raise BadReceipt("it is signed by another key than the one given")
    told = json.dumps(tree.get("receipt"), sort_keys=True, separators=(",", ":"))
    try:
        signer.verify(value, told.encode("ascii"))
        return receipt_from(tree.get("receipt")), signer
    except InvalidSignature:
        raise BadReceipt("it is not as it was signed") from None
    except NotCounted as error:
        raise BadReceipt(f"it does not add up: {error}") from None


def _private(path: Path) -> bytes:
    """A file's octets. Raises BadKey where others than its owner may read or write it."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadKey(f"the key {path} is open to others (mode {mode:03o}): chmod 600 {path}")
        return file.read()


def _make(path: Path) -> None:
    """Write a new key, whole and synced, under `path`; whoever was first has made it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        _sync(path.parent)
    finally:
        Path(new).unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tree(text: str) -> dict[str, object]:
    try:
        tree = json.loads(text, object_pairs_hook=_once)
    except (RecursionError, ValueError):
        raise BadReceipt("it is no JSON, or says something twice") from None
    if not isinstance(tree, dict):
        raise BadReceipt("it is no signed receipt")
    return tree


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no key stands twice, so that nobody reads another receipt in it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _signature(told: object) -> tuple[Ed25519PublicKey, bytes]:
    if not isinstance(told, dict) or told.get("algorithm") != _ALGORITHM:
        raise BadReceipt(f"it has no signature by {_ALGORITHM}")
    try:
        raw = base64.b64decode(str(told.get("public_key")), validate=True)
        return Ed25519PublicKey.from_public_bytes(raw), base64.b64decode(str(told.get("value")), validate=True)
    except ValueError:
        raise BadReceipt("its signature cannot be read") from None


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _written(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
