"""Two plans compared, as a person reads it, in a hundred columns, and as JSON.

Use: `lines(differed)`, `tree(differed)`.
"""

from collections.abc import Iterator, Mapping, Sequence

from mailsvc.cli.plan_words import address_count, answered, moment, of_which, wrapped
from mailsvc.desk.planning.differing import Differed
from schedules.rehearsing.difference import AgendaDiffers, AnswerDiffers

_NOTHING = "nothing differs"


def tree(found: Differed) -> Iterator[Mapping[str, object]]:
    """The elements of the JSON array: answers, then what falls due; empty where nothing differs."""
    for row in found.differences.answers:
        yield {
            "what": "answer",
            "since": row.since,
            "until": row.until,
            "capability": str(row.power),
            "before": row.before,
            "after": row.after,
            "in_words": row.in_words,
            "addresses": row.tally,
            "examples": row.examples,
        }
    for due in found.differences.agenda:
        either = due.after or due.before
        yield {
            "what": "agenda",
            "id": either.id if either else "",
            "before": due.before.at if due.before else None,
            "after": due.after.at if due.after else None,
        }


def lines(found: Differed) -> Iterator[str]:
    """What a person reads."""
    differences = found.differences
    yield f"{found.first} and {found.second}, times in {found.zone}"
    if differences.nothing:
        yield f"{_NOTHING}: {address_count(differences.total)} get the same answers at all times"
        return
    if not differences.answers:
        yield f"{address_count(differences.total)} get the same answers at all times"
    else:
        yield f"{differences.differing:,} of {address_count(differences.total)} get another answer at some time"
    told = [row for row in differences.answers if not row.in_words]
    words = [row for row in differences.answers if row.in_words]
    for title, rows in (("another answer", told), ("the same answer in other words", words)):
        if rows:
            yield ""
            yield title
            yield from _rows(rows)
    if differences.agenda:
        yield ""
        yield "what falls due"
        for due in differences.agenda:
            yield from _due(due)


def _rows(rows: Sequence[AnswerDiffers]) -> Iterator[str]:
    together: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    for row in rows:
        interval = f"from {moment(row.since) or 'the beginning'} {_until(row)}"
        such = f"such as {', '.join(map(str, row.examples))}" if row.examples else ""
        key = of_which(row.tally), f"{answered(row.before)}  ->  {answered(row.after)}", such
        together.setdefault(interval, {}).setdefault(key, []).append(str(row.power))
    for interval, alike in together.items():
        yield f"  {interval}"
        for (whom, told, such), powers in alike.items():
            yield from wrapped(f"{', '.join(powers)}: {whom}", 4)
            for line in filter(None, (told, such)):
                yield from wrapped(line, 8)


def _until(row: AnswerDiffers) -> str:
    return f"to {moment(row.until)}" if row.until else "on, for ever"


def _due(due: AgendaDiffers) -> Iterator[str]:
    first, second = due.before, due.after
    if first is None or second is None:
        only, side = (second, "second") if first is None else (first, "first")
        yield from wrapped(f"{only.id if only else ''}: {moment(only.at) if only else ''}, in the {side} only", 2)
    elif first.at != second.at:
        yield from wrapped(f"{first.id}: {moment(first.at)}  ->  {moment(second.at)}", 2)
    else:
        yield from wrapped(f"{first.id}: {moment(first.at)}, with other words or for others", 2)
