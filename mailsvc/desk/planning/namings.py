"""What people read for capabilities, audiences, channels, lengths of time and days, in both languages.

Use: `powers(switch.capabilities)`, `length(timedelta(minutes=15))`, `day(date)`. Never fails.
"""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from schedules.blocks.dates import Audience, Channel
from schedules.blocks.scopes import Scope
from schedules.text import Text
from schedules.words import Capability, Power

# English names, whatever the locale.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

CAPABILITY_NAMES: Mapping[Capability, Text] = {
    Capability.RECEIVE: Text("受信", "receiving"),
    Capability.SEND: Text("送信", "sending"),
    Capability.FORWARD: Text("転送", "forwarding"),
    Capability.READ: Text("閲覧", "reading"),
    Capability.CHANGE_MAIL: Text("保存メールの変更・削除", "changing stored mail"),
    Capability.CHANGE_SETTINGS: Text("設定の変更", "changing settings"),
    Capability.EXPORT: Text("書き出し", "exports"),
    Capability.HOMEPAGE_UPLOAD: Text("ホームページの更新", "homepage uploads"),
    Capability.HOMEPAGE_DOWNLOAD: Text("ホームページの取り出し", "homepage downloads"),
    Capability.HOMEPAGE: Text("ホームページの公開", "homepages"),
    Capability.ADD_ADDRESS: Text("アドレスの追加", "adding addresses"),
    Capability.CHANGE_OPTIONS: Text("オプションの変更", "changing options"),
    Capability.COURSE_CHANGE: Text("コースの変更", "changing course"),
    Capability.RENEW: Text("更新手続き", "renewals"),
    Capability.RENEW_BEYOND_END: Text("終了日を越える更新", "renewals beyond the end"),
    Capability.PAY_ONLINE: Text("オンライン払い", "paying online"),
}

AUDIENCE_NAMES: Mapping[Audience, Text] = {
    Audience.SUBSCRIBERS: Text("利用者", "subscribers"),
    Audience.CONTACTS: Text("連絡先アドレス", "contact addresses"),
    Audience.ADMINISTRATORS: Text("管理者", "administrators"),
    Audience.WORLD: Text("一般", "the world"),
}

CHANNEL_NAMES: Mapping[Channel, Text] = {
    Channel.MAIL: Text("メール", "mail"),
    Channel.PAGE: Text("告知ページ", "notice page"),
    Channel.LETTER: Text("郵送", "letter"),
    Channel.SMS: Text("SMS", "SMS"),
}


def powers(named: Iterable[Power]) -> Text:
    """Several powers as one phrase; those of single courses are gathered under the course."""
    by_course: dict[str, list[Text]] = {}
    for power in named:
        by_course.setdefault(power.course, []).append(CAPABILITY_NAMES[power.capability])
    ja = (f"{'・'.join(one.ja for one in names)}{course and f'（{course}）'}" for course, names in by_course.items())
    en = (f"{', '.join(one.en for one in names)}{course and f' ({course})'}" for course, names in by_course.items())
    return Text("、".join(ja) or "なし", ", ".join(en) or "nothing")


def length(time: timedelta) -> Text:
    """A length of time in days, hours, minutes and seconds."""
    minutes, seconds = divmod(abs(time) // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        (number, ja, en)
        for number, ja, en in (
            (days, "日", "day"),
            (hours, "時間", "hour"),
            (minutes, "分", "minute"),
            (seconds, "秒", "second"),
        )
        if number
    ] or [(0, "秒", "second")]
    return Text(
        "".join(f"{number}{ja}" for number, ja, _ in parts),
        " ".join(f"{number} {en}{'' if number == 1 else 's'}" for number, _, en in parts),
    )


def day(which: date) -> Text:
    """A day: `2024年1月31日`, `31 January 2024`."""
    return Text(f"{which.year}年{which.month}月{which.day}日", f"{which.day} {_MONTHS[which.month - 1]} {which.year}")


def listed(texts: Iterable[Text]) -> Text:
    """Several short texts as one phrase."""
    all_of_them = tuple(texts)
    return Text("・".join(one.ja for one in all_of_them), ", ".join(one.en for one in all_of_them))


def scope_name(scope: Scope) -> Text:
    """Whom something concerns."""
    named = (
        ("", "", scope.address),
        ("地域", "area", scope.area),
        ("グループ", "group", scope.group),
        ("", "", scope.domain),
    )
    parts = [Text(f"{ja}{value}", f"{en} {value}".strip()) for ja, en, value in named if value]
    return listed(parts) if parts else Text("全員", "everybody")
