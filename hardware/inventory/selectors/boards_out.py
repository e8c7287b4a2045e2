"""How many boards were out on each day, for pages about a whole term. The page Use of the hardware has it for everything."""

from datetime import date, datetime

from courseplatform.courses.models import Course
from hardware.inventory.selectors.stock import BOARDS
from hardware.inventory.term.usage import Curve, Day, Span
from hardware.models import Item, LoanPiece


def boards_out(course: Course, first: date, until: datetime) -> tuple[list[Day], int]:
    """(days from `first` to that of `until`, boards that the stock of the course owns). Two queries; days are empty where it has none."""
    stock = {"stockroom__courses__course": course, "product__kind__in": BOARDS}
    owned = Item.objects.filter(**stock).exclude(status=Item.Status.RETIRED).count()
    if not owned or until.astimezone(course.tz).date() < first:
        return [], owned
    pieces = LoanPiece.objects.filter(**{f"item__{key}": value for key, value in stock.items()})
    stays = (
        pieces.exclude(item__status=Item.Status.RETIRED).order_by().values_list("item__product", "out_at", "back_at")
    )
    return Curve(Span(*row) for row in stays).days(first, until, course.tz), owned
