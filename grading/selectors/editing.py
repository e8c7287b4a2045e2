"""What the pages read on which assignments are made and changed: what may be copied, what a change would mean, what criteria give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from courseplatform.courses.course_file.difference import differences
from courseplatform.courses.models import Course, Enrolment, Role
from grading.course_file.assignment_item import Item
from grading.hidden_sets.fit import misfits
from grading.ml_tasks.registry import task_of
from grading.models.assignments import Assignment, HiddenSet
from grading.models.pieces import Piece
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.shares import cents, share_exact
from grading.points.words import rule_words
from grading.selectors.points_try import trial_of
from grading.spec import BenchSpec, Criterion, Rule, SpecError
from grading.spec.criteria import MORE_IS_BETTER, unit_of


def courses_taught(visit: Visit) -> Any:
    """The courses of which the visitor is an instructor, this one first, then the newest."""
    taught = Enrolment.objects.filter(person=visit.person, role=Role.INSTRUCTOR, is_active=True).values("course")
    rows = Course.objects.filter(pk__in=taught).order_by("-starts_on", "title", "pk")
    return sorted(rows, key=lambda course: course.pk != visit.course.pk)


def copyable(visit: Visit) -> list[tuple[Course, list[Assignment]]]:
    """What may be copied, by course."""
    courses = courses_taught(visit)
    rows = Assignment.objects.filter(course__in=courses, is_withdrawn=False).order_by("position", "pk")
    found: dict[int, list[Assignment]] = {course.pk: [] for course in courses}
    for row in rows:
        found[row.course_id].append(row)
    return [(course, found[course.pk]) for course in courses if found[course.pk]]


def withdrawn_of(visit: Visit) -> list[Assignment]:
    """What was taken away and is kept: for those who may bring it back."""
    if visit.role != Role.INSTRUCTOR:
        return []
    return list(Assignment.objects.filter(course=visit.course, is_withdrawn=True).order_by("position", "pk"))


def hidden_sets_of(visit: Visit) -> Any:
    """The hidden sets that may be chosen here: those of the courses one teaches, and those that these measure on already."""
    courses = [course.pk for course in courses_taught(visit)]
    used = Assignment.objects.filter(course__in=courses).exclude(hidden_set=None).values("hidden_set")
    return HiddenSet.objects.filter(Q(course__in=courses) | Q(pk__in=used)).order_by("title", "pk")


def hidden_choices(visit: Visit) -> list[tuple[str, str]]:
    return [(row.slug, f"{row.title}, {numbers.count(row.count)} inputs ({row.slug})") for row in hidden_sets_of(visit)]


def changes_between(held: Item, item: Item) -> list[str]:
    """Line by line, as an import of the course file says it."""
    return list(differences(held, item))


def with_item(row: Assignment, item: Item) -> Assignment:
    """What an entry says of measuring, on a row that is not saved."""
    named = item.get("hidden_set", "")
    hidden = HiddenSet.objects.filter(slug=named).first() if named else None
    return Assignment(
        course=row.course, slug=row.slug, short=item["short"], bench_spec=item.get("bench", {}), hidden_set=hidden
    )


def consequences(row: Assignment, held: Item, item: Item) -> list[str]:
    """What a change means for what is there already, in sentences. A handful of queries."""
    found = [*_odd(row, item), *_of_parts(row, held, item)]
    if any(held.get(key) != item.get(key) for key in ("bench", "hidden_set")):
        results = Result.objects.filter(run__submission__assignment=row).count()
        if results:
            keeps = "result keeps its" if results == 1 else "results keep their"
            found.append(
                f"{results} {keeps} points until you run the lab again, on its page Re-runs: that shows first what would change."
            )
    count = Submission.objects.filter(assignment=row).count()
    if not count:
        return found
    hand_ins = f"{count} hand-in{'' if count == 1 else 's'}"
    if held.get("individual", True) != item.get("individual", True):
        found.append(
            f"{hand_ins} stay with whoever handed them in; only later ones are {'of each person' if item.get('individual', True) else 'of teams'}."
        )
    if item.get("statement") and not held.get("statement"):
        found.append(f"{hand_ins} without a collaboration statement stay as they are; the next one needs it.")
    return found


def _odd(row: Assignment, item: Item) -> Iterable[str]:
    """What is taken as it is said, and is perhaps not meant."""
    course, due = row.course, item.get("due", "")[:10]
    if due and course.ends_on and due > course.ends_on.isoformat():
        yield f"It is due on {due}, and the course ends on {course.ends_on.isoformat()}."
    if due and course.starts_on and due < course.starts_on.isoformat():
        yield f"It is due on {due}, and the course begins on {course.starts_on.isoformat()}."
    for one in item.get("bench", {}).get("criteria", []):
        metric = one.get("metric", "")
        gives_more = _gives_more(one.get("rule", {}))
        if metric and gives_more is not None and gives_more != (metric in MORE_IS_BETTER):
            better = "more" if metric in MORE_IS_BETTER else "less"
            yield f"{one.get('title', metric)}: {better} is better, and this rule gives fewer points for it. Is it the other way round?"


def _gives_more(rule: Item) -> bool | None:
    """Whether a rule gives more points for more; None where that cannot be told, or a baseline decides."""
    kind, ends = rule.get("kind"), [rule.get("from", 0), rule.get("to", 0)]
    if kind == "ramp" and all(isinstance(end, int | float) for end in ends):
        return bool(ends[1] > ends[0])
    if kind == "curve" and len(rule.get("points", [])) > 1:
        first, last = rule["points"][0][1], rule["points"][-1][1]
        return None if first == last else bool(last > first)
    if kind == "steps":
        return rule.get("better") == "more"
    return {"at_least": True, "at_most": False}.get(str(kind))


def _of_parts(row: Assignment, held: Item, item: Item) -> Iterable[str]:
    now = {part["key"]: part for part in item.get("parts", [])}
    pieces = Piece.objects.filter(assignment=row).values_list("part", "person", "team").distinct()
    owners: dict[str, set[tuple[int | None, int | None]]] = {}
    for key, person, team in pieces:
        owners.setdefault(key, set()).add((team, None if team else person))
    for part in held.get("parts", []):
        count = len(owners.get(part["key"], ()))
        if count and part["key"] not in now:
            yield f"{part['title']} is asked for no longer; what {_owners(count)} handed in for it is kept with their attempts."
        elif count and now[part["key"]]["kind"] != part["kind"]:
            yield f"{part['title']} is of another kind now; what {_owners(count)} handed in stays as it was."


def _owners(count: int) -> str:
    return "one student or team" if count == 1 else f"{count} students or teams"


def points_of(item: Item) -> dict[str, str]:
    """What is measured, what a person grades, and what both come to, beside what the assignment says."""
    criteria = [part for part in item.get("bench", {}).get("criteria", []) if not part.get("bonus")]
    measured = sum(_number(part.get("points")) for part in criteria)
    graded = sum(_number(part.get("points")) for part in item.get("rubric", []) if not part.get("extra"))
    said = _number(item.get("points"))
    together, is_told = measured + graded, item.get("rubric") and said  # grading/course_file/rubric.py says it then
    return {
        "measured": f"{measured:g}", "graded": f"{graded:g}", "together": f"{together:g}", "said": f"{said:g}",
        "differs": "yes" if together and abs(together - said) > 1e-9 and not is_told else "",
    }  # fmt: skip


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


@dataclass(frozen=True)
class CriterionRow:
    """A criterion in words, and what it gives at a few values: (value, points)."""

    title: str
    words: str
    values: list[tuple[str, str]]


def criteria_context(form: Any, row: Assignment, sent: Mapping[str, str]) -> dict[str, Any]:
    """What the criteria in a form of grading/forms/editing/ give at a few values and at those that are tried; of what holds where the form was
    only opened. Or the sentence that says why there is none."""
    if not form.is_bound:
        bench = form.held.get("bench")
    elif not form.measures:
        bench = None
    elif form.bench.is_valid() and form.criteria.is_valid() and form.baselines.is_valid():
        bench = form.spec()
    else:
        return {"criteria_rows": [], "criteria_why": "Some of it cannot be read yet; fill in what is missing."}
    if not bench:
        return {"criteria_rows": [], "criteria_why": ""}
    try:
        spec = BenchSpec.parse(bench)
    except SpecError as error:
        return {"criteria_rows": [], "criteria_why": str(error)}
    rows = [CriterionRow(one.title, rule_words(one), _values(one)) for one in spec.criteria]
    return {"criteria_rows": rows, "criteria_why": "", "trial": trial_of(spec, row, sent)}


def _values(criterion: Criterion) -> list[tuple[str, str]]:
    unit, of = unit_of(criterion.metric), Decimal(str(criterion.points))
    shown = ((value, cents(share_exact(criterion.rule, value), of)) for value in _telling(criterion.rule))
    return [(numbers.with_unit(value, unit), f"{points}") for value, points in shown]


def _telling(rule: Rule) -> list[float]:
    """The values at which one sees what a rule gives: its limits, and what lies between or just beyond them."""
    if rule.kind == "ramp":
        return [rule.start + (rule.end - rule.start) * share for share in (0, 0.25, 0.5, 0.75, 1)]
    if rule.kind in ("pass", "fits", "all_of"):
        return []
    limits, last = list(rule.limits), rule.limits[-1]
    if rule.kind == "at_least" or (rule.kind == "steps" and rule.more):
        return [limits[0] * 0.99, *limits]
    return limits if rule.kind == "curve" else [*limits, last * 1.01 if last else 1.0]


def hidden_rows(visit: Visit) -> list[dict[str, Any]]:
    """The hidden sets with what they hold, and which assignments of the courses one teaches measure on them. Three queries."""
    courses = courses_taught(visit)
    used: dict[int, list[Assignment]] = {}
    rows = (
        Assignment.objects.filter(course__in=courses, is_withdrawn=False)
        .exclude(hidden_set=None)
        .select_related("course")
    )
    by_course = sorted(rows.order_by("course", "position", "pk"), key=lambda row: row.course_id != visit.course.pk)
    for row in by_course:
        used.setdefault(row.hidden_set_id or 0, []).append(row)
    return [
        {
            "set": found,
            "used": used.get(found.pk, []),
            "shape": "×".join(map(str, found.facts.get("shape", ()))),
            "dtype": found.facts.get("dtype", "float32"),
            "task": task_of(found.facts).title,
            "labels": task_of(found.facts).labels_words(found.facts) if found.facts else "–",
            "misfits": _misfits(found, used),
        }
        for found in hidden_sets_of(visit)
    ]


def _misfits(found: HiddenSet, used: dict[int, list[Assignment]]) -> list[str]:
    return [
        f"{row.short}: {said}"
        for row in used.get(found.pk, [])
        if row.bench_spec
        for said in misfits(row.spec, found.facts)
    ]
