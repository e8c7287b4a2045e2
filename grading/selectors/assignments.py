"""What the pages around an assignment read: the list, the lab page, the receipt, the attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.errors import AppError, NotHere
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Enrolment, Role
from grading.anonymity import masked
from grading.handing_in import hand_in_rules
from grading.handing_in.superseding_rules import replaceable
from grading.lab_words import input_words, output_words
from grading.late_rows.facts import PersonalDates, dates_for
from grading.models.assignments import ActiveRule, Assignment, AssignmentKind
from grading.models.course_work import BY_DUE, course_work
from grading.models.owners import Owner
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.points.words import rule_words
from grading.selectors.attempt_rows import LARGE, bring
from grading.selectors.badges import assignment_badge, attempt_badge, run_badge
from grading.selectors.handed import lacks, lacks_words
from grading.selectors.pipeline_stages import stage_limits, stages_words
from grading.spec import BenchSpec
from hardware import line
from hardware.models import OPEN, Status
from hardware.profiles import DeviceProfile

FORMAT_WORDS = {
    "onnx": (".onnx", ".onnx"),
    "tflite": (".tflite", ".tflite"),
    "torchscript": (".pt (TorchScript)", ".pt"),
    "torch_export": (".pt2 (torch.export)", ".pt2"),
}


KIND_WORDS = dict(AssignmentKind.choices)  # get_kind_display() makes a table of its own for each row


@dataclass(frozen=True)
class Attempt:
    """One hand-in with its newest run and the result that stands for it. graded_by: which machine measured that, "" without one."""

    submission: Submission
    run: Run | None
    badge: Badge
    earned: Decimal | None
    of: Decimal | None
    url: str
    graded_by: str

    @property
    def number(self) -> int:
        return self.submission.number

    @property
    def is_active(self) -> bool:
        return self.submission.is_active

    @property
    def may_be_chosen(self) -> bool:
        """Whether its owner may make it the active one: its assignment lets them, and it was measured."""
        return (
            self.submission.assignment.active_rule == ActiveRule.CHOSEN
            and not self.is_active
            and (self.earned is not None or not self.submission.assignment.takes_model)
        )

    @property
    def handed_in_at(self) -> datetime:
        return self.submission.received_at


def with_runs(submissions: "QuerySet[Submission]", *, whole: bool = False) -> "QuerySet[Submission]":
    """Submissions with all they show, in a fixed number of queries. whole: with reports and times, which only a page about one result shows."""
    return prefetched(
        submissions.select_related("assignment__course", "person", "team__course", "model_from"), whole=whole
    )


def prefetched(submissions: "QuerySet[Submission]", *, whole: bool = False) -> "QuerySet[Submission]":
    return measured(submissions.prefetch_related("late_verdicts"), whole=whole)


def measured(submissions: "QuerySet[Submission]", *, whole: bool = False) -> "QuerySet[Submission]":
    """What was handed in and what came of it, without what it cost in late days."""
    runs = Run.objects.select_related("result").defer(*(() if whole else LARGE)).order_by("-queued_at")
    return submissions.prefetch_related(
        "pieces", Prefetch("runs", queryset=runs), Prefetch("model_from__runs", queryset=runs)
    )


def attempt_of(submission: Submission) -> Attempt:
    """The newest run speaks for the attempt, but a result that was once reached stays until a newer one is there. One that brought no
    model of its own shows that of the attempt whose model it keeps."""
    source = submission.model_from or submission
    runs, own = list(source.runs.all()), list(submission.runs.all())
    newest = next(iter(own or runs), None)  # a model of its own that was refused says so
    result = next((run.result for run in runs if hasattr(run, "result")), None)
    if newest is not None:
        source.assignment = submission.assignment
        newest.submission = submission if own else source
    earned, of = (result.earned, result.of) if result else (None, None)
    url = newest.get_absolute_url() if newest else submission.get_absolute_url()
    graded_by = result.graded_by if result else ""
    return Attempt(submission, newest, attempt_badge(submission, newest), earned, of, url, graded_by)


OWN = Prepared(
    lambda person, assignment: Submission.objects.of_person(User(pk=person)).filter(assignment=assignment)
    .select_related("person", "team", "model_from").order_by("-received_at"),
    person=int, assignment=int,
)  # fmt: skip


def attempts(visit: Visit, assignment: Assignment, person: User | None = None) -> list[Attempt]:
    """The attempts of one person (the visitor where None) and of their team, newest first, as far as the visitor may see them."""
    if person is None or person == visit.person:
        rows = list(OWN(person=visit.person.pk, assignment=assignment.pk))
        bring(rows, verdicts=True)
    else:
        theirs = Submission.objects.visible_to(visit).of_person(person).filter(assignment=assignment)
        rows = list(with_runs(theirs.order_by("-received_at")))
    for row in rows:
        row.assignment = assignment  # with its course: neither is read again for every row
        if row.team is not None:
            row.team.course = visit.course
    return [attempt_of(masked(visit, row)) for row in rows]


def assignment_get(visit: Visit, slug: str) -> Assignment:
    """Raises NotHere. Staff see drafts too, which are not kept."""
    for item in _with_drafts(visit, slug) if visit.is_staff else work_of(visit):
        if item.slug == slug:
            return item
    raise NotHere("There is no such assignment in this course.")


def _with_drafts(visit: Visit, slug: str) -> Iterable[Assignment]:
    return Assignment.objects.select_related("course", "hidden_set").visible_to(visit).filter(slug=slug)


def submission_get(visit: Visit, pk: Any) -> Submission:
    """Raises NotHere: also for somebody else's."""
    submission = with_runs(Submission.objects.visible_to(visit)).filter(pk=pk).first()
    if submission is None:
        raise NotHere("There is no such hand-in, or it is not yours.")
    return masked(visit, submission)


