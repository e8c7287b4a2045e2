"""The part `assignments` of the course file: work with its dates, and the spec by which a model is measured."""

from collections.abc import Container, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.reading import Finding, Path, Source
from courseplatform.courses.course_file.registry import FilePart
from courseplatform.courses.course_file.words import (
    MOMENT,
    choice,
    count,
    day,
    flag,
    line,
    listed,
    mapping,
    moment,
    number,
    percent,
    prose,
    slug,
)
from courseplatform.courses.models import Course
from grading.late_file.schema import CUTOFF, MOST_UNITS, or_null
from grading.late_file.times import wrong_moment
from grading.models.assignments import ATTEMPTS, CLOSES, OPENS, ActiveRule, Assignment, AssignmentKind, instant_of
from grading.models.grades import GradeEvent
from grading.models.submissions import Submission
from grading.parts_file import PARTS, parts_check
from grading.rubric_file import REGRADES, RUBRIC, rubric_check, rubric_dump, rubric_load
from grading.services.late_days import late_days_mark_all
from grading.spec import BenchSpec, SpecError
from hardware.profiles import load_profiles

BENCH = {"type": "object", "description": "How a model is measured: docs/course-file.md."}
ASSIGNMENT = mapping(
    "A piece of work.",
    ("slug", "kind", "short"),
    slug=slug("Its name in addresses."),
    kind=choice("What it is.", *AssignmentKind.values),
    short=line("Its name in tables: Lab 3.", 40),
    title=line("What it is about.", 160),
    summary=prose("What is asked for."),
    individual=flag("Each person alone; off: a team.", default=True),
    released=moment("When it opens; left out: open from the start."),
    due=moment("When it is due; left out: not stated."),
    listed_under=day("The session beside which it stands."),
    points=number("The most one can get."),
    percent=percent("Its weight in % of the grade."),
    counts=flag("Off: outside the grade.", default=True),
    active=choice("Which attempt the grade rests on; left out: the best.", *ActiveRule.values),
    statement=flag("A collaboration statement has to be there before anything is handed in.", default=False),
    attempts=count("How many attempts count; left out: 10.", 1, 1000),
    cooldown_minutes=count("Minutes between two attempts that count; left out: none.", 1, 10_080),
    cap=or_null(
        count("Most late days of the bank; null: as many as there are; left out: what the policy says.", 0, MOST_UNITS)
    ),
    no_late=flag("Nothing late is taken.", default=False),
    cutoff={**CUTOFF, "pattern": MOMENT},
    bench=BENCH,
    parts=PARTS,
    rubric=RUBRIC,
    regrades=REGRADES,
)


def dump(course: Course) -> list[dict[str, Any]]:
    rows = Assignment.objects.filter(course=course, is_demo=False).order_by("position", "pk").prefetch_related("rubric")
    days = set(course.sessions.filter(is_withdrawn=False).values_list("held_on", flat=True))
    return [_assignment_dump(row, days) for row in rows if not row.is_withdrawn]


def _assignment_dump(row: Assignment, days: Container[date | None]) -> dict[str, Any]:
    """days: those of the sessions. Beside a day that lost its session on the site, nothing is listed, and the file takes none."""
    listed_under = row.listed_under if row.listed_under in days else None
    held = {
        "slug": row.slug, "kind": row.kind, "short": row.short, "title": row.title, "summary": row.summary, "individual": row.is_individual,
        "released": wall_of(row, row.released_wall, row.released_at, OPENS), "due": wall_of(row, row.due_wall, row.due_at, CLOSES),
        "listed_under": listed_under.isoformat() if listed_under else "", "points": _plain(row.points or None),
        "percent": _plain(row.worth_percent), "counts": row.is_counted, "active": row.active_rule, "statement": row.needs_statement,
        "attempts": row.attempts_allowed, "cooldown_minutes": row.cooldown_minutes or None,
    }  # fmt: skip
    said = {key: value for key, value in held.items() if value not in (None, "") and (key, value) not in USUAL}
    said |= row.late_rules
    said |= {"bench": row.bench_spec} if row.bench_spec else {}
    said |= {"parts": row.parts} if row.parts else {}
    return said | rubric_dump(row)


USUAL = (
    ("individual", True),
    ("counts", True),
    ("active", ActiveRule.BEST),
    ("statement", False),
    ("attempts", ATTEMPTS),
)
LATE_RULES = ("cap", "no_late", "cutoff")


