"""The parts `course`, `staff` and `office_hours`: rows of their own."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any, TypeVar

from django.db import models
from django.db.models import F

from courseplatform.courses.course_file.facts import OUTLINE
from courseplatform.courses.course_file.registry import Edited, FilePart
from courseplatform.courses.course_file.words import (
    WEEKDAYS,
    choice,
    clock,
    day,
    flag,
    line,
    link,
    listed,
    mapping,
    prose,
    slug,
)
from courseplatform.courses.models import Course, OfficeHour, ScheduleChange, StaffMember

RowT = TypeVar("RowT", bound=models.Model)
# Keys of `course` that have a column; the rest lies in facts["course"].
COLUMNS = ("number", "title", "term", "zone", "starts_on", "ends_on", "layout", "meets", "summary", "source")
COURSE = mapping(
    "What the course is.",
    ("slug", "title"),
    slug=slug("Its name in addresses, unique on the site."),
    number=line("As the university writes it: 11-767.", 40),
    title=line("Its title.", 160),
    subtitle=line("What stands below the title."),
    university=line("Where it is held."),
    term=line("Fall 2023.", 40),
    zone=line("An IANA time zone; every time of the file is in it. Left out: unknown.", 64),
    starts_on=day("The first day."),
    ends_on=day("The last day."),
    layout=choice("The form of the schedule.", "columns", "lectures", "programme", usual="columns"),
    public=flag("Anybody may read its pages.", default=False),
    state=choice("The source calls itself a draft.", "draft"),
    meets=line("Days, hours and room in words.", 160),
    website=link("Its page."),
    headings=mapping(
        "What the source calls its parts, by the key that holds them here.",
        lecture=line("The column of the lecture day.", 80),
        lab=line("The column of the lab day.", 80),
        schedule=line("The schedule.", 80),
        communication=line("Where the course talks.", 80),
        policies=line("The policies.", 80),
        grading=line("The grading scheme.", 80),
        project=line("The course project.", 80),
        example_projects=line("Example projects.", 80),
        devices=line("The boards.", 80),
        papers=line("The papers.", 80),
        links=line("The resources, also where nothing stands under the heading.", 80),
    ),
    summary=prose("What it is about, in your own words."),
    motivation=prose("The example that it gives for its subject."),
    topics=listed(line("A topic."), "Topics."),
    aims=listed(line("An aim.", 300), "What one takes away."),
    outline=OUTLINE,
    schedule_note=line("What stands above the schedule.", 300),
    audience=line("For whom.", 200),
    source=line("Which page the facts are from.", 300),
)
FACTS_CHANGED = "Settings of the course were changed: "  # begins the line in the log that says so
STAFF = listed(
    mapping(
        "Somebody.",
        ("role",),
        name=line("Left out where the source leaves it out.", 120),
        role=choice("What they do.", "instructor", "ta", "organizer"),
        title=line("Associate Professor.", 120),
        affiliation=line("Of that day.", 120),
        url=link("Their page."),
        about=prose("Biography, in your own words."),
    ),
    "Who teaches. No e-mail addresses.",
)
OFFICE_HOURS = listed(
    mapping(
        "An hour of every week.",
        ("who",),
        who=line("Whose.", 120),
        weekday=choice("The day.", *WEEKDAYS),
        from_=clock("Begin."),
        to=clock("End."),
        place=line("The room.", 80),
        note=line("to be announced, by request.", 120),
    ),
    "Office hours.",
)


def clock_text(value: time | None) -> str | None:
    return f"{value:%H:%M}" if value else None


def clock_value(value: str | None) -> time | None:
    return time.fromisoformat(value) if value else None


def day_value(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def without_empty(**values: Any) -> dict[str, Any]:
    """Without None, empty text and empty lists; a trailing underscore is no part of the key."""
    return {key.rstrip("_"): value for key, value in values.items() if value not in (None, "", [], {})}


def _course_dump(course: Course) -> dict[str, Any]:
    columns = {key: getattr(course, key) for key in COLUMNS}
    columns |= {key: columns[key].isoformat() if columns[key] else None for key in ("starts_on", "ends_on")}
    if course.layout == Course.Layout.COLUMNS:
        columns.pop("layout")
    public = {"public": True} if course.is_public else {}
    held = {"slug": course.slug} | without_empty(**columns) | public | course.facts.get("course", {})
    return {key: held[key] for key in COURSE["properties"] if key in held}


def _course_load(course: Course, value: dict[str, Any]) -> list[str]:
    for key in COLUMNS:
        setattr(course, key, value.get(key, Course.Layout.COLUMNS if key == "layout" else ""))
    course.starts_on, course.ends_on = day_value(value.get("starts_on")), day_value(value.get("ends_on"))
    course.is_public = value.get("public", False)
    rest = {key: item for key, item in value.items() if key not in (*COLUMNS, "slug", "public")}
    course.facts = {**{k: v for k, v in course.facts.items() if k != "course"}, **({"course": rest} if rest else {})}
    return []


def _course_edited(course: Course, since: datetime | None) -> dict[str, Edited]:
    """Who changed the facts last; the log does not tell one fact from another."""
    changes = ScheduleChange.objects.filter(course=course, sentence__startswith=FACTS_CHANGED)
    last = (changes.filter(at__gt=since) if since else changes).first()
    return {"": Edited(last.by, last.at)} if last else {}


def _staff_dump(course: Course) -> list[dict[str, Any]]:
    return [
        without_empty(name=s.name, role=s.role, title=s.title, affiliation=s.affiliation, url=s.url, about=s.about)
        for s in course.staff.all()
    ]


def rewrite(
    old: Iterable[RowT], make: Callable[[], RowT], values: list[dict[str, Any]], same: tuple[str, ...] = ()
) -> None:
    """The rows of a list, in its order. What calendars know a row by stays with what it is about.

    same: fields that tell rows apart. A row is taken by those that have all of them alike, then by those with the first alike; the rest
    takes what is left, in order.
    """
    left, rows = list(old), list[RowT | None]([None] * len(values))
    for names in dict.fromkeys((same, same[:1], ())):
        for n, fields in enumerate(values):
            if rows[n] is None:
                rows[n] = next((row for row in left if all(getattr(row, name) == fields[name] for name in names)), None)
                left = [row for row in left if row is not rows[n]]
    for position, (found, fields) in enumerate(zip(rows, values, strict=True)):
        row = found or make()
        for name, value in {**fields, "position": position}.items():
            setattr(row, name, value)
        row.save()
    for row in left:
        row.delete()


def _staff_load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    empty = {"name": "", "title": "", "affiliation": "", "url": "", "about": ""}
    rewrite(course.staff.all(), lambda: StaffMember(course=course), [empty | item for item in value or []])
    return []


def _hours_dump(course: Course) -> list[dict[str, Any]]:
    return [
        without_empty(
            who=hour.who, weekday=WEEKDAYS[hour.weekday] if hour.weekday is not None else None, from_=clock_text(hour.starts_at),
            to=clock_text(hour.ends_at), place=hour.place, note=hour.note,
        )
        for hour in course.office_hours.all()
    ]  # fmt: skip


def _hours_load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    fields = [
        {
            "who": item["who"], "weekday": WEEKDAYS.index(item["weekday"]) if "weekday" in item else None, "place": item.get("place", ""),
            "starts_at": clock_value(item.get("from")), "ends_at": clock_value(item.get("to")), "note": item.get("note", ""),
        }
        for item in value or []
    ]  # fmt: skip
    before = {row.pk: _said(row) for row in course.office_hours.all()}
    rewrite(course.office_hours.all(), lambda: OfficeHour(course=course), fields, same=("who", "weekday"))
    for row in course.office_hours.all():
        if before.get(row.pk, _said(row)) != _said(row):
            OfficeHour.objects.filter(pk=row.pk).update(sequence=F("sequence") + 1)
    return []


def _said(hour: OfficeHour) -> tuple[object, ...]:
    """What a calendar shows of an office hour."""
    return (hour.who, hour.weekday, hour.starts_at, hour.ends_at, hour.place, hour.note)


COURSE_PARTS = (
    FilePart("course", 10, COURSE, _course_dump, _course_load, edited=_course_edited),
    FilePart("staff", 30, STAFF, _staff_dump, _staff_load),
    FilePart("office_hours", 40, OFFICE_HOURS, _hours_dump, _hours_load),
)