def assignment_rows(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """All assignments of the course with this person's state; for staff with the state of the class."""
    mine, dates, students = standing_attempts(visit), dates_for(visit), 0
    assignments: Iterable[Assignment] = work_of(visit)
    if visit.is_staff:
        handed_in = Count("submissions__person", filter=UNDONE_NOT, distinct=True)
        # The order is said again: that of the model does not survive a sum.
        shown = Assignment.objects.visible_to(visit).select_related("course")
        assignments = shown.annotate(people=handed_in).order_by(*BY_DUE)
        students = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True).count()
    return [_assignment_row(item, mine.get(item.pk), visit, dates, students, now) for item in assignments]


@asked_once
def work_of(visit: Visit) -> list[Assignment]:
    """The assignments of the course by their due time."""
    return course_work(visit.course)


def assignment_of(visit: Visit, submission: Submission) -> Assignment:
    """As `work_of` has it already; read where it is none of the course's work any more."""
    known = (item for item in work_of(visit) if item.pk == submission.assignment_id)
    return next(known, None) or submission.assignment


# A refused model, a cancelled run and a fault of ours leave the work undone.
UNDONE_NOT = Q(submissions__counts=True) | Q(submissions__isnull=False, submissions__counts__isnull=True)


STANDING = Prepared(
    lambda person, course: Submission.objects.of_person(person).filter(assignment__course=course)
    .select_related("person", "team", "model_from").exclude(counts=False).order_by("is_active", "number"),  # later ones win
    person=int, course=int,
)  # fmt: skip


@asked_once
def standing_attempts(visit: Visit) -> dict[int, Attempt]:
    """Assignment -> the attempt that stands for it: the active one, else the newest that may count."""
    found, rows = {}, list(STANDING(person=visit.person.pk, course=visit.course.pk))
    bring(rows)
    for submission in rows:
        # The course and its work are here already: neither is read again with every row.
        submission.assignment = assignment_of(visit, submission)
        if submission.team is not None:
            submission.team.course = visit.course
        found[submission.assignment_id] = attempt_of(submission)
    return found


