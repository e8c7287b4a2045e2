"""Those who grade beside each other over all assignments: how many, how long, how much of the points, and how alike on the same reports. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from courseplatform.core.numbers import NARROW
from grading.analytics.chart import MINUS, NOTHING, Chart
from grading.analytics.course_drawn import and_words, floor_of, many
from grading.figure import Json, label

KEY, TITLE = "graders", "Graders"
ROW, AROUND = 44, 64
COLUMNS = ("Grader", "Reports", "Minutes a report", "Given, %", "Shared reports", "Off by, points of 100")
NOTE = "Dot: mean of all that a grader gave, in percent of what could be given by hand; extra credit is on top."
LEAST_SHARED, FAR = (
    3,
    2.0,
)  # reports from which on a difference says something, and points of 100 from which on it is said
AS_FAR = 0.6  # of the furthest: who is off by less may only seem so
NONE_YET = "No report was graded at the desk in these days."
NONE_MORE = "Each grader has a row here from the first report that is done at the desk."


@dataclass(frozen=True)
class Graded:
    """What one grader, known by key and name, did of one assignment.

    points, of: sums over the reports. seconds: over `timed` of them, where the desk took the time.
    """

    grader: int
    name: str
    reports: int
    points: float
    of: float
    seconds: int = 0
    timed: int = 0


@dataclass(frozen=True)
class Marked:
    """One shared report as one grader marked it, blindly, as a share of what could be given."""

    report: int
    grader: int
    name: str
    share: float


@dataclass(frozen=True)
class Grader:
    """One row. minutes, share, off: None where nothing is known of it. off: points of 100 more than the others, on `shared` reports."""

    name: str
    reports: int
    minutes: float | None
    share: float | None
    shared: int = 0
    off: float | None = None


def graders_of(graded: Iterable[Graded], marked: Iterable[Marked]) -> list[Grader]:
    """Who graded most first."""
    marked = list(marked)
    by_key: dict[int, list[Graded]] = defaultdict(list)
    names: dict[int, str] = {one.grader: one.name for one in marked}
    for row in graded:
        by_key[row.grader].append(row)
        names[row.grader] = row.name
    apart, found, said = off_by(marked), list[Grader](), Counter[str]()
    for key in sorted(names):
        mine, offs = by_key[key], apart.get(key, [])
        of, timed = sum(one.of for one in mine), sum(one.timed for one in mine)
        said[names[key]] += 1
        name = names[key] if said[names[key]] == 1 else f"{names[key]} ({said[names[key]]})"
        minutes = sum(one.seconds for one in mine) / timed / 60 if timed else None
        share = sum(one.points for one in mine if one.of) / of if of else None
        off = 100 * fmean(offs) if offs else None
        found.append(Grader(name, sum(one.reports for one in mine), minutes, share, len(offs), off))
    return sorted(found, key=lambda one: (-one.reports, one.name))


def off_by(marked: Iterable[Marked]) -> dict[int, list[float]]:
    """Grader -> of each report that somebody else marked too: the own share minus the mean of the others'."""
    by_report: dict[int, dict[int, float]] = defaultdict(dict)
    for one in marked:
        by_report[one.report][one.grader] = one.share
    found: dict[int, list[float]] = defaultdict(list)
    for shares in by_report.values():
        for grader, share in shares.items():
            others = [other for who, other in shares.items() if who != grader]
            if others:
                found[grader].append(share - fmean(others))
    return dict(found)


def graders_chart(graders: Sequence[Grader], *, is_withheld: bool) -> Chart:
    """is_withheld: the visitor has shared reports still to mark, and does not see yet what others gave them."""
    if not graders:
        return Chart(KEY, TITLE, NONE_YET, COLUMNS, more=NONE_MORE)
    rows = [
        [
            one.name,
            str(one.reports),
            _number(one.minutes, 1),
            _number(one.share, 1, 100),
            str(one.shared or NOTHING),
            _signed(one.off),
        ]
        for one in graders
    ]
    finding, more = _finding(graders)
    if is_withheld:
        more = f"{more} Mark the shared reports that wait for you; then this page compares all who did.".strip()
    drawn = [one for one in graders if one.share is not None]
    far = far_from_others(graders)
    shown = {"rows": [{"one": one, "minutes": _number(one.minutes, 1), "share": _number(one.share, 0, 100), "off": _signed(one.off),
                       "is_far": one in far} for one in graders]}  # fmt: skip
    return Chart(
        KEY, TITLE, finding, COLUMNS, rows, more=more, note=NOTE, draw=(lambda: _figure(drawn)) if drawn else None, height=AROUND + ROW * len(drawn),
        beside="grading/analytics/_course_graders.html", shown=shown,
    )  # fmt: skip


