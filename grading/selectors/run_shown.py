"""The page of a measured run: what follows from the stored result is made into HTML once, and kept while its facts stay as they are.

The figure of the class is kept apart: it changes with everybody's attempts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from courseplatform.core.by_value import ByValue
from courseplatform.courses.access import Visit
from grading.figures import Figure, Given, figure_of
from grading.models.runs import Run
from grading.selectors.run_attempts import attempts_of
from grading.selectors.run_head import Attempts
from grading.selectors.run_measured import Rows, counted_rows, given_of, measured_part
from hardware.profiles import load_profiles

OF_THE_CLASS = "class"
# Read by the templates below alone, so not kept beside their HTML.
MADE = frozenset({"fits", "help", "no_help", "environment", "attempts_before", "main_head", "attempts_note"})
Made = dict[str, Any]


@dataclass(frozen=True)
class _Shown:
    """context: what the rest of the page reads. figures: slug, title and HTML of each; no HTML of the one of the class."""

    context: dict[str, Any]
    figures: tuple[Made, ...]


_kept = ByValue[_Shown](most=200)
_of_class = ByValue[Made](most=200)


def shown_part(visit: Visit, run: Run, mine: Attempts, now: datetime, board: str = "") -> dict[str, Any]:
    """For the page: `figures` and the other parts as HTML, and the plain values that stand around them."""
    attempts = attempts_of(run)
    given = given_of(run, attempts, board)
    around = {"visit": visit, "run": run, "submission": run.submission, "assignment": run.submission.assignment}
    where = _where(visit, run)
    shown = _kept.of(
        (where, _facts(run, given, attempts), mine.left, mine.words(now)),
        lambda: _made(around, measured_part(run, mine, now, given, attempts)),
    )
    found = shown.context
    return found | {
        "figures": [one if one["html"] else _class_figure(given, around | found, where) for one in shown.figures]
    }


def _where(visit: Visit, run: Run) -> tuple[Any, ...]:
    """Who sees it, and what stands in its links."""
    zone = timezone.get_current_timezone_name()
    return zone, visit.is_staff, visit.course.slug, run.submission.assignment.slug, str(run.pk), str(run.submission_id)


def _facts(run: Run, given: Given, attempts: Rows) -> tuple[Any, ...]:
    """Everything that the result and its figures are made of, but for the class."""
    submission, lab = run.submission, run.submission.assignment
    return (
        given.result, run.result.left_open, run.leased_by, run.started_at, run.finished_at, counted_rows(run), attempts,
        (submission.number, submission.file_name, lab.short, lab.bench_spec, lab.points, lab.attempts_allowed, lab.active_rule),
        (given.board, given.instructions, given.grams_per_kwh, given.calibrations, _own_profiles(given)),
    )  # fmt: skip


def _own_profiles(given: Given) -> list[Any]:
    """Those of the course: the shipped ones change with the program alone."""
    shipped = load_profiles()
    return [(slug, profile) for slug, profile in given.profiles.items() if shipped.get(slug) is not profile]


def _made(around: dict[str, Any], found: dict[str, Any]) -> _Shown:
    everything = around | found
    figures = tuple(_figure(one, everything, is_kept=one.slug != OF_THE_CLASS) for one in found["figures"])
    parts = {
        f"{name}_html": SafeString(render_to_string(f"grading/{template}.html", everything))
        for name, template in (("points", "_points_table"), ("aside", "_measured_aside"), ("attempts", "_measured_attempts"))
    }  # fmt: skip
    return _Shown({key: value for key, value in found.items() if key not in MADE} | parts, figures)


def _figure(figure: Figure, around: dict[str, Any], *, is_kept: bool = True) -> Made:
    html = render_to_string("components/_figure.html", around | {"f": figure}) if is_kept else ""
    return {"slug": figure.slug, "title": figure.title, "html": SafeString(html)}


def _class_figure(given: Given, around: dict[str, Any], where: tuple[Any, ...]) -> Made:
    picture = given.class_of() if given.class_of else None
    facts = (where, picture, given.result, given.board, _own_profiles(given), around["assignment"].bench_spec)

    def make() -> Made:
        figure = figure_of(given.with_class(picture), OF_THE_CLASS)
        if figure is None:
            raise LookupError(OF_THE_CLASS)
        return _figure(figure, around)

    return _of_class.of(facts, make)