def _plain(value: Decimal | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def wall_of(row: Assignment, wall: str, at: datetime | None, hour: time) -> str:
    """The wall time as it was written, unless the instant was moved since."""
    if at is None:
        return ""
    is_same = wall and instant_of(row.course, wall, hour) == at
    return wall if is_same else f"{at.astimezone(row.course.tz):%Y-%m-%d %H:%M}"


def load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    said, left = list[str](), {row.slug: row for row in Assignment.objects.filter(course=course, is_demo=False)}
    for position, item in enumerate(value or []):
        row = left.pop(item["slug"], None) or Assignment(course=course, slug=item["slug"])
        row.course = course  # its zone may have changed just now
        seen = (row.full_title, row.due_at, row.is_withdrawn)
        row.kind, row.short, row.title, row.summary = (
            item["kind"],
            item["short"],
            item.get("title", ""),
            item.get("summary", ""),
        )
        row.is_individual, row.is_counted = item.get("individual", True), item.get("counts", True)
        row.points, row.bench_spec = Decimal(str(item.get("points", 0))), item.get("bench", {})
        row.parts = item.get("parts", [])
        row.worth_percent = Decimal(str(item["percent"])) if "percent" in item else None
        row.listed_under = datetime.fromisoformat(item["listed_under"]).date() if "listed_under" in item else None
        row.active_rule = item.get("active", ActiveRule.BEST)
        row.needs_statement = item.get("statement", False)
        row.attempts_allowed, row.cooldown_minutes = item.get("attempts", ATTEMPTS), item.get("cooldown_minutes", 0)
        row.late_rules = {key: item[key] for key in LATE_RULES if key in item}
        row.set_dates(released=item.get("released", ""), due=item.get("due", ""))
        row.position, row.is_withdrawn = position, False
        row.sequence += 1 if row.pk and seen != (row.full_title, row.due_at, row.is_withdrawn) else 0
        row.regrade_rules = item.get("regrades", {})
        row.save()
        said += rubric_load(row, item.get("rubric", []))
    late_days_mark_all(course=course, cause="the course file changed", actor="course file")
    return said + [sentence for row in left.values() if (sentence := _without(row))]


def _without(row: Assignment) -> str:
    """Work that left the file goes, unless somebody has handed something in or was graded."""
    if row.is_withdrawn:
        return ""
    of_row = {"assignment": row}
    if not Submission.objects.filter(**of_row).exists() and not GradeEvent.objects.filter(**of_row).exists():
        row.delete()
        return ""
    Assignment.objects.filter(pk=row.pk).update(is_withdrawn=True)
    return f"{row.short} is no longer in the file; it is hidden and kept, because work was handed in."


def is_used(course: Course) -> bool:
    return Submission.objects.filter(assignment__course=course).exists()


def check(source: Source) -> Iterator[Finding]:
    zone = ZoneInfo(source.tree["course"].get("zone", "UTC"))
    seen: dict[str, int] = {}
    for n, item in enumerate(source.tree.get("assignments", [])):
        at = source.line("assignments", n)
        if item["slug"] in seen:
            yield Finding(
                at, "twice", f"The assignment {item['slug']} stands twice, first at line {seen[item['slug']]}."
            )
        seen.setdefault(item["slug"], at)
        if "zone" not in source.tree["course"] and ("due" in item or "released" in item):
            yield Finding(at, "missing_key", f"{item['short']} has a date, so the course needs course.zone.")
        for key in ("released", "due"):
            if said := wrong_moment(item.get(key, ""), zone):
                yield Finding(source.line("assignments", n, key), "no_such_time", f"{item['short']}, {key}: {said}")
        if "released" in item and "due" in item and item["released"] >= item["due"]:
            yield Finding(
                source.line("assignments", n, "due"),
                "ends_before_it_begins",
                f"{item['short']} is due before it opens.",
            )
        if isinstance(item.get("cutoff"), str) and (said := wrong_moment(item["cutoff"], zone)):
            yield Finding(source.line("assignments", n, "cutoff"), "no_such_time", f"{item['short']}, cutoff: {said}")
        yield from _bench(item, source.line("assignments", n, "bench"))
        yield from parts_check(source, n, item)
        yield from rubric_check(source, n, item)
    yield from _listed(source)
    yield from _devices(source)
    yield from _counted(source, seen)


def _listed(source: Source) -> Iterator[Finding]:
    days = {item["date"] for item in source.tree.get("sessions", []) if "date" in item}
    for n, item in enumerate(source.tree.get("assignments", [])):
        if "listed_under" in item and item["listed_under"] not in days:
            said = f"{item['short']} is listed under {item['listed_under']}, and no session is on that day."
            yield Finding(source.line("assignments", n, "listed_under"), "no_session_that_day", said)


def _devices(source: Source) -> Iterator[Finding]:
    """Slugs that name no profile; a board without one is listed by its name alone."""
    named: list[tuple[Path, object]] = [
        (("devices", n, "slug"), item.get("slug")) for n, item in enumerate(source.tree.get("devices", []))
    ]
    for n, item in enumerate(source.tree.get("assignments", [])):
        named.append((("assignments", n, "bench", "device"), item.get("bench", {}).get("device")))
    known = load_profiles()
    for path, name in named:
        if isinstance(name, str) and name and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            said = f"No profile in hardware/device_profiles is called {name[:60]}. {hint}"
            yield Finding(source.line(*path), "unknown_device", said)


def _counted(source: Source, known: Container[str]) -> Iterator[Finding]:
    """A rule of passing that counts work which the file does not have."""
    for n, name in enumerate(source.tree.get("grading", {}).get("pass", {}).get("of", [])):
        if name not in known:
            said = f"grading.pass.of names {name}, and the file has no assignment of that slug."
            yield Finding(source.line("grading", "pass", "of", n), "unknown_assignment", said)


def _bench(item: dict[str, Any], at: int) -> Iterator[Finding]:
    if "bench" in item:
        try:
            BenchSpec.parse(item["bench"])
        except SpecError as error:
            yield Finding(at, "bench_spec", f"{item['short']}: {error}")


ASSIGNMENTS_PART = FilePart("assignments", 400, listed(ASSIGNMENT, "Work that is due."), dump, load, check)
