"""Late days of a class: how many each used for a piece of work, and how many are left. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from grading.analytics.chart import Chart
from grading.analytics.plotting import OTHER
from grading.analytics.words import counted, has_have, spelt
from grading.figure import QUIET, Json

KEY, KEY_LEFT, TITLE = "late", "late-left", "Late days"
ROW_PX, LEAST_PX = 24, 60


@dataclass(frozen=True)
class ClassOfLateDays:
    """used, left: one entry for each owner of the bank that pays for this work, in no order. owner: team or student. absent: of the owners,
    how many handed nothing in. held: what each was given at the start; 0: the policy has no bank, and what is used is days late. to_come: pieces
    of work that it still pays for."""

    short: str
    owner: str = "student"
    used: Sequence[int] = ()
    left: Sequence[int] = ()
    absent: int = 0
    held: int = 0
    to_come: int = 0
    has_policy: bool = True
    unit: str = "late day"
    many: str = "late days"


def late_chart(found: ClassOfLateDays) -> Chart:
    if not found.has_policy:
        return Chart(
            KEY,
            TITLE,
            "This course states no late policy.",
            more="With one, the late days that were used and those that are left stand here.",
        )
    if not found.used and not found.left and not found.absent:
        return Chart(
            KEY,
            TITLE,
            f"No {found.owner} of the class has a bank of late days yet.",
            more="Those that are used and those that are left stand here.",
        )
    also = (_left(found),) if found.left else ()
    if not found.used:
        return Chart(
            KEY, TITLE, f"No {found.owner} handed in yet.", more="The late days that they use stand here.", also=also
        )
    used = Counter(found.used)
    rows = [*_rows(used, max(used)), *([["not handed in", str(found.absent)]] if found.absent else [])]
    heads = [f"{found.many.capitalize()} used", f"{found.owner.capitalize()}s"]
    is_strong = [n > 0 for n in range(max(used) + 1)] + [False] * bool(found.absent)
    return Chart(
        KEY, TITLE, finding_used(found), heads, rows, more=_sum(used), note=_note(found), draw=lambda: _plot(rows, is_strong), height=_height(rows),
        also=also,
    )  # fmt: skip


def _note(found: ClassOfLateDays) -> str:
    if not found.left:
        return f"Number of {found.owner}s by days used."
    return f"Number of {found.owner}s, first by days used for {found.short}, then by days still left."


def _left(found: ClassOfLateDays) -> Chart:
    left = Counter(max(one, 0) for one in found.left)
    rows = _rows(left, max(*left, found.held))
    mean = sum(found.left) / len(found.left)
    more = f"Mean {mean:.2f} of {found.held}." if found.held else f"Mean {mean:.2f}."
    heads = [f"{found.many.capitalize()} left", f"{found.owner.capitalize()}s"]
    return Chart(
        KEY_LEFT, "Late days left", finding_left(found), heads, rows, more=more, draw=lambda: _plot(rows, [n == 0 for n in range(len(rows))]),
        height=_height(rows),
    )  # fmt: skip


def finding_used(found: ClassOfLateDays) -> str:
    late = [one for one in found.used if one > 0]
    if not late:
        return (
            f"Nobody used a {found.unit} for {found.short}."
            if len(found.used) > 1
            else f"The one {found.owner} used no {found.unit} for {found.short}."
        )
    return f"{counted(len(late), found.owner)} used {counted(sum(late), found.unit, found.many)} for {found.short}."


def finding_left(found: ClassOfLateDays) -> str:
    none = sum(one <= 0 for one in found.left)
    more = (
        f", with {spelt(found.to_come)} piece{'' if found.to_come == 1 else 's'} of work to come"
        if found.to_come
        else ""
    )
    if not none:
        return f"Every {found.owner} has at least {counted(min(found.left), found.unit, found.many)} left{more}."
    return f"{counted(none, found.owner)} {has_have(none)} none left{more}."


def _rows(counts: Counter[int], last: int) -> list[list[str]]:
    """Every number of days from 0 to the last, also those that nobody has."""
    return [[str(days), str(counts[days])] for days in range(last + 1)]


def _sum(used: Counter[int]) -> str:
    """4 x 1 + 2 x 2 + 1 x 3: how the days add up."""
    return " + ".join(f"{used[days]}\u00a0×\u00a0{days}" for days in sorted(used) if days and used[days]) + (
        "." if any(used[days] for days in used if days) else ""
    )


def _height(rows: Sequence[Sequence[str]]) -> int:
    return max(ROW_PX * len(rows) + 16, LEAST_PX)


def _plot(rows: Sequence[Sequence[str]], is_strong: Sequence[bool]) -> Json:
    """A bar a row, from above; its number stands at its end."""
    counts = [int(row[1]) for row in rows]
    names = [
        f"{row[0]} day{'' if row[0] == '1' else 's'}" if row[0].isdecimal() and n < 2 else row[0]
        for n, row in enumerate(rows)
    ]
    reach = max(*counts, 1) * 1.15
    return {
        "data": [{
            "type": "bar", "orientation": "h", "x": counts, "y": list(range(len(rows))), "width": 0.56, "hoverinfo": "skip",
            "marker": {"color": OTHER, "opacity": [1.0 if one else QUIET for one in is_strong]}, "text": [str(one) if one else "" for one in counts],
            "textposition": "outside", "cliponaxis": False, "textfont": {"color": "--ink-2", "size": 12},
        }],
        "layout": {
            "xaxis": {"visible": False, "range": [0, reach]}, "margin": {"t": 0, "b": 0, "l": 92, "r": 24}, "bargap": 0,
            "yaxis": {"range": [len(rows) - 0.5, -0.5], "tickvals": list(range(len(rows))), "ticktext": names, "showgrid": False, "zeroline": False,
                      "tickfont": {"size": 12, "color": "--ink"}},
        },
    }  # fmt: skip
