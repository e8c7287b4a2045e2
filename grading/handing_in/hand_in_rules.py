"""Who may hand in what, and until when: read by the page that offers it and by the service that does it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, NotHere, TooMany
from courseplatform.core.numbers import size_beside_limit
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from courseplatform.teams.selectors.membership import is_member, team_of
from grading.bench.formats import ENDINGS
from grading.handing_in.superseding_rules import replaceable
from grading.models.assignments import Assignment
from grading.models.owners import Owner, PreparedOfOwner
from grading.models.pieces import Piece
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.parts import STATEMENT, Part
from hardware.models import Status


class Upload(Protocol):
    """A file that is already on disk, complete, with its hash."""

    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...

    def temporary_file_path(self) -> str: ...


PER_HOUR = 30  # hand-ins of one person to one assignment, those that the check refuses included
HOUR = timedelta(hours=1)


def owner_of(*, person: User, assignment: Assignment, now: datetime) -> Owner:
    """Whose attempt it is when this person hands in: the team's, for work that teams do. Who has no team hands in alone."""
    team = None if assignment.is_individual else team_of(assignment.course, person, now)
    return Owner(person, team)


CLOSED = frozenset(
    {"not_found", "nothing_taken", "no_model_taken", "not_released"}
)  # nothing of it can be put on the desk


def check_is_open(*, owner: Owner, assignment: Assignment, now: datetime, with_model: bool = False) -> None:
    """Whether anything of it may be put on the desk. Raises NotHere, or Conflict with a code of `CLOSED`."""
    if not _is_in(owner.person, assignment):
        raise NotHere("There is no such assignment, or it is not yours.")
    if with_model and not assignment.takes_model:
        raise Conflict(f"{assignment.short} takes no model file.", code="no_model_taken")
    if not assignment.takes_anything:
        raise Conflict(f"{assignment.short} is not handed in on this site.", code="nothing_taken")
    if not assignment.is_released(now):
        raise Conflict(f"{assignment.short} is not open yet.", code="not_released")


# As `Enrolment.objects.of` says it of somebody who is not looked at by staff.
MEMBER = Prepared(
    lambda person, course: Enrolment.objects.of(User(pk=person)).filter(course=course), person=int, course=int
)


def _is_in(person: User, assignment: Assignment) -> bool:
    if person.seen_in and person.seen_in != assignment.course.slug:
        return False
    return bool(MEMBER(person=person.pk, course=assignment.course_id))


def check_may_hand_in(
    *, owner: Owner, assignment: Assignment, now: datetime, with_model: bool = True, left: int | None = None
) -> Run | None:
    """left: attempts that are not used yet, where they are counted already. Returns what `check_attempts` returns.

    Raises what `check_is_open` raises, TooMany, or Conflict with code `no_attempts_left`."""
    check_is_open(owner=owner, assignment=assignment, now=now, with_model=with_model)
    replaced = check_attempts(owner=owner, assignment=assignment, now=now, left=left) if with_model else None
    _check_pace(owner.person, assignment, now)
    return replaced


def check_attempts(*, owner: Owner, assignment: Assignment, now: datetime, left: int | None = None) -> Run | None:
    """Whether another attempt is allowed, where one is used up. Raises Conflict (`no_attempts_left`) or TooMany (`cool_down`).

    Returns the run whose place the attempt has to take, where all attempts are used and one of them still waits; None where it is one more.
    """
    is_used_up = (attempts_left(owner=owner, assignment=assignment) if left is None else left) <= 0
    replaced = replaceable(owner=owner, assignment=assignment, now=now) if is_used_up else None
    if is_used_up and replaced is None:
        raise Conflict(
            f"All {assignment.attempts_allowed} attempts of {assignment.short} are used. Ask the course staff for another.",
            code="no_attempts_left",
        )
    check_cool_down(owner=owner, assignment=assignment, now=now)
    return replaced


STANDING = PreparedOfOwner(
    lambda mine, assignment: Piece.objects.filter(mine, assignment=assignment).standing().select_related("person").order_by("saved_at", "pk"),
    assignment=int,
)  # fmt: skip


