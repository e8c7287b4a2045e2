"""The part `assignments` of the course file: work with its dates, and the spec by which a model is measured."""

from collections.abc import Container, Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.reading import Finding, Path, Source
from courseplatform.courses.course_file.registry import Edited, FilePart
from courseplatform.courses.course_file.words import listed
from courseplatform.courses.models import Course, ScheduleChange
from grading.course_file.assignment_item import ASSIGNMENT, RESERVED, item_of, session_days
from grading.course_file.late.times import wrong_moment
from grading.course_file.parts import parts_check
from grading.course_file.rubric import rubric_check
from grading.models.assignments import Assignment
from grading.models.submissions import Submission
from grading.services.assignment_rows import assignment_apply, assignment_drop
from grading.services.late_days import late_days_mark_all
from grading.spec import BenchSpec, SpecError
from grading.spec.on_boards import wrong_on_board
from hardware.course_devices import with_own
from hardware.models import CourseDevice
from hardware.profiles import DeviceProfile, load_profiles, today_slug


def dump(course: Course) -> list[dict[str, Any]]:
    rows = Assignment.objects.filter(course=course, is_demo=False).order_by("position", "pk")
    rows = rows.select_related("course", "hidden_set").prefetch_related("rubric__options")
    days = session_days(course)
    return [item_of(row, days) for row in rows if not row.is_withdrawn]


def load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    said, left = list[str](), {row.slug: row for row in Assignment.objects.filter(course=course, is_demo=False)}
    for position, item in enumerate(value or []):
        row = left.pop(item["slug"], None) or Assignment(course=course, slug=item["slug"])
        row.course = course  # its zone may have changed just now
        said += assignment_apply(row=row, item=item, position=position)
    late_days_mark_all(course=course, cause="the course file changed", actor="course file")
    return said + [sentence for row in left.values() if (sentence := _without(row))]


def _without(row: Assignment) -> str:
    """Work that left the file goes, unless something that people did refers to it."""
    if row.is_withdrawn or assignment_drop(row=row):
        return ""
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
        if item["slug"] in RESERVED:
            said = f"{item['slug']} is the address of another page; give {item['short']} another slug."
            yield Finding(source.line("assignments", n, "slug"), "reserved_name", said)
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
        yield from _bench(item, source.line("assignments", n, "bench"), source.tree["course"].get("slug", ""))
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
        bench = item.get("bench", {})
        named.append((("assignments", n, "bench", "device"), bench.get("device")))
        several = bench.get("devices", [])
        named += [
            (("assignments", n, "bench", "devices"), name) for name in (several if isinstance(several, list) else [])
        ]
    shipped = load_profiles()
    strange = [
        (path, name) for path, name in named if isinstance(name, str) and name and today_slug(name) not in shipped
    ]
    # Only then is there something to ask: most files name what is shipped.
    known = (
        with_own(CourseDevice.objects.filter(course__slug=source.tree["course"].get("slug", "")))
        if strange
        else shipped
    )
    for path, name in strange:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            said = f"No profile in hardware/device_profiles and no device of this course is called {name[:60]}. {hint}"
            yield Finding(source.line(*path), "unknown_device", said)


def _counted(source: Source, known: Container[str]) -> Iterator[Finding]:
    """A rule of passing that counts work which the file does not have."""
    for n, name in enumerate(source.tree.get("grading", {}).get("pass", {}).get("of", [])):
        if name not in known:
            said = f"grading.pass.of names {name}, and the file has no assignment of that slug."
            yield Finding(source.line("grading", "pass", "of", n), "unknown_assignment", said)


def _bench(item: dict[str, Any], at: int, course: str) -> Iterator[Finding]:
    if "bench" in item:
        try:
            spec = BenchSpec.parse(item["bench"])
        except SpecError as error:
            for sentence in error.sentences:
                yield Finding(at, "bench_spec", f"{item['short']}: {sentence}")
            return
        device = _device_of(spec, course)
        for sentence in wrong_on_board(spec, device) if device is not None else ():
            yield Finding(at, "bench_spec", f"{item['short']}: {sentence}")
        family = next((part for part in item.get("parts", []) if part["kind"] == "models"), None)
        if family is not None and (why := _no_family(spec, family)):
            yield Finding(at, "bench_spec", f"{item['short']}: {why}")


def _device_of(spec: BenchSpec, course: str) -> DeviceProfile | None:
    """The board that measures; None where none does, or where it is unknown, which is said elsewhere."""
    if spec.run_on != "board":
        return None
    return load_profiles().get(spec.device) or with_own(CourseDevice.objects.filter(course__slug=course)).get(
        spec.device
    )


def _no_family(spec: BenchSpec, family: dict[str, Any]) -> str:
    """Why this lab cannot measure variants of a family; "" where it can."""
    if spec.pipeline:
        return "spec.pipeline: a family of models is measured one by one, and a pipeline takes several at once. Take one of the two away."
    if spec.kind.trains:
        return f"spec.task: a family is made of models that answer as they are, and a {spec.task} learns first. Take the part away, or choose another task."
    if family.get("sizes") and not spec.kind.is_size_free(spec.options):
        return f"{family['title']}: the labels of this {spec.task} hold places of the input, so its sides cannot be averaged. Take `sizes` away."
    return ""


def edited(course: Course, since: datetime | None) -> dict[str, Edited]:
    """Of the log of the course: the last change of each assignment. Its sentences begin with the short name; the longest that fits is meant."""
    rows = Assignment.objects.filter(course=course, is_demo=False).values_list("short", "slug")
    names = sorted(rows, key=lambda row: len(row[0]), reverse=True)
    changes = ScheduleChange.objects.filter(course=course, session=None).order_by("at", "pk")
    found = {}
    for change in changes.filter(at__gt=since) if since else changes:
        slug = next((slug for short, slug in names if change.sentence.startswith((f"{short} ", f"{short}: "))), None)
        if slug is not None:
            found[slug] = Edited(change.by, change.at)
    return found


ASSIGNMENTS_PART = FilePart("assignments", 400, listed(ASSIGNMENT, "Work that is due."), dump, load, check, edited)
