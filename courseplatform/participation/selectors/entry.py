"""The page on which staff enter credits in class: the roster with its counts, and what was entered in this session."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role, Session
from courseplatform.participation.hooks import labels_for, pictures_for
from courseplatform.participation.models import Attendance, Credit
from courseplatform.participation.scheme import KARMA, EachScheme, Scheme, Standing, figure, standings
from courseplatform.participation.selectors.standings import course_facts, course_scheme

LOG_MOST = 30
ROWS_MOST = 100  # rows sent at once; a larger roster is searched on the server
TABS = {"room": "In the room", "zoom": "Zoom", "all": "All"}
MODES_OF_TAB = {"room": Attendance.Mode.IN_PERSON, "zoom": Attendance.Mode.VIRTUAL}
BUTTONS = {
    Credit.Kind.QUESTION: ("Q", "Question"),
    Credit.Kind.ANSWER: ("A", "Answer"),
    Credit.Kind.KARMA: ("K", "Karma"),
}


@dataclass
class Row:
    """One student of the roster. count: credits that the scheme counts. given: kinds entered in this session, with how many."""

    person: User
    label: str
    picture: str
    mode: str
    count: int
    standing: Standing | None
    given: Counter[str]
    place: int = 0
    is_shown: bool = True

    @property
    def text(self) -> str:
        return count_words(self.count, self.standing)

    @property
    def is_at_cap(self) -> bool:
        return self.standing is not None and self.standing.is_at_cap

    @property
    def find(self) -> str:
        """What the search field looks through."""
        return f"{self.person.name} {self.label} {self.person.email}".lower()

    def buttons(self, kinds: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "kind": kind,
                "letter": BUTTONS[Credit.Kind(kind)][0],
                "word": BUTTONS[Credit.Kind(kind)][1].lower(),
                "given": self.given[kind],
            }
            for kind in kinds
        ]


def count_words(count: int, standing: Standing | None) -> str:
    """11 of 15; without a scheme, how many were noted."""
    return f"{figure(standing.percent)} of {figure(standing.cap)}" if standing else f"{count} noted"


def entry_kinds(scheme: Scheme | None) -> list[str]:
    """The kinds that have a button, in its order."""
    allowed = scheme.kinds if scheme else ("question", "answer")
    kinds = [kind for kind in BUTTONS if kind in allowed]
    return [str(kind) for kind in kinds] or [str(KARMA)]


def students(course: Course) -> list[User]:
    people = User.objects.filter(enrolments__course=course, enrolments__role=Role.STUDENT, enrolments__is_active=True)
    return list(people.order_by("name", "pk"))


def student_get(visit: Visit, person: int, *, only_active: bool = True) -> User | None:
    """A student of the visit's course, or None."""
    found = Enrolment.objects.filter(course=visit.course, person=person, role=Role.STUDENT).select_related("person")
    enrolment = found.filter(is_active=True).first() if only_active else found.first()
    return enrolment.person if enrolment else None


def modes(session: Session | None) -> dict[int, str]:
    """How each person takes part in the session, as far as it is recorded."""
    return dict(session.attendance.values_list("person_id", "mode")) if session else {}


def roster(visit: Visit, session: Session | None, now: datetime) -> list[Row]:
    scheme, facts = course_scheme(visit.course), course_facts(visit.course)
    found = standings(scheme, facts) if scheme else {}
    kinds = scheme.kinds if scheme else tuple(Credit.Kind.values)
    labels, pictures, here = labels_for(visit.course), pictures_for(visit.course), modes(session)
    given: dict[int, Counter[str]] = defaultdict(Counter)
    for person, kind in session_credits(visit.course, session, now).valid().values_list("person_id", "kind"):
        given[person][kind] += 1
    return [
        Row(
            person=person, label=labels.get(person.pk, ""), picture=pictures.get(person.pk, ""), mode=here.get(person.pk, ""),
            count=facts[person.pk].count(kinds) if person.pk in facts else 0, standing=found.get(person.pk), given=given[person.pk],
            place=place,
        )
        for place, person in enumerate(students(visit.course))
    ]  # fmt: skip


