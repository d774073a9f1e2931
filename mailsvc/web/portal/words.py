"""What the pages of the door of links say, in both languages."""

from collections.abc import Mapping
from typing import Final

from schedules.text import Text

WORDS: Final[Mapping[str, Text]] = {
    "title": Text("メールのダウンロード", "Download your mail"),
    "other": Text("English", "日本語"),
    "door_head": Text("メールのコピーをお渡しします", "A copy of your mail is waiting"),
    "door_told": Text(
        "下のボタンを押すと、ダウンロードのページに進みます。",
        "Press the button to go on to your download.",
    ),
    "door_button": Text("ダウンロードへ進む", "Go to the download"),
    "door_note": Text(
        "リンクは、一度に 1 台の端末でだけ開けます。共用のパソコンでは開かないでください。",
        "The link can be open on one device at a time. Please do not open it on a computer that others use.",
    ),
    "refused_head": Text("このリンクは使えません", "This link cannot be used"),
    "refused_told": Text("次のいずれかにあてはまらないか、お確かめください。", "It may be for one of these reasons:"),
    "refused_1": Text(
        "リンクの一部が欠けている。メールに書かれたリンクを最後まで開いてください。",
        "Part of the link is missing. Open the whole link as it stands in the letter.",
    ),
    "refused_2": Text(
        "別の端末やブラウザーで開いている。そちらで「終了する」を押すか、1 時間ほど待ってからもう一度開いてください。",
        'It is open on another device or in another browser. Press "Finish" there, or try again in about an hour.',
    ),
    "refused_3": Text(
        "期限が過ぎたか、新しいリンクに替わった。いちばん新しいメールのリンクを開いてください。",
        "It has expired, or a newer one has taken its place. Open the link in the newest letter.",
    ),
    "refused_help": Text(
        "それでも開けないときは、リンクをお送りしたメールに書かれている連絡先へお問い合わせください。"
        "新しいリンクをお送りできます。",
        "If it still does not open, write to the contact named in the letter: you can be sent a new link.",
    ),
    "slow_head": Text("しばらくお待ちください", "Please wait a while"),
    "slow_told": Text(
        "お使いのネットワークから、使えないリンクが何度も開かれました。数分たってから、もう一度お試しください。",
        "Too many links that cannot be used were opened from your network. Please try again in some minutes.",
    ),
    "away_head": Text("ただいまご利用になれません", "Not available at the moment"),
    "away_told": Text(
        "数分たってから、もう一度お試しください。リンクはそのまま使えます。",
        "Please try again in some minutes. Your link stays as it is.",
    ),
    "again_head": Text("つづけるにはボタンを押してください", "Press the button to go on"),
    "again_told": Text(
        "しばらく操作がなかったため、ページを閉じました。ダウンロードの途中だったファイルは、ボタンを押したあと、"
        "ブラウザーの「再開」で続きから受け取れます。",
        "This page was closed because nothing happened for a while. After pressing the button, your browser can resume "
        "a download that was cut off.",
    ),
    "again_button": Text("つづける", "Go on"),
    "files_head": Text("メールのコピーをダウンロード", "Download the copy of your mail"),
    "files_of": Text("メールアドレス", "Mail address"),
    "files_until": Text("ダウンロードの期限", "Available until"),
    "files_size": Text("合計", "In all"),
    "files_more": Text("コピー作成の期限 (延長後)", "Copies can be made until"),
    "files_cut": Text(
        "途中で切れたときは、ブラウザーのダウンロード一覧で「再開」を押すと、続きから受け取れます。再開できないときは、"
        "このページを開き直して「つづける」を押してから、もう一度「再開」を押してください。",
        'If a download breaks off, press "Resume" in your browser\'s list of downloads: it goes on where it stopped. '
        'If that does not work, reload this page, press "Go on", then "Resume" once more.',
    ),
    "files_button": Text("ダウンロード", "Download"),
    "files_sum": Text("チェックサム (SHA-256)", "Checksum (SHA-256)"),
    "files_all": Text(
        "ファイルは複数に分かれています。すべてダウンロードしてください。",
        "There are several files: please download all of them.",
    ),
    "do_head": Text("ダウンロードしたあとは", "What to do with it"),
    "do_zip_1": Text(
        "ZIP ファイルを展開します。",
        "Unpack the ZIP file.",
    ),
    "do_zip_all": Text(
        "ZIP ファイルを、すべて同じフォルダーに展開します。",
        "Unpack all of the ZIP files into the same folder.",
    ),
    "do_zip_2": Text(
        "フォルダーの中の index.html をダブルクリックすると、ブラウザーでメールを読んだり、検索したりできます。"
        "インターネットの接続は要りません。",
        "Double-click index.html in that folder to read and search your mail in a browser. "
        "No internet connection is needed.",
    ),
    "do_zip_3": Text(
        "1 通ずつの EML ファイルも入っています。ほかのメールソフトでも開けます。",
        "Each message is also there as an EML file, which other mail programs can open.",
    ),
    "do_tar": Text(
        "tar ファイルを展開します。Windows 11 と macOS ではダブルクリックで開けます。開けないときは、"
        "次のコマンドで展開できます。",
        "Unpack the tar file: a double-click does it on Windows 11 and macOS. Where it does not, this command does:",
    ),
    "do_mbox_1": Text(
        "フォルダーごとに 1 つの mbox ファイルがあります。Thunderbird などのメールソフトに取り込めます。",
        "There is one mbox file for each folder. Thunderbird and other mail programs can import them.",
    ),
    "do_mbox_2": Text(
        "いっしょに入っている一覧 (manifest.json) も、そのまま保存しておいてください。",
        "Please keep the list beside them (manifest.json) as well.",
    ),
    "do_maildir_1": Text(
        "中に、Maildir 形式のフォルダーがあります。ご自分で運用しているメールサーバーに置いて使えます。",
        "In it there is a folder in Maildir format, for a mail server of your own.",
    ),
    "do_maildir_2": Text(
        "パソコンでそのまま読みたい方には、ZIP 形式をおすすめします。ご希望のときは、メールに書かれている連絡先へ"
        "お知らせください。",
        "To simply read your mail on a computer, the ZIP format is better: ask the contact named in the letter for it.",
    ),
    "do_keep": Text(
        "大切なメールです。外付けディスクなど、もう 1 か所にもコピーしておくと安心です。",
        "This is your mail: keep a second copy in another place, such as an external disk.",
    ),
    "check_head": Text("正しく受け取れたか確かめるには", "How to check what you received"),
    "check_told": Text(
        "ファイルがあるフォルダーで次のコマンドを実行し、表示された文字列が上のチェックサムと同じなら、"
        "ファイルは正しく受け取れています。",
        "Run the command in the folder that holds the file. If it shows the checksum above, the file is complete.",
    ),
    "end_head": Text("受け取りが終わったら", "When you are done"),
    "end_told": Text(
        "「終了する」を押すと、このページを閉じます。期限までは、メールのリンクからもう一度開けます。",
        'Press "Finish" to close this page. Until the link expires you can open it again from the letter.',
    ),
    "end_button": Text("終了する", "Finish"),
    "ended_head": Text("終了しました", "Finished"),
    "ended_told": Text(
        "このウィンドウを閉じてください。期限までは、メールのリンクからもう一度開けます。",
        "You can close this window. Until the link expires you can open it again from the letter.",
    ),
    "gone_head": Text("ファイルが見つかりません", "The file is not there"),
    "gone_told": Text(
        "リンクをお送りしたメールに書かれている連絡先へお知らせください。コピーを作り直し、新しいリンクをお送りします。",
        "Please write to the contact named in the letter: the copy will be made anew, and you will get a new link.",
    ),
    "changed_head": Text("ファイルを作り直しています", "The files are being made anew"),
    "changed_told": Text(
        "新しいメールを加えたコピーを作っています。できあがると、新しいリンクをメールでお送りします。",
        "A copy with newer mail is being made. When it is ready, you will get a letter with a new link.",
    ),
}
