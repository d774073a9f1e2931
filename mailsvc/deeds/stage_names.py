"""What people read for each stage, in both languages."""

from collections.abc import Mapping

from schedules.text import Text
from schedules.words import Stage

STAGE_NAMES: Mapping[Stage, Text] = {
    Stage.ANNOUNCE: Text("終了の告知", "announcement of the end"),
    Stage.FREEZE: Text("設定変更の凍結", "settings frozen"),
    Stage.SUCCESSOR: Text("後継事業者への切り替え", "mail goes to the successor"),
    Stage.SEND_END: Text("送信の終了", "end of sending"),
    Stage.RECEIVE_END: Text("受信の終了", "end of receiving"),
    Stage.READ_ONLY: Text("閲覧のみの期間の開始", "mailboxes read-only"),
    Stage.READ_END: Text("閲覧の終了", "end of reading"),
    Stage.EXPORT_END: Text("書き出しの終了", "end of exports"),
    Stage.HOMEPAGE_UPLOAD_END: Text("ホームページ更新の終了", "end of homepage uploads"),
    Stage.HOMEPAGE_END: Text("ホームページの終了", "end of homepages"),
    Stage.FORWARD_END: Text("転送の終了", "end of forwarding"),
    Stage.PURGE: Text("データの消去", "data removed"),
    Stage.DNS_END: Text("DNS の終了", "end of the DNS records"),
}
