"""What stands at the head of a course's analytics: the finding of the whole page in a sentence, and the numbers beside it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from courseplatform.core.numbers import NARROW
from grading.analytics.course_drawn import many, percent
from grading.analytics.course_graders import Grader, strictness_words
from grading.analytics.course_labs import Spread, lowest_of
from grading.analytics.waits import Waits, length

LONG_WAIT_S = 600  # from which on nine in ten that are slower are the news of the page


@dataclass(frozen=True)
class Head:
    title: str
    sentence: str


def head_of(
    spreads: Sequence[Spread], *, attempts: int, graders: Sequence[Grader], waits: Waits | None, busy: float | None
) -> Head:
    """busy: share of the known time of all boards, None where nothing is known."""
    return Head(_title(spreads, attempts, graders, waits), _sentence(spreads, attempts, waits, busy))


def _title(spreads: Sequence[Spread], attempts: int, graders: Sequence[Grader], waits: Waits | None) -> str:
    lowest, strict = lowest_of(spreads), strictness_words(graders)
    parts = []
    if lowest is not None:
        parts.append(f"{lowest.work.short} has the lowest median, {lowest.median:.0f}{NARROW}%")
    if strict:
        parts.append(strict)
    if waits is not None and waits.ninth >= LONG_WAIT_S:
        parts.append(f"one run in ten waited {length(waits.ninth)} or more")
    if not parts:
        if not attempts:
            return "Nothing was handed in yet"
        counted = [one for one in spreads if one.count]
        parts.append(
            f"{many(attempts, 'attempt')}, "
            + (f"{many(len(counted), 'assignment')} graded" if counted else "nothing graded yet")
        )
    said = "; ".join(parts[:2])
    return f"{said[:1].upper()}{said[1:]}"


def _sentence(spreads: Sequence[Spread], attempts: int, waits: Waits | None, busy: float | None) -> str:
    graded = sum(one.count for one in spreads)
    said = [
        f"{many(attempts, 'attempt')} and {many(graded, 'complete grade')} in {many(sum(bool(one.count) for one in spreads), 'assignment')}."
    ]
    if waits is not None:
        said.append(f"Half of the runs waited {length(waits.median)} or less.")
    if busy is not None:
        said.append(f"Boards were busy {percent(busy)} of the time.")
    return " ".join(said)
