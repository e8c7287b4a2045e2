"""A new assignment from one that there is: of this course, or of another course that one teaches."""

from courseplatform.courses.access import Visit
from grading.course_file.assignment_item import Item, item_of, session_days
from grading.course_file.assignment_starts import copied, without
from grading.course_file.item_check import refused_in_item
from grading.models.assignments import Assignment
from grading.services.assignment_editing import assignment_create

DATE_WORDS = {
    "released": "when it opens",
    "due": "when it is due",
    "cutoff": "its cutoff",
    "listed_under": "the session beside which it stands",
}


def assignment_copy(*, visit: Visit, source: Assignment, names: Item, weeks: int | None) -> tuple[Assignment, str]:
    """A draft that says what `source` says under other names, its dates later by whole weeks or empty (None).

    Returns the copy and a sentence about dates that cannot be there, or "". Raises what `assignment_create` raises.
    """
    item = copied(item_of(source, session_days(source.course)), weeks=weeks) | names
    item, gone = without(item, [one.path for one in refused_in_item(item, visit.course)])
    row = assignment_create(visit=visit, item=item)
    words = " and ".join(DATE_WORDS[key] for key in gone)
    return row, f"Left empty, because this course cannot have it there: {words}." if gone else ""
