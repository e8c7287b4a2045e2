"""The page What is free when: a line for each product and kit, with its weeks drawn and said."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.models import Course
from hardware.inventory.lending.free_times import FreeTimes
from hardware.inventory.lending.time_ranges import TimeRange, moment
from hardware.inventory.selectors.availability import FreeStock, free_stock
from hardware.inventory.selectors.stock import GROUPS, ORDER
from hardware.models import Item, Kit, Product, Stockroom

LEAST_WEEKS, MOST_WEEKS = 4, 26
HEIGHT = 20  # of a strip, in pixels


@dataclass(frozen=True)
class Strip:
    """From this Monday to the end of the term; `x` and widths are shares of it in %."""

    zone: ZoneInfo
    first: date
    days: int
    now: datetime

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.first + timedelta(days=self.days), time(), tzinfo=self.zone)

    def x(self, at: datetime) -> float:
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        share = (wall - datetime.combine(self.first, time())) / timedelta(days=self.days)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    @property
    def now_x(self) -> float:
        return self.x(self.now)

    @property
    def weeks(self) -> list[dict[str, Any]]:
        """Mondays; a label on each fourth, so that none touches another on a phone."""
        days = [self.first + timedelta(days=n) for n in range(0, self.days, 7)]
        every = max(1, len(days) // 4)
        return [
            {"x": round(100 * 7 * n / self.days, 2), "label": f"{day:%b} {day.day}" if n % every == 0 else ""}
            for n, day in enumerate(days)
        ]

    def bars(self, times: FreeTimes) -> list[dict[str, Any]]:
        """A bar as high as the share that is free."""
        whole = max(times.total, 1)
        return [
            {"x": self.x(at), "width": round(self.x(end) - self.x(at), 2), "y": round(HEIGHT * (1 - free / whole), 1),
             "height": round(HEIGHT * free / whole, 1)}
            for at, end, free in times.spans(self.ends_at) if free
        ]  # fmt: skip

    def rows(self, times: FreeTimes) -> list[dict[str, Any]]:
        """The same in numbers."""
        return [{"at": at, "free": free} for at, _, free in times.spans(self.ends_at)]

    def words(self, times: FreeTimes) -> str:
        """None until Mon Dec 4, 10:00. Or: 1 at the least, from Mon Dec 4, 10:00."""
        spans = times.spans(self.ends_at)
        if times.total == 0:
            return "None is in service."
        if times.now == 0:
            again = next((at for at, _, free in spans if free), None)
            return f"None until {moment(self.zone, again)}." if again else "None until the end of the term."
        least = min(free for _, _, free in spans)
        if least == times.now:
            return ""
        at = next(at for at, _, free in spans if free == least)
        return f"{least or 'None'} from {moment(self.zone, at)}."


def strip_of(course: Course, now: datetime) -> Strip:
    """To the end of the term, four weeks at least and half a year at most."""
    today = now.astimezone(course.tz).date()
    first = today - timedelta(days=today.weekday())
    left = ((course.ends_on or today) - first).days + 1
    weeks = min(max(-(-left // 7), LEAST_WEEKS), MOST_WEEKS)
    return Strip(course.tz, first, 7 * weeks, now)


def free_page(course: Course, stockroom: Stockroom, now: datetime, chosen: TimeRange | None) -> dict[str, Any]:
    """Six queries for any number of products and kits."""
    stock, strip = free_stock(stockroom, now=now), strip_of(course, now)
    products = list(
        Product.objects.filter(stockroom=stockroom, is_counted=False, is_archived=False, pk__in=list(stock.products))
    )
    products.sort(key=lambda one: (ORDER[one.kind], one.name.casefold()))
    groups = [
        {"title": title, "rows": rows}
        for title, kinds in GROUPS
        if (rows := [_product_row(stock, strip, one, chosen) for one in products if one.kind in kinds])
    ]
    kits = Kit.objects.filter(stockroom=stockroom, is_retired=False).prefetch_related("slots__product")
    if kit_rows := [_row(strip, stock.kit(kit), chosen, {"kit": kit, "name": kit.name}) for kit in kits]:
        groups.append({"title": "Kits", "rows": kit_rows})
    return {
        "groups": groups, "strip": strip, "chosen": chosen,
        "has_counted": Product.objects.filter(stockroom=stockroom, is_counted=True).exists(),
    }  # fmt: skip


def _product_row(stock: FreeStock, strip: Strip, product: Product, chosen: TimeRange | None) -> dict[str, Any]:
    return _row(strip, stock.product(product.pk), chosen, {"product": product, "kit": None, "name": product.name})


def _row(strip: Strip, times: FreeTimes, chosen: TimeRange | None, more: dict[str, Any]) -> dict[str, Any]:
    then = times.least(chosen.from_at, chosen.until_at) if chosen else None
    return more | {
        "now": times.now, "total": times.total, "then": then, "shown": times.now if then is None else then, "bars": strip.bars(times),
        "rows": strip.rows(times), "words": strip.words(times),
    }  # fmt: skip


def free_words(course: Course, thing: Item | Kit, now: datetime) -> str:
    """When one certain item, or a kit, can be had: free now, until Mon Dec 4, 10:00. At most five queries."""
    products = None if isinstance(thing, Kit) else [thing.product]
    stock = free_stock(thing.stockroom, now=now, products=products)
    steps = (stock.kit(thing) if isinstance(thing, Kit) else stock.item(thing)).steps
    at = next((at for at, free in steps[1:] if bool(free) != bool(steps[0][1])), None)
    if steps[0][1]:
        return f"free now, until {moment(course.tz, at)}" if at else "free now"
    return f"not free until {moment(course.tz, at)}" if at else "not free, and nobody knows until when"
