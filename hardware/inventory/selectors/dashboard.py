"""The page Hardware of the staff: what is out, what waits for them, the term, and what there is."""

from datetime import datetime, timedelta
from typing import Any

from courseplatform.courses.access import Visit
from hardware.hooks import blocks_of, return_day
from hardware.inventory.selectors.overdue import overdue_groups, overdue_rows
from hardware.inventory.selectors.stock import Owned, elsewhere_words, owned, stock_page
from hardware.inventory.selectors.usage import choices, chosen_of, over_the_term, table_of, usage_of
from hardware.inventory.term.usage import midnight
from hardware.models import HOLDS, Product, Reservation, ReservationStatus, Stockroom

MOST_SHOWN = 6


def staff_page(visit: Visit, stockroom: Stockroom, now: datetime, what: str) -> dict[str, Any]:
    """what: which of `choices` the figure shows."""
    late = overdue_rows(visit, now)
    overdue = len({row.loan.pk for row in late})
    rows = owned(stockroom)
    page = stock_page(stockroom, rows, overdue=overdue)
    return {
        **page,
        **(figure_of(visit, stockroom, now, what, rows) if page["total"] else {}),
        "archived": list(Product.objects.filter(stockroom=stockroom, is_archived=True)),
        "elsewhere": elsewhere_words(stockroom, visit.course),
        "now": now, "overdue": overdue_groups(late), "return_day": return_day(visit.course, None, None),
        "blocks": blocks_of(visit, now), "to_answer": _asked(visit, now),
    }  # fmt: skip


def figure_of(
    visit: Visit, stockroom: Stockroom, now: datetime, what: str, rows: list[Owned] | None = None
) -> dict[str, Any]:
    usage = usage_of(visit, stockroom, now, rows)
    options = choices(usage.rows)
    chosen = chosen_of(options, what)
    found = over_the_term(visit, usage, chosen)
    return {"f": found, "table": table_of(found), "options": options, "usage": usage}


def _asked(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """Requests of this course that wait for an answer, and what is fetched today; None: neither."""
    zone = visit.course.tz
    tonight = midnight(now.astimezone(zone).date() + timedelta(days=1), zone)
    open_ones = Reservation.objects.filter(course=visit.course, status__in=HOLDS).order_by("from_at", "pk")
    rows = list(open_ones.select_related("person", "team", "product", "kit", "item"))
    asked = [row for row in rows if row.status == ReservationStatus.ASKED]
    today = [row for row in rows if row.status == ReservationStatus.APPROVED and row.from_at < tonight]
    if not asked and not today:
        return None
    return {
        "asked": asked[:MOST_SHOWN], "more_asked": max(len(asked) - MOST_SHOWN, 0), "today": today[:MOST_SHOWN],
        "more_today": max(len(today) - MOST_SHOWN, 0),
    }  # fmt: skip
