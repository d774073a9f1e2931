"""What a report says of each reason, and what to do about it, in Japanese and English: one table.

    why(row, "ja")          # lines: where and what it is, and what a server said of it, in its own words
    remedies(row, "ja")     # lines: what to do, and the command that goes on

Jobs of older records have no reasons: then what was written down stands as it is. Never fails.
"""

# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mailsvc.desk.batching.report import Row
from migrator.job import State
from migrator.reasons import Code, Reason
from schedules.text import Language, Text


@dataclass(frozen=True, slots=True)
class Words:
    """What it is, and what to do."""

    what: Text
    remedy: Text


WORDS: Mapping[Code, Words] = {
    Code.AWAY: Words(
        Text("接続できないか、接続が途中で切れました。", "It cannot be reached, or the connection broke."),
        Text(
            "サーバーが動いているか、ネットワークに問題がないかをご確認ください。",
            "See that it runs, and that the network lets us through.",
        ),
    ),
    Code.BUSY: Words(
        Text("サーバーから、しばらく時間をおくよう求められました。", "The server asks for patience."),
        Text(
            "対応は必要ありません。何度も続く場合は、同時に移すメールボックスの数を減らしてください。",
            "Nothing has to be done. If it comes often, move fewer mailboxes at a time.",
        ),
    ),
    Code.HOST_RESTS: Words(
        Text(
            "ほかのメールボックスの移行中に、このサーバーからしばらく時間をおくよう求められました。",
            "The server has asked for patience while another mailbox was moved.",
        ),
        Text("対応は必要ありません。時間になると自動的に始まります。", "Nothing has to be done: it begins by itself."),
    ),
    Code.DAY_USED: Words(
        Text(
            "事業者が定めた、1日に転送できる量の上限に達しました。", "It has moved what its provider allows in a day."
        ),
        Text(
            "対応は必要ありません。転送できるようになると、自動的に続きから再開します。",
            "Nothing has to be done: it goes on by itself when there is room again.",
        ),
    ),
    Code.IN_USE: Words(
        Text("ほかのプログラムがこのメールボックスを使用しています。", "Another program uses this mailbox."),
        Text("使用しているプログラムやメールソフトを終了してください。", "End the program that uses it."),
    ),
    Code.FULL: Words(
        Text("移行先の空き容量が足りません。", "The target has no room."),
        Text(
            "移行先の容量を増やすか、不要なメールを削除してください。",
            "Give it more room, or delete what is not needed.",
        ),
    ),
    Code.DISK_FULL: Words(
        Text("移行を行うサーバーのディスクに空きがありません。", "The disk of the machine that moves mail is full."),
        Text("ディスクの空き容量を増やしてください。", "Give the disk room."),
    ),
    Code.CHANGED: Words(
        Text("移行中にフォルダーが変更されました。", "The folder was changed while it was moved."),
        Text(
            "対応は必要ありません。何度も続く場合は、移行が終わるまでフォルダーの削除や名前の変更を控えてください。",
            "Nothing has to be done. If it comes often, leave the folder as it is until the move has ended.",
        ),
    ),
    Code.RECORDS: Words(
        Text("Lastpost の記録（データベース）を利用できませんでした。", "The records of Lastpost were away."),
        Text("データベースが動いているかをご確認ください。", "See that the database runs."),
    ),
    Code.NO_TOKEN_NOW: Words(
        Text("アクセストークンを取得できませんでした。", "No access token came."),
        Text(
            "トークンの発行元、またはトークンを取得するコマンドが動いているかをご確認ください。",
            "See that whoever gives tokens, or the command for them, works.",
        ),
    ),
    Code.LASTED: Words(
        Text(
            "この状態が何日も続いたため、自動での再試行を終了しました。",
            "It has lasted for days, and is tried no more.",
        ),
        Text("原因が残っている場合は、先に取り除いてください。", "See first that the cause is gone."),
    ),
    Code.LOGIN: Words(
        Text("ログインを拒否されました。", "The login was refused."),
        Text(
            "ユーザー名とパスワードをご確認ください。アプリ用パスワードやトークンが必要な事業者もあります。",
            "Check user and password; some providers want a password for programs, or a token.",
        ),
    ),
    Code.LOGIN_WAY: Words(
        Text("指定された方法ではログインできないサーバーです。", "The server does not offer this way to log in."),
        Text(
            "サーバーが対応しているログイン方法に合わせて、URLを直してください。",
            "Write the URL as its provider lets programs in.",
        ),
    ),
    Code.DECLINED: Words(
        Text("サーバーが操作を受け付けませんでした。", "The server refused what was asked of it."),
        Text(
            "応答の内容をもとに、権限や設定をサーバーの管理者にご確認ください。",
            "Ask whoever runs the server, by what it said.",
        ),
    ),
    Code.CERTIFICATE: Words(
        Text("サーバーの証明書を信頼できません。", "The certificate of the server is not to be trusted."),
        Text(
            "証明書の有効期限とホスト名をご確認ください。独自の認証局の証明書は、URLの `?ca=FILE` で指定できます。",
            "Look at the certificate's date and host; name a CA of your own by `?ca=FILE` in the URL.",
        ),
    ),
    Code.TLS: Words(
        Text("サーバーとの暗号化通信（TLS）を始められません。", "There is no TLS that both sides speak."),
        Text(
            "サーバーが TLS 1.2 以降に対応しているか、ポート番号が正しいかをご確認ください。",
            "See that the server speaks TLS 1.2 or newer, and that the port is the right one.",
        ),
    ),
    Code.PROTOCOL: Words(
        Text("接続先はメールサーバーではないようです。", "What answers there is no server of mailboxes."),
        Text("ホスト名とポート番号をご確認ください。", "Check host and port."),
    ),
    Code.HOST: Words(
        Text("ホスト名が見つかりません。", "There is no such host."),
        Text("ホスト名を直してください。", "Correct the name."),
    ),
    Code.URL: Words(
        Text("指定されたURLは使えません。", "This URL cannot be used so."),
        Text("URLを直してください。", "Correct the URL."),
    ),
    Code.NO_SECRET: Words(
        Text("パスワードが指定されていません。", "It needs a password, and there is none."),
        Text("パスワードを書いたファイルを指定してください。", "Put its password into a file, and name that."),
    ),
    Code.SECRET: Words(
        Text("保管しているパスワードを開けません。", "The password that is kept cannot be opened."),
        Text(
            "鍵のファイルを元に戻すか、パスワードを指定し直してください。",
            "Put the file of keys back, or give the password anew.",
        ),
    ),
    Code.TOKEN: Words(
        Text("アクセストークンの発行を拒否されました。", "No access token is given."),
        Text("トークンに関する設定をご確認ください。", "Look at the settings for tokens."),
    ),
    Code.FILE: Words(
        Text("ファイルまたはフォルダーを利用できません。", "A file or folder cannot be used."),
        Text("場所と権限をご確認ください。", "Look at where it is, and at its rights."),
    ),
    Code.ARCHIVE: Words(
        Text(
            "アーカイブが壊れているか、Lastpost で作られたものではありません。",
            "The archive is damaged, or none of ours.",
        ),
        Text(
            "バックアップから元に戻すか、別のファイル名を指定してください。",
            "Bring it back from a backup, or name another file.",
        ),
    ),
    Code.COUNT: Words(
        Text("移行したメールの件数が合いません。", "The numbers of messages do not add up."),
        Text(
            "移行元と移行先の件数をご確認のうえ、再開してください。",
            "Look at the numbers on both sides, then let it go on.",
        ),
    ),
    Code.REFUSED: Words(
        Text("このメールボックスは、今のままでは利用できません。", "The mailbox cannot be used as it is."),
        Text("記録をもとに原因を取り除いてください。", "Put right what the record says."),
    ),
    Code.FAULT: Words(
        Text("Lastpost の内部で予期しないエラーが起きました。", "A fault of Lastpost itself."),
        Text("ログを添えて、Lastpost の開発元にお知らせください。", "Report it, with the log."),
    ),
}
_ANEW = Text(
    "直した行だけのCSVファイルを、別の名前のバッチとして依頼し直してください："
    "`lastpost migrate batch FILE.csv --name NAME`",
    "Then ask for it anew, by a file of the corrected row: `lastpost migrate batch FILE.csv --name NAME`",
)
_BY_SYSTEM = frozenset({Code.FILE, Code.DISK_FULL})
_ON_RECORD = frozenset({Code.REFUSED, Code.FAULT, Code.ARCHIVE, Code.COUNT, Code.URL, Code.SECRET, Code.TOKEN})
_OTHERWISE: Collection[Code] = frozenset({Code.HOST, Code.URL, Code.NO_SECRET})  # no retry finds it another way


