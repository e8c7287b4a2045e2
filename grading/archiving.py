"""What grading adds to the archive of a course: grades with their sums, what was handed in, what was measured."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.archive_parts import (
    ArchivePart,
    Entry,
    Made,
    Stored,
    Text,
    add_archive_part,
    page_file,
    page_files,
    plain_name,
    stored,
)
from courseplatform.courses.models import Role
from grading.exporting import grade_lines
from grading.grade_facts import grades_of
from grading.hidden_sets.kept import PLACE
from grading.models.assignments import Assignment, HiddenSet
from grading.models.pieces import Piece
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.selectors.run_measured import result_file

AT_ONCE = 50
GRADES = {
    "grades/gradebook.csv": ("grading:book_csv", "the gradebook: a row a person, a column a piece of the grade"),
    "late-days/balances.csv": ("grading:late_balances_csv", "late days: who had how many, used how many, and on what"),
    "submissions/all.csv": ("grading:submissions_csv", "every attempt that was handed in, with what it came to"),
    "energy/readings.csv": ("grading:energy_csv", "what teams read from their power meters, by stage of the project"),
}
SAYS = {
    "grades/ASSIGNMENT.csv": "the points of everybody in one assignment, item by item",
    "grades/ASSIGNMENT.json": "the same with the explanation of each grade, line by line, as the student's page showed it",
}
WORK = {
    "submissions/ASSIGNMENT/OWNER/NUMBER/": "what a person or a team handed in: the model as it came, and attempt.json with its time, hash and receipt",
    "submissions/ASSIGNMENT/OWNER/parts/": "reports, videos, texts and other parts. attempt.json of each attempt names those that belong to it",
    "results/ASSIGNMENT/OWNER/NUMBER-RUN.json": "what was measured of an attempt: the graph, the metrics, points with their reasons, versions",
}


def register() -> None:
    add_archive_part(page_files("grades", 40, GRADES))
    add_archive_part(ArchivePart("explanations", 41, SAYS, _grades))
    add_archive_part(ArchivePart("work", 50, WORK, _work))
    hidden = {"hidden-sets/": "test data that the staff of this course sent, and that students never saw"}
    add_archive_part(ArchivePart("hidden sets", 60, hidden, _hidden))


def _assignments(visit: Visit) -> list[Assignment]:
    return list(Assignment.objects.filter(course=visit.course).select_related("course").order_by("position", "pk"))


def _grades(visit: Visit) -> Iterable[Entry]:
    people = {
        row.person_id: row.person
        for row in visit.course.enrolments.filter(role=Role.STUDENT).select_related("person").order_by("pk")
    }
    for work in _assignments(visit):
        yield from page_file(visit, f"grades/{work.slug}.csv", "grading:grades_csv", assignment=work.slug)
        yield Made(f"grades/{work.slug}.json", partial(_explained, work, people))


def _explained(work: Assignment, people: dict[int, User]) -> Iterator[bytes]:
    """A list of people, some at a time."""
    keys, comma = list(people), ""
    yield b"["
    for first in range(0, len(keys), AT_ONCE):
        grades = grades_of(work, set(keys[first : first + AT_ONCE]))
        for key in keys[first : first + AT_ONCE]:
            grade = grades[key]
            said = {
                "person": people[key].email,
                "name": people[key].name,
                "points": grade.points,
                "of": grade.of,
                "lines": grade_lines(grade),
            }
            yield f"{comma}\n{_json(said)}".encode()
            comma = ","
    yield b"\n]\n"


def _work(visit: Visit) -> Iterable[Entry]:
    for work in _assignments(visit):
        for piece in (
            Piece.objects.filter(assignment=work)
            .select_related("person", "team")
            .order_by("saved_at", "pk")
            .iterator(200)
        ):
            yield from _piece(work, piece)
        found = (
            Submission.objects.filter(assignment=work)
            .select_related("person", "team")
            .prefetch_related("pieces__person", "pieces__team")
        )
        for attempt in found.order_by("received_at", "pk").iterator(200):
            folder = f"submissions/{work.slug}/{_owner(attempt)}/{attempt.number}"
            yield Text(f"{folder}/attempt.json", f"{_json(_said(work, attempt), 1)}\n".encode())
            yield from stored(f"{folder}/{plain_name(attempt.file_name or 'model')}", attempt.model_file)
        rows = Result.objects.filter(run__submission__assignment=work).order_by("made_at", "pk")
        for pk in list(rows.values_list("pk", flat=True)):
            yield _result(
                work,
                Result.objects.select_related(
                    "run__submission__assignment", "run__submission__person", "run__submission__team"
                ).get(pk=pk),
            )


def _result(work: Assignment, result: Result) -> Text:
    attempt = result.run.submission
    path = f"results/{work.slug}/{_owner(attempt)}/{attempt.number}-{str(result.run_id)[:8]}.json"
    return Text(path, f"{_json(result_file(result), 1)}\n".encode())


def _owner(row: Submission | Piece) -> str:
    return f"team-{plain_name(row.team.slug)}" if row.team else f"{plain_name(row.person.name)}-{row.person_id}"


def _piece_path(work: Assignment, piece: Piece) -> str:
    name = plain_name(piece.file_name) if piece.file else "text.md"
    return f"submissions/{work.slug}/{_owner(piece)}/parts/{plain_name(piece.part)}-{str(piece.pk)[:8]}-{name}"


def _piece(work: Assignment, piece: Piece) -> Iterator[Entry]:
    path = _piece_path(work, piece)
    yield from stored(path, piece.file)
    if piece.text and not piece.file:
        yield Text(path, piece.text.encode())
    if piece.data:
        yield Text(f"{path}.json", f"{_json(piece.data, 1)}\n".encode())


def _said(work: Assignment, attempt: Submission) -> dict[str, Any]:
    return {
        "assignment": work.short, "number": attempt.number, "sent_by": attempt.person.email, "team": attempt.team.name if attempt.team else None,
        "received_at": attempt.received_at, "due_at": attempt.due_at, "file_name": attempt.file_name,
        "size_bytes": attempt.size_bytes, "sha256": attempt.sha256,
        "counts": attempt.counts, "grade_rests_on_it": attempt.is_active, "receipt": attempt.receipt, "signature": attempt.signature,
        "statement": attempt.statement, "parts": sorted(_piece_path(work, piece) for piece in attempt.pieces.all()),
    }  # fmt: skip


def _hidden(visit: Visit) -> Iterator[Entry]:
    for row in HiddenSet.objects.filter(course=visit.course).order_by("pk"):
        for part, name in (("inputs", row.inputs_file), ("labels", row.labels_file)):
            if name:
                yield Stored(f"hidden-sets/{plain_name(row.slug)}-{part}.npy", name, PLACE.key)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=indent)