def _assignment_row(
    assignment: Assignment, attempt: Attempt | None, visit: Visit, dates: PersonalDates, students: int, now: datetime
) -> dict[str, Any]:
    measured = f"{attempt.earned} of {attempt.of}" if attempt and attempt.earned is not None else ""
    due_at = dates.due_of(assignment)
    late = due_at is not None and due_at < now
    row: dict[str, Any] = {
        "title": assignment.full_title,
        "url": assignment.get_absolute_url(),
        "kind": KIND_WORDS.get(assignment.kind, assignment.kind),
        "due_at": due_at,
        "is_extended": due_at != assignment.due_at,
        "in_words": f"{numbers.span(abs(due_at - now))}{' ago' if late else ''}" if due_at else "",
        "badge": assignment_badge(
            assignment, handed_in=bool(attempt), run=attempt.run if attempt else None, now=now, due_at=due_at,
            is_excused=assignment.pk in dates.excused, lacks=lacks_words(lacks(attempt.submission, assignment)) if attempt else "",
        ),
        "measured": measured,
        "is_demo": assignment.is_demo,
        "is_draft": assignment.is_draft,
        "group": "past" if late else "open" if assignment.is_released(now) else "later",
    }  # fmt: skip
    if visit.is_staff:
        count = getattr(assignment, "people", 0)
        row |= {"handed_in": count, "people": students}
        row["badge"] = (
            Badge("neutral", "info", f"{count} of {students} handed in")
            if assignment.takes_anything and not assignment.is_draft
            else row["badge"]
        )
    return row


def blocked(owner: Owner, assignment: Assignment, now: datetime, left: int | None = None) -> AppError | None:
    """Why this owner cannot hand in now, a model where one is taken; or None. left: attempts that are not used yet, where they are counted."""
    try:
        hand_in_rules.check_may_hand_in(
            owner=owner, assignment=assignment, now=now, with_model=assignment.takes_model, left=left
        )
    except AppError as error:
        return error
    return None


def limits(owner: Owner, assignment: Assignment, now: datetime, left: int) -> dict[str, Any]:
    """What stands beside the upload field, in the same words that the server uses. left: attempts that are not used yet."""
    spec = assignment.spec
    batch = spec.kind.batch(spec.options)
    shapes = " or ".join("×".join(map(str, (batch, *shape[1:]))) for shape in spec.input.shapes.values())
    used = assignment.attempts_allowed - left
    waits = replaceable(owner=owner, assignment=assignment, now=now) if not left else None
    return {
        "max_bytes": hand_in_rules.most_bytes(assignment),
        "max_words": numbers.size(hand_in_rules.most_bytes(assignment)),
        "endings": " ".join(sorted(hand_in_rules.endings(assignment))),
        "wrong_ending_words": hand_in_rules.wrong_ending_sentence(assignment, "{name}"),
        "formats_words": ", ".join(FORMAT_WORDS[name][0] for name in spec.formats),
        "accept": ".zip" if spec.pipeline else ",".join(FORMAT_WORDS[name][1] for name in spec.formats),
        "title": "Drop the models here, or choose their files"
        if spec.pipeline
        else "Drop the model here, or choose a file",
        "too_large_words": hand_in_rules.too_large_sentence(assignment, "{size}"),
        "checked_words": f"that it opens and takes {shapes}; a model that fails this check does not count as an attempt",
        **stage_limits(assignment),
        "attempts_words": f"{used} of {assignment.attempts_allowed} counted so far{_pause_words(assignment)}",
        "replaces": waits.submission.number if waits else None,
    }


def _pause_words(assignment: Assignment) -> str:
    return f", one in {assignment.cooldown_minutes} minutes" if assignment.cooldown_minutes else ""


