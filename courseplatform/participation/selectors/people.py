"""What staff read about everybody, and what one person reads about themselves."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Count
from django.http import QueryDict

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.core.numbers import share
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.participation.hooks import labels_for
from courseplatform.participation.models import Attendance, Credit
from courseplatform.participation.scheme import Facts, Standing, how_to_earn, scheme_of
from courseplatform.participation.selectors.entry import students
from courseplatform.participation.selectors.standings import course_facts, course_scheme, participation_percents

COLUMNS = ("Person", "E-mail", "Team", "Questions", "Answers", "Other", "Percent", "Of", "Above the cap",
           "In the room", "On Zoom", "Excused", "Absent", "Attendance")  # fmt: skip
MODE_BADGES = {
    Attendance.Mode.IN_PERSON: Badge("good", "tick", "in the room"),
    Attendance.Mode.VIRTUAL: Badge("good", "tick", "on Zoom"),
    Attendance.Mode.EXCUSED: Badge("neutral", "info", "excused"),
    Attendance.Mode.ABSENT: Badge("warn", "triangle", "absent"),
}
SORTS = {"name": "name", "credits": "credits", "percent": "percent", "attendance": "attendance"}


@dataclass
class PersonRow:
    """present: in the room, on Zoom or excused; recorded: all sessions with an entry for this person."""

    person: User
    label: str
    questions: int
    answers: int
    others: int
    standing: Standing | None
    modes: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.questions + self.answers + self.others

    @property
    def recorded(self) -> int:
        return self.modes.total()

    @property
    def present(self) -> int:
        return self.recorded - self.modes[Attendance.Mode.ABSENT]

    @property
    def rate(self) -> float | None:
        return self.present / self.recorded if self.recorded else None

    @property
    def rate_words(self) -> str:
        return share(self.rate, 0) if self.rate is not None else "–"


@dataclass(frozen=True)
class PeopleFilter:
    """Filters of the table; they stand in the URL. Unknown values mean no filter."""

    person: str = ""
    state: str = ""
    sort: str = "name"

    STATES: ClassVar[dict[str, str]] = {
        "none": "no credit yet",
        "below": "below the cap",
        "cap": "at the cap",
        "absent": "absent at least once",
    }

    @classmethod
    def of(cls, query: QueryDict) -> "PeopleFilter":
        state, sort = query.get("state", ""), query.get("sort", "")
        return cls(
            person=query.get("person", "")[:120],
            state=state if state in cls.STATES else "",
            sort=sort if sort in SORTS else "name",
        )

    def takes(self, row: PersonRow) -> bool:
        words = self.person.lower().split()
        text = f"{row.person.name} {row.person.email} {row.label}".lower()
        at_cap = row.standing is not None and row.standing.is_at_cap
        by_state = {
            "": True, "none": row.total == 0, "below": not at_cap, "cap": at_cap, "absent": row.modes[Attendance.Mode.ABSENT] > 0,
        }  # fmt: skip
        return by_state[self.state] and all(word in text for word in words)

    def order(self, row: PersonRow) -> Any:
        keys = {
            "name": 0, "credits": -row.total, "percent": -(row.standing.percent if row.standing else 0),
            "attendance": row.rate if row.rate is not None else 2,
        }  # fmt: skip
        return keys[self.sort], row.person.name.lower(), row.person.pk

    def options(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "states": [{"value": key, "label": word, "chosen": key == self.state} for key, word in self.STATES.items()],
            "sorts": [{"value": key, "label": word, "chosen": key == self.sort} for key, word in SORTS.items()],
        }


def person_rows(visit: Visit, chosen: PeopleFilter) -> list[PersonRow]:
    """Everybody whom the filters take, in a fixed number of queries."""
    course = visit.course
    facts, labels, found = course_facts(course), labels_for(course), participation_percents(course)
    modes = _modes(course)
    rows = [
        _row(person, facts.get(person.pk, Facts()), found.get(person.pk), labels.get(person.pk, ""), modes[person.pk])
        for person in students(course)
    ]
    return sorted((row for row in rows if chosen.takes(row)), key=chosen.order)


def _row(person: User, facts: Facts, standing: Standing | None, label: str, modes: Counter[str]) -> PersonRow:
    questions, answers = facts.count([Credit.Kind.QUESTION]), facts.count([Credit.Kind.ANSWER])
    others = sum(facts.credits.values()) - questions - answers
    return PersonRow(person, label, questions, answers, others, standing, modes)


def _modes(course: Course) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    rows = Attendance.objects.filter(session__course=course, session__is_withdrawn=False).order_by()
    for person, mode, count in rows.values_list("person_id", "mode").annotate(Count("pk")):
        found[person][mode] = count
    return found


def csv_row(row: PersonRow) -> list[Any]:
    standing, modes = row.standing, row.modes
    return [
        row.person.name, row.person.email, row.label, row.questions, row.answers, row.others,
        *((float(standing.percent), float(standing.cap), float(standing.above)) if standing else ("", "", "")),
        modes[Attendance.Mode.IN_PERSON], modes[Attendance.Mode.VIRTUAL], modes[Attendance.Mode.EXCUSED], modes[Attendance.Mode.ABSENT],
        round(row.rate, 3) if row.rate is not None else "",
    ]  # fmt: skip


def person_page(course: Course, person: User, now: datetime) -> dict[str, Any]:
    """One person's credits with their reasons, the sum, and the sessions they were recorded in. The student and staff see the same."""
    credits_ = list(Credit.objects.filter(course=course, person=person).select_related("session"))
    scheme = course_scheme(course)
    attended = Attendance.objects.filter(
        session__course=course, session__is_withdrawn=False, person=person
    ).select_related("session")
    rows = [
        {"session": row.session, "badge": MODE_BADGES[Attendance.Mode(row.mode)], "by": row.by}
        for row in attended.order_by("-session__held_on", "-session__position")
    ]
    modes = Counter(row.mode for row in attended)
    return {
        "credits": credits_,
        "valid": sum(not credit.is_withdrawn for credit in credits_),
        "has_scheme": scheme is not None,
        "standing": participation_percents(course).get(person.pk),
        "rule": how_to_earn(scheme),
        "attendance": rows,
        "present": modes.total() - modes[Attendance.Mode.ABSENT],
        "recorded": modes.total(),
    }


def home_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """The standing on the course home of a student. Two queries, none where the course has no scheme."""
    if visit.is_staff or scheme_of(visit.course.fact("participation", default={})) is None:
        return None
    standing = participation_percents(visit.course).get(visit.person.pk)
    return {"standing": standing, "slug": visit.course.slug} if standing else None
