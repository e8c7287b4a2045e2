"""What the analytics of a course say of its work: grades, attempts, late days, graders. Summed by the database, nobody's row by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, Count, F, FloatField, IntegerField, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Cast, Coalesce, TruncDate

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Team
from grading.analytics.course_attempts import Came
from grading.analytics.course_drawn import Work
from grading.analytics.course_graders import Graded, Marked
from grading.analytics.course_labs import Spread
from grading.analytics.course_late import LateWords, Used
from grading.analytics.course_span import Span
from grading.analytics.quantiles import HALF, QUARTER, THREE_QUARTERS, quantile
from grading.late.words_of_time import unit_word
from grading.late_rows.facts import policy_for
from grading.models.desk import GradingSheet, Purpose
from grading.models.grade_now import GradeNow
from grading.models.grades import RubricItem
from grading.models.late_days import EntryKind, LateEntry
from grading.models.submissions import Submission
from grading.selectors.analytics_ranked import Ranked, ranked

QUARTERS = (QUARTER, HALF, THREE_QUARTERS)


def active_students(course: Course) -> Any:
    return Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True)


def spreads_of(course: Course, works: Iterable[Work]) -> list[Spread]:
    """Of each work in order, also of those nobody has a grade for. Students who left are not counted. One query."""
    works = list(works)
    grades = GradeNow.objects.filter(
        assignment__in=[work.pk for work in works],
        person__in=active_students(course).values("person"),
        points__isnull=False,
        of__gt=0,
    )
    # Whole grades are ranked apart from those that lack a part.
    whole = Case(When(is_complete=True, then=1), default=0, output_field=IntegerField())
    share = 100 * Cast("points", FloatField()) / Cast("of", FloatField())
    groups = ranked(grades.annotate(part=2 * F("assignment_id") + whole), share, QUARTERS, of="part")
    return [_spread(work, groups.get(2 * work.pk + 1), groups.get(2 * work.pk)) for work in works]


def _spread(work: Work, whole: Ranked | None, lacking: Ranked | None) -> Spread:
    partly = lacking.count if lacking else 0
    if whole is None:
        return Spread(work, 0, partly)
    lower, median, upper = (quantile(whole.values, whole.count, part) for part in QUARTERS)
    return Spread(work, whole.count, partly, whole.values[1], lower, median, upper, whole.values[whole.count])


def came_of(course: Course, span: Span) -> list[Came]:
    """Attempts by work and day. One query."""
    rows = Submission.objects.filter(
        assignment__course=course, received_at__gte=span.starts_at, received_at__lt=span.ends_at
    )
    rows = rows.exclude(counts=False).order_by()
    days = rows.values_list("assignment", TruncDate("received_at", tzinfo=span.zone)).annotate(count=Count("pk"))
    return [Came(*row) for row in days]


def late_words(course: Course) -> LateWords:
    policy = policy_for(course)
    return LateWords(unit_word(policy, 1), unit_word(policy, 2))


def used_of(course: Course, span: Span) -> list[Used]:
    """What work cost, by day: that of the hand-in, or of the line where there is none. A later count that takes some back is taken off; what
    a person gives back as a favour is of no work. One query."""
    lines = LateEntry.objects.filter(
        course=course, kind__in=(EntryKind.SPEND, EntryKind.REFUND), assignment__isnull=False
    ).order_by()
    lines = lines.annotate(at=Coalesce("submission__received_at", "made_at"))
    sums = lines.values_list("assignment", TruncDate("at", tzinfo=span.zone)).annotate(units=Sum("days"))
    return [Used(work, day, -units) for work, day, units in sums if units]


def left_of(course: Course) -> dict[str, Counter[int]]:
    """Whose bank -> units left -> how many have so many, now; empty without a policy. One query for each kind of bank."""
    policy = policy_for(course)
    found: dict[str, Counter[int]] = {}
    if policy is None:
        return found
    owners: dict[str, list[str]] = defaultdict(list)
    for bank in policy.banks:
        owners[bank.owner].append(bank.name)
    for owner, banks in owners.items():
        of_team = owner == "team"
        lines = LateEntry.objects.filter(course=course, bank__in=banks).order_by()
        mine = (
            lines.filter(team=OuterRef("pk")).values("team")
            if of_team
            else lines.filter(person=OuterRef("person")).values("person")
        )
        units = Coalesce(Subquery(mine.annotate(units=Sum("days")).values("units")), 0, output_field=IntegerField())
        everybody: Any = Team.objects.filter(course=course).standing() if of_team else active_students(course)
        rows = everybody.order_by().annotate(left=units).values_list("left")
        found["team" if of_team else "student"] = Counter(dict(rows.annotate(count=Count("pk"))))
    return found


def graded_of(course: Course, span: Span, of: Mapping[int, float]) -> list[Graded]:
    """What each grader finished at the desk, by assignment. of: as `of_hand` says it. One query."""
    done = GradingSheet.objects.graded().done().filter(
        assignment__course=course, done_by__isnull=False, points__isnull=False, done_at__gte=span.starts_at, done_at__lt=span.ends_at
    )  # fmt: skip
    is_timed = Q(seconds_spent__gt=0)
    rows = done.order_by().values_list("done_by", "done_by__name", "assignment").annotate(
        reports=Count("pk"), given=Sum("points"), seconds=Sum("seconds_spent", filter=is_timed, default=0), timed=Count("pk", filter=is_timed)
    )  # fmt: skip
    return [
        Graded(grader, name, reports, float(given), reports * of.get(work, 0.0), seconds, timed)
        for grader, name, work, reports, given, seconds, timed in rows
    ]


def of_hand(course: Course) -> dict[int, float]:
    """Assignment -> what can be given by hand, extra credit aside. One query."""
    items = RubricItem.objects.filter(assignment__course=course, is_withdrawn=False, is_extra=False).order_by()
    return {work: float(most) for work, most in items.values_list("assignment").annotate(most=Sum("points"))}


def marked_of(visit: Visit, of: Mapping[int, float]) -> tuple[list[Marked], bool]:
    """Shared reports as each grader marked them, and whether some are withheld: a TA sees those of an assignment only after the own are done,
    because they are marked blindly (selectors/desk_samples.py). One query."""
    rows = GradingSheet.objects.filter(assignment__course=visit.course).filter(
        Q(purpose=Purpose.GRADE, is_sample=True) | Q(purpose=Purpose.SAMPLE, done_at__isnull=False)
    )
    chosen: dict[int, set[int]] = defaultdict(set)
    mine: set[int] = set()
    given: dict[int, list[Marked]] = defaultdict(list)
    fields = ("pk", "purpose", "assignment", "sample_of", "grader", "grader__name", "points")
    for pk, purpose, work, report, grader, name, points in rows.order_by().values_list(*fields):
        if purpose == Purpose.GRADE:
            chosen[work].add(pk)
            continue
        if grader == visit.person.pk:
            mine.add(report)
        if points is not None and name and of.get(work):
            given[work].append(Marked(report, grader, name, float(points) / of[work]))
    hidden = {work for work, reports in chosen.items() if reports - mine} if visit.role != Role.INSTRUCTOR else set()
    return [one for work, some in given.items() if work not in hidden for one in some], bool(hidden)
