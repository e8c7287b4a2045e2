"""When students see their grades: releasing them to all or to those who are graded, and taking them back."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.grade_facts import is_visible, release_of
from grading.models.assignments import Assignment
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeRelease, ReleasedTo
from grading.queue.wake import wake_release_news
from grading.releases.choice import ReleaseChoice
from grading.releases.spread import LEAST
from grading.releases.who import students_of, works_of
from grading.services.benchmarks import benchmarks_record
from grading.services.grade_writing import MOST_LETTERS, check_text

MOST_WORDS = 2000  # of what the staff add to the mail
SAY_WHY = "Say why: the reason stands in the record of the course. Students do not read it."


EVERYBODY = ReleaseChoice()


@transaction.atomic
def grades_release(
    *, visit: Visit, assignment: Assignment, choice: ReleaseChoice = EVERYBODY, now: datetime | None = None
) -> GradeRelease:
    """Let students see their grades. The measured parts are brought up to date before; everybody who sees a grade for the first time is told
    after the commit (`release_news.py`). After a release to some, another one reaches those who were graded since, or all.

    Raises Conflict: `released_already`, `nobody_to_release_to`, `names_hidden`; BadInput: `too_few_for_statistics`, `words_too_long`.
    """
    _lock(assignment)
    pressed: GradeRelease | None = None
    if choice.made_with is not None:
        pressed = GradeRelease.objects.filter(made_with=choice.made_with, assignment=assignment).first()
    if pressed is not None:
        return pressed
    before, at = release_of(assignment), now or timezone.now()
    words = _check(assignment, before, choice)
    benchmarks_record(assignment=assignment, is_told=False)
    people = _people(assignment, choice)
    since = dict(before.people.values_list("person", "since_at")) if before and is_visible(before) else {}
    new = [person for person in people if person not in since]
    if choice.only_graded and not new:
        raise Conflict(_nobody(assignment, bool(people)), code="nobody_to_release_to")
    works = _works(assignment, people)
    if choice.statistics_shown and works < LEAST:
        said = f"Statistics of fewer than {LEAST} people or teams would tell single grades, so they are not shown. Leave them out."
        raise BadInput(said, code="too_few_for_statistics", details={"field": "statistics"})
    row = GradeRelease.objects.create(
        assignment=assignment, is_released=True, is_partial=choice.only_graded, statistics_shown=choice.statistics_shown,
        is_mailed=choice.is_mailed, words=words, works=works, made_with=choice.made_with, by=visit.person.name[:120], at=at,
    )  # fmt: skip
    kept = people | since.keys()  # whoever sees a grade keeps it, also when a part of it was opened again
    ReleasedTo.objects.bulk_create(
        [ReleasedTo(release=row, person_id=pk, since_at=since.get(pk, at), is_due=pk not in since) for pk in sorted(kept)],
        batch_size=500,
    )  # fmt: skip
    transaction.on_commit(wake_release_news)
    return row


def _check(assignment: Assignment, before: GradeRelease | None, choice: ReleaseChoice) -> str:
    """The words of the staff. Raises what `grades_release` says."""
    if before is not None and before.is_released and not before.is_partial:
        by = f" {before.by} released them." if before.by else ""
        raise Conflict(f"The grades of {assignment.short} are released already.{by}", code="released_already")
    if choice.only_graded and assignment.is_anonymous:
        said = "Names are hidden until the release, so the grades go out to all at once: who sees one would be known by it."
        raise Conflict(said, code="names_hidden")
    words = choice.words.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(words) > MOST_WORDS:
        said = f"At most {MOST_WORDS} letters; these are {len(words)}."
        raise BadInput(said, code="words_too_long", details={"field": "words"})
    return words


def _people(assignment: Assignment, choice: ReleaseChoice) -> set[int]:
    found = students_of(assignment)
    if choice.only_graded:
        done = GradeNow.objects.filter(assignment=assignment, is_complete=True, person__in=found)
        return set(done.values_list("person", flat=True))
    return found


def _works(assignment: Assignment, people: set[int]) -> int:
    graded = GradeNow.objects.filter(assignment=assignment, is_complete=True, person__in=people)
    return works_of(assignment, set(graded.values_list("person", flat=True)))


def _nobody(assignment: Assignment, is_anybody: bool) -> str:
    if is_anybody:
        return f"Everybody whose grade of {assignment.short} is complete sees it already."
    return f"No grade of {assignment.short} is complete yet."


@transaction.atomic
def grades_take_back(*, visit: Visit, assignment: Assignment, reason: str, now: datetime | None = None) -> GradeRelease:
    """Hide the grades from students again. Who was not told yet is told no more; mails that went out and scores that an LMS has stay there.

    Raises Conflict: `not_released`; BadInput: `reason_missing`, `reason_too_long`.
    """
    _lock(assignment)
    before = release_of(assignment)
    if before is None or not before.is_released:
        raise Conflict(f"The grades of {assignment.short} are not released.", code="not_released")
    said = check_text(reason, "reason", SAY_WHY, most=MOST_LETTERS)
    before.people.filter(is_due=True).update(is_due=False)
    return GradeRelease.objects.create(
        assignment=assignment, is_released=False, by=visit.person.name[:120], reason=said, at=now or timezone.now()
    )


def _lock(assignment: Assignment) -> None:
    list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))
