"""The fixed words of the notice page, and its days and hours, in both languages.

Use: `until(at)` and `begins(at)` for instants in the plan's zone, `hours(desk)`, `LABELS["offers"]`. Never fails.
"""

# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Mapping
from datetime import datetime, timedelta

from mailsvc.desk.planning.event import day_begins
from mailsvc.desk.planning.namings import day, length, listed
from schedules.blocks.services import Advice, Desk, Purpose
from schedules.blocks.whom import HOMEPAGE, MAIL, Whom
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Capability

# What a subscriber loses, in the order in which it is read; what only operators see does not stand here.
PUBLIC: Mapping[Capability, Text] = {
    Capability.RECEIVE: Text("メールの受信", "Receiving mail"),
    Capability.SEND: Text("メールの送信", "Sending mail"),
    Capability.READ: Text("メールの閲覧", "Reading mail"),
    Capability.FORWARD: Text("メールの転送", "Forwarding of mail"),
    Capability.EXPORT: Text("保存メールの書き出し", "Taking your mail with you"),
    Capability.HOMEPAGE: Text("ホームページの公開（URLも無効になります）", "Homepages, and their addresses on the web"),
    Capability.HOMEPAGE_UPLOAD: Text("ホームページの更新", "Changing homepages"),
    Capability.HOMEPAGE_DOWNLOAD: Text("ホームページのデータのダウンロード", "Fetching homepages"),
    Capability.CHANGE_SETTINGS: Text("設定の変更", "Changing settings"),
}
PURGED = Text("お預かりしているデータを消去します", "What we still keep is destroyed")
HANDED_OVER = Text(
    "メールは移行先のサービスでお届けします。アドレスはそのままです",
    "Mail is delivered by the service you move to; addresses stay",
)
JOINED = Text("契約は移行先のサービスに統合されます", "Contracts become part of the service you move to")
TO_BE_TOLD = Text("日程は改めてお知らせします", "A new date will be announced")

LABELS: Mapping[str, Text] = {
    "ends": Text("いつ、何が変わるか", "What changes when"),
    "elsewhere": Text("日程が異なる方", "Other dates"),
    "services": Text("メール以外のサービス", "Services besides mail"),
    "advice": Text("していただきたいこと", "What you can do"),
    "costs": Text("解約のときの費用", "What leaving costs"),
    "offers": Text("お勧めする乗り換え先", "Where we suggest to go"),
    "desks": Text("お問い合わせ", "Help"),
    "apply": Text("お申し込みページ", "Apply here"),
    "page": Text("手続きのページ", "Its page"),
    "before": Text("変更前", "before"),
    "domains": Text("対象のメールアドレス", "Mail addresses concerned"),
    "published": Text("掲載", "Published"),
    "zone": Text("日時の基準", "Times are those of"),
}

PURPOSES: Mapping[Purpose, Text] = {
    Purpose.CLOSURE: Text("終了についてのお問い合わせ", "Questions about the end"),
    Purpose.CANCELLING: Text("ご解約の手続き", "Cancelling"),
    Purpose.CORPORATE: Text("法人のお客様", "Corporate customers"),
    Purpose.SERVICE: Text("サービスについて", "The service"),
}

_USERS: Mapping[str, Text] = {
    MAIL: Text("メールをお使いの方", "If you use mail"),
    HOMEPAGE: Text("ホームページをお持ちの方", "If you have a homepage"),
}
_ALL = Text("すべての方", "For everybody")
_LINE_ALONE = Text("メールもホームページもお使いでない方", "If you use neither mail nor a homepage")
_SOME = Text("該当する方", "For some")
_WEEKDAYS = (("月", "Mon"), ("火", "Tue"), ("水", "Wed"), ("木", "Thu"), ("金", "Fri"), ("土", "Sat"), ("日", "Sun"))


def until(at: datetime) -> Text:
    """Until when something may be used that ends at `at`: the day before, where `at` begins a day."""
    if day_begins(at):
        named = _weekday(at - timedelta(days=1))
        return Text(f"{named.ja}まで", f"until {named.en}")
    named = _weekday(at)
    return Text(f"{named.ja}{at:%H:%M}まで", f"until {at:%H:%M} on {named.en}")


def begins(at: datetime, end: datetime | None = None) -> Text:
    """From when something is so, and until when where that is known."""
    named, over = _weekday(at), until(end) if end is not None else None
    ja, en = ("", "") if day_begins(at) else (f"{at:%H:%M}", f"{at:%H:%M} on ")
    return Text(
        f"{named.ja}{ja}から{over.ja if over else ''}", f"from {en}{named.en} {over.en if over else ''}".strip()
    )


def not_before(at: datetime) -> Text:
    """Something that waits for people: not earlier than the day of `at`."""
    named = _weekday(at)
    return Text(f"{named.ja}以降", f"on {named.en} or later")


def hours(desk: Desk) -> Text | None:
    """When somebody is there; None where the plan does not say."""
    if desk.opens is None or desk.closes is None:
        return None
    day_ja, day_en = ("毎日", "every day") if desk.weekends else ("平日", "Monday to Friday")
    off_ja, off_en = ("", "") if desk.weekends else ("（土日・祝日を除く）", ", not on holidays")
    away = "、".join(day(one).ja for one in desk.away), ", ".join(day(one).en for one in desk.away)
    away_ja, away_en = (f"。{away[0]}は休業", f"; away on {away[1]}") if desk.away else ("", "")
    span = f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"
    return Text(f"{day_ja} {span}{off_ja}{away_ja}", f"{day_en} {span}{off_en}{away_en}")


def whom(advice: Advice, plan: Plan) -> Text:
    """For whom an advice is: by what they use, where that has a name that subscribers know."""
    named = {service.id: service.title for service in plan.services} | dict(_USERS)
    wanted = advice.whom
    known = [named[word] for word in wanted.has if word in named]
    if known:
        return listed(known)
    if set(wanted.lacks) == {MAIL, HOMEPAGE} and not wanted.has:
        return _LINE_ALONE
    return _SOME if wanted != Whom() else _ALL


def lead(time_before: timedelta) -> Text | None:
    """How long before the end something is best begun; None where that does not matter."""
    if not time_before:
        return None
    told = length(time_before)
    return Text(f"終了の{told.ja}前には始めてください", f"begin {told.en} before the end")


def yen(amount: int) -> Text:
    """An amount of money."""
    return Text(f"{amount:,}円", f"{amount:,} yen")


def _weekday(at: datetime) -> Text:
    named, (ja, en) = day(at.date()), _WEEKDAYS[at.weekday()]
    return Text(f"{named.ja}（{ja}）", f"{en} {named.en}")
