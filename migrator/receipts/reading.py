"""A receipt read again from its JSON: it must add up as much as when it was made.

    receipt = receipt_from(tree)      # what json.loads gave

Raises BadReceipt for what is no receipt of this format, NotCounted for one that does not add up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from migrator.mailbox import FolderName
from migrator.receipts.receipt import FORMAT, FolderReceipt, Named, Receipt

T = TypeVar("T")


class BadReceipt(ValueError):
    """It is no receipt, or not as it was signed; the message says why."""


def receipt_from(tree: object) -> Receipt:
    """Make the receipt that `tree` tells of."""
    told = _mapping(tree)
    if told.get("format") != FORMAT:
        raise BadReceipt(f"it is of format {told.get('format')!r}, and this program reads format {FORMAT}")
    return Receipt(
        source=_of(told, "source", str),
        target=_of(told, "target", str),
        began=_moment(_of(told, "began", str)),
        ended=_moment(_of(told, "ended", str)),
        folders=tuple(_folder(_mapping(one)) for one in _of(told, "folders", list)),
        left_out={name: _is(why, str) for name, why in _mapping(told.get("left_out")).items()},
        findings=_texts(told, "findings"),
        independent=_pair(told.get("independent")),
        read_back=_of(told, "read_back", bool),
    )


def _folder(told: Mapping[str, object]) -> FolderReceipt:
    return FolderReceipt(
        folder=_name(told, "folder"),
        into=_name(told, "into"),
        found=_of(told, "found", int),
        copied=_of(told, "copied", int),
        already_there=_of(told, "already_there", int),
        possible_duplicates=_named(told, "possible_duplicates"),
        refused=_named(told, "refused"),
        vanished=_named(told, "vanished"),
        octets=_of(told, "octets", int),
        digest=_of(told, "digest", str),
        counted=_of(told, "counted", (int, type(None))),
        never_shown=_of(told, "never_shown", int),
        in_target=_of(told, "in_target", (int, type(None))),
        no_longer_there=_of(told, "no_longer_there", int),
        changed=_of(told, "changed", int),
        notes=_texts(told, "notes"),
    )


def _named(told: Mapping[str, object], key: str) -> tuple[Named, ...]:
    ones = [_mapping(one) for one in _of(told, key, list)]
    return tuple(Named(_of(one, "uid", int), _of(one, "why", str), _of(one, "size", (int, type(None)))) for one in ones)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadReceipt("something of it is no object where one is expected")
    return value


def _of(told: Mapping[str, object], key: str, kind: type[T] | tuple[type[T], type[None]]) -> T:
    if key not in told:
        raise BadReceipt(f"it has no {key}")
    return _is(told[key], kind, key)


def _is(value: object, kind: type[T] | tuple[type[T], type[None]], key: str = "text") -> T:
    wanted = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in wanted:  # a boolean is no number here
        raise BadReceipt(f"its {key} cannot be {value!r:.40}")
    return value  # type: ignore[return-value]  # it is one of `wanted`


def _texts(told: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(_is(one, str) for one in _of(told, key, list))


def _name(told: Mapping[str, object], key: str) -> FolderName:
    return _texts(told, key)


def _pair(value: object) -> tuple[int, int] | None:
    match value:
        case None:
            return None
        case [messages, octets]:
            return _is(messages, int), _is(octets, int)
        case _:
            raise BadReceipt("its independent count is no pair of numbers")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadReceipt(f"{text!r:.40} is no time") from None
    if moment.tzinfo is None:
        raise BadReceipt(f"{text!r:.40} does not say in which zone")
    return moment
