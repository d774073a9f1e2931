"""What a report says to people, by status code (RFC 3463 3): our own words, never those of another server."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from mailsvc.kit.printable import printable
from mailsvc.letters.dsn_fields import Action, Told
from schedules.text import Text

_BY_STATUS: Final[Mapping[str, Text]] = {
    "1.1": Text("このアドレスは存在しません。", "There is no such address."),
    "1.2": Text("このドメインは見つかりません。", "There is no such domain."),
    "1.6": Text("このアドレスは現在使われていません。", "This address is no longer in use."),
    "1.10": Text("このドメインはメールを受け付けていません。", "This domain accepts no mail."),
    "2.1": Text("このメールボックスは利用できません。", "This mailbox cannot be used."),
    "2.2": Text("メールボックスの容量がいっぱいです。", "The mailbox is full."),
    "3.4": Text("メールのサイズが大きすぎます。", "The message is too big."),
    "4.6": Text("メールの転送がループしています。", "The message goes round in a loop."),
    "4.7": Text("配達を試みましたが、期限までに届きませんでした。", "It could not be delivered in the time allowed."),
}
_BY_SUBJECT: Final[Mapping[str, Text]] = {
    "1": Text("宛先のアドレスに問題があります。", "There is a problem with the address."),
    "2": Text("宛先のメールボックスでメールを受け取れません。", "The mailbox cannot take the message."),
    "3": Text("宛先のサーバーがメールを受け取れません。", "The server of the recipient cannot take the message."),
    "4": Text("宛先のサーバーに接続できません。", "The server of the recipient cannot be reached."),
    "6": Text("メールの形式に問題があり、受け付けられません。", "The form of the message is not accepted."),
    "7": Text("宛先のサーバーの方針により拒否されました。", "The server of the recipient refuses it by its policy."),
}
_UNSAID: Final = Text("宛先のサーバーに拒否されました。", "The server of the recipient does not accept the message.")
_WAITS: Final = Text("まだ届いていません。", "It has not arrived yet.")
_BY_ACTION: Final[Mapping[Action, Text]] = {
    Action.DELIVERED: Text("配達されました。", "It was delivered."),
    Action.RELAYED: Text(
        "配達の結果を知らせないサーバーに渡されました。",
        "It was handed to a server that does not report whether it arrives.",
    ),
}


def reason(told: Told) -> Text:
    """Why, in a sentence for people."""
    said = _BY_ACTION.get(told.action)
    if said is not None:
        return said
    _, subject, detail = told.status.split(".")
    unsaid = _WAITS if told.action is Action.DELAYED else _UNSAID
    return _BY_STATUS.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject) or unsaid


def words_for(recipients: Sequence[Told], at: datetime, host: str) -> Mapping[str, object]:
    """The facts that the templates `dsn.ja.j2` and `dsn.en.j2` name; dates are told in the zone of `at`."""
    groups = {
        str(action): [_line(told, at) for told in recipients if told.action is action]
        for action in Action
        if any(told.action is action for told in recipients)
    }
    first = next(action for action in Action if str(action) in groups)
    return {"groups": groups, "first": str(first), "host": host}


def _line(told: Told, at: datetime) -> Mapping[str, object]:
    until = "" if told.retried_until is None else told.retried_until.astimezone(at.tzinfo).strftime("%Y-%m-%d %H:%M %z")
    return {"address": printable(str(told.address)), "reason": reason(told), "until": until}