def spec_rows(assignment: Assignment, profiles: dict[str, DeviceProfile]) -> list[dict[str, str]]:
    """The lab in plain words: what goes in, what comes out, how points follow. profiles: of the course, retired ones too."""
    spec: BenchSpec = assignment.spec
    hidden = assignment.hidden_set
    unseen = hidden.count - spec.kind.shown(spec.options) if hidden else 0
    shapes = ", or ".join(f"{'×'.join(map(str, shape))} ({layout})" for layout, shape in spec.input.shapes.items())
    boards = [profiles[slug].name for slug in spec.devices if slug in profiles]
    rows = [
        {"label": "Task", "text": f"{hidden.title}, {numbers.count(unseen)} inputs you have not seen" if hidden else spec.task,
         "basis": ""},
        {"label": "Input", "text": " ".join([input_words(shapes, spec.input), spec.kind.takes_words(spec.options)]).strip(), "basis": ""},
        {"label": "Output", "text": output_words(spec), "basis": ""},
    ]  # fmt: skip
    if spec.pipeline:
        rows.insert(1, {"label": "Stages", "text": stages_words(spec.pipeline), "basis": ""})
    if boards:
        also = f". Looked at on: {'; '.join(boards[1:])}" if boards[1:] else ""
        rows.append(
            {
                "label": "Board",
                "text": f"{boards[0]}: the model must fit its memory and storage{also}",
                "basis": "counted",
            }
        )
    if spec.run_on:
        rows.append({"label": "Measured on", "text": _place_words(spec, boards), "basis": ""})
    return rows + [{"label": one.title, "text": rule_words(one), "basis": one.basis} for one in spec.criteria]


PLACES = {
    "process": "our machine, in a process of its own",
    "container": "our machine, in a container",
}
FALLBACKS = {
    "emulation": "our machine measures it, and the result says so",
    "wait": "it waits on",
    "staff": "our machine measures it, and the staff decide whether that counts",
}


def _place_words(spec: BenchSpec, boards: Sequence[str]) -> str:
    if spec.run_on == "board":
        waits = numbers.span(spec.board_wait).replace(numbers.WHOLE, " ")
        board = f"{boards[0] if boards else 'a board'}{spec.board.needs.words}"
        return f"{board}. Where none is free within {waits}, {FALLBACKS[spec.fallback]}"
    plays = f" with the memory and the cores of a {boards[0]}" if spec.run_on == "container" and boards else ""
    return PLACES[spec.run_on] + plays


def line_words(run: Run | None, number: int) -> dict[str, str]:
    """Where the attempt is now, in one sentence."""
    if run is None:
        return {"place_words": "", "sentence": "Nothing is measured here. The course staff read it."}
    if run.status == Status.FINISHED:
        result = getattr(run, "result", None)
        said = f": {result.earned} of {result.of} measured points" if result is not None else ""
        return {"place_words": "", "sentence": f"Attempt {number}: {run_badge(run).word}{said}."}
    if run.status == Status.PARKED:
        return {"place_words": "", "sentence": f"Attempt {number} was measured. The staff look at it before it counts."}
    if run.status != Status.QUEUED:
        return {"place_words": "", "sentence": f"Attempt {number} is being measured now."}
    place = line.place_in_line(run) or 1
    words = f"{numbers.ordinal(place)} in line"
    return {"place_words": words, "sentence": f"Attempt {number} is {words}. You can close this page; nothing is lost."}


def desk_rows(visit: Visit) -> list[dict[str, Any]]:
    """For staff: every lab that takes models, how many handed in, how many are running."""
    students = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True).count()
    labs = (
        Assignment.objects.of(visit.course)
        .exclude(bench_spec={}, parts=[])
        .select_related("course")
        .order_by(*BY_DUE)
        .annotate(
            handed_in=Count("submissions__person", filter=UNDONE_NOT, distinct=True),
            running=Count("submissions__runs", filter=Q(submissions__runs__status__in=OPEN), distinct=True),
        )
    )
    active = Submission.objects.filter(assignment__course=visit.course, is_active=True)
    earned: dict[int, list[Decimal]] = {}
    for submission in with_runs(active):
        attempt = attempt_of(submission)
        if attempt.earned is not None:
            earned.setdefault(submission.assignment_id, []).append(attempt.earned)
    rows = []
    for lab in labs:
        marks = earned.get(lab.pk, [])
        rows.append(
            {
                "title": lab.full_title, "url": lab.get_absolute_url(), "handed_in": getattr(lab, "handed_in", 0), "people": students,
                "running": getattr(lab, "running", 0), "of": f"{lab.spec.points:.2f}" if lab.takes_model else "",
                "mean": f"{sum(marks) / len(marks):.2f}" if marks else "–", "slug": lab.slug,
            }
        )  # fmt: skip
    return rows
