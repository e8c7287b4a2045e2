"""When a class handed in: attempts a day, the last hour before the due time told apart, and what came after it. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import ceil

from courseplatform.core import numbers
from grading.analytics.chart import Chart
from grading.analytics.plotting import RULE, bars, nice_step, upright, words
from grading.analytics.words import counted, percent
from grading.figure import Json

KEY, TITLE, HEIGHT = "attempts", "Attempts", 264
HOUR = timedelta(hours=1)
FEWEST, MOST_NUMBERED = 14, 31  # days of the axis at least; days whose bars have their number above them
WIDTH_PX, PHONE_PX, DUE_PX = (
    920.0,
    280.0,
    176.0,
)  # of the plot, the same on a phone, and of the words beside the due time
EVERY = 7  # of more days every so many has its date, and on a narrow page


@dataclass(frozen=True)
class ClassOfAttempts:
    """at: when each attempt arrived, in the course's zone, in no order. due: None: nothing is ever late. owners: how many teams or people
    have an attempt. allowed: attempts that each has. longest_wait: between the line and the bench for a run that was queued on the due day; None: nobody
    waited. overlong: runs of that day that waited longer than a day, and are not in it. failed: runs of that day that failed on our side."""

    word: str
    at: Sequence[datetime]
    due: datetime | None
    now: datetime
    owners: int
    allowed: int
    longest_wait: timedelta | None = None
    overlong: int = 0
    failed: int = 0

    @cached_property
    def by_day(self) -> Counter[date]:
        return Counter(one.date() for one in self.at)

    @cached_property
    def days(self) -> list[date]:
        """From the first attempt to the last, and to the due day where that is over; two weeks at least, so that no bar is a wall."""
        ends = [*self.by_day, *([self.due.date()] if self.due and self.due <= self.now else [])]
        last = max(ends)
        first = min(*ends, last - timedelta(days=FEWEST - 1))
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def is_due(self) -> bool:
        return self.due is not None and self.due <= self.now

    def _between(self, low: datetime, high: datetime) -> int:
        return sum(low < one <= high for one in self.at)

    @property
    def last_hour(self) -> int:
        """Of the due day's attempts in time those of the last hour: an hour that began the day before is cut at midnight."""
        if self.due is None:
            return 0
        return sum(self.due - HOUR < one <= self.due and one.date() == self.due.date() for one in self.at)

    @property
    def before_it(self) -> int:
        """The due day's attempts before the last hour."""
        return (
            sum(one.date() == self.due.date() and one <= self.due for one in self.at) - self.last_hour
            if self.due
            else 0
        )

    @property
    def late_on_day(self) -> int:
        return sum(one.date() == self.due.date() and one > self.due for one in self.at) if self.due else 0

    @property
    def after(self) -> int:
        return sum(one > self.due for one in self.at) if self.due else 0

    @property
    def on_due_day(self) -> int:
        return self.before_it + self.last_hour


def attempts_chart(found: ClassOfAttempts) -> Chart:
    if not found.at:
        return Chart(
            KEY,
            TITLE,
            "Nothing was handed in yet.",
            more="Each day will have a bar here, with the last hour before the due time told apart.",
        )
    of = f", of {found.allowed}" if found.allowed else ""
    mean = numbers.digits(len(found.at) / found.owners, 2) if found.owners else "0"
    what = "one team" if found.word == "team" else f"one {found.word}"
    note = f"{counted(len(found.at), 'attempt')} of {counted(found.owners, found.word)}: {mean} on average{of}."
    if found.owners == 1:
        note = f"{counted(len(found.at), 'attempt')} of {what}{of}."
    rows = [[f"{day:%a %b %-d}", str(found.by_day[day]), *_split(found, day)] for day in found.days]
    return Chart(
        KEY, TITLE, finding(found), ["Day", "Attempts", "In the last hour", "After the due time"], rows, more=_more(found), note=note,
        draw=lambda: _plot(found),
        height=HEIGHT,
    )  # fmt: skip


def _split(found: ClassOfAttempts, day: date) -> list[str]:
    is_due_day = found.due is not None and day == found.due.date()
    after = (
        found.late_on_day
        if is_due_day
        else found.by_day[day]
        if found.due is not None and day > found.due.date()
        else 0
    )
    return [str(found.last_hour if is_due_day else 0), str(after)]


def finding(found: ClassOfAttempts) -> str:
    total = len(found.at)
    if found.due is None:
        busiest = max(found.by_day.values())
        days = [day for day, count in found.by_day.items() if count == busiest]
        when = f"{days[0]:%a %b %-d}" if len(days) == 1 else f"each of {len(days)} days"
        return f"Most attempts came on {when}: {busiest} of {total}. There is no due time."
    if not found.is_due:
        return f"{counted(total, 'attempt')} so far; it is due {found.due:%a %b %-d, %H:%M %Z}."
    if not found.on_due_day:
        late = "all of them after the due time" if found.after == total else f"{found.after} after the due time"
        return (
            f"None of the {counted(total, 'attempt')} came on the due day in time; {late}."
            if total > 1
            else f"The one attempt came {'after the due time' if found.after else 'before the due day'}."
        )
    if total == 1:
        return f"The one attempt came on the due day{', in its last hour' if found.last_hour else ''}."
    hour = (
        "all of them"
        if found.last_hour == found.on_due_day > 1
        else "none"
        if not found.last_hour
        else str(found.last_hour)
    )
    return f"{percent(found.on_due_day, total)} of the {total} attempts came on the due day, {hour} in its last hour."