def why(row: Row, language: Language) -> tuple[str, ...]:
    """Why a mailbox failed or waits."""
    if not row.reasons:
        return (row.why,) if row.why else ()
    lines = [line for reason in row.reasons for line in _told(reason, language)]
    if any(reason.code in _ON_RECORD for reason in row.reasons):
        lines.append(_on_record(row.why).in_(language))
    return tuple(lines)


def remedies(row: Row, language: Language) -> tuple[str, ...]:
    """What to do about it."""
    if not row.reasons:
        return (row.remedy,) if row.remedy else ()
    lines = [WORDS[code].remedy.in_(language) for code in dict.fromkeys(one.code for one in row.reasons)]
    if row.state is State.FAILED:
        otherwise = any(one.code in _OTHERWISE for one in row.reasons)
        lines.append((_ANEW if otherwise else _retried(row.retry)).in_(language))
    return tuple(lines)


def _told(reason: Reason, language: Language) -> Iterator[str]:
    what = WORDS[reason.code].what.in_(language)
    mark = "：" if language == "ja" else ": "
    yield f"{reason.place}{mark}{what}" if reason.place else what
    if reason.said:
        yield _quoted(reason).in_(language)


def _quoted(reason: Reason) -> Text:
    if reason.code in _BY_SYSTEM:
        return Text(f"システムの応答（原文）：「{reason.said}」", f"The system said: “{reason.said}”")
    return Text(f"サーバーの応答（原文）：「{reason.said}」", f"The server said: “{reason.said}”")


def _on_record(why: str) -> Text:
    return Text(f"記録（原文）：「{why}」", f"On record: “{why}”")


def _retried(command: str) -> Text:
    return Text(
        f"そのあと、次のコマンドで続きから再開できます：`{command}`", f"Then go on with what is left: `{command}`"
    )
