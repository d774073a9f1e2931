"""Receipts of moves: signed by a key of ours, and verified by anybody.

    text = signed_line(receipt, key)
    checked = verify(file, key)

Fails: `Refused` for a key or file that cannot be read; a receipt that is not what it claims is no
failure but a finding.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mailsvc.desk.refusals import Refused
from mailsvc.kit.printable import json_printable
from migrator.receipts.reading import BadReceipt
from migrator.receipts.receipt import Receipt
from migrator.receipts.signing import BadKey, public_key, public_pem, signed, signing_key, verified

_LIMIT = 1 << 30  # octets


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt file is: `problem` says what is wrong with it, else it is whole, and says what was moved."""

    problem: str = ""
    receipt: Receipt | None = None
    signer: str = ""  # SHA-256 of the public key in PEM form, in hex
    trusted: bool = False  # it is signed by the key that was asked for


def signed_line(receipt: Receipt, key: Path) -> str:
    """The receipt with its signature as JSON in one line. Raises Refused for a key that cannot be used."""
    try:
        text = signed(receipt, signing_key(key))
    except BadKey as bad:
        raise Refused(
            str(bad), "the move itself is done: mend the key, and run the same again for its receipt"
        ) from None
    return json_printable(json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False))


def verify(file: Path, key: Path | None) -> Checked:
    """Look whether a receipt is as it was signed, by the public key in `key` where one is given. Raises Refused."""
    trusted = _trusted(key) if key is not None else None
    try:
        receipt, signer = verified(_text(file), trusted=trusted)
    except BadReceipt as bad:
        return Checked(problem=str(bad))
    return Checked("", receipt, hashlib.sha256(public_pem(signer).encode("ascii")).hexdigest(), trusted is not None)


def _trusted(key: Path) -> Ed25519PublicKey:
    try:
        return public_key(key.read_bytes())
    except BadKey as bad:
        raise Refused(f"{key}: {bad}", "name a file with an Ed25519 public key in PEM form") from None


def _text(file: Path) -> str:
    """A receipt, or the array of one that the command line prints."""
    with file.open("rb") as opened:
        octets = opened.read(_LIMIT)
    try:
        text = octets.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadReceipt("it is no text") from None
    return text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text
