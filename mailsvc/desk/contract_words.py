"""What is shown of a contract, as lines that a person reads, in one language.

Use: `contract_lines(shown, "ja")`, `cancellation_lines(shown, "en")`, `change_lines(shown, "ja")`. Never fails.
"""
# ruff: noqa: RUF001 -- Japanese has punctuation of its own

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby

from mailsvc.desk.contracts import Becoming, CancellationShown, ChangeShown, ContractShown
from schedules.calendars import in_words
from schedules.contracts.charges import Charge
from schedules.contracts.checkitems import Item, ItemKind, When
from schedules.contracts.deadlines import Due
from schedules.contracts.invoices import Bill
from schedules.contracts.joining import Account
from schedules.terms import Cancellation
from schedules.text import Language, Text
from schedules.words import Medium

_UNKNOWN = Text("不明", "not known")
_HEADS = {
    ItemKind.ADVICE: Text("やること", "what to do"),
    ItemKind.SERVICE: Text("メール以外のサービス", "what is not mail"),
    ItemKind.WARNING: Text("解約前のご注意", "before something is given up"),
    ItemKind.TABLE: Text("機器など", "equipment and the like"),
    ItemKind.WAIT: Text("止まった後", "after the stop"),
    ItemKind.ROUTE: Text("解約の方法", "ways out"),
    ItemKind.OFFER: Text("乗り換え先", "where to go"),
    ItemKind.DESK: Text("窓口", "whom to ask"),
}
_MEDIA = {
    Medium.ONLINE: Text("オンライン", "online"),
    Medium.PHONE: Text("電話", "by phone"),
    Medium.PAPER: Text("書面", "on paper"),
}
_NOTHING_SENT = Text(
    "これは試算です。何も申し込まれていません", "this is what would follow; nothing has been sent or changed"
)


def contract_lines(shown: ContractShown, language: Language) -> Iterator[str]:
    """The contract as its member page shows it, and its check list."""
    say = _Say(language)
    yield from _head(shown, say)
    if shown.becomes:
        yield from _becoming(shown.becomes, say)
    yield from _list(shown.checklist, say)


def cancellation_lines(found: CancellationShown, language: Language) -> Iterator[str]:
    """What giving the contract up would lead to."""
    say, outcome = _Say(language), found.cancellation
    yield from _head(found.shown, say)
    medium = _MEDIA[found.medium].in_(language)
    yield say.field("申し込み", "asked", say.listed([say.day(found.shown.asked), medium]))
    if outcome.refused:
        yield say.field("解約できません", "refused", outcome.refused.in_(language))
    else:
        yield from _outcome(outcome, found.total, say)
    desk = next(
        (item for item in found.shown.checklist if item.kind is ItemKind.DESK and item.id == outcome.desk), None
    )
    if desk:
        yield say.field(
            "解約の窓口", "given up at", " ".join(filter(None, [say.text(desk.title), desk.phone, desk.url]))
        )
    yield from _list(found.shown.checklist, say)
    yield ""
    yield _NOTHING_SENT.in_(language)


def change_lines(found: ChangeShown, language: Language) -> Iterator[str]:
    """Whether the contract may change its course."""
    say, permission = _Say(language), found.permission
    yield from _head(found.shown, say)
    yield say.field("変更先", "change to", found.title.in_(language) if found.title else found.to)
    yield say.field("可否", "answer", permission.reason.in_(language))
    if permission.from_day:
        yield say.field("変更できる日", "possible from", say.day(permission.from_day))
    if found.keeps:
        yield say.field("残るもの", "stays", say.listed(found.keeps))
    if permission.advice:
        yield say.field("ご注意", "mind", permission.advice.in_(language))
    yield ""
    yield _NOTHING_SENT.in_(language)


