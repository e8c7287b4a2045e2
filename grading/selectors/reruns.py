"""What the staff read of re-runs: which results stand by other rules, the history, and the table of one re-run."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.urls import reverse

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.anonymity import names_hidden
from grading.figures.rerun import rerun_figure
from grading.grade_facts import is_visible, release_of
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.models.reruns import ItemState, PointsBefore, Rerun, RerunItem, RerunKind, RerunStatus
from grading.models.runs import Result, Run
from grading.queue.forecast import LEAST_RUNS, forecast
from grading.queue.wake import RUN_KIND
from grading.reruns.nameless import shown_rows
from grading.reruns.rules import of_before, points_by
from grading.reruns.table import CSV_HEADS, Row, counts_of, csv_row, table_of
from grading.reruns.words import headline, signed
from grading.selectors.line_now import line_read, range_words
from hardware.models import Priority

ROWS = 100
BADGES = {
    RerunStatus.MEASURING: Badge("neutral", "clock", "measuring"), RerunStatus.READY: Badge("warn", "clock", "to be decided"),
    RerunStatus.APPLYING: Badge("neutral", "clock", "being applied"), RerunStatus.APPLIED: Badge("good", "check", "applied"),
    RerunStatus.DISCARDED: Badge("neutral", "info", "discarded"),
}  # fmt: skip
TABLE_FROM = frozenset({RerunStatus.READY, RerunStatus.APPLYING, RerunStatus.APPLIED})


def reruns_path(assignment: Assignment) -> str:
    return reverse("grading:reruns", kwargs={"course": assignment.course.slug, "assignment": assignment.slug})


def of_before_words(assignment: Assignment) -> dict[str, Any]:
    """Which results stand by other rules than the lab has now, for its staff: {title, sentence, kind, url}, or {} where none does."""
    if not assignment.bench_spec:
        return {}
    others, otherwise = of_before(assignment)
    if not others:
        return {}
    stands = "result stands" if others == 1 else "results stand"
    which = "It was" if others == 1 else "All were" if others == otherwise else f"{otherwise} of them were"
    measured = (
        f" {which} measured on other data, within other limits, or modelled with another calibration."
        if otherwise
        else ""
    )
    return {
        "title": f"{others} {stands} by the rules of before", "url": reruns_path(assignment),
        "sentence": f"What {assignment.short} asks was changed since.{measured} No grade changes by itself.",
        "kind": RerunKind.MEASURE if otherwise else RerunKind.POINTS,
    }  # fmt: skip


def reruns_of(visit: Visit, assignment: Assignment) -> "QuerySet[Rerun]":
    """Without their tables."""
    return (
        Rerun.objects.visible_to(visit)
        .filter(assignment=assignment)
        .select_related("assignment__course")
        .defer("table")
    )


def rerun_get(visit: Visit, slug: str, pk: int) -> Rerun:
    """Raises NotHere: also for one of another lab or course, and for students."""
    rows = Rerun.objects.visible_to(visit).select_related("assignment__course", "assignment__hidden_set")
    found = rows.filter(assignment__slug=slug, pk=pk).first()
    if found is None:
        raise NotHere("There is no such re-run in this lab.")
    return found


def history_page(visit: Visit, assignment: Assignment, now: datetime) -> dict[str, Any]:
    """The re-runs of a lab, the newest first, and what beginning one would mean. About a dozen queries."""
    rows = list(reruns_of(visit, assignment))
    standing = next((row for row in rows if row.is_standing), None)
    models = Result.objects.filter(run__submission__assignment=assignment, run__submission__counts=True)
    many = models.values("run__submission").distinct().count()
    before = of_before_words(assignment)
    return {
        "assignment": assignment, "before": before, "standing": standing, "models": many,
        "may_begin": visit.role == Role.INSTRUCTOR and standing is None and many > 0,
        "is_instructor": visit.role == Role.INSTRUCTOR, "kind": before.get("kind", RerunKind.POINTS),
        "takes": duration_words(assignment, many, now) if many else "",
        "rows": [_of_history(row) for row in rows],
    }  # fmt: skip


def _of_history(row: Rerun) -> dict[str, Any]:
    is_done, is_known = row.status == RerunStatus.APPLIED, "grades" in row.counts
    said = headline(row.counts, is_done=is_done) if is_known else ""
    return {"rerun": row, "badge": BADGES[RerunStatus(row.status)], "said": said}


def duration_words(assignment: Assignment, many: int, now: datetime) -> str:
    """How long measuring so many models takes, behind what is in line; "" where too few runs say how long one takes."""
    line = line_read(now, [assignment.pk])
    took = line.took(RUN_KIND, assignment.pk)
    if len(took) < LEAST_RUNS:
        return ""
    found = forecast(
        own=took, held=line.held_before(Priority.RERUN), ahead=[(took, max(many - 1 + line.waiting, 0))], workers=line.slots,
        seed=assignment.pk, gap_s=line.gap_s,
    )  # fmt: skip
    return range_words(found.end) if found else ""


@dataclass(frozen=True)
class TableFilter:
    """Filters of the table; they stand in the URL. Unknown values mean no filter."""

    text: str = ""
    show: str = ""
    page: str = "1"

    SHOWS: ClassVar[dict[str, str]] = {
        "changes": "grades that change",
        "rise": "grades that rise",
        "fall": "grades that fall",
        "notes": "with a note",
    }

    @classmethod
    def of(cls, query: QueryDict) -> "TableFilter":
        show = query.get("show", "")
        return cls(query.get("q", "")[:120].strip(), show if show in cls.SHOWS else "", query.get("page", "1")[:6])

    @property
    def query(self) -> str:
        found = QueryDict(mutable=True)
        found.update({key: value for key, value in (("q", self.text), ("show", self.show)) if value})
        return found.urlencode()

    def fits(self, row: Row) -> bool:
        change = Decimal(row["change"])
        is_named = not self.text or any(
            self.text.casefold() in row[key].casefold() for key in ("name", "email", "team")
        )
        shown = {"changes": bool(change), "rise": change > 0, "fall": change < 0, "notes": bool(row["notes"])}
        return is_named and shown.get(self.show, True)


def rows_of(visit: Visit, rerun: Rerun) -> list[Row]:
    """As whoever decided saw them; of one that is to be decided as they are now; none while models are measured. Without names while these
    are hidden."""
    rows = table_of(rerun) if rerun.status == RerunStatus.READY else list(rerun.table)
    return shown_rows(visit, rerun.assignment, rows)


def progress_of(rerun: Rerun) -> dict[str, Any]:
    """How many models have come to an end, of how many. One query."""
    states = dict(rerun.items.order_by().values_list("state").annotate(Count("pk")))
    total = sum(states.values())
    left = (
        states.get(ItemState.WAITING, 0) if rerun.status == RerunStatus.MEASURING else states.get(ItemState.PROPOSED, 0)
    )
    return {"total": total, "done": total - left, "states": states}


def rerun_page(visit: Visit, rerun: Rerun, chosen: TableFilter) -> dict[str, Any]:
    """The dry run, a hundred people at a time. The same number of queries for 3 people and for 500."""
    rows, progress = rows_of(visit, rerun), progress_of(rerun)
    counts = rerun.counts or counts_of(rows)
    shown = [row for row in rows if chosen.fits(row)]
    page: Page[Row] = Paginator(shown, ROWS).get_page(chosen.page)
    is_open = rerun.status in (RerunStatus.MEASURING, RerunStatus.READY)
    release = release_of(rerun.assignment)
    return {
        "rerun": rerun, "assignment": rerun.assignment, "names_hidden": names_hidden(visit, rerun.assignment),
        "badge": BADGES[RerunStatus(rerun.status)], "progress": progress,
        "title": headline(counts, is_done=rerun.status == RerunStatus.APPLIED).rstrip(".") if rows or rerun.status in TABLE_FROM else _title(rerun, progress),
        "is_live": rerun.status in (RerunStatus.MEASURING, RerunStatus.APPLYING),
        "is_stale": is_open and rerun.rules != points_by(rerun.assignment), "is_ready": rerun.status == RerunStatus.READY,
        "may_decide": is_open and visit.role == Role.INSTRUCTOR, "counts": counts, "changes": counts["rise"] + counts["fall"],
        "is_released": is_visible(release), "has_teams": any(row["team"] for row in rows), "has_rows": bool(rows),
        "page": page, "rows": [_shown(rerun, row) for row in page.object_list], "query": chosen.query,
        "filters": {"text": chosen.text, "shows": [{"value": k, "label": v, "chosen": k == chosen.show} for k, v in chosen.SHOWS.items()]},
        "troubled": _troubled(progress["states"]), "moves": list(rerun.moves.all()), "figure": rerun_figure(rows) if rows else None,
    }  # fmt: skip


def _title(rerun: Rerun, progress: dict[str, Any]) -> str:
    if rerun.status == RerunStatus.DISCARDED:
        return "Discarded before all models were measured"
    return f"{progress['done']} of {progress['total']} models are measured"


def _shown(rerun: Rerun, row: Row) -> Row:
    change = Decimal(row["change"])
    path = ""
    if row["person"]:
        path = grade_path(rerun.assignment, "grades_person", person=row["person"])
    elif row["number"]:
        path = grade_path(rerun.assignment, "desk_report", sheet_number=row["number"])
    tone = "good" if change > 0 else "bad" if change < 0 else ""
    return row | {
        "url": path, "change_words": signed(change), "tone": tone, "is_other": row["attempt"] != row["attempt_then"],
        "is_measured_same": row["measured_now"] == row["measured_then"],
    }  # fmt: skip


def _troubled(states: dict[str, int]) -> str:
    """Models without a new number, in a sentence; "" where there are none."""
    words = {
        ItemState.REFUSED: "the new check refuses",
        ItemState.FAILED: "could not be measured",
        ItemState.OVERTAKEN: "were measured again meanwhile",
    }
    found = [f"{states[key]} {said}" for key, said in words.items() if states.get(key)]
    return f"Of the models, {', '.join(found)}: these keep their result." if found else ""


def csv_table(visit: Visit, rerun: Rerun) -> tuple[tuple[str, ...], list[list[Any]]]:
    return CSV_HEADS, [csv_row(row) for row in rows_of(visit, rerun)]


AGAIN: Prepared[Any] = Prepared(
    lambda result: PointsBefore.objects.filter(result=result).order_by().values_list("pk")
    .union(RerunItem.objects.filter(result=result).order_by().values_list("pk")),
    result=int,
)  # fmt: skip


def counted_again(run: Run) -> list[dict[str, Any]]:
    """For whoever reads a result: each time it was counted or measured again, why, and what it was worth before; the newest first."""
    result: Result = run.result
    if not list(AGAIN(result=result.pk)):
        return []  # as of nearly every result: one small query
    found = [
        {
            "verb": "counted", "at": row.rerun.decided_at, "by": row.rerun.decided_by, "reason": row.rerun.reason, "earned": row.earned, "of": row.of,
            "lines": row.points, "url": "", "staff_url": row.rerun.get_absolute_url(),
        }
        for row in result.points_before.select_related("rerun__assignment__course").defer("rerun__table").order_by("-pk")
    ]  # fmt: skip
    item = (
        RerunItem.objects.filter(result=result)
        .select_related("rerun__assignment__course", "before__run")
        .defer(*_LARGE)
        .first()
    )
    if item is not None:
        found.append(
            {
                "verb": "measured", "at": item.rerun.decided_at, "by": item.rerun.decided_by, "reason": item.rerun.reason,
                "earned": item.earned_before, "of": item.before.of, "lines": [], "staff_url": item.rerun.get_absolute_url(),
                "url": reverse("grading:run", kwargs={"course": item.rerun.assignment.course.slug, "run": item.before.run_id}),
            }
        )  # fmt: skip
    return found


_LARGE = (
    "document", "lines", "rerun__table", "before__report", "before__host", "before__metrics", "before__quality", "before__points",
    "before__environment",
)  # fmt: skip


def figure_of(visit: Visit, rerun: Rerun) -> dict[str, Any]:
    return rerun_figure(rows_of(visit, rerun)).plot or {}
