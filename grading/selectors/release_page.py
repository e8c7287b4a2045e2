"""What whoever releases grades reads before: how far the grading is, how the grades are spread, who is strict, and what students will see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from grading.anonymity import names_hidden
from grading.desk.marks import of_hand
from grading.desk.pace import LEAST as LEAST_REPORTS
from grading.desk.pace import Strictness, strictness
from grading.grade_facts import items_of, judged, release_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeRelease, grade_path
from grading.models.passback import Passback, PassbackScore, ScoreState
from grading.models.regrades import RegradeRequest
from grading.models.reruns import Rerun
from grading.models.runs import Run
from grading.releases.drawing import drawn
from grading.releases.spread import LEAST, spread_of
from grading.releases.who import works_of
from grading.rubric import ZERO
from grading.selectors.release_preview import preview
from hardware.models import Status

APART = 10  # a grader whose mean is further from that of all than this share of what is given by hand, in %


@dataclass(frozen=True)
class Standing:
    """Keys of the students by how far their grade is. done: complete. begun: something is graded. waiting: handed in, nothing graded.
    nothing: neither handed in nor graded."""

    done: frozenset[int]
    begun: frozenset[int]
    waiting: frozenset[int]
    nothing: frozenset[int]

    @property
    def count(self) -> int:
        return len(self.done) + len(self.begun) + len(self.waiting) + len(self.nothing)


def release_page(visit: Visit, assignment: Assignment, who: str, words: str, now: datetime) -> dict[str, Any]:
    """At most forty queries, whatever the size of the class. who: of whom the preview is; words: what the mail says besides."""
    enrolled = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True)
    people = [row.person for row in enrolled.select_related("person").order_by("person__name", "person__pk")]
    rows = {row.person_id: row for row in GradeNow.objects.filter(assignment=assignment, person__in=people)}
    standing = _standing(people, rows, set(judged(assignment, {one.pk for one in people})))
    works = works_of(assignment, standing.done)
    release = release_of(assignment)
    seen = _seen_by(release, people)
    grades = [(row.points, row.of) for pk, row in rows.items() if pk in standing.done and row.points is not None]
    spread = spread_of([points for points, _ in grades], grades[0][1], least=1) if grades else None
    hides = names_hidden(visit, assignment)
    return {
        "assignment": assignment, "release": release, "is_out": bool(release and release.is_released),
        "is_partial": bool(release and release.is_released and release.is_partial), "seen": len(seen), "standing": standing,
        "new": len(standing.done - seen), "unseen": standing.count - len(seen), "facts": _facts(visit, assignment, standing, now),
        "spread": drawn(spread) if spread else None, "works": works, "least": LEAST,
        "may_show_statistics": works >= LEAST, "strict": _strict(assignment), "names_hidden": hides, "back": grade_path(assignment, "grades"),
        "lms": _lms(assignment), "told": _told(release), **preview(visit, assignment, people, standing.done, who, words, hides=hides),
    }  # fmt: skip


def _standing(people: Sequence[User], rows: dict[int, GradeNow], handed: set[int]) -> Standing:
    found = dict[str, set[int]](done=set(), begun=set(), waiting=set(), nothing=set())
    for one in people:
        row = rows.get(one.pk)
        name = (
            "done" if row and row.is_complete else "begun" if row and row.points is not None
            else "waiting" if one.pk in handed else "nothing"
        )  # fmt: skip
        found[name].add(one.pk)
    return Standing(*(frozenset(found[name]) for name in ("done", "begun", "waiting", "nothing")))


def _seen_by(release: GradeRelease | None, people: Sequence[User]) -> set[int]:
    everybody = {one.pk for one in people}
    if release is None or not release.is_released:
        return set()
    return set(release.people.values_list("person", flat=True)) & everybody if release.is_partial else everybody


def _facts(visit: Visit, assignment: Assignment, standing: Standing, now: datetime) -> list[dict[str, Any]]:
    """Rows of the table: what, how many, what it means. What there is none of is left out, but for the first."""
    at = {name: reverse(f"grading:{name}", kwargs={"course": visit.course.slug}) for name in ("regrades", "parked")}
    found = [
        _fact("Graded", len(standing.done), f"of {standing.count}", tone="good" if len(standing.done) == standing.count else ""),
        _fact("Graded in part", len(standing.begun), "what is not graded yet has no points", tone="warn"),
        _fact("Handed in, not graded", len(standing.waiting), "they read that nothing was graded yet", tone="warn"),
        _fact("Nothing handed in", len(standing.nothing), "they read that nothing was graded"),
        *_claims(assignment, now),
    ]  # fmt: skip
    waiting = RegradeRequest.objects.filter(assignment=assignment).waiting().count()
    found.append(_fact("Regrade requests that wait", waiting, "their answers may change points", url=at["regrades"]))
    standing_rerun = Rerun.objects.filter(assignment=assignment).standing().order_by("pk").last()
    if standing_rerun is not None:
        said = f"{standing_rerun.get_status_display()}: what it measured is held back until somebody decides"
        count = standing_rerun.items.count()
        found.append(
            _fact(
                "Results in a re-run",
                count,
                said,
                tone="warn",
                url=grade_path(assignment, "rerun", rerun=standing_rerun.pk),
            )
        )
    parked = Run.objects.filter(submission__assignment=assignment, status=Status.PARKED).count()
    found.append(
        _fact("Results kept back for a look", parked, "no points until they are settled", tone="warn", url=at["parked"])
    )
    return [row for row in found if row["count"] or row["label"] == "Graded"]


def _fact(label: str, count: int, note: str, *, tone: str = "", url: str = "") -> dict[str, Any]:
    return {"label": label, "count": count, "note": note, "tone": tone if count else "", "url": url}


def _claims(assignment: Assignment, now: datetime) -> list[dict[str, Any]]:
    """Reports that somebody has open now: releasing while they grade shows half of their marks."""
    sheets = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE, done_at=None)
    held = [
        holder for one in sheets.exclude(claimed_by=None).select_related("claimed_by") if (holder := one.held_by(now))
    ]
    names = ", ".join(sorted({one.name for one in held}))
    return [_fact("Being graded now", len(held), f"by {names}; their marks are not grades yet", tone="warn")]


def _strict(assignment: Assignment) -> list[dict[str, Any]]:
    """Graders whose mean is far from that of all, with words: they may have had weaker reports, so it is a reason to look and no more."""
    done = GradingSheet.objects.filter(
        assignment=assignment, purpose=Purpose.GRADE, done_at__isnull=False, done_by__isnull=False, points__isnull=False
    )
    given = [
        (one.done_by.name, one.points)
        for one in done.select_related("done_by")
        if one.done_by and one.points is not None
    ]
    of = of_hand([item for item in items_of(assignment) if not item.is_withdrawn]) if given else ZERO
    rows = strictness(given, of) if of else []
    return [{"one": one, "words": _apart(one)} for one in rows if len(rows) > 1 and _is_apart(one)]


def _is_apart(one: Strictness) -> bool:
    return one.count >= LEAST_REPORTS and abs(one.apart) * 100 > one.of * APART


def _apart(one: Strictness) -> str:
    side = "above" if one.apart > 0 else "below"
    return f"{one.grader}: {one.mean} of {one.of:.2f} on average over {one.count} reports, {abs(one.apart)} {side} all graders together."


def _lms(assignment: Assignment) -> dict[str, Any] | None:
    """Whether released grades go to the LMS, and how many are there; None: they do not."""
    row = Passback.objects.filter(assignment=assignment, is_on=True).first()
    if row is None:
        return None
    return {"sent": PassbackScore.objects.filter(passback=row, state=ScoreState.SENT).count()}


def _told(release: GradeRelease | None) -> dict[str, int]:
    """How many of the release were told, and how many are still to be."""
    if release is None or not release.is_released:
        return {}
    found = Counter(release.people.values_list("is_due", flat=True))
    return {"due": found[True], "done": release.people.filter(told_at__isnull=False).count()}
