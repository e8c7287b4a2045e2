"""Lecture highlights: assigned, written, handed in, returned or published."""

from collections.abc import Iterable
from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Session
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import Highlight, HighlightMove, HighlightPerson
from courseplatform.seminar.models.highlights import HIGHLIGHT_MOVES
from courseplatform.seminar.people import staff_of

S = Highlight.Status


@transaction.atomic
def highlight_assign(
    *,
    visit: Visit,
    session: Session,
    people: Iterable[User],
    team: str = "",
    days_after: int = 1,
    due_time: time = time(23, 59),
) -> Highlight:
    """Ask people, or a team, for the highlight of a lecture; they are told. Raises BadInput (`nobody`)."""
    people = list(people)
    if not people:
        raise BadInput("Choose who writes it.", code="nobody")
    found = Highlight.objects.create(session=session, team=team, days_after=days_after, due_time=due_time)
    HighlightMove.objects.create(subject=found, moved_from="", moved_to=S.ASSIGNED, by=visit.by)
    HighlightPerson.objects.bulk_create(HighlightPerson(highlight=found, person=person) for person in people)
    _tell(found, people, "assigned", f"You write the highlight of {session.heading}")
    return found


@transaction.atomic
def highlight_save(
    *, visit: Visit, highlight: Highlight, text: str, version: int, now: datetime | None = None
) -> Highlight:
    """Keep the text. `version` is the one that the writer had read.

    Raises:
        Conflict: `changed_meanwhile` when somebody else saved since; `not_writable` once it is published.
    """
    now = now or timezone.now()
    rows = Highlight.objects.filter(pk=highlight.pk, status__in=Highlight.WRITABLE, version=version)
    if not rows.update(text=text, version=version + 1, saved_by=str(visit.person)[:120], saved_at=now):
        highlight.refresh_from_db()
        if highlight.status not in Highlight.WRITABLE:
            raise Conflict("This highlight is published; it can no longer be changed here.", code="not_writable")
        raise Conflict(
            f"{highlight.saved_by} saved another text while you wrote. Yours stands in the field; take what you need of the other one, "
            "and save again.", code="changed_meanwhile",
        )  # fmt: skip
    highlight.refresh_from_db()
    return highlight


@transaction.atomic
def highlight_submit(
    *, visit: Visit, highlight: Highlight, text: str, version: int, now: datetime | None = None
) -> Highlight:
    """Save and hand in; staff are told. Raises as `highlight_save`, and BadInput (`empty`)."""
    if not text.strip():
        raise BadInput("There is no text yet. Write a few lines on what the lecture was about.", code="empty")
    highlight = highlight_save(visit=visit, highlight=highlight, text=text, version=version, now=now)
    if highlight.status != S.SUBMITTED:
        move(
            highlight, moves=HIGHLIGHT_MOVES, to=S.SUBMITTED, by=visit.by, history=HighlightMove, submitted_at=now or timezone.now()
        )  # fmt: skip
        _tell(
            highlight,
            staff_of(visit.course),
            "in",
            f"{visit.person} handed in the highlight of {highlight.session.heading}",
        )
    return highlight


@transaction.atomic
def highlight_return(*, visit: Visit, highlight: Highlight, wish: str) -> Highlight:
    """Ask for changes; the writers are told. Raises BadInput (`no_wish`)."""
    if not wish.strip():
        raise BadInput("Say what is to be changed.", code="no_wish")
    move(highlight, moves=HIGHLIGHT_MOVES, to=S.RETURNED, by=visit.by, why=wish, history=HighlightMove, wish=wish)
    _tell(
        highlight,
        _writers(highlight),
        "returned",
        f"Highlight of {highlight.session.heading}: changes are asked for",
        wish,
    )
    return highlight


@transaction.atomic
def highlight_publish(*, visit: Visit, highlight: Highlight, now: datetime | None = None) -> Highlight:
    """Accept it: from now on it stands on the schedule. The writers are told."""
    move(
        highlight, moves=HIGHLIGHT_MOVES, to=S.PUBLISHED, by=visit.by, history=HighlightMove, published_at=now or timezone.now(),
        wish="",
    )  # fmt: skip
    _tell(highlight, _writers(highlight), "published", f"Your highlight of {highlight.session.heading} is published")
    return highlight


@transaction.atomic
def highlight_cancel(*, visit: Visit, highlight: Highlight) -> None:
    move(highlight, moves=HIGHLIGHT_MOVES, to=S.CANCELLED, by=visit.by, history=HighlightMove)
    _tell(
        highlight,
        _writers(highlight),
        "cancelled",
        f"The highlight of {highlight.session.heading} is no longer asked for",
    )


def _writers(highlight: Highlight) -> list[User]:
    return [row.person for row in highlight.people.select_related("person")]


def _tell(highlight: Highlight, people: list[User], event: str, title: str, text: str = "") -> None:
    notification_send(
        course=highlight.session.course, people=people, kind="schedule", text=escaped(text), title=title,
        key=f"highlight-{highlight.pk}-{event}-{highlight.moves.count()}", path=highlight.get_absolute_url(),
    )  # fmt: skip