class _Say:
    """Fields and days in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def of(self, ja: str, en: str) -> str:
        return ja if self.language == "ja" else en

    def field(self, ja: str, en: str, value: object) -> str:
        return f"{self.of(ja, en)}: {value}"

    def item(self, text: str) -> str:
        return f"  - {text}"

    def text(self, text: Text | None) -> str:
        return (text or _UNKNOWN).in_(self.language)

    def listed(self, words: Iterable[object]) -> str:
        return self.of("、", ", ").join(map(str, words))

    def day(self, day: date | None) -> str:
        return _UNKNOWN.in_(self.language) if day is None else self.of(*in_words(day))

    def instant(self, at: datetime) -> str:
        return f"{self.day(at.date())} {at:%H:%M}"

    def month(self, month: date) -> str:
        return self.of(f"{month.year}年{month.month}月", f"{month:%Y-%m}")

    def yen(self, yen: int | None) -> str:
        return self.of("金額不明", "amount not known") if yen is None else self.of(f"{yen:,}円", f"{yen:,} yen")


def _head(shown: ContractShown, say: _Say) -> Iterator[str]:
    contract = shown.contract
    yield say.field("アドレス", "address", shown.address)
    if contract.number:
        yield say.field("契約番号", "contract", contract.number)
    if contract.course:
        yield say.field("コース", "course", contract.course)
    if contract.start:
        yield say.field("開始日", "since", say.day(contract.start))
    yield say.field("有効期限", "expiry", shown.expiry.in_(say.language))
    if contract.suspended_since:
        yield say.field("停止中", "suspended since", say.day(contract.suspended_since))
    yield say.field("ご利用中", "has", " ".join(sorted(contract.has)))
    yield say.field(
        "計画", "plan", say.of(f"{shown.plan}（第{shown.edition}版）", f"{shown.plan}, edition {shown.edition}")
    )
    if shown.service_end:
        yield say.field("サービスの最終日", "last day of the service", say.day(shown.service_end))


def _outcome(outcome: Cancellation, total: int | None, say: _Say) -> Iterator[str]:
    yield say.field("最終利用日", "last day", say.day(outcome.last_day))
    others = [day for day in outcome.possible if day != outcome.last_day]
    if others:
        costs = {day: say.yen(outcome.costs[day]) for day in others}
        each = (say.of(f"{say.day(day)}（{yen}）", f"{say.day(day)} ({yen})") for day, yen in costs.items())
        yield say.field("ほかに選べる日", "or", say.listed(each))
    if outcome.complete:
        yield say.field("解約の完了", "complete", say.instant(outcome.complete))
    if outcome.charges:
        yield say.field("費用", "costs", say.yen(total))
        yield from (_charge(charge, say) for charge in outcome.charges)
    if outcome.bills:
        yield say.of("請求", "bills") + ":"
        yield from (_bill(bill, say) for bill in outcome.bills)
    if outcome.deadlines:
        yield say.of("期限", "deadlines") + ":"
        yield from (_due(due, say) for due in outcome.deadlines)
    if outcome.addresses_after:
        yield say.of("解約後も使えるアドレス", "addresses that live on") + ":"
        for address, last in outcome.addresses_after.items():
            yield say.item(say.of(f"{address}（{say.day(last)}まで）", f"{address} until {say.day(last)}"))
    if outcome.certificate_to:
        yield say.field("解約完了メールの送り先", "certificate to", say.listed(outcome.certificate_to))
    if outcome.member_page_until:
        yield say.field("会員ページの終了", "member page until", say.instant(outcome.member_page_until))


def _charge(charge: Charge, say: _Say) -> str:
    title, why = say.text(charge.title), say.text(charge.why)
    return say.item(say.of(f"{title}: {say.yen(charge.yen)}（{why}）", f"{title}: {say.yen(charge.yen)} ({why})"))


def _bill(bill: Bill, say: _Say) -> str:
    paid = say.listed(f"{method} {say.day(day)}" for method, day in bill.payable.items() if day is not None)
    of, billed = say.month(bill.month), say.month(bill.billed)
    ja = f"{bill.title.ja}: {say.yen(bill.yen)}（{of}分、{billed}に請求" + (f"、支払日 {paid}）" if paid else "）")
    en = f"{bill.title.en}: {say.yen(bill.yen)} (of {of}, billed in {billed}" + (f", paid: {paid})" if paid else ")")
    return say.item(say.of(ja, en))


def _due(due: Due, say: _Say) -> str:
    last, loses = say.day(due.last_day), say.text(due.loses)
    told = say.listed(dict.fromkeys(say.day(at.date()) for at in due.reminders))
    ja = f"{due.title.ja}: {last}まで（{loses}）" + (f"。お知らせ: {told}" if told else "")
    en = f"{due.title.en}: until {last}, or else: {loses}" + (f"; reminders: {told}" if told else "")
    return say.item(say.of(ja, en))


def _becoming(becomes: Becoming, say: _Say) -> Iterator[str]:
    yield say.of("統合後", "what it becomes") + ": " + say.instant(becomes.at)
    existing = becomes.account is Account.EXISTING
    yield say.item(
        say.of("いまのお客様IDにサービスが加わります", "services are added to the customer id there is")
        if existing
        else say.of("新しいお客様IDが発行されます", "a new customer id is given out")
    )
    if becomes.inherited_from is not None:
        what = say.listed(becomes.inherited)
        yield say.item(
            say.of(
                f"契約{becomes.inherited_from}から引き継ぐもの: {what}", f"of contract {becomes.inherited_from}: {what}"
            )
        )
    if becomes.contact:
        yield say.item(say.field("連絡先アドレス", "contact address", becomes.contact))
    yield from (say.item(f"{number} → {title.in_(say.language)}") for number, title in becomes.services)
    if becomes.added:
        yield say.item(say.field("加わるもの", "added", say.listed(becomes.added)))
    if becomes.unmapped:
        yield say.item(say.field("引き継がれないもの", "becomes nothing", say.listed(becomes.unmapped)))


def _list(items: Iterable[Item], say: _Say) -> Iterator[str]:
    shown = [item for item in items if item.when is not When.OVER]
    for kind, some in groupby(shown, key=lambda item: item.kind):
        yield ""
        yield _HEADS[kind].in_(say.language) + ":"
        yield from (_item(item, say) for item in some)


def _item(item: Item, say: _Say) -> str:
    """Of what, of which device, when, what to do, and where."""
    about = [say.text(item.title) if item.title else "", f"[{item.about}]" if item.about else "", _days(item, say)]
    words = [" ".join(filter(None, about)), say.text(item.text) if item.text else ""]
    return say.item(" ".join(filter(None, [": ".join(filter(None, words)), item.phone, item.url])))


def _days(item: Item, say: _Say) -> str:
    begin, last = (say.day(day) if day else "" for day in (item.begin, item.last_day))
    if begin and last:
        return say.of(f"{begin}〜{last}", f"{begin} to {last}")
    if begin:
        return say.of(f"{begin}から", f"from {begin}")
    return say.of(f"{last}まで", f"until {last}") if last else ""
