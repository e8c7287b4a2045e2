"""Handing in. The browser, the demo and later the API call the same function."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max, Q

from courseplatform.accounts.models import User
from courseplatform.core.clock import shared_now
from courseplatform.core.errors import AppError, BadInput, Conflict, TooLarge
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.bench.errors import BenchError
from grading.bench.formats import sniff
from grading.bench.pipeline import FORMAT as PIPELINE
from grading.bench.pipeline_zip import check as check_archive
from grading.handing_in.hand_in_rules import (
    Upload,
    check_may_hand_in,
    check_statement,
    counting_attempt,
    desk_changed_at,
    missing_of,
    owner_of,
    pieces_of,
    too_large_sentence,
    work_on,
)
from grading.handing_in.receipts import receipt_facts, receipt_text, sign
from grading.late.facts import Verdict
from grading.late_rows.preview import verdict_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner, of_owner
from grading.models.pieces import Piece
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.parts import STATEMENT
from grading.queue.wake import RUN_KIND
from grading.services.benchmarks import benchmark_record
from grading.services.late_days import choose_active, count_locked, lock_circle
from grading.services.superseding import replacement_settle
from hardware import leases
from hardware.models import OPEN, Priority, Status

RECEIPT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letter that can be read as a digit


def submission_create(
    *,
    person: User,
    assignment: Assignment,
    upload: Upload | None,
    upload_key: UUID,
    now: datetime | None = None,
    only_complete: bool = False,
) -> tuple[Submission, bool]:
    """Record one attempt, with all that lies on the desk, and put its run in line. Nothing is recorded unless everything is.

    Args:
        upload: the model of the attempt; None: what lies on the desk, with the model that counts.
        now: from when it counts; never before the desk became what it is.
        only_complete: not while a part is missing.

    Returns:
        (submission, created): created is False when this upload, this very file, or this very desk was handed in before; then nothing
        changes and the earlier receipt stands.

    Raises:
        NotHere: the assignment is not released to this person.
        BadInput: the file is not a model we can measure; `code` says why.
        TooLarge: code `too_large`.
        TooMany: code `too_many_hand_ins` or `cool_down`.
        Conflict: code `no_attempts_left` (none of theirs waits whose place this one could take), `statement_missing`, `desk_incomplete`, or
            `desk_empty` where there is no model and nothing on the desk.
    """
    checked: str | AppError = ""
    if upload is not None and assignment.takes_model:
        try:
            checked = check_file(assignment=assignment, upload=upload)
        except AppError as error:
            checked = error  # said when nothing else is wrong; the file is not read behind the lock
    return _record(person, assignment, upload, upload_key, checked, now or shared_now(), only_complete=only_complete)


def check_file(*, assignment: Assignment, upload: Upload) -> str:
    """What can be told from the first bytes, of a pipeline from the directory of its zip, without opening a model. Returns the format.

    Raises:
        BadInput, TooLarge: with the code of the check.
    """
    spec = assignment.spec
    if upload.size > spec.max_bytes:
        raise TooLarge(too_large_sentence(assignment, upload.size), code="too_large")
    path = Path(upload.temporary_file_path())
    try:
        if spec.pipeline:
            check_archive(path, [stage.key for stage in spec.pipeline], spec.formats, spec.max_bytes)
            return PIPELINE
        found = sniff(path, upload.name or "model")
    except BenchError as error:
        raise BadInput(error.message, code=error.code, details=error.details) from error
    if found not in spec.formats:
        raise BadInput(
            f"This is a {found} model; {assignment.short} takes {', '.join(spec.formats)}.", code="format_not_accepted"
        )
    return str(found)


def _known(
    owner: Owner, assignment: Assignment, upload: Upload | None, upload_key: UUID, pieces: Iterable[Piece]
) -> Submission | None:
    """The earlier hand-in of this upload, or of the same bytes with the same desk while they count or are being measured. One query where
    there is none."""
    is_wanted = Q(person=owner.person, upload_key=upload_key)
    if upload is not None:
        is_wanted |= of_owner(owner) & Q(sha256=upload.sha256)
    rows = list(
        Submission.objects.filter(is_wanted, assignment=assignment).order_by("number").prefetch_related("pieces")
    )
    again = next((row for row in rows if (row.person_id, row.upload_key) == (owner.person.pk, upload_key)), None)
    if again is not None:
        return again
    desk = work_on({piece.pk: piece.part for piece in pieces})
    if upload is not None:
        same = (row for row in rows if row.counts is not False and not row.spares_attempt)
        return next((one for one in same if desk <= {piece.pk for piece in one.pieces.all()}), None)
    counting = counting_attempt(owner=owner, assignment=assignment)
    if counting is None or desk != work_on(dict(counting.pieces.values_list("pk", "part"))):
        return None
    is_first_statement = not counting.statement and any(piece.part == STATEMENT for piece in pieces)
    return None if is_first_statement else counting


@transaction.atomic
def _record(
    person: User,
    assignment: Assignment,
    upload: Upload | None,
    upload_key: UUID,
    checked: str | AppError,
    now: datetime,
    *,
    only_complete: bool,
) -> tuple[Submission, bool]:
    """checked: the format of the model, or why the file is none."""
    circle = lock_circle(course=assignment.course, people={person.pk})
    owner = owner_of(person=person, assignment=assignment, now=shared_now())  # as it is behind the lock
    pieces = pieces_of(owner=owner, assignment=assignment)
    known = _known(owner, assignment, upload, upload_key, pieces)
    if known is not None:
        return known, False  # shown also to somebody whose attempts are used up since
    replaced = check_may_hand_in(owner=owner, assignment=assignment, now=now, with_model=upload is not None)
    statement = check_statement(assignment=assignment, pieces=pieces)
    if isinstance(checked, AppError):
        raise checked
    if upload is None:
        _check_desk(owner, assignment, pieces, only_complete=only_complete)
    number = _next_number(owner, assignment)
    at = max(now, desk_changed_at(owner=owner, assignment=assignment) or now)
    submission = Submission(
        assignment=assignment, person=person, team=owner.team, number=number, received_at=at, due_at=assignment.due_at,
        upload_key=upload_key, receipt=_receipt(assignment, number), statement=statement,
        counts=True if upload is None else None,
    )  # fmt: skip
    if upload is not None:
        _bring_model(submission, upload, checked)
    try:
        submission.save(force_insert=True)
        submission.pieces.add(*pieces)
        if upload is None:
            choose_active(circle, submission)
            submission.refresh_from_db()
        facts = count_locked(circle)
        if upload is not None:
            run = run_enqueue(submission=submission, by=person.email, now=now)
            replacement_settle(run=run, replaced=replaced, by=person.email)
        receipt_issue(submission=submission, verdict=verdict_of(submission, facts) if facts else None, pieces=pieces)
    except BaseException:
        if upload is not None:
            _discard(submission)
        raise
    if upload is None:
        benchmark_record(submission=submission)
    return submission, True


def _next_number(owner: Owner, assignment: Assignment) -> int:
    theirs = Submission.objects.of_owner(owner).filter(assignment=assignment)
    return int(theirs.aggregate(last=Max("number"))["last"] or 0) + 1


def _check_desk(owner: Owner, assignment: Assignment, pieces: list[Piece], *, only_complete: bool) -> None:
    """Behind the lock. Raises Conflict: `desk_empty`, `desk_incomplete`."""
    if all(piece.part == STATEMENT for piece in pieces):
        raise Conflict("There is nothing to hand in yet: put a part on the page first.", code="desk_empty")
    if only_complete and missing_of(owner=owner, assignment=assignment, pieces=pieces):
        raise Conflict("A part is missing again: somebody has taken it away.", code="desk_incomplete")


def _bring_model(submission: Submission, upload: Upload, model_format: str) -> None:
    submission.file_name, submission.format = (upload.name or "model")[:255], model_format
    submission.size_bytes, submission.sha256 = upload.size, upload.sha256
    submission.model_file.save(upload.name or "model.bin", as_file(upload), save=False)


def receipt_issue(*, submission: Submission, verdict: Verdict | None, pieces: list[Piece]) -> None:
    """Sign the receipt and mail it to whoever handed in; a team's other members are told. In the transaction of the hand-in."""
    facts = receipt_facts(submission, verdict, pieces)
    submission.signature = sign(facts)
    submission.save(update_fields=["signature"])
    assignment, owner = submission.assignment, submission.owner
    path, key = submission.get_absolute_url(), f"receipt-{submission.pk}"
    notification_send(
        course=assignment.course, people=[submission.person], kind="hand_in", key=key,
        title=f"Receipt {submission.receipt}: {assignment.full_title}, attempt {submission.number}",
        text=receipt_text(facts, submission.signature), path=path,
    )  # fmt: skip
    others = (
        [one for one in members_at(owner.team, submission.received_at) if one != submission.person]
        if owner.team
        else []
    )
    notification_send(
        course=assignment.course, people=others, kind="hand_in", key=key,
        title=f"{submission.person.name} handed in {assignment.full_title} for {owner}, attempt {submission.number}", path=path,
    )  # fmt: skip


