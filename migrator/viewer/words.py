"""What the pages of messages say, in Japanese and English: both stand in each page, and its address chooses.

both(LABELS["from"])        # <span class="ja" lang="ja">…, then "en"; `page.html#en` shows English alone
"""

from datetime import datetime
from typing import Final

LABELS: Final = {
    "from": ("差出人", "From"),
    "to": ("宛先", "To"),
    "cc": ("CC", "Cc"),
    "bcc": ("BCC", "Bcc"),
    "date": ("日時", "Date"),
    "received": ("受信日時", "Received"),
    "no-subject": ("(件名なし)", "(no subject)"),
    "attachments": ("添付ファイル", "Attachments"),
    "original": ("元のメール (EML)", "Original message (EML)"),
    "as-text": ("テキスト版を表示", "Show the plain text"),
    "forwarded": ("転送・添付されたメール", "Attached message"),
    "program": (
        "プログラムです。送り主が確かでなければ開かないでください。",
        "This is a program. Do not open it unless you trust its sender.",
    ),
    "page": (
        "ウェブページなので、安全のため「.txt」を付けました。",
        "A web page; “.txt” was added to its name for safety.",
    ),
    "outlook": (
        "Outlook 独自の形式です。中に書式だけが入っている場合が多く、ほかのソフトでは開けません。",
        "Outlook's own format, which other programs cannot open; most often it holds nothing but the text's looks.",
    ),
    "picture": ("画像", "picture"),
    "remote": ("外部の画像(非表示)", "remote picture, left out"),
    "missing": ("表示できない画像", "picture that cannot be shown"),
    "empty": ("(本文はありません)", "(no text)"),
    "event": ("予定", "Event"),
    "start": ("開始", "Start"),
    "end": ("終了", "End"),
    "place": ("場所", "Place"),
    "organizer": ("主催者", "Organizer"),
}
NOTES: Final = {
    "remote": (
        "インターネット上の画像 {n} 点は、差出人に閲覧を知られないよう表示していません。",
        "Pictures from the internet ({n}) are left out, so that nobody learns that you read this.",
    ),
    "doubt": (
        "このメールは作りが正しくなく、ソフトによって見え方が変わります。正確には元のメールをご覧ください。",
        "This message is not built by the rules; programs show it differently. The original decides.",
    ),
    "damaged": (
        "一部の文字は読み取れませんでした。元のメールにはそのまま残っています。",
        "Some characters could not be read. They are untouched in the original message.",
    ),
    "shortened": (
        "長すぎる、または複雑すぎるため、一部を簡略に表示しています。全体は元のメールにあります。",
        "Too long or too complex to show as it was meant. The original message has all of it.",
    ),
    "encrypted": (
        "暗号化されたメールです。読むには、対応するメールソフトと鍵が必要です。",
        "This message is encrypted. It can be read with a mail program that has the key.",
    ),
    "large": (
        "とても大きなメールなので、初めの部分だけを表示しています。全体は元のメールにあります。",
        "This message is very large; only its beginning is shown. The original has all of it.",
    ),
}
_WEEKDAYS: Final = (("月", "Monday"), ("火", "Tuesday"), ("水", "Wednesday"), ("木", "Thursday"), ("金", "Friday"),
                    ("土", "Saturday"), ("日", "Sunday"))  # fmt: skip
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def both(words: tuple[str, str]) -> str:
    """Words in both languages, as HTML. They are ours or escaped."""
    return f'<span class="ja" lang="ja">{words[0]}</span> <span class="en" lang="en">{words[1]}</span>'


def dated(date: datetime) -> tuple[str, str]:
    """A date as people write it, with how far its clock is from UTC."""
    japanese, english = _WEEKDAYS[date.weekday()]
    zone = f"UTC{date:%z}" if date.utcoffset() else "UTC"
    zone = f"{zone[:6]}:{zone[6:]}" if len(zone) > 6 else zone
    clock = f"{date:%H:%M}"
    month = _MONTHS[date.month - 1]
    return (
        f"{date.year}年{date.month}月{date.day}日({japanese}) {clock} ({zone})",
        f"{english}, {date.day} {month} {date.year}, {clock} ({zone})",
    )


def sized(octets: int) -> str:
    """A size, for people."""
    if octets < 1000:
        return f"{octets} B"
    return f"{octets / 1000:.0f} KB" if octets < 1_000_000 else f"{octets / 1_000_000:.1f} MB"
