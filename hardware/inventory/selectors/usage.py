"""What was out over the term, how much of it that is, and what to buy more of. All products of a page in four queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from django.db.models import Min, Q, prefetch_related_objects
from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.sections import due_marks
from courseplatform.teams.models import Membership
from hardware.hooks import return_day
from hardware.inventory.selectors.kit_demand import KIT_PARTS, kit_wishes, waits_of
from hardware.inventory.selectors.stock import BOARDS, Owned, owned
from hardware.inventory.term.figure import Drawing, Mark, Term, drawing, level, since_words
from hardware.inventory.term.usage import Curve, Day, Peak, Short, Span, midnight, share_out, short_of
from hardware.models import Kind, LoanPiece, Reservation, ReservationStatus, Stockroom

MANY = {Kind.POWER_SUPPLY: "power supplies", Kind.OTHER: "other things", Kind.LCD: "LCD displays", Kind.LED_SENSOR: "LED sensors",
        Kind.USB_METER: "USB multimeters", Kind.SD_CARD: "SD cards"}  # fmt: skip
ALL_BOARDS, ALL = "boards", "all"


@dataclass(frozen=True)
class Used:
    """One product over the term. share: of all the time of all its items that it was out."""

    row: Owned
    share: float
    peak: Peak
    short: Short

    @property
    def percent(self) -> str:
        return f"{100 * self.share:.0f}"


@dataclass(frozen=True)
class Chosen:
    """What the figure is of. the: as its sentence names it. many: as its axis does."""

    value: str
    label: str
    the: str
    many: str
    rows: tuple[Owned, ...]

    @property
    def owned(self) -> int:
        return sum(one.total for one in self.rows)

    @property
    def products(self) -> frozenset[int]:
        return frozenset(one.product.pk for one in self.rows)


@dataclass(frozen=True)
class Usage:
    """All that was read for it: term, items of every product, their stays outside and what waited for them."""

    term: Term
    rows: tuple[Owned, ...]
    stays: tuple[Span, ...]
    wishes: tuple[Span, ...]
    used: tuple[Used, ...] = field(default=())


def usage_of(visit: Visit, stockroom: Stockroom, now: datetime, found: Sequence[Owned] | None = None) -> Usage:
    """found: what is owned, where the page has read it already."""
    rows = tuple(one for one in (owned(stockroom) if found is None else found) if one.left is None and one.total)
    stays = _stays(stockroom)
    term = _term(visit, stays, now)
    wishes = _wishes(stockroom, now)
    stays = tuple(one for one in stays if one.within(term.start, max(term.end, now)))
    by_stay, by_wish = _by_product(stays), _by_product(wishes)
    until = max(term.start, now)
    used = tuple(
        Used(
            row,
            share_out(by_stay[row.product.pk], row.total, term.start, until),
            Curve(by_stay[row.product.pk]).peak(term.start, until),
            short_of(by_wish[row.product.pk], term.start, until, term.zone),
        )
        for row in rows
    )
    return Usage(term, rows, stays, wishes, used)


def _by_product(spans: Sequence[Span]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    for one in spans:
        found[one.product].append(one)
    return found


def _stays(stockroom: Stockroom) -> tuple[Span, ...]:
    """Of items that are still owned; what was given up since is in no line of what is owned either."""
    pieces = LoanPiece.objects.filter(item__stockroom=stockroom).exclude(item__status="retired").order_by()
    return tuple(Span(*row) for row in pieces.values_list("item__product", "out_at", "back_at"))


def _wishes(stockroom: Stockroom, now: datetime) -> tuple[Span, ...]:
    """Each time that a request stood on the waiting list; one for a kit is one for the parts that were missing."""
    waited = Q(status=ReservationStatus.WAITING) | Q(moves__moved_from=ReservationStatus.WAITING)
    rows = list(Reservation.objects.filter(waited, stockroom=stockroom).distinct().select_related("kit"))
    prefetch_related_objects(rows, "moves")
    in_kits = [row for row in rows if row.kit is not None]
    prefetch_related_objects(in_kits, *KIT_PARTS)
    own = [wait for row in rows if row.kit is None for wait in waits_of(row)]
    return (*own, *kit_wishes(in_kits, now))


def _term(visit: Visit, stays: Sequence[Span], now: datetime) -> Term:
    """From the first day of the course to its last, the return included; a course without days from the first loan until now."""
    course = visit.course
    start = midnight(course.starts_on, course.tz) if course.starts_on else min((one.from_at for one in stays), default=now)  # fmt: skip
    end = midnight(course.ends_on + timedelta(days=1), course.tz) if course.ends_on else now
    found = return_day(course, None, None)
    back_at = found.due_at if found else None
    end = max(end, back_at + timedelta(days=1) if back_at else end, start + timedelta(days=1))
    if any(one.until_at is None for one in stays):
        end = max(end, now)  # what is out after the term is drawn until today
    return Term(start, end, now, course.tz, back_at)


def choices(rows: Sequence[Owned]) -> list[Chosen]:
    """Boards, all, each kind with more than one product, each product."""
    boards = tuple(one for one in rows if one.product.kind in BOARDS)
    found = [Chosen(ALL_BOARDS, "Boards", "the boards", "boards", boards)] if boards else []
    found.append(Chosen(ALL, "Everything with a tag", "the items", "items", tuple(rows)))
    for kind in Kind:
        some = tuple(one for one in rows if one.product.kind == kind)
        if some and kind not in BOARDS and len(some) > 1:
            many = MANY.get(kind, f"{kind.label.lower()}s")
            found.append(Chosen(kind.value, many[0].upper() + many[1:], f"the {many}", many, some))
    return [*found, *(Chosen(str(one.product.pk), one.product.name, one.product.name, "", (one,)) for one in rows)]


def chosen_of(found: Sequence[Chosen], wanted: str) -> Chosen:
    """The one that is asked for, else the first: boards where there are any."""
    return next((one for one in found if one.value == wanted), found[0])


@dataclass(frozen=True)
class OverTheTerm:
    """finding: what is seen. how: what follows from it."""

    chosen: Chosen
    term: Term
    marks: list[Mark]
    days: list[Day]
    peak: Peak
    drawing: Drawing
    finding: str
    how: str


def over_the_term(visit: Visit, usage: Usage, chosen: Chosen) -> OverTheTerm:
    term = usage.term
    curve = Curve(one for one in usage.stays if one.product in chosen.products)
    until = min(term.now, term.end)
    days = curve.days(term.start.astimezone(term.zone).date(), until, term.zone) if term.start <= until else []
    peak = curve.peak(term.start, until)
    marks = _marks(visit, term)
    return OverTheTerm(
        chosen, term, marks, days, peak, drawing(days, chosen.owned, term, marks), *_words(usage, chosen, days, peak)
    )


def _words(usage: Usage, chosen: Chosen, days: list[Day], peak: Peak) -> tuple[str, str]:
    """What is seen, and what follows from it."""
    zone, today = usage.term.zone, days[-1].day if days else None
    found = level(days, chosen.owned)
    if not peak.number or peak.at is None:
        return f"None of {chosen.the} has been out this term.", ""
    if found is None or today is None:
        finding = f"{days[-1].out if days else 0} of {chosen.owned} are out now."
    else:
        part, since = found
        finding = f"{part} of {chosen.the} have been out since {since_words(since, today)}."
    on = peak.at.astimezone(zone)
    buy = [one.row.product.name for one in to_buy(usage) if one.row.product.pk in chosen.products or chosen.value == ALL_BOARDS]  # fmt: skip
    more = f"; {_and(buy[:3])} {'is' if len(buy) == 1 else 'are'} what to buy more of" if buy else ""
    return finding, f"{peak.number} was the most, on {on:%b} {on.day}{more}."


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def to_buy(usage: Usage) -> list[Used]:
    """By docs/lending.md: what requests waited for on three days, or went without; the longest wait first."""
    return sorted((one for one in usage.used if one.short.is_worth_buying), key=lambda one: -one.short.item_days)


def _marks(visit: Visit, term: Term) -> list[Mark]:
    """What is due in the course, one mark an instant, and when its teams were formed."""
    due: dict[datetime, list[str]] = defaultdict(list)
    for mark in due_marks(visit, term.now):
        due[mark.due_at].append(mark.label)
    found = [
        Mark(at, f"{labels[0]}{f' +{len(labels) - 1}' if len(labels) > 1 else ''}")
        for at, labels in due.items()
        if at != term.back_at
    ]
    formed = _formed_at(visit.course)
    return [*found, *([Mark(formed, "teams formed", "formed")] if formed else [])]


def _formed_at(course: Course) -> datetime | None:
    """When half of the teams had their first member."""
    firsts = Membership.objects.filter(course=course).order_by().values("team").annotate(first=Min("since_at"))
    found = sorted(row["first"] for row in firsts)
    return median_low(found) if len(found) > 1 else None


def table_of(found: OverTheTerm) -> dict[str, Any]:
    """The days on which the number changed, for the page; the CSV has every day."""
    rows, before = [], None
    for one in found.days:
        if one.out != before or one.most != one.out:
            rows.append([f"{one.day:%a %b} {one.day.day}", one.out, one.most])
        before = one.out
    return {"columns": ["Day", "Out at its end", "Most at once"], "rows": rows}


def term_rows(found: OverTheTerm) -> list[list[object]]:
    return [[one.day.isoformat(), one.out, one.most, found.chosen.owned] for one in found.days]


def used_rows(usage: Usage) -> list[list[object]]:
    rows: list[list[object]] = []
    for one in usage.used:
        peak_on = timezone.localtime(one.peak.at, usage.term.zone).date().isoformat() if one.peak.at else ""
        rows.append(
            [one.row.product.name, one.row.product.kind, one.row.total, one.row.out, round(100 * one.share, 1), one.peak.number, peak_on,
             one.row.waiting, one.short.days, one.short.went_without, one.short.most]
        )  # fmt: skip
    return rows


TERM_COLUMNS = ("day", "out_at_its_end", "most_at_once", "owned")
USED_COLUMNS = (
    "product", "kind", "owned", "out_now", "share_of_time_out_percent", "most_at_once", "most_on", "waiting_now", "days_with_requests_waiting",
    "requests_that_went_without", "most_waited_for_at_once",
)  # fmt: skip