def _more(found: ClassOfAttempts) -> str:
    """What the night of the due day was like for those who waited."""
    if not found.is_due or not found.on_due_day:
        return ""
    wait = "Nobody waited for a result that day"
    if found.longest_wait is not None:
        wait = f"Longest wait that day {numbers.span(found.longest_wait)}"
    if found.overlong:
        long = f"{counted(found.overlong, 'run')} waited longer than a day"
        wait = f"{wait}; {long}" if found.longest_wait is not None else long
    failed = f"{counted(found.failed, 'run')} failed on our side" if found.failed else "no run failed on our side"
    return f"{wait}; {failed}."


# -- the plot --


def _plot(found: ClassOfAttempts) -> Json:
    """A bar a day; that of the due day in three parts. Days are counted from 0."""
    counts = [found.by_day[day] for day in found.days]
    top = max(counts)
    here = found.days.index(found.due.date()) if found.due and found.due.date() in found.days else None
    plain = [n for n in range(len(counts)) if n != here]
    axis = _axis(found, range(len(counts)))
    many = len(counts) > MOST_NUMBERED
    sparse = _axis(found, range(0, len(counts), ceil(len(counts) / 4)))
    said, said_narrow = (_due_words(found, here, is_narrow=one) for one in (False, True))
    numbers_on = [] if many else [_number(n, count, is_due=n == here) for n, count in enumerate(counts) if count]
    return {
        "data": [
            bars(plain, [counts[n] for n in plain], [_said(found, n) for n in plain], is_quiet=True, width=0.86),
            *(_due_day(found, here) if here is not None else []),
            *([upright(_place(found), 0, top * 1.5, RULE)] if here is not None else []),
        ],
        "layout": {
            "xaxis": _axis(found, range(0, len(counts), EVERY)) if many else axis, "barmode": "overlay", "hovermode": "closest",
            "yaxis": {"title": {"text": "attempts a day"}, "range": [0, top * 1.5], "dtick": max(nice_step(top, 4), 1), "zeroline": False},
            "annotations": [*numbers_on, *said, *([] if many else _months(found))], "margin": {"b": 56},
            "meta": {"narrow": {"annotations": [*(numbers_on if len(counts) < 13 else []), *said_narrow], "xaxis": sparse}},
        },
    }  # fmt: skip


def _axis(found: ClassOfAttempts, ticks: Sequence[int]) -> Json:
    """Days of the month; where only some have a tick, with the month."""
    is_every = len(ticks) == len(found.days) <= MOST_NUMBERED
    texts = [f"{found.days[n]:{'%-d' if is_every else '%b %-d'}}" for n in ticks]
    return {
        "range": [-0.6, len(found.days) - 0.4], "tickvals": list(ticks), "ticktext": texts, "showgrid": False, "zeroline": False, "showline": True,
    }  # fmt: skip


def _months(found: ClassOfAttempts) -> list[Json]:
    """The name of each month in the middle of its days, under them."""
    months = [day.replace(day=1) for day in found.days]
    middles = {month: [n for n, one in enumerate(months) if one == month] for month in dict.fromkeys(months)}
    return [
        words(f"{month:%B}", (places[0] + places[-1]) / 2, 0, yref="paper", yanchor="top", yshift=-22, color="--ink-3")
        for month, places in middles.items()
        if len(places) > 1 or len(middles) == 1
    ]


def _said(found: ClassOfAttempts, n: int) -> str:
    return f"{found.days[n]:%a %b %-d}: {counted(found.by_day[found.days[n]], 'attempt')}"


def _due_day(found: ClassOfAttempts, n: int) -> list[Json]:
    """From below: the last hour, what came before it on that day, what came after the due time."""
    parts = [
        (found.last_hour, "in the last hour", "--plot-1"),
        (found.before_it, "before the last hour", "--plot-5"),
        (found.late_on_day, "after the due time", "--plot-2"),
    ]
    bottom, drawn = 0, []
    for count, what, color in parts:
        if count:
            said = f"{found.days[n]:%a %b %-d}: {counted(count, 'attempt')} {what}"
            drawn.append(bars([n], [count], [said], color=color, base=[bottom], width=0.86))
        bottom += count
    return drawn


def _place(found: ClassOfAttempts) -> float:
    """Where the due time lies within its day, which goes from half a day left of its number to half a day right of it."""
    if found.due is None:
        return 0.0
    seconds = found.due.hour * 3600 + found.due.minute * 60 + found.due.second
    return found.days.index(found.due.date()) - 0.5 + seconds / 86400


def _number(n: int, count: int, *, is_due: bool) -> Json:
    return words(
        str(count),
        n,
        count,
        yanchor="bottom",
        yshift=1,
        color="--ink" if is_due else "--ink-2",
        weight=600 if is_due else 400,
    )


def _due_words(found: ClassOfAttempts, here: int | None, *, is_narrow: bool) -> list[Json]:
    """The due time at its line, how many came in the hour before it and how many after it."""
    if here is None or found.due is None:
        return []
    place, width = _place(found), PHONE_PX if is_narrow else WIDTH_PX
    has_room = (len(found.days) - 0.4 - place) * width / len(found.days) >= DUE_PX
    side: Json = {
        "yref": "paper", "xanchor": "left" if has_room else "right", "yanchor": "top", "xshift": 6 if has_room else -6,
    }  # fmt: skip
    said = [words(f"due {found.due:%a %b %-d, %H:%M %Z}", place, 1, color=RULE, **side)]
    parts = ((found.last_hour, f"last hour: {found.last_hour}", 600), (found.after, f"after it: {found.after}", 400))
    for text, weight in ((text, weight) for count, text, weight in parts if count):
        color = "--ink" if weight == 600 else "--ink-2"
        said.append(words(text, place, 1, color=color, weight=weight, yshift=-16 * len(said), **side))
    return said
