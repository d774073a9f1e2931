"""A small mailbox as a person has it: Japanese and English, threads, pictures, invitations, and what attackers send."""

from collections.abc import Iterator
from datetime import timedelta

from tests.rules.viewer.made import START, Mail, leaf, message, multipart, png

LETTER = """<html><body><table width="600" align="center"><tr><td bgcolor="#2f5d9b" style="padding:24px;color:#fff">
<h1 style="margin:0;font-size:24px">夏のお知らせ</h1></td></tr><tr><td style="padding:24px;background-color:#f7f9fc">
<p>いつもご利用いただき、ありがとうございます。</p><p><img src="cid:logo@example.jp" width="48"> 新しい商品の
<a href="https://shop.example.jp/summer">ご案内</a>です。</p><img src="https://track.example.net/p.gif?id=1" width="1">
<p style="color:#666;font-size:12px">配信停止は<a href="mailto:stop@example.jp">こちら</a></p></td></tr></table>
<script>document.title = "RAN"</script><img src="x" onerror="document.title='RAN'"></body></html>"""
TALK = """花子さん

先日はありがとうございました。次の会議ですが、来週の水曜日はいかがでしょうか。
資料は https://docs.example.jp/plan?a=1&b=2 にあります。

> 会議の日程を決めたいのですが、
> ご都合はいかがですか。
>> 承知しました。
>
> 花子

--
山田 太郎
"""
INVITATION = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:四半期の打ち合わせ
DTSTART;TZID=Asia/Tokyo:20190522T140000
DTEND;TZID=Asia/Tokyo:20190522T150000
LOCATION:会議室 3
ORGANIZER;CN=佐藤 一郎:mailto:ichiro@example.jp
END:VEVENT
END:VCALENDAR
"""
TEXT = "text/plain; charset=utf-8"
SUBJECTS = (
    "見積書の件",
    "来月の旅行について",
    "Project schedule",
    "写真を送ります",
    "請求書 (5月分)",
    "Weekly report",
    "同窓会のご案内",
)
PEOPLE = (
    "佐藤 一郎 <ichiro@example.jp>", "鈴木 花 <hana@example.jp>", "Alice Martin <alice@example.com>",
    "田中 健 <ken@example.jp>", "Bob Lee <bob@example.com>",
)  # fmt: skip


def mails() -> Iterator[Mail]:
    """All of it, the special ones first."""
    yield Mail(message("会議の日程", leaf(TEXT, TALK.replace(">", "|"))), flags=())
    again = START + timedelta(days=1)
    yield Mail(message("Re: 会議の日程", leaf(TEXT, TALK), PEOPLE[0], again), flags=("\\Flagged",))
    letter = multipart(
        "related",
        multipart("alternative", leaf(TEXT, "夏のお知らせ\nテキスト版です。"),
                  leaf("text/html; charset=utf-8", LETTER)),
        leaf("image/png", png(), content_id="<logo@example.jp>"),
    )  # fmt: skip
    yield Mail(message("【夏】お得なお知らせ", letter, "ショップ <shop@example.jp>", START + timedelta(days=2)))
    files = multipart(
        "mixed",
        leaf(TEXT, "写真と請求書をお送りします。\nご確認ください。"),
        attached("image/png", png(60, 120, 200, 240), "=photo.png"),
        attached("application/pdf", b"%PDF-1.4 made up", "*=utf-8''%E8%AB%8B%E6%B1%82%E6%9B%B8.pdf"),
        attached("application/octet-stream", b"MZ", '="setup.pdf.exe"'),
        attached("text/html", b"<script>document.title='RAN'</script>", "=page.html"),
        attached(TEXT, "ひとこと".encode(), "=note.txt"),
    )
    yield Mail(message("写真と請求書", files, PEOPLE[1], START + timedelta(days=3)), flags=())
    invitation = multipart(
        "mixed", leaf(TEXT, "ご参加ください。"), leaf("text/calendar; charset=utf-8; method=REQUEST", INVITATION)
    )
    yield Mail(message("打ち合わせのご案内", invitation, PEOPLE[0], START + timedelta(days=4)))
    inner = message("元の話", leaf(TEXT, "これが元のメールです。"), PEOPLE[3])
    forwarded = multipart("mixed", leaf(TEXT, "転送します。"), b"Content-Type: message/rfc822\r\n\r\n" + inner)
    yield Mail(message("Fwd: 元の話", forwarded, PEOPLE[2], START + timedelta(days=5)), ("仕事", "2019年度"))
    yield from _many()


def attached(kind: str, octets: bytes, name: str) -> bytes:
    return leaf(kind, octets, content_disposition=f"attachment; filename{name}")


def _many() -> Iterator[Mail]:
    folders = (("INBOX",), ("送信済み",), ("仕事",), ("仕事", "2019年度"), ("家族と友人",))
    for number in range(240):
        subject = ("Re: " if number % 3 else "") + SUBJECTS[number % len(SUBJECTS)]
        text = f"{number} 通目のメールです。\n\nどうぞよろしくお願いいたします。\n"
        when = START - timedelta(days=number, hours=number % 7)
        octets = message(subject, leaf(TEXT, text), PEOPLE[number % len(PEOPLE)], when)
        yield Mail(octets, folders[number % len(folders)], ("\\Seen",) if number % 4 else ())
