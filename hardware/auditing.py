"""What of lending is recorded: what people have and had, damage and photographs. And its changes as the audit of the course reads them."""

from typing import Any

from django.urls import reverse

from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.courses.models import Course
from hardware.models import Loan, LoanEvent, Reservation


def _rows(course: Course) -> Any:
    return LoanEvent.objects.filter(loan__course=course).select_related("loan__course")


def _line(row: LoanEvent) -> tuple[str, str]:
    return row.sentence, reverse("stock:loan", args=[row.loan.course.slug, row.loan_id])


def register() -> None:
    audit.add_whose("loan", lambda pk: Loan.objects.filter(pk=pk).values("person"))
    audit.add_whose("reservation", lambda pk: Reservation.objects.filter(pk=pk).values("person"))
    audit.add_reads(
        Read("stock:loan", "A loan"),
        Read("stock:loans", "All loans"),
        Read("stock:loans_csv", "All loans", Act.EXPORTED),
        Read("stock:loan_photo", "A photograph of a loan"),
        Read("stock:request", "A request for hardware"),
        Read("stock:case", "A case of damage"),
        Read("stock:case_photo", "A photograph of damage"),
        Read("stock:return_day", "What each person has still to bring back"),
        Read("stock:return_day_csv", "What each person has still to bring back", Act.EXPORTED),
        Read("stock:history_csv", "The history of the stock, with borrowers", Act.EXPORTED),
        Read("stock:item_history_csv", "The history of {tag}, with borrowers", Act.EXPORTED),
        Read("api:loans", "All loans, by a program"),
        Read("api:reservations", "Requests for hardware, by a program"),
        Read("api:cases", "Cases of damage, by a program"),
        Read("api:case", "A case of damage, by a program"),
        Read("runners:log_text", "What a model printed on a board"),
        Read("runners:log", "What a model printed on a board"),
    )
    audit.add_audit_source(
        AuditSource("loans", Act.CHANGED, _rows, _line, about="loan__person", searched=("sentence",))
    )