def pieces_of(*, owner: Owner, assignment: Assignment) -> list[Piece]:
    """What lies on the owner's desk now, in the order in which it came. What is of no part any more, or of another kind, does not."""
    kinds = {part.key: part.kind for part in assignment.all_parts} | {STATEMENT: STATEMENT}
    return [piece for piece in STANDING(owner, assignment=assignment.pk) if kinds.get(piece.part) == piece.kind]


def desk_changed_at(*, owner: Owner, assignment: Assignment) -> datetime | None:
    """When the desk became what it is: the last time that something was put there, or taken away. A statement is no work: who is asked for
    it once the file is here hands in when the file came."""
    work = Piece.objects.of_owner(owner).filter(assignment=assignment).exclude(kind=STATEMENT)
    found = work.aggregate(put=Max("saved_at"), taken=Max("removed_at"))
    return max((at for at in found.values() if at is not None), default=None)


def work_on(pieces: Mapping[UUID, str]) -> set[UUID]:
    """Of pieces (key -> part) those that are work. A statement goes with the next hand-in; by itself it is none."""
    return {pk for pk, part in pieces.items() if part != STATEMENT}


def counting_attempt(*, owner: Owner, assignment: Assignment) -> Submission | None:
    """The attempt that counts now: the active one, before there is one the newest that may become it."""
    theirs = Submission.objects.of_owner(owner).filter(assignment=assignment).exclude(counts=False)
    return theirs.order_by("-is_active", "-received_at", "-number").select_related("model_from").first()


def has_model(*, owner: Owner, assignment: Assignment) -> bool:
    """Whether a model of this owner was measured, or is being measured."""
    theirs = Submission.objects.of_owner(owner).filter(assignment=assignment).exclude(sha256="")
    return theirs.exclude(counts=False).exclude(spares_attempt=True).exists()


def missing_of(*, owner: Owner, assignment: Assignment, pieces: Iterable[Piece]) -> list[Part]:
    """The parts that still have to come before the hand-in is complete. The model is not among them: whether one is there, the attempts
    say."""
    there = Counter(piece.part for piece in pieces)
    is_alone = owner.team is None  # then nobody asks who did what
    wanted = (
        part
        for part in assignment.all_parts
        if part.is_required and not part.is_model and not (part.kind == "contributions" and is_alone)
    )
    return [part for part in wanted if there[part.key] < (part.least if part.kind == "models" else 1)]


def check_statement(*, assignment: Assignment, pieces: Iterable[Piece]) -> str:
    """The statement on the desk, which goes with the hand-in. Raises Conflict (`statement_missing`): the file stays, and nothing is sent twice."""
    found = next((one for one in pieces if one.part == STATEMENT), None)
    if found is None and assignment.needs_statement:
        raise Conflict(
            "The collaboration statement is missing: say on the page with whom you talked about this work, or nobody. "
            "Your file is kept until then.",
            code="statement_missing",
        )
    return found.text if found else ""


def check_cool_down(*, owner: Owner, assignment: Assignment, now: datetime) -> None:
    """Raises TooMany (`cool_down`) too soon after an attempt that counts or is being measured; refused ones and our faults start nothing."""
    again = may_hand_in_from(owner=owner, assignment=assignment)
    if again is not None and again > now:
        wall = again.astimezone(assignment.course.tz)
        raise TooMany(
            f"{assignment.short} takes one attempt in {assignment.cooldown_minutes} minutes. The next one can come at {wall:%H:%M:%S %Z}.",
            code="cool_down",
        )


def may_hand_in_from(*, owner: Owner, assignment: Assignment) -> datetime | None:
    """When the cool-down after the newest attempt ends; None where there is none."""
    if not assignment.cooldown_minutes:
        return None
    newest = max(USED(owner, assignment=assignment.pk), default=None)
    return newest + timedelta(minutes=assignment.cooldown_minutes) if newest else None


RECENT: Prepared[Any] = Prepared(
    lambda person, assignment, since, now: Submission.objects.filter(
        person=person, assignment=assignment, received_at__gt=since, received_at__lte=now
    ).order_by("-received_at").values_list("received_at", flat=True)[:PER_HOUR],
    person=int, assignment=int, since=datetime, now=datetime,
)  # fmt: skip


