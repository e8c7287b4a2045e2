"""The tour of a course's home, for whoever is there for the first time: which parts it shows, in which order, with which words."""

from typing import Any

from django.http import HttpRequest

from courseplatform.courses.access import Visit

STUDENT, STAFF = "student", "staff"
Step = tuple[str, str, str]  # selector, title, text

FIRST: Step = (
    "main .head h1",
    "The title is the answer",
    "What is due next, and in how long. The button beside it leads there.",
)
RULE: Step = (
    ".time-rule",
    "Four weeks at a glance",
    "Every due date stands above the line, today is marked. Hatched days are without class.",
)
LAST: Step = (
    ".foot [data-tour-help]",
    "Help",
    "Pages for you, with pictures. The key ? shows the shortcuts of every page.",
)
TOURS: dict[str, tuple[Step, ...]] = {
    STUDENT: (
        FIRST,
        RULE,
        ("main .week", "The next seven days", "Classes, due dates, slots and your own duties, each with a link."),
        ("main aside", "Where you stand", "Your late days, your board and your newest results."),
        ("nav[aria-label=Course]", "Everything else", "Assignments is where you hand in. A receipt with the time comes at once, the result a little later."),
        LAST,
    ),
    STAFF: (
        FIRST,
        RULE,
        ("main aside", "What waits for you", "Reports to grade, requests to answer, boards to take back."),
        ("nav[aria-label=Course]", "The course", "The desk, the gradebook and the hardware. More has people, late days, settings and the view as a student."),
        LAST,
    ),
}  # fmt: skip


def _name(visit: Visit) -> str:
    return STAFF if visit.is_staff else STUDENT


def tour_of(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """For the page: {steps, offered, begins}. It is offered until it was seen or declined; `?tour=1` begins it again.

    Accounts of the demonstration are shared, so it is never offered to them; they may begin it by the link. No query.
    """
    is_own = not visit.person.is_demo and not visit.is_looked_at
    steps = [
        {"element": selector, "title": title, "description": text} for selector, title, text in TOURS[_name(visit)]
    ]
    return {
        "steps": steps,
        "offered": is_own and _name(visit) not in visit.person.tours_seen,
        "begins": request.GET.get("tour") == "1",
    }


def tour_note(*, visit: Visit) -> None:
    """It was seen or declined: the tour of this role is not offered to this person again, in any course."""
    seen = visit.person.tours_seen
    if _name(visit) not in seen:
        visit.person.tours_seen = [*seen, _name(visit)]
        visit.person.save(update_fields=["tours_seen"])
