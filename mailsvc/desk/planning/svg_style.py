"""How the picture of a plan looks: its colours in daylight and in the dark, its type, and how wide words are.

Use: `style_sheet()` once in a picture, class names of `COLOURS` on its shapes, `wide(text, size)` to lay words out.
Widths are estimates that lie above what usual fonts need, so that what fits by them fits.
"""

from collections.abc import Mapping

from mailsvc.desk.planning.wrapping import is_wide

FONT = (
    'system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Yu Gothic UI", '
    '"Noto Sans JP", "Noto Sans CJK JP", sans-serif'
)

# class: (by day, in the dark)
COLOURS: Mapping[str, tuple[str, str]] = {
    "paper": ("#fdfcfa", "#12161d"),
    "panel": ("#f3f1ec", "#1b212b"),
    "ink": ("#1d2733", "#eef2f6"),
    "soft": ("#566272", "#a7b3c2"),
    "hair": ("#d9d5cc", "#313a47"),
    "stage": ("#2463a8", "#6fb1f5"),
    "final": ("#b3202c", "#ff7b78"),
    "own": ("#2463a8", "#6fb1f5"),
    "rehearsal": ("#b76a00", "#f2b04e"),
    "switch": ("#7447b3", "#bf9cf5"),
    "service": ("#0f7a68", "#4fd0b8"),
    "hold": ("#a83a72", "#f190c2"),
    "gate": ("#566272", "#a7b3c2"),
    "notice": ("#8b96a5", "#77849a"),
    "now": ("#d1490f", "#ff9760"),
    "on-bar": ("#ffffff", "#10151c"),
}
_NARROW, _BROAD = frozenset("iljtfrI.,:;|'!()[] -"), frozenset("mwMW@%")


def style_sheet() -> str:
    """The rules of the picture, for both colour schemes."""
    day = "".join(_rules(name, light) for name, (light, _) in COLOURS.items())
    night = "".join(_rules(name, dark) for name, (_, dark) in COLOURS.items())
    return (
        f"text{{font-family:{FONT};font-variant-numeric:tabular-nums}}.bold{{font-weight:600}}.past{{opacity:.55}}"
        f".dashed{{stroke-dasharray:3 4}}.pale{{opacity:.38}}{day}@media (prefers-color-scheme:dark){{{night}}}"
    )


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """How wide `text` is in pixels at a type size of `size` pixels; rather more than less."""
    return sum(map(_em, text)) * size * (1.15 if bold else 1.0)


def _rules(name: str, colour: str) -> str:
    return f".{name}{{fill:{colour}}}.{name}-line{{stroke:{colour};fill:none}}"


def _em(sign: str) -> float:
    if is_wide(sign) or ord(sign) > 0x2000:
        return 1.02
    if sign in _NARROW:
        return 0.38
    if sign in _BROAD:
        return 0.95
    return 0.68 if sign.isupper() else 0.6
