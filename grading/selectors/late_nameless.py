"""What the late days of a person may say of work whose names are hidden: how many days it cost, and nothing that finds the report."""

from collections.abc import Collection, Iterable

from grading.models.late_days import LateEntry, LateVerdict

NAMES_HIDDEN = "Which report it was is hidden until the grades are released."


def verdicts_shown(rows: Iterable[LateVerdict], hidden: Collection[int]) -> list[LateVerdict]:
    """Without the attempt and without its times. Such rows are read and never saved."""
    found = list(rows)
    for row in found:
        if row.assignment_id in hidden and row.submission_id is not None:
            row.submission, row.explanation = None, [NAMES_HIDDEN]
    return found


def entries_shown(rows: Iterable[LateEntry], hidden: Collection[int]) -> list[LateEntry]:
    """Of the moment the day alone: the line is written when the report comes in, whose time stands at the desk."""
    found = list(rows)
    for row in found:
        if row.assignment_id in hidden and row.submission_id is not None:
            row.submission, row.reason = None, NAMES_HIDDEN
            row.made_at = row.made_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return found