def _discard(submission: Submission) -> None:
    """The file of a hand-in that was not recorded, and the folder made for it where there are folders."""
    field = submission.model_file
    with suppress(NotImplementedError):  # a store without paths has no folders either
        folder = Path(field.path).parent
        field.delete(save=False)
        folder.rmdir()
        return
    field.delete(save=False)


def run_enqueue(
    *, submission: Submission, by: str, now: datetime | None = None, priority: Priority = Priority.LIVE
) -> Run:
    """Put a new run of a submission in line, inside a transaction that holds `lock_circle`. In line the owner of the attempt counts, a team
    or a person, whoever asked for the run: so each team has one turn, and a person one over all labs that they do alone.

    Raises Conflict (`already_in_line`) while one is open, or with the staff.
    """
    if submission.runs.filter(status__in=OPEN | {Status.PARKED}).exists():
        raise Conflict("A run of this attempt is in line, running or with the staff already.", code="already_in_line")
    return leases.job_enqueue(
        Run,
        kind=RUN_KIND,
        owner_key=submission.owner.key,
        priority=priority,
        now=now,
        submission=submission,
        requested_by=by,
    )


def _receipt(assignment: Assignment, number: int) -> str:
    letters = "".join(word[0] for word in assignment.short.split() if word)
    tail = "".join(secrets.choice(RECEIPT_ALPHABET) for _ in range(6))
    return f"{letters.upper()}-{number}-{tail}"[:32]


def as_file(upload: Upload) -> "File[bytes]":
    if isinstance(upload, File):
        return upload  # on its way from the browser: the storage moves it, nothing is copied
    return File(open(upload.temporary_file_path(), "rb"))
