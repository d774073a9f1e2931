"""One item of a check list, and the sentences that items share. `checklist.py` makes items of them."""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from schedules.blocks.services import Desk, LeavingRoute, Offer, Purpose
from schedules.positions import Position
from schedules.text import Text


class ItemKind(StrEnum):
    """What an item is about; a check list has them in this order."""

    ADVICE = "advice"  # what to do, by what one has
    SERVICE = "service"  # something with an end of its own
    WARNING = "warning"  # what breaks when something is given up
    TABLE = "table"  # what a table says of this contract
    WAIT = "wait"  # what to do in the days after a stop
    ROUTE = "route"  # a way out
    OFFER = "offer"  # a successor that is recommended
    DESK = "desk"  # where to ask


class When(StrEnum):
    """How an item lies to the day it is shown on."""

    LATER = "later"  # its first day has not come
    NOW = "now"
    OVER = "over"  # its last day has gone by


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a check list. Days are days of the plan's zone, the last one included."""

    kind: ItemKind
    id: str
    title: Text | None
    text: Text | None
    begin: date | None = None  # when to begin with it
    last_day: date | None = None
    when: When = When.NOW
    about: str = ""  # what a table was asked, such as the model
    of: Text | None = None  # the service a way leads out of; None: the contract itself
    url: str = ""
    phone: str = ""
    source: Position = field(default=Position(""), compare=False)


PURPOSES = {
    Purpose.CLOSURE: Text("終了に関するお問い合わせ", "questions about the end"),
    Purpose.CANCELLING: Text("解約の受付", "cancellations"),
    Purpose.CORPORATE: Text("法人契約の受付", "corporate contracts"),
    Purpose.SERVICE: Text("サービスのお問い合わせ", "questions about the service"),
}


def when(on: date, begin: date | None, last_day: date | None) -> When:
    """Whether something is to be done on the day `on`, after it, or too late."""
    if last_day is not None and on > last_day:
        return When.OVER
    return When.LATER if begin is not None and on < begin else When.NOW


def joined_words(*texts: Text | None) -> Text | None:
    """Several sentences as one text; None where there is none."""
    said = [text for text in texts if text is not None]
    if not said:
        return None
    return Text("。".join(text.ja.rstrip("。") for text in said), "; ".join(text.en.rstrip(".") for text in said))


def if_it_ends(title: Text) -> Text:
    """The head of a warning."""
    return Text(f"「{title.ja}」の解約前に", f"before you give up: {title.en}")


def offer_words(offer: Offer) -> Text:
    """What an offer gives."""
    return offer.benefit or Text("乗り換え先としてご案内しています", "recommended as a successor")


def route_words(route: LeavingRoute, desk: Desk | None) -> Text:
    """How one leaves by this way, and what is lost on it (SP-1, SW-10)."""
    itself = Text("移行が完了すると自動的に解約されます", "the contract ends by itself once the move is complete")
    asked = Text("解約の申し出が必要です", "you must ask for it")
    if desk is not None:
        asked = Text(f"{desk.title.ja}へお申し出ください", f"ask at: {desk.title.en}")
    told = joined_words(itself if route.by_itself else asked, route.loses, _approval(route))
    return told or asked


def _approval(route: LeavingRoute) -> Text | None:
    if route.answer_within is None:
        return None
    by = "、".join(route.answer_by)
    hours = f"{route.answer_within / timedelta(hours=1):g}"
    ja = f"承諾番号は約{hours}時間で届きます" + (f"（{by}）" if by else "")
    en = f"its approval number comes in about {hours} hours" + (f" by {by.replace('、', ' and ')}" if by else "")
    return Text(ja, en)


def desk_words(desk: Desk) -> Text:
    """What a desk is for and when somebody is there (SK-12)."""
    purpose = PURPOSES[desk.purpose]
    ja = "毎日" if desk.weekends else "平日（土日・祝日を除く）"
    en = "every day" if desk.weekends else "weekdays, not on holidays"
    if desk.opens is not None:
        closes = desk.closes.isoformat("minutes") if desk.closes else ""
        ja += f"{desk.opens.isoformat('minutes')}〜{closes}"
        en = f"{en}, {desk.opens.isoformat('minutes')} to {closes}" if closes else f"{en}, from {desk.opens:%H:%M}"
    return Text(f"{purpose.ja}。{ja}", f"{purpose.en}; {en}")
