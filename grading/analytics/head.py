"""The sentence at the head of a lab's analytics, and the two that follow it. Pure."""

from decimal import Decimal
from fractions import Fraction

from grading.analytics.graders import before_release, headline
from grading.analytics.graders_facts import ClassOfGraders
from grading.analytics.points import losses
from grading.analytics.points_facts import ClassOfPoints
from grading.analytics.words import counted, most, points


def title(found: ClassOfPoints, graders: ClassOfGraders) -> str:
    """Median 8.70 of 10; one grader is stricter than the other two."""
    if found.median is None:
        if found.handed_in:
            return f"{_handed(found)}, and no {found.word} is graded yet"
        return "Nothing is handed in yet" if found.takes_files else f"No {found.word} is graded yet"
    if found.is_so_far:
        return f"Nothing is graded completely yet; the measured median is {points(found.median)} of {most(found.of)}"
    if len(found.values) == 1:
        said = f"One {found.word} is graded: {points(found.values[0])} of {most(found.of)}"
    else:
        said = f"Median {points(found.median)} of {most(found.of)}"
    return "; ".join(filter(None, (said, headline(graders) or _most_lost(found))))


def _most_lost(found: ClassOfPoints) -> str:
    """Where graders cannot be compared: the part that costs most."""
    lost = [line for line in found.lines if line.is_much and line.of and line.lost]
    if not lost:
        return ""
    worst = max(lost, key=lambda line: line.lost or Decimal())
    name = worst.title if worst.title[1:2].isupper() else worst.title[:1].lower() + worst.title[1:]
    return f"most points are lost on {name}"


def lead(found: ClassOfPoints, graders: ClassOfGraders, *, is_released: bool) -> str:
    said = [f"{_handed(found)}."] if found.takes_files and found.units else []
    said.append(losses(found))
    if told := before_release(graders):
        said.append(f"{told[:1].upper()}{told[1:]}" if is_released else f"Before you release: {told}")
    return " ".join(filter(None, said))


def _handed(found: ClassOfPoints) -> str:
    return f"{found.handed_in} of {counted(len(found.units), found.word)} handed in"


def graded_words(found: ClassOfPoints) -> str:
    """30 of 30 teams graded."""
    graded = 0 if found.is_so_far else len(found.graded)
    return f"{graded} of {counted(len(found.units), found.word)} graded"


def before_it(short: str, values: list[tuple[Decimal, Decimal]], now: Fraction | None, of: Decimal) -> str:
    """Against the lab before: its median beside this one, as shares where the two are worth different amounts. values: (points, of)."""
    if not values:
        return f"No grade of {short} is complete."
    ranked = sorted(Fraction(one) for one, _ in values)
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    worth = values[0][1]
    said = f"{short} had a median of {points(middle)} of {most(worth)} over {counted(len(values), 'student')}"
    if now is None or not worth or not of:
        return f"{said}."
    change = Fraction(now) / Fraction(of) - middle / Fraction(worth)
    if round(float(change) * 100) == 0:
        return f"{said}, the same share of the points."
    amount = abs(round(float(change) * 100))
    return f"{said}; this is {counted(amount, 'percentage point')} {'more' if change > 0 else 'less'}."