def _number(value: float | None, decimals: int, times: float = 1) -> str:
    return NOTHING if value is None else f"{times * value:.{decimals}f}"


def _signed(value: float | None) -> str:
    """Never a signed zero."""
    if value is None:
        return NOTHING
    return "0.0" if round(value, 1) == 0 else f"{value:+.1f}".replace("-", MINUS)


def far_from_others(graders: Sequence[Grader]) -> list[Grader]:
    """Who is off by two points of 100 or more on three shared reports or more, the furthest first.

    One who is far off moves the others' mean, so that all others seem off the other way: who is off by much less than the furthest is not told.
    """
    found = [one for one in graders if one.off is not None and one.shared >= LEAST_SHARED and abs(one.off) >= FAR]
    most = max((abs(one.off or 0) for one in found), default=0.0)
    return sorted((one for one in found if abs(one.off or 0) >= AS_FAR * most), key=lambda one: -abs(one.off or 0))


def _finding(graders: Sequence[Grader]) -> tuple[str, str]:
    did_some = [one for one in graders if one.reports]
    whole = sum(one.reports for one in did_some)
    did = f"{many(len(did_some), 'grader')} did {many(whole, 'report')}."
    compared = [one for one in graders if one.off is not None and one.shared >= LEAST_SHARED]
    if far := far_from_others(graders):
        return f"{_far_words(far, compared)}.", did
    alike = (
        f"On the same reports all who marked them agree within {FAR:.0f} of 100 points." if len(compared) > 1 else ""
    )
    means = [one.share for one in graders if one.share is not None]
    if len(did_some) == 1:
        given = f", and gave {100 * means[0]:.0f}{NARROW}% of the points" if means else ""
        return f"{did_some[0].name} graded {'the one report' if whole == 1 else f'all {whole} reports'}{given}.", ""
    if not did_some:
        return "Only shared reports were marked in these days.", alike
    if not means:
        return did, alike
    low, high = round(100 * min(means)), round(100 * max(means))
    between = f"each gave {low}" if low == high else f"each gave {low} to {high}"
    said = f"{did[:-1]}; {between}{NARROW}% of the points."
    return said, alike or "Means of different reports: how alike they grade is told by reports that several mark."


def _far_words(far: Sequence[Grader], compared: Sequence[Grader]) -> str:
    one = far[0]
    way = "more" if (one.off or 0) > 0 else "less"
    said = f"On {many(one.shared, 'shared report')} {one.name} gives {abs(one.off or 0):.1f} of 100 points {way} than"
    if len(compared) == 2:
        return f"{said} {next(other.name for other in compared if other is not one)}"
    also = (
        f"; {and_words([other.name for other in far[1:]])} {'is' if len(far) == 2 else 'are'} off as far"
        if len(far) > 1
        else ""
    )
    return f"{said} the others{also}"


def _figure(drawn: Sequence[Grader]) -> Json:
    names = [one.name for one in drawn]
    shares = [100 * (one.share or 0) for one in drawn]
    hover = [f"{one.name}: {100 * (one.share or 0):.1f} %, {many(one.reports, 'report')}" for one in drawn]
    low = floor_of(min(90.0, *shares))
    title = "% of what could be given by hand" + (f" (axis starts at {low:.0f})" if low else "")
    data = [{"type": "scatter", "mode": "markers", "x": shares, "y": names, "marker": {"color": "--plot-1", "size": 11}, "text": hover,
             "hovertemplate": "%{text}<extra></extra>"}]  # fmt: skip
    words = [
        label(f"mean {share:.0f}", color="--ink-2", x=share, y=name, xref="x", yref="y", yanchor="bottom", yshift=6)
        for name, share in zip(names, shares, strict=True)
    ]
    layout = {
        "xaxis": {"title": {"text": title}, "range": [low, max(102.0, max(shares) + 3)]},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": names[::-1], "range": [-0.6, len(names) - 0.3]},
        "annotations": words, "margin": {"t": 8},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def strictness_words(graders: Sequence[Grader]) -> str:
    """For the head of the page; "" where nobody is far from the others."""
    far = far_from_others(graders)
    compared = sum(one.off is not None and one.shared >= LEAST_SHARED for one in graders)
    if not far:
        return ""
    if compared == 2 or len(far) > 1:
        return "graders differ on the same reports"
    return f"one grader {'gives more' if (far[0].off or 0) > 0 else 'is stricter'} than the others"
