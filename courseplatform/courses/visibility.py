"""What the page Who sees it reads: the three choices, and what would follow from one of them."""

from dataclasses import dataclass

from courseplatform.courses.access import Reader
from courseplatform.courses.models import STAFF, Course, Enrolment, Role, Visibility
from courseplatform.courses.sections import nav_links

SAYS = {
    Visibility.DRAFT: (
        "A draft",
        "Only its staff see it. Students, also those who are enrolled, read that it is not open yet.",
    ),
    Visibility.MEMBERS: ("Its members", "Whoever is enrolled sees it. To everybody else the course is not there."),
    Visibility.ANYBODY: (
        "Anybody",
        "Visitors read its public pages without an account. Work, grades and people stay with its members.",
    ),
}
ACTIONS = {
    Visibility.DRAFT: ("Make it a draft again", "Only the staff see it then"),
    Visibility.MEMBERS: ("Open it to its members", "Its members see it then"),
    Visibility.ANYBODY: ("Open it to anybody", "Anybody reads it then"),
}


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    sentence: str
    is_now: bool
    action: str
    outlook: str


def choices(course: Course) -> list[Choice]:
    return [Choice(each.value, *SAYS[each], each == course.visibility, *ACTIONS[each]) for each in Visibility]


def what_follows(course: Course, to: str) -> list[str]:
    """What the choice does to whom, in sentences. Three queries."""
    roles = list(Enrolment.objects.filter(course=course, is_active=True).values_list("role", flat=True))
    students, staff = roles.count(Role.STUDENT), sum(role in STAFF for role in roles)
    if to == Visibility.DRAFT:
        return [
            f"{_many(students, 'student')} no longer {'sees' if students == 1 else 'see'} the course: it leaves their list, their calendar and the API.",
            "What they handed in stays, and is there again when you open the course. Nobody is told.",
            f"Its staff, {staff} now, go on as before.",
        ]
    said = []
    if not course.is_published:
        they = "who sees it at once and is told" if students == 1 else "who see it at once and are told"
        said.append(
            f"{_many(students, 'student')}, {they} that it is open." if students else "No student is enrolled yet."
        )
    if to == Visibility.ANYBODY:
        said.append("It stands among the open courses of the front page, for everybody.")
    elif course.is_open:
        said.append("Visitors no longer read it, and it leaves the front page. Calendars that follow it get no dates.")
    elif course.is_public:
        said.append("Its course file says that anybody may read it. With this choice nobody but its members does.")
    shown = course.sessions.shown_to(staff=False).count()
    hidden = course.sessions.shown_to(staff=True).count() - shown
    rest = f"; {hidden} more {'is' if hidden == 1 else 'are'} for its staff only" if hidden else ""
    return [*said, f"Its schedule shows {_many(shown, 'session')}{rest}."]


def visitor_pages(course: Course) -> list[dict[str, str]]:
    """The pages that visitors of an open course have in their bar: label and url_name."""
    return nav_links(Reader(course), "")


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
