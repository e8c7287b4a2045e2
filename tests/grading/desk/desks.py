"""A class whose reports wait at the desk: an essay and a rubric that is ticked."""

from uuid import uuid4

from courseplatform.courses.models import Enrolment, Role
from grading.models import GradingSheet, RubricItem, RubricOption
from grading.services.sheets import sheet_claim, sheets_prepare
from grading.services.submissions import submission_create
from tests.grading.handing_in.parts import NOTES, put_text
from tests.people import make_lab, make_people

REPORT_OPTIONS = (
    ("complete", "Complete", 2),
    ("no-unit", "Unit missing", "-0.25"),
    ("no-plot", "Plot missing", "-0.5"),
)
WHY_OPTIONS = (
    ("why", "Says why", 1),
    ("half", "Says why, without evidence", "0.75"),
    ("only", "Describes only", "0.5"),
)
EXTRA_OPTIONS = (("second", "Second board compared", 1),)
GOOD = {"report": ["complete"], "why": ["half"]}


def essay(cast, **fields):
    """Report 2, discussion 1 (exactly one of), extra credit 1."""
    lab = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[NOTES], points=3, **fields)
    rows = (
        ("report", "Report", 2, REPORT_OPTIONS, {}),
        ("why", "Discussion", 1, WHY_OPTIONS, {"is_one_of": True}),
        ("extra", "Extra credit", 1, EXTRA_OPTIONS, {"is_extra": True}),
    )
    for position, (key, title, points, options, more) in enumerate(rows):
        item = RubricItem.objects.create(assignment=lab, key=key, title=title, points=points, position=position, **more)
        for place, (name, words, worth) in enumerate(options):
            RubricOption.objects.create(item=item, key=name, title=words, points=worth, position=place)
    return lab


def hand_in_report(person, lab, folder=None, team=None):
    put_text(person, lab, f"What {person.name} measured. {uuid4().hex}", team=team)
    return submission_create(person=person, assignment=lab, upload=None, upload_key=uuid4())[0]


def sheet_of(cast, lab, folder, person=None):
    """The sheet of Ruth's report, or of `person`'s."""
    submission = hand_in_report(person or cast.ruth, lab, folder)
    sheets_prepare(assignment=lab)
    return again(GradingSheet.objects.get(submission=submission))


def sheet_for(submission):
    """A sheet about a hand-in, also where it was not measured yet."""
    return GradingSheet.objects.create(
        assignment=submission.assignment, number=1, person=submission.person, submission=submission
    )


def again(sheet):
    """As it is now."""
    return GradingSheet.objects.select_related("assignment__course", "claimed_by", "submission__person").get(
        pk=sheet.pk
    )


def claimed(cast, sheet, person=None, **more):
    return sheet_claim(visit=cast.visit(person or cast.amit), sheet=again(sheet), **more)


def many(cast, lab, folder, count):
    """`count` students with a report each."""
    people = make_people(*[f"Student{n}" for n in range(count)])
    Enrolment.objects.bulk_create(
        Enrolment(course=cast.course, person=one, role=Role.STUDENT) for one in people.values()
    )
    for one in people.values():
        hand_in_report(one, lab, folder)
    sheets_prepare(assignment=lab)
    return list(people.values())
