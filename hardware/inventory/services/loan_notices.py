"""What the borrowers and the staff are told of a loan, in the transaction of the change; and what is written into its history."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core.markdown import escaped
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.lending.eligibility import Borrower
from hardware.models import Loan, LoanEvent

KIND = "hardware"


def loan_path(loan: Loan) -> str:
    return reverse("stock:loan", kwargs={"course": loan.course.slug, "loan": loan.pk})


def event_write(loan: Loan, *, by: str, what: str, sentence: str, key: UUID | None = None) -> LoanEvent:
    return LoanEvent.objects.create(loan=loan, by=by[:120], what=what, sentence=sentence[:300], key=key)


def borrower_told(event: LoanEvent, title: str, text: str = "", *, but: User | None = None) -> None:
    """Whoever has it: the person, or the members of the team now, and who carried it away. `but`: who did it knows already."""
    loan = event.loan
    people = {person.pk: person for person in (*Borrower.of(loan).members, *([loan.taken_by] if loan.taken_by else []))}
    if but is not None:
        people.pop(but.pk, None)
    rows = Enrolment.objects.filter(course=loan.course, person__in=people, is_active=True)
    inside = set(rows.values_list("person", flat=True))
    _send(event, [person for pk, person in people.items() if pk in inside], title, text)
    if len(inside) < len(people):  # who left the course cannot open its pages any more
        _send(event, [person for pk, person in people.items() if pk not in inside], title, text, reverse("my_hardware"))


def staff_told(event: LoanEvent, title: str, text: str = "") -> None:
    rows = Enrolment.objects.filter(course=event.loan.course, role__in=STAFF, is_active=True).select_related("person")
    _send(event, [row.person for row in rows], title, text)


def _send(event: LoanEvent, people: Iterable[User], title: str, text: str, path: str = "") -> None:
    loan = event.loan
    notification_send(
        course=loan.course, people=people, kind=KIND, key=f"loan-{loan.pk}-{event.pk}", title=title, text=escaped(text),
        path=path or loan_path(loan),
    )  # fmt: skip
