"""What the hardware adds to a person's export."""

from django.db.models import Q

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from hardware.models import DamageCase, LoanPiece, Reservation

PIECES = (
    "loan course=loan__course__slug team=loan__team__name tag=item__tag product=product__name count out_at back_at ended_as condition_out condition_back "
    "due_at=loan__due_at accepted_at=loan__accepted_at"
)
ASKED = "course=course__slug team=team__name product=product__name item=item__tag kit=kit__tag count from_at until_at why answer status made_at"


def _hardware(person: User) -> Exported:
    """What went out to the person, or through their hands to their team; photos stay with the loan, where they show more than one's own."""
    out = LoanPiece.objects.filter(Q(loan__person=person) | Q(loan__taken_by=person)).order_by("out_at", "pk")
    asked = Reservation.objects.filter(Q(person=person) | Q(made_by=person)).order_by("made_at", "pk")
    cases = DamageCase.objects.filter(piece__loan__person=person).order_by("opened_at", "pk")
    return Exported(
        {
            "loans": rows(out, PIECES),
            "reservations": rows(asked, ASKED),
            "damage": rows(cases, "tag=item__tag product=item__product__name what status opened_at closed_at"),
        }
    )


SECTION = ExportSection(
    "hardware", "what you borrowed, asked for and reported as damaged", 50, _hardware,
    frozenset({"hardware.Loan.person", "hardware.Loan.taken_by", "hardware.Reservation.person", "hardware.Reservation.made_by"}),
)  # fmt: skip
