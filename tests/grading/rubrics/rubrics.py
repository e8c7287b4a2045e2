"""A lab with the kinds of items that a rubric may hold, people who were graded by it, and ways to change it."""

from copy import deepcopy

from grading.course_file.rubric import rubric_dump, rubric_load
from grading.rubric_plan import plan_rubric
from grading.services.grades import grade_give
from grading.services.rubric_editing import rubric_change
from tests.grading.grades.grades import seen

FACTS = [
    {
        "key": "report",
        "title": "Report",
        "points": 2,
        "options": [
            {"key": "complete", "title": "Complete", "points": 2},
            {"key": "interval", "title": "No interval", "points": -0.25},
        ],
    },
    {
        "key": "why",
        "title": "Discussion",
        "points": 1,
        "options": [{"key": "all", "title": "All", "points": 1}, {"key": "some", "title": "Some", "points": 0.5}],
        "exactly_one": True,
    },
    {"key": "talk", "title": "Talk", "points": 3},
    {"key": "extra", "title": "Extra credit", "points": 2, "extra": True},
]


def rubric_of(lab):
    """As the course file says it now."""
    lab.refresh_from_db()
    return rubric_dump(lab).get("rubric", [])


def with_rubric(lab, facts=None):
    lab.points = 0
    lab.save()
    lab.refresh_from_db()
    rubric_load(lab, deepcopy(facts or FACTS))
    return lab


def tick(cast, person, lab=None, by=None, marks=None, reason="read", **ticks):
    lab = lab or cast.lab
    return grade_give(
        visit=cast.visit(by or cast.amit), assignment=lab, person=person, seen=seen(lab, person), ticks=ticks, reason=reason,
        marks=marks or {},
    )  # fmt: skip


def other(*changes):
    """The usual rubric with changes: (path, value); without a value the entry goes."""
    found = deepcopy(FACTS)
    for path, *value in changes:
        *way, last = path
        place = found
        for step in way:
            place = place[step]
        if value:
            place[last] = value[0]
        else:
            del place[last]
    return found


def change(cast, rubric, lab=None, by=None, digest=None):
    lab = lab or cast.lab
    looked_at = plan_rubric(lab, rubric).digest if digest is None else digest
    return rubric_change(visit=cast.visit(by or cast.helen), slug=lab.slug, rubric=rubric, seen=looked_at)
