"""What of hardware is not finished when somebody wants to close a course, and what goes on in a closed one: things come back."""

from django.db.models import Q
from django.urls import reverse

from courseplatform.courses.belongings import belongs
from courseplatform.courses.closing import Unfinished, add_unfinished, goes_on
from courseplatform.courses.models import Course
from hardware.models import OPEN, RESERVATION_OPEN, BoardJob, Loan, Reservation, StockroomCourse
from hardware.models.runners import Purpose


def register() -> None:
    add_unfinished("hardware", unfinished)
    goes_on(
        "stock:take_back", "stock:return_day_take_back", "stock:loan_lost", "stock:remind",
        why="what is lent comes back, or is found to be lost",
    )  # fmt: skip
    belongs("hardware.Stockroom", own_room, known_by="hardware.StockroomCourse")
    goes_on(
        "stock:case_open", "stock:case_move", "stock:case_note", "stock:case_cost", "stock:case_photo_add", "api:case",
        why="damage that is seen when something comes back is settled",
    )  # fmt: skip


def own_room(course: Course) -> Q:
    """The stockroom that no other course lends from, and from which none ever lent: it goes with the course. Any other one stays."""
    others = StockroomCourse.objects.exclude(course=course).values("stockroom")
    lent = Loan.objects.exclude(course=course).values("stockroom")
    asked = Reservation.objects.exclude(course=course).values("stockroom")
    own = StockroomCourse.objects.filter(course=course).values("stockroom")
    return Q(pk__in=own) & ~Q(pk__in=others) & ~Q(pk__in=lent) & ~Q(pk__in=asked)


def unfinished(course: Course) -> list[Unfinished]:
    """Three queries."""
    lent, waits = Loan.objects.open().filter(course=course), Reservation.objects.filter(course=course, status__in=RESERVATION_OPEN)  # fmt: skip
    # Boards go on to be checked with models of their own, in a closed course too: nobody's work hangs on that.
    jobs = BoardJob.objects.filter(course=course, status__in=OPEN, purpose__in=[Purpose.MEASURE, Purpose.CALIBRATE])
    return [
        Unfinished("Boards that are measuring", jobs.count(), "Wait until they have ended.", reverse("runners:index", args=[course.slug]), blocks=True),
        Unfinished("Loans that are still out", lent.count(), "They can come back at the desk afterwards, too, and reminders go on.",
                   reverse("stock:loans", args=[course.slug]), keeps=True),
        Unfinished("Reservations", waits.count(), "Nothing is handed over any more.", reverse("stock:requests", args=[course.slug])),
    ]  # fmt: skip
