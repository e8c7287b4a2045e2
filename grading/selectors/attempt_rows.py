"""What stands beside a hand-in on most pages (its runs, its parts, what it cost in late days), by prepared queries."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from courseplatform.core.prepared import Prepared
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.selectors.late_words import verdicts_of

LARGE = tuple(f"result__{name}" for name in ("report", "host", "metrics", "quality", "points", "environment"))
RUNS = Prepared(
    lambda submissions: Run.objects.filter(submission__in=submissions).select_related("result").defer(*LARGE).order_by("-queued_at"),
    submissions=list[UUID],
)  # fmt: skip
PIECES: Prepared[Any] = Prepared(
    lambda submissions: Submission.pieces.through.objects.filter(submission__in=submissions)
    .select_related("piece").order_by("piece__saved_at", "piece"),
    submissions=list[UUID],
)  # fmt: skip


def bring(rows: Sequence[Submission], *, verdicts: bool = False) -> None:
    """What `prefetched` brings (verdicts), or `measured`, by prepared queries, as lists: to be read with `all()`, and to be asked nothing else."""
    if not rows:
        return
    every = {row.pk: row for row in [*(row.model_from for row in rows if row.model_from), *rows]}
    along: dict[str, dict[UUID, list[Any]]] = {"runs": defaultdict(list), "pieces": defaultdict(list)}
    for run in RUNS(submissions=list(every)):
        run.submission = every[run.submission_id]
        along["runs"][run.submission_id].append(run)
    for one in PIECES(submissions=[row.pk for row in rows]):
        along["pieces"][one.submission_id].append(one.piece)
    if verdicts:
        along["late_verdicts"] = verdicts_of([row.pk for row in rows])
    for row in rows:
        vars(row)["_prefetched_objects_cache"] = {name: found[row.pk] for name, found in along.items()}
        if row.model_from:
            vars(row.model_from)["_prefetched_objects_cache"] = {"runs": along["runs"][row.model_from.pk]}
