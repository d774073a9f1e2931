"""Realistic mail, as programs of many kinds and years write it: `corpus(count)`, no two alike."""

import base64
from collections.abc import Iterator
from email import policy
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from io import BytesIO
from random import Random

from tests.rules.filters.mime_cases import mixed


def _octets(message: object) -> bytes:
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=policy.SMTP).flatten(message)  # type: ignore[arg-type]
    return out.getvalue()


def _modern(random: Random) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "花子 <hanako@closing.example>", "taro@world.example"
    message["Subject"] = "終了のお知らせ " * random.randint(1, 20)
    message.set_content(
        "こんにちは\n-- \n署名\n" * random.randint(1, 40), cte=random.choice(["8bit", "base64", "quoted-printable"])
    )
    if random.random() < 0.7:
        message.add_alternative("<p>こんにちは</p>" * random.randint(1, 90), subtype="html")
    for number in range(random.randint(0, 4)):
        octets = random.randbytes(random.randint(0, 4000))
        message.add_attachment(octets, maintype="application", subtype="octet-stream", filename=f"添付{number}.pdf")
    if random.random() < 0.3:
        forwarded = EmailMessage(policy=policy.SMTP)
        forwarded["Subject"] = "before"
        forwarded.set_content("earlier\n")
        message.add_attachment(forwarded)
    return bytes(message)


def _older(random: Random) -> bytes:
    """Mail as older programs and scripts write it: boundaries, charsets and folding of many kinds."""
    number = random.randint(0, 10**9)
    outer = random.choice(
        [
            f"----=_NextPart_000_{number:04X}_01C0",
            f"Apple-Mail={number}",
            f"=_{number}",
            f"_004_{number}_",
            f"b1_{number}",
        ]
    )
    message = MIMEMultipart("mixed", boundary=outer)
    inner = outer.replace("000", "001").replace("b1", "b2").replace("004", "002").replace("=", "=x")
    body = MIMEMultipart("alternative", boundary=f"n{inner}")
    body.attach(MIMEText("日本語\n--\nsig\n", "plain", random.choice(["iso-2022-jp", "utf-8"])))
    body.attach(MIMEText("<b>x</b>", "html"))
    message.attach(body)
    message.attach(MIMEApplication(random.randbytes(500), name="データ.xls"))
    message.preamble = random.choice(["", "This is a multi-part message in MIME format."])
    message.epilogue = random.choice(["", "\n", "_______\nlist footer\n-- \n"])
    return _octets(message)


def _bounce(random: Random) -> bytes:
    """A delivery report as MTAs write them; some return a header alone, some cut the message."""
    mark = f"{random.getrandbits(40):X}.{random.getrandbits(30)}/mx.example"
    whole = b"Subject: x\n\n" + b"hello\n" * random.randint(1, 20)
    returned = random.choice([whole, _script(random), _script(random)[: random.randint(700, 2000)]]).decode("latin-1")
    parts = [
        "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system.\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: failed\nStatus: 5.1.1\n",
        f"Content-Type: message/rfc822\n\n{returned}",
    ]
    head = f'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="{mark}"'
    return mixed("".join(f"--{mark}\n{part}\n" for part in parts) + f"--{mark}--\n", head)


def _script(random: Random) -> bytes:
    """A shop's newsletter from a script that knows half of MIME."""
    html = base64.encodebytes(b"<html>" + random.randbytes(3000)).decode()
    mark = f"{random.randbytes(16).hex()}"
    return (
        f"Subject: =?utf-8?B?44GC?=\nX-Mailer: PHP/7\nMIME-Version: 1.0\nMime-Version: 1.0\n"
        f"Content-Type: multipart/alternative;boundary=PHP-alt-{mark}\n\n\n"
        f"--PHP-alt-{mark}\nContent-Type: text/plain;charset=UTF-8\nContent-Transfer-Encoding: 7bit\n\nhi\n\n"
        f"--PHP-alt-{mark}\nContent-Type: text/html; charset=UTF-8;\nContent-Transfer-Encoding: BASE64\n\n{html}\n"
        f"--PHP-alt-{mark}--"
    ).encode()


def corpus(count: int, seed: int = 1) -> Iterator[bytes]:
    """Realistic mail; no two alike."""
    random = Random(seed)
    for _ in range(count):
        yield random.choice([_modern, _modern, _older, _bounce, _script])(random)