def session_credits(course: Course, session: Session | None, now: datetime) -> Any:
    """What was entered in a session; without one, what was entered today."""
    found = Credit.objects.filter(course=course)
    if session is not None:
        return found.filter(session=session)
    local = timezone.localtime(now, course.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return found.filter(
        session=None,
        channel__in=(Credit.Channel.CLASS, Credit.Channel.ZOOM),
        at__gte=local,
        at__lt=local + timedelta(days=1),
    )


def show(rows: list[Row], wanted: str, query: str) -> tuple[str, list[dict[str, Any]]]:
    """Marks which rows are shown in the tab and for the search. Returns the tab that is open, and all tabs with their counts."""
    counts = {name: sum(row.mode == mode for row in rows) for name, mode in MODES_OF_TAB.items()} | {"all": len(rows)}
    # Before anybody's attendance is recorded, the room would be empty.
    tab = wanted if wanted in TABS else "room" if counts["room"] else "all"
    search(rows, query)
    if not query.split() and tab != "all":
        for row in rows:
            row.is_shown = row.mode == MODES_OF_TAB[tab]
    return tab, [
        {"key": key, "label": label, "count": counts[key], "is_open": key == tab} for key, label in TABS.items()
    ]


def search(rows: list[Row], query: str) -> None:
    """Marks which rows are shown for the search; every word has to be found in the name, the label or the address."""
    words = query.lower().split()
    for row in rows:
        row.is_shown = all(word in row.find for word in words)


def sent(rows: list[Row]) -> dict[str, Any]:
    """What goes to the browser. A small roster goes as a whole, and is searched in place, also without a network; of a larger one
    the first that are shown, because a phone chokes on thousands of elements."""
    fit = [row for row in rows if row.is_shown]
    is_whole = len(rows) <= ROWS_MOST
    return {
        "rows": rows if is_whole else fit[:ROWS_MOST],
        "people": len(rows),
        "is_whole": is_whole,
        "shown": len(fit),
        "more": f"{ROWS_MOST} of {len(fit)} shown; search by name" if not is_whole and len(fit) > ROWS_MOST else "",
    }


def log(visit: Visit, session: Session | None, now: datetime) -> dict[str, Any]:
    """The newest entries of the session, each with what it changed, and how many there are."""
    scheme = course_scheme(visit.course)
    entries = list(
        session_credits(visit.course, session, now)
        .select_related("person", "session")
        .order_by("-at", "-pk")[:LOG_MOST]
    )
    places = _places(visit.course, scheme, {entry.person_id for entry in entries})
    total = session_credits(visit.course, session, now).valid().count()
    return {"rows": [log_row(entry, scheme, places.get(entry.pk, 0)) for entry in entries], "total": total}


def log_row(credit: Credit, scheme: Scheme | None, place: int) -> dict[str, Any]:
    return {"credit": credit, "change": change_words(credit, scheme, place)}


def place_of(credit: Credit, scheme: Scheme | None) -> int:
    """The how-manieth of its person a credit is, among those that count."""
    return _places(credit.course, scheme, {credit.person_id}).get(credit.pk, 0)


def _places(course: Course, scheme: Scheme | None, people: set[int]) -> dict[int, int]:
    counted = Credit.objects.valid().filter(course=course, person__in=people)
    if scheme:
        counted = counted.filter(Q(kind__in=scheme.kinds))
    seen: Counter[int] = Counter()
    places = {}
    for key, person in counted.order_by("at", "pk").values_list("pk", "person_id"):
        seen[person] += 1
        places[key] = seen[person]
    return places


def change_words(credit: Credit, scheme: Scheme | None, place: int) -> str:
    """question, 10 to 11; or question, noted: at 15 of 15. static/js/participation-entry.js says the same."""
    word = credit.get_kind_display()
    if credit.is_withdrawn:
        return f"{word}, taken back"
    if not isinstance(scheme, EachScheme):
        return f"{word}, {place} noted"
    before = min((place - 1) * scheme.each, scheme.cap) if place else Decimal(0)
    after = min(place * scheme.each, scheme.cap)
    if before == after:
        return f"{word}, noted: at {figure(scheme.cap)} of {figure(scheme.cap)}"
    return f"{word}, {figure(before)} to {figure(after)}"
