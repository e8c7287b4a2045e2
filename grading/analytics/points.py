"""Where the points of a piece of work are and where they go: one dot a team or person, and a table that adds up to the mean. Pure."""

from grading.analytics.chart import NOTHING, Chart
from grading.analytics.points_facts import ClassOfPoints
from grading.analytics.points_plot import points_plot
from grading.analytics.words import counted, has_have, is_are, listed, most, points
from grading.figure import Json

KEY, TITLE, HEIGHT = "points", "Points", 224


def points_chart(found: ClassOfPoints) -> Chart:
    is_drawn = bool(found.graded)
    shown: Json = {
        "lines": found.lines, "mean": found.mean, "lost": found.lost, "who": counted(len(found.graded), found.word),
        "is_one": len(found.graded) == 1,
    }  # fmt: skip
    return Chart(
        KEY, TITLE, finding(found), *_table(found), more=_more(found), note=_note(found), height=HEIGHT,
        draw=(lambda: points_plot(found)) if is_drawn else None,
        below="grading/analytics/_where_points.html" if is_drawn else "", shown=shown,
    )  # fmt: skip


def finding(found: ClassOfPoints) -> str:
    values, word = found.values, found.word
    what = "measured" if found.is_so_far else "graded"
    if not values:
        return f"No {word} is graded yet."
    count = counted(len(values), word)
    if len(values) == 1:
        return f"One {word} is {what}: {points(values[0])} of {most(found.of)}."
    if values[0] == values[-1]:
        return f"All {count} that are {what} have {points(values[0])} of {most(found.of)}."
    if found.middle is None:
        return f"{count} are {what}, from {points(values[0])} to {points(values[-1])} of {most(found.of)}."
    low, high = found.middle
    lowest = f"the lowest has {points(values[0])}"
    if points(low) == points(high):
        return f"The middle half of the {word}s has {points(low)}; {lowest}."
    return f"The middle half of the {word}s lies between {points(low)} and {points(high)}; {lowest}."


def _more(found: ClassOfPoints) -> str:
    if not found.values:
        return "Each will be a dot here, with the table of where the points go, as soon as a grade is complete."
    said = ["Only what was measured, because no grade is complete yet."] if found.is_so_far else []
    if found.most_extra:
        said.append(f"Extra credit reaches up to {most(found.of + found.most_extra)}.")
    return " ".join(said)


def _note(found: ClassOfPoints) -> str:
    said = [f"{counted(len(found.units), found.word)}."]
    waiting = len(found.units) - len(found.graded) - len(found.absent)
    if waiting and found.graded:
        said.append(
            f"{waiting} {is_are(waiting)} not {'measured' if found.is_so_far else 'graded'} yet and {is_are(waiting)} not drawn."
        )
    if found.absent:
        who = found.absent[0].name if len(found.absent) == 1 else counted(len(found.absent), found.word)
        count = len(found.absent)
        end = (
            f"count{'s' if count == 1 else ''} 0 and {is_are(count)} not in the means"
            if found.is_due
            else f"{is_are(count)} not drawn"
        )
        said.append(
            f"{who} {has_have(count)} handed nothing in and {end}."
            if not found.is_due
            else f"{who}, with nothing handed in, {end}."
        )
    return " ".join(said)


def _table(found: ClassOfPoints) -> tuple[list[str], list[list[str]]]:
    """One row a team or person, the most points first."""
    if not found.graded:
        return [], []
    parts = [
        part for part in found.parts if part.of is not None or any(unit.parts.get(part.key) for unit in found.graded)
    ]
    heads = [found.word.capitalize(), "Points", *(part.head for part in parts)]
    rows = [
        [unit.name, points(unit.points or 0), *(points(unit.parts.get(part.key, 0)) for part in parts)]
        for unit in sorted(found.graded, key=lambda one: (-(one.points or 0), one.name))
    ]
    return heads, rows + [[unit.name, NOTHING, *[NOTHING] * len(parts)] for unit in found.absent if found.is_due]


def losses(found: ClassOfPoints) -> str:
    """Points go on accuracy (0.50 of 2.00 lost) and latency (0.43 of 1.00); "" where nothing is lost."""
    lost = sorted(
        (line for line in found.lines if line.lost is not None and line.lost > 0 and line.of),
        key=lambda line: -(line.lost or 0),
    )
    said = [
        f"{_lower(line.title)} ({points(line.lost or 0)} of {points(line.of or 0)}{'' if n else ' lost'})"
        for n, line in enumerate(lost[:2])
    ]
    return f"Points go on {listed(said)}." if said else ""


def _lower(title: str) -> str:
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
