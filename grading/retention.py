"""What grading holds of the kinds that leave a course, and how some of it goes. Results and grades keep their numbers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from courseplatform.core.gone import BY_POLICY, files_go
from courseplatform.courses.models import Course, Enrolment
from courseplatform.courses.retention_kinds import Found, Source, add_retention_source
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.models.reruns import Rerun
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.models.variants import VariantRun
from hardware.models import Status

RAW = (
    Q(host__has_key="samples_ms")
    | Q(environment__on_host__has_key="samples_ms")
    | Q(environment__on_board__has_key="samples")
)
RAW_VARIANT = Q(measured__host__has_key="samples_ms")


def register() -> None:
    add_retention_source("grading.models", Source("models", _models_found, _models_take))
    add_retention_source("grading.variants", Source("models", _variants_found, _variants_take))
    add_retention_source("grading.reports", Source("reports", _reports_found, _reports_take))
    add_retention_source("grading.results", Source("measurements", _results_found, _results_take))
    add_retention_source("grading.variant_runs", Source("measurements", _variant_runs_found, _variant_runs_take))


def _models(course: Course, before: datetime | None) -> Any:
    """Not what is being measured, nor what a re-run that is not decided may measure."""
    standing = Rerun.objects.standing().filter(assignment__course=course)
    busy = Submission.objects.filter(assignment__course=course, runs__status__in=set(Status) - {Status.FINISHED})
    held = Submission.objects.filter(assignment__course=course).exclude(model_file="")
    return _until(
        held.exclude(assignment__in=standing.values("assignment")).exclude(pk__in=busy.values("pk")),
        "received_at",
        before,
    )


def _models_found(course: Course, before: datetime | None) -> list[Found]:
    found = _models(course, before).order_by().values_list("assignment__short")
    return [Found(*row) for row in found.annotate(n=Count("pk"), size=Sum("size_bytes"))]


def _models_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    return _files_take(course, _models(course, before), "received_at", "model_file", most, now)


def _pieces(course: Course, before: datetime | None) -> Any:
    return _until(Piece.objects.filter(assignment__course=course).exclude(file=""), "saved_at", before)


def _variants(course: Course, before: datetime | None) -> Any:
    busy = VariantRun.objects.filter(piece__assignment__course=course).exclude(status=Status.FINISHED)
    return _pieces(course, before).filter(kind="models").exclude(pk__in=busy.values("piece"))


def _variants_found(course: Course, before: datetime | None) -> list[Found]:
    return _pieces_found(_variants(course, before))


def _variants_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    return _files_take(course, _variants(course, before), "saved_at", "file", most, now)


def _reports_found(course: Course, before: datetime | None) -> list[Found]:
    return _pieces_found(_pieces(course, before).exclude(kind="models"))


def _reports_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    return _files_take(course, _pieces(course, before).exclude(kind="models"), "saved_at", "file", most, now)


def _pieces_found(pieces: Any) -> list[Found]:
    """A variant that was renamed is another row with the same file: its bytes are counted once."""
    files = pieces.order_by().values_list("assignment__short", "file").annotate(n=Count("pk"), size=Max("size_bytes"))
    return [Found(title, n, size) for title, _, n, size in files]


def _files_take(course: Course, rows: Any, age: str, field: str, most: int, now: datetime) -> Found:
    """Asked twice: first which, then, behind the locks of those who can have them measured again, whether that still holds."""
    keys = dict(rows.order_by(age, "pk").values_list("pk", "person")[:most])
    people = Enrolment.objects.filter(course=course, person__in=set(keys.values())).order_by("pk")
    list(people.select_for_update(no_key=True).values_list("pk"))
    works = Assignment.objects.filter(course=course, pk__in=rows.filter(pk__in=keys).order_by().values("assignment"))
    list(works.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    taken = list(rows.filter(pk__in=keys).order_by(age, "pk"))
    names = {str(getattr(row, field).name): row.size_bytes for row in taken}
    files_go(taken, field, why=BY_POLICY, now=now)
    return Found("", len(taken), sum(names.values()))


def _results(course: Course, before: datetime | None) -> Any:
    return _until(Result.objects.filter(RAW, run__submission__assignment__course=course), "made_at", before)


def _results_found(course: Course, before: datetime | None) -> list[Found]:
    return _counted(_results(course, before), "run__submission__assignment__short")


def _results_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    taken = list(_results(course, before).order_by("pk").only("host", "environment")[:most])
    for row in taken:
        row.host.pop("samples_ms", None)
        for part, name in (("on_host", "samples_ms"), ("on_board", "samples")):
            if isinstance(row.environment.get(part), dict):
                row.environment[part].pop(name, None)
        Result.objects.filter(pk=row.pk).update(host=row.host, environment=row.environment)
    return Found("", len(taken))


def _variant_runs(course: Course, before: datetime | None) -> Any:
    found = VariantRun.objects.filter(RAW_VARIANT, piece__assignment__course=course, status=Status.FINISHED)
    return _until(found, "queued_at", before)


def _variant_runs_found(course: Course, before: datetime | None) -> list[Found]:
    return _counted(_variant_runs(course, before), "piece__assignment__short")


def _variant_runs_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    taken = list(_variant_runs(course, before).order_by("pk")[:most])
    for row in taken:
        row.measured["host"].pop("samples_ms", None)
        VariantRun.objects.filter(pk=row.pk).update(measured=row.measured)
    return Found("", len(taken))


def _counted(rows: Any, title: str) -> list[Found]:
    counts: Iterable[tuple[str, int]] = (
        rows.order_by().annotate(title=F(title)).values_list("title").annotate(n=Count("pk"))
    )
    return [Found(*row) for row in counts]


def _until(rows: Any, age: str, before: datetime | None) -> Any:
    return rows if before is None else rows.filter(**{f"{age}__lt": before})