def _check_pace(person: User, assignment: Assignment, now: datetime) -> None:
    """Refused models cost no attempt, so something else must bound how many are kept and opened."""
    times = list(RECENT(person=person.pk, assignment=assignment.pk, since=now - HOUR, now=now))
    if len(times) == PER_HOUR:
        again = timezone.localtime(times[-1] + HOUR)
        raise TooMany(
            f"You handed in {PER_HOUR} times to {assignment.short} within an hour. The next one can come at {again:%H:%M %Z}. "
            "To try models without waiting, run the same engine on your machine: manage.py bench.",
            code="too_many_hand_ins",
        )


def attempts_left(*, owner: Owner, assignment: Assignment) -> int:
    """Models that are counted, and those still being measured, use up the allowance; refused ones, our faults, those that the staff look at,
    and parts that come without a model do not."""
    return max(assignment.attempts_allowed - len(USED(owner, assignment=assignment.pk)), 0)


def attempts_left_of(*, owner: Owner, assignments: Iterable[Assignment]) -> dict[int, int]:
    """The same of many assignments, by their keys. `owner` has the team that the person is in; individual work is the person's own.
    Two queries."""
    items, alone = list(assignments), Owner(owner.person)
    used = Counter[int]()
    for whose, theirs in (
        (alone, [one for one in items if one.is_individual]),
        (owner, [one for one in items if not one.is_individual]),
    ):
        rows = _using(Submission.objects.of_owner(whose).filter(assignment__in=theirs)).order_by()
        used.update(dict(rows.values_list("assignment").annotate(many=Count("pk"))))
    return {item.pk: max(item.attempts_allowed - used[item.pk], 0) for item in items}


def _using(theirs: "QuerySet[Submission]") -> "QuerySet[Submission]":
    return theirs.filter(uses_an_attempt())


def uses_an_attempt() -> Q:
    """Whether an attempt uses up one of those that are allowed."""
    with_staff = Run.objects.filter(submission=OuterRef("pk"), status=Status.PARKED)
    is_counted = Q(counts=True) | Q(Q(counts=None) & ~Exists(with_staff))
    return is_counted & ~Q(sha256="") & Q(spares_attempt=False)


USED: PreparedOfOwner[Any] = PreparedOfOwner(
    lambda mine, assignment: _using(Submission.objects.filter(mine, assignment=assignment)).order_by().values_list("received_at", flat=True),
    assignment=int,
)  # fmt: skip


def most_bytes(assignment: Assignment) -> int:
    """The lab's limit, or the site's where that is smaller."""
    return min(assignment.spec.max_bytes, int(settings.MAX_UPLOAD_BYTES))


def endings(assignment: Assignment) -> frozenset[str]:
    """Of file names, lower case with the dot."""
    if assignment.spec.pipeline:
        return frozenset({".zip"})
    return frozenset(f".{ending}" for ending, found in ENDINGS.items() if found in assignment.spec.formats)


def wrong_ending_sentence(assignment: Assignment, name: str) -> str:
    """The same words in the page and on the server."""
    if assignment.spec.pipeline:
        return f"{name} is no .zip: {assignment.short} takes one with a model for each stage. The page shows how each is called."
    return f"{name} does not end as a model does: {assignment.short} takes {', '.join(sorted(endings(assignment)))}. Export the model in one of these."


def too_large_sentence(assignment: Assignment, size: int | str) -> str:
    """The same words before sending (in the page) and after (on the server)."""
    shown = size if isinstance(size, str) else size_beside_limit(size, up=True)
    limit = size_beside_limit(most_bytes(assignment), up=False)
    return (
        f"This file has {shown}; {assignment.short} takes at most {limit}. "
        f"Quantize or prune {'one of the models' if assignment.spec.pipeline else 'the model'}, or leave out the optimiser state, and hand it in again."
    )


def may_end(visit: Visit, submission: Submission) -> bool:
    """Whether this person may cancel a run of it: staff, its person, and who is in its team now. One query for a student and a team's work."""
    return visit.is_staff or submission.team is None or is_member(submission.team, visit.person)
