"""The narrow numbers of the class: written with each result, and rebuilt from the results where somebody doubts them."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models.fields.json import KeyTransform

from grading.models.assignments import Assignment
from grading.models.class_points import ClassPoint
from grading.models.runs import Result
from grading.ranks.class_numbers import ClassNumbers, numbers_of

AT_ONCE = 500
OF_A_BOARD = ("runtime", "runtime_version", "threads")  # what ran there, for the kind of its numbers


def class_point_record(*, result: Result, assignment: Assignment) -> None:
    """Write what a new result is worth in the class, in the transaction that records it. Recording twice changes nothing.

    The newest result of an attempt speaks for it: results of one attempt come one after the other, behind the lock of its people.
    """
    held = {
        "metrics": result.metrics,
        "quality": result.quality,
        "environment": result.environment,
        "earned": result.earned,
    }
    found = numbers_of(held, assignment.device)
    _write(result.run.submission_id, assignment.pk, result.pk, found)


def _write(submission: UUID, assignment: int, result: int, found: ClassNumbers) -> None:
    wanted = {"result_id": result, "numbers": found.to_json(), "kind": found.kind}
    rows = ClassPoint.objects.filter(submission=submission)
    if rows.filter(result__lte=result).update(**wanted) or rows.exists():
        return
    ClassPoint.objects.bulk_create(
        [ClassPoint(submission_id=submission, assignment_id=assignment, **wanted)], ignore_conflicts=True
    )


def class_points_rebuild(*, assignment: Assignment) -> int:
    """Make the numbers of one lab say what its results say. Returns how many rows were wrong or missing.

    It may run beside ends of runs: a row that a newer result has written since is left alone. Of each result only the keys that are wanted
    leave the database, in batches.
    """
    every = Result.objects.filter(run__submission__assignment=assignment).order_by("pk")
    newest: dict[UUID, int] = dict(every.values_list("run__submission", "pk"))  # the later one wins
    held = {row.submission_id: row for row in ClassPoint.objects.filter(assignment=assignment)}
    wrong = 0
    for submission, result, found in _numbers(newest, assignment.device):
        row = held.get(submission)
        if row is None or (row.result_id, row.numbers, row.kind) != (result, found.to_json(), found.kind):
            _write(submission, assignment.pk, result, found)
            wrong += 1
    return wrong


def _numbers(newest: Mapping[UUID, int], device: str) -> Iterator[tuple[UUID, int, ClassNumbers]]:
    by_result = {result: submission for submission, result in newest.items()}
    for some in batched_keys(by_result):
        for row in narrow(Result.objects.filter(pk__in=some), device):
            yield by_result[row["pk"]], row["pk"], numbers_of(as_result(row, device), device)


def batched_keys(found: Mapping[int, UUID]) -> Iterator[list[int]]:
    keys = list(found)
    return (keys[n : n + AT_ONCE] for n in range(0, len(keys), AT_ONCE))


def narrow(results: Any, device: str) -> Any:
    """Rows of results with what `numbers_of` reads of them, and nothing else."""
    verdict = KeyTransform(device, KeyTransform("devices", "environment")) if device else None
    return results.annotate(
        low=KeyTransform("low", "quality"), high=KeyTransform("high", "quality"), by=KeyTransform("graded_by", "environment"),
        **{key: KeyTransform(key, "environment") for key in OF_A_BOARD},
        **({"verdict": verdict} if verdict is not None else {}),
    ).values("pk", "metrics", "earned", "low", "high", "by", *OF_A_BOARD, *(["verdict"] if verdict is not None else []))  # fmt: skip


def as_result(row: Mapping[str, Any], device: str) -> dict[str, Any]:
    return {
        "metrics": row["metrics"], "earned": row["earned"], "quality": {"low": row["low"], "high": row["high"]},
        "environment": {"graded_by": row["by"], "devices": {device: row.get("verdict")}, **{key: row[key] for key in OF_A_BOARD}},
    }  # fmt: skip
