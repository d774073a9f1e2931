"""The words of a batch's report, in Japanese and English.

Use: `LABELS["done"].in_(language)`, `STATES[state]`, `size(octets)`, `moment(at, language)`. Never fails.
"""

# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Mapping
from datetime import datetime

from migrator.job import State
from schedules.text import Language, Text

STATES: Mapping[State, Text] = {
    State.WAITING: Text("順番待ち", "waiting"),
    State.RUNNING: Text("移行中", "running"),
    State.PAUSING: Text("一時停止の処理中", "pausing"),
    State.CANCELLING: Text("取り消しの処理中", "being cancelled"),
    State.PAUSED: Text("一時停止", "paused"),
    State.DONE: Text("完了", "done"),
    State.DONE_WITH_NAMED: Text("完了（要確認あり）", "done, with something named"),
    State.FAILED: Text("失敗", "failed"),
    State.CANCELLED: Text("取り消し", "cancelled"),
}
LABELS: Mapping[str, Text] = {
    "title": Text("メールボックス移行の報告", "Report of mailboxes moved"),
    "made": Text("作成", "As of"),
    "asked": Text("依頼", "Asked for"),
    "began": Text("開始", "Began"),
    "ended": Text("終了", "Ended"),
    "expected": Text("終了見込み", "Expected end"),
    "unknown": Text("まだ分かりません", "not known yet"),
    "summary": Text("まとめ", "Summary"),
    "mailboxes": Text("メールボックス", "mailboxes"),
    "messages": Text("メッセージ", "messages"),
    "per_hour": Text("1時間あたり（直近2時間）", "An hour, over the last two"),
    "attention": Text("対応が必要なもの", "What needs somebody"),
    "failed": Text("失敗したもの", "Failed"),
    "named": Text("移せなかったものがあるメールボックス", "Done, but for what is named"),
    "coming": Text("移行中・順番待ち", "Still to come"),
    "cancelled": Text("取り消したもの", "Cancelled"),
    "done": Text("完了したもの", "Done"),
    "nothing": Text("ありません", "None"),
    "whose": Text("アドレス", "Address"),
    "from_to": Text("移行元 → 移行先", "From → to"),
    "state": Text("状態", "State"),
    "moved": Text("移したもの", "Moved"),
    "why": Text("理由", "Reason"),
    "remedy": Text("対処", "What to do"),
    "as_said": Text(
        "原因を取り除いて「対処」のコマンドを実行すると、残りから再開します。移し終えたものが二重になることはありません。"
        "「原文」とあるものは、サーバーの応答や記録をそのまま載せています。",
        "Once the cause is gone, the command under “What to do” goes on with what is left; what was moved is not "
        "moved twice. What stands in quotes are a server's own words, or the record's.",
    ),
    "what": Text("移せなかったもの", "What could not be moved"),
    "position": Text("順番", "Place"),
    "next": Text("次の試行", "Next try"),
    "receipt": Text(
        "明細は `lastpost jobs show ID --receipt` で取り出せます。",
        "`lastpost jobs show ID --receipt` has every detail.",
    ),
}
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(octets: float) -> str:
    """Octets as people read them."""
    for unit in _UNITS[:-1]:
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} {_UNITS[-1]}"


def moment(at: datetime, language: Language) -> str:
    """A time as people read it; its zone is said once, for the whole page."""
    if language == "ja":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
    return f"{at:%Y-%m-%d %H:%M}"
