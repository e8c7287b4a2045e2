"""One assignment as an entry of the course file: its schema, and what a row says in it. The pages that edit assignments speak the same."""

from collections.abc import Container
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

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
from grading.course_file.late.schema import CUTOFF, MOST_UNITS, or_null
from grading.course_file.parts import PARTS
from grading.course_file.rubric import MOST_POINTS, REGRADES, RUBRIC, rubric_dump
from grading.models.assignments import (
    ATTEMPTS,
    CLOSES,
    OPENS,
    ActiveRule,
    Assignment,
    AssignmentKind,
    NewerAttempt,
    instant_of,
)
from grading.ranks.class_numbers import known_metrics
from grading.ranks.leaderboard import MOST_METRICS

Item = dict[str, Any]
RESERVED = frozenset({"new"})  # addresses of other pages
BENCH = {"type": "object", "description": "How a model is measured: docs/course-file.md."}
LEADERBOARD = mapping(
    "The ranking of the class by nicknames.",
    shown=flag("Students see it; off: the staff alone.", default=False),
    metrics=listed(
        choice("A metric, or points.", *known_metrics()),
        "What is ranked, the first where a reader chose none; left out: what the task is about, what it costs, and the memory.",
        MOST_METRICS,
    ),
)
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
    points=number("The most one can get.", 0, MOST_POINTS),
    percent=percent("Its weight in % of the grade."),
    counts=flag("Off: outside the grade.", default=True),
    active=choice("Which attempt the grade rests on; left out: the best.", *ActiveRule.values),
    statement=flag("A collaboration statement has to be there before anything is handed in.", default=False),
    attempts=count("How many models count; left out: 10.", 1, 1000),
    cooldown_minutes=count("Minutes between two attempts that count; left out: none.", 1, 10_080),
    newer_attempt=choice(
        "What a newer attempt does while an older one waits: take its place if the owner says so (left out), by itself, or wait.",
        *NewerAttempt.values,
    ),
    cap=or_null(
        count("Most late days of the bank; null: as many as there are; left out: what the policy says.", 0, MOST_UNITS)
    ),
    no_late=flag("Nothing late is taken.", default=False),
    cutoff={**CUTOFF, "pattern": MOMENT},
    draft=flag("Seen by the staff alone until it is published.", default=False),
    bench=BENCH,
    hidden_set=slug("The test data that models are measured on, by its name on the page Hidden sets."),
    parts=PARTS,
    rubric=RUBRIC,
    anonymous=flag("Names are hidden from the staff until the grades are released.", default=False),
    statistics_shown=flag(
        "Students see median, mean, quartiles and the spread of the released grades, unless a release says otherwise.",
        default=False,
    ),
    regrades=REGRADES,
    leaderboard=LEADERBOARD,
)


def session_days(course: Course) -> set[date | None]:
    """The days beside which work may be listed."""
    return set(course.sessions.filter(is_withdrawn=False).values_list("held_on", flat=True))


def item_of(row: Assignment, days: Container[date | None]) -> Item:
    """One assignment as an entry of the course file.

    days: those of the sessions. Beside a day that lost its session on the site, nothing is listed, and the file takes none.
    """
    listed_under = row.listed_under if row.listed_under in days else None
    held = {
        "slug": row.slug, "kind": row.kind, "short": row.short, "title": row.title, "summary": row.summary, "individual": row.is_individual,
        "released": wall_of(row, row.released_wall, row.released_at, OPENS), "due": wall_of(row, row.due_wall, row.due_at, CLOSES),
        "listed_under": listed_under.isoformat() if listed_under else "", "points": _plain(row.points or None),
        "percent": _plain(row.worth_percent), "counts": row.is_counted, "active": row.active_rule, "statement": row.needs_statement,
        "attempts": row.attempts_allowed, "cooldown_minutes": row.cooldown_minutes or None, "newer_attempt": row.newer_attempt, "draft": row.is_draft,
    }  # fmt: skip
    said = {key: value for key, value in held.items() if value not in (None, "") and (key, value) not in USUAL}
    said |= row.late_rules
    said |= {"bench": row.bench_spec} if row.bench_spec else {}
    said |= {"hidden_set": row.hidden_set.slug} if row.hidden_set else {}
    said |= {"parts": row.parts} if row.parts else {}
    said |= {"leaderboard": row.leaderboard} if row.leaderboard else {}
    said |= {"anonymous": True} if row.is_anonymous else {}
    said |= {"statistics_shown": True} if row.statistics_shown else {}
    return said | rubric_dump(row)


USUAL = (
    ("individual", True),
    ("counts", True),
    ("active", ActiveRule.BEST),
    ("newer_attempt", NewerAttempt.OFFER),
    ("statement", False),
    ("draft", False),
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
