"""The loan desk: what a scan means, what lies on the table to be lent, who may get it, and what is to be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Count, Q
from django.http import QueryDict
from django.utils import timezone

from courseplatform.core.errors import AppError, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_at, teams_at
from hardware.hooks import return_day
from hardware.inventory.access import stockroom_for
from hardware.inventory.kits.contents import KitPiece, kit_pieces
from hardware.inventory.lending.eligibility import Borrower, check_may_borrow
from hardware.inventory.lending.loan_words import day_words, due_badge, holder_words, piece_name, place_words
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.selectors.cases import open_case_of
from hardware.inventory.selectors.loans import late_words, left_words, piece_rows
from hardware.inventory.selectors.stock import BOARDS
from hardware.inventory.services.handing_over import PICK_UP_EARLY, Hand, check_item, open_pieces_of
from hardware.inventory.stock.scanning import read_code
from hardware.models import HOLDS, Condition, Item, Kit, Loan, LoanPiece, Product, Reservation, Stockroom

MOST_ON_TABLE, MOST_PEOPLE = 40, 8


@dataclass
class Desk:
    """What the address of the desk says. tags: on the table, to be lent. numbers: of what is only counted. to: p12 or t3. back: tags to take back."""

    tags: list[str] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    to: str = ""
    query: str = ""
    back: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, found: QueryDict) -> "Desk":
        numbers = {
            int(one[0]): min(int(one[1]), 999)
            for raw in found.getlist("n")[:20]
            if len(one := raw.split(":")) == 2 and all(map(_is_key, one))
        }
        return cls(
            _tags(found.getlist("t")), {pk: count for pk, count in numbers.items() if count}, found.get("to", "")[:20],
            found.get("q", "").replace("\x00", "").strip()[:60], _tags(found.getlist("back")),
        )  # fmt: skip

    def address(self) -> str:
        made = QueryDict(mutable=True)
        made.setlist("t", self.tags)
        made.setlist("n", [f"{pk}:{count}" for pk, count in self.numbers.items()])
        made.setlist("back", self.back)
        for name, value in (("to", self.to), ("q", self.query)):
            if value:
                made[name] = value
        return made.urlencode()


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _tags(found: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one.strip().upper()[:24] for one in found[:MOST_ON_TABLE] if one.strip()))


def scanned(visit: Visit, desk: Desk, code: str) -> Desk:
    """What a scanned or typed code does: a free thing goes onto the table, one that is out opens its return, words look for a person.

    Raises BadInput (`other_site`, `other_stockroom`, `foreign_code`, `bad_tag`), NotHere (`unknown_tag`), Conflict (`not_in_service`, and
    `not_out` while something is taken back).
    """
    stockroom = stockroom_for(visit)
    try:
        tag = read_code(code, stockroom.slug)
        item = Item.objects.filter(stockroom=stockroom, tag=tag).first()
        kit = None if item else Kit.objects.filter(stockroom=stockroom, tag=tag).first()
        if item is None and kit is None:
            raise NotHere(f"Nothing here has the tag {tag}.", code="unknown_tag")
    except AppError as error:
        if error.code in ("other_site", "other_stockroom") or not (found := _search(visit, code.strip()[:60])):
            raise
        desk.query, desk.to = code.strip()[:60], found[0] if len(found) == 1 else desk.to
        return desk
    out = LoanPiece.objects.filter(back_at=None).filter(Q(item=item) if item else Q(kit=kit))
    was_lost = item is not None and item.status == Item.Status.LOST
    if was_lost or out.exists():
        return Desk(back=[*desk.back, tag] if tag not in desk.back else desk.back)
    if desk.back:  # a return would be forgotten, and whoever brings what was never lent would hear nothing of it
        place = f" {place_words(item)}" if item else ""
        said = f"{tag} is not out on loan.{place} To lend it, take back what is here first, or open the loan desk anew."
        raise Conflict(said, code="not_out", details={"tag": tag})
    if item is not None:
        check_item(item, {})
    return Desk(desk.tags if tag in desk.tags else [*desk.tags, tag], desk.numbers, desk.to)


# -- who gets it --


def _search(visit: Visit, text: str) -> list[str]:
    return [row["to"] for row in people_found(visit, text, timezone.now())] if text else []


def people_found(visit: Visit, text: str, now: datetime) -> list[dict[str, Any]]:
    """Teams and people whose name or address holds the text; without one, who picks up today and who was here last. At most five queries."""
    people = Enrolment.objects.filter(course=visit.course, is_active=True).select_related("person")
    teams = Team.objects.filter(course=visit.course).standing()
    if text:
        people = people.filter(Q(person__name__icontains=text) | Q(person__email__icontains=text)).order_by(
            "person__name"
        )
        rows = [_team_row(one) for one in teams.filter(name__icontains=text)[:MOST_PEOPLE]]
        return (rows + _people_rows(visit, list(people[:MOST_PEOPLE]), now))[:MOST_PEOPLE]
    due = Reservation.objects.filter(
        course=visit.course, status__in=HOLDS, from_at__lte=now + PICK_UP_EARLY, until_at__gt=now
    )
    picks = {
        (one.person_id, one.team_id): f"picks up {one.product or one.kit}"
        for one in due.select_related("product", "kit").order_by("-from_at")[:40]
    }
    lately = Loan.objects.filter(course=visit.course, handed_at__gt=now - timedelta(days=200)).values_list(
        "person", "team"
    )[:40]
    keys = list(dict.fromkeys([*picks, *lately]))[:MOST_PEOPLE]
    if not keys:  # nobody was here yet: the teams are who will come
        return [_team_row(one) for one in teams[:MOST_PEOPLE]]
    found = {one.person_id: one for one in people.filter(person__in=[person for person, _ in keys if person])}
    standing = {one.pk: one for one in teams.filter(pk__in=[team for _, team in keys if team])}
    rows = _people_rows(visit, list(found.values()), now)
    by_key = {(int(row["to"][1:]), None): row for row in rows} | {
        (None, pk): _team_row(one) for pk, one in standing.items()
    }
    return [by_key[key] | {"why": picks.get(key, "")} for key in keys if key in by_key]


def _team_row(team: Team) -> dict[str, Any]:
    return {"to": f"t{team.pk}", "name": f"Team {team.name}", "more": "", "why": ""}


def _people_rows(visit: Visit, rows: Sequence[Enrolment], now: datetime) -> list[dict[str, Any]]:
    teams = teams_at(visit.course, now) if rows else {}
    more = {pk: f"team {team.name}" for pk, team in teams.items()}
    return [
        {
            "to": f"p{one.person_id}",
            "name": one.person.name,
            "more": more.get(one.person_id, one.person.email),
            "why": "",
        }
        for one in rows
    ]


def borrower_of(visit: Visit, to: str) -> Borrower | None:
    """p12 or t3, in this course; None for anything else."""
    if not _is_key(to[1:]):
        return None
    if to[0] == "t":
        team = Team.objects.filter(course=visit.course, pk=int(to[1:])).first()
        return Borrower(visit.course, None, team) if team else None
    here = Enrolment.objects.filter(course=visit.course, person=int(to[1:])).select_related("person").first()
    return Borrower(visit.course, here.person) if here and to[0] == "p" else None


# -- what lies on the table --


@dataclass
class Table:
    """things: rows of the page. hands: what the service is told. wants: numbers by product."""

    things: list[dict[str, Any]] = field(default_factory=list)
    wants: dict[Product, int] = field(default_factory=dict)
    kits: list[Kit] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    counted: list[tuple[Product, int]] = field(default_factory=list)

    def hands(self, conditions: dict[str, str], without: Sequence[str]) -> list[Hand]:
        kits = [Hand(kit=kit, without=frozenset(without)) for kit in self.kits]
        items = [Hand(item=item, condition=conditions.get(item.tag, "")) for item in self.items]
        return [*kits, *items, *(Hand(product=product, count=count) for product, count in self.counted)]


def table_of(stockroom: Stockroom, desk: Desk) -> Table:
    items = {
        one.tag: one for one in Item.objects.filter(stockroom=stockroom, tag__in=desk.tags).select_related("product")
    }
    kits = {one.tag: one for one in Kit.objects.filter(stockroom=stockroom, tag__in=desk.tags)}
    products = {
        one.pk: one for one in Product.objects.filter(stockroom=stockroom, is_counted=True, pk__in=desk.numbers)
    }
    table = Table(kits=list(kits.values()), items=[items[tag] for tag in desk.tags if tag in items])
    open_places = [place for kit in table.kits for place in _kit_row(table, kit)]
    for item in table.items:
        place = next((one for one in open_places if one["product"] == item.product and not one["tag"]), None)
        if place is not None:
            place["tag"] = item.tag
        _want(table, item.product, 1)
        table.things.append(
            {
                "tag": item.tag,
                "item": item,
                "name": item.product.name,
                "condition": item.condition,
                "conditions": _conditions(item.condition),
                "of": place["kit"] if place else "",
            }
        )
    for pk, product in products.items():
        table.counted.append((product, desk.numbers[pk]))
        _want(table, product, desk.numbers[pk])
        table.things.append({"tag": "", "name": product.name, "count": desk.numbers[pk]})
    return table


def _conditions(chosen: str) -> list[dict[str, Any]]:
    return [{"value": one.value, "label": one.label, "chosen": one == chosen} for one in Condition]


def _kit_row(table: Table, kit: Kit) -> list[dict[str, Any]]:
    """The check-list of a kit; returns its places that a scan fills."""
    parts = kit_pieces(kit)
    out = open_pieces_of([one.item.pk for one in parts if one.item])
    places = [_place(kit, part, out) for part in parts]
    for place in places:
        if not place["is_open"]:
            _want(table, place["product"], place["count"])
    table.things.append({"tag": kit.tag, "name": kit.name, "places": places})
    return [one for one in places if one["is_open"]]


def _place(kit: Kit, part: KitPiece, out: dict[int, LoanPiece]) -> dict[str, Any]:
    """problem: why a fixed item of it cannot go out. key: how a hand-over says that it goes without it."""
    tag, problem = part.item.tag if part.item else "", ""
    if part.item is not None and (piece := out.get(part.item.pk)):
        problem = f"out with {holder_words(piece.loan)}"
    elif part.item is not None and part.item.status != Item.Status.IN_SERVICE:
        problem = Item.Status(part.item.status).label.lower()
    return {
        "kit": kit.tag, "product": part.product, "tag": tag, "count": part.count, "problem": problem, "key": tag or part.product.name,
        "is_open": part.item is None and not part.is_counted,
        "item": part.item,
    }  # fmt: skip


def _want(table: Table, product: Product, count: int) -> None:
    table.wants[product] = table.wants.get(product, 0) + count


def _damage(table: Table) -> None:
    """Beside each thing and each part of a kit, what is reported of it: whoever lends it decides with that before them. One query."""
    rows = [row for thing in table.things for row in (thing, *thing.get("places", ())) if row.get("item")]
    cases = open_case_of([row["item"] for row in rows])
    for row in rows:
        row["case"] = cases.get(row["item"].pk)


def lend_panel(visit: Visit, stockroom: Stockroom, desk: Desk, now: datetime) -> dict[str, Any]:
    """Everything beside the scanner while something is to be lent."""
    table, borrower = table_of(stockroom, desk), borrower_of(visit, desk.to)
    _damage(table)
    balances = balances_of(stockroom)
    counted = Product.objects.filter(stockroom=stockroom, is_counted=True, is_archived=False)
    context: dict[str, Any] = {
        "table": table, "borrower": borrower, "key": uuid4(), "people": [] if borrower else people_found(visit, desk.query, now),
        "counted": [{"product": one, "left": balances.get(one.pk, 0)} for one in counted],
    }  # fmt: skip
    if borrower is None:
        return context
    held = _picked_up(borrower, table, now)
    return context | {
        "members": members_at(borrower.team, now) if borrower.team else [],
        **_due_choice(visit, borrower, held, now),
        **_against(visit, borrower, table, held, now),
    }


def _against(
    visit: Visit, borrower: Borrower, table: Table, held: Sequence[Reservation], now: datetime
) -> dict[str, Any]:
    """What stands against it: a refusal, or what the staff may set aside."""
    served = held[0] if held else None
    try:
        return {
            "warnings": check_may_borrow(visit=visit, borrower=borrower, wants=table.wants, now=now, is_staff_override=True, served=served)
        }  # fmt: skip
    except AppError as error:
        return {"stop": error}


def _picked_up(borrower: Borrower, table: Table, now: datetime) -> list[Reservation]:
    """What of the things on the table is reserved for this borrower, the earliest first. One query."""
    rows = Reservation.objects.filter(
        **borrower.keys, course=borrower.course, status__in=HOLDS, from_at__lte=now + PICK_UP_EARLY, until_at__gt=now
    )
    found = rows.select_related("product", "kit").order_by("from_at", "pk")
    return [one for one in found if one.kit in table.kits or one.product in table.wants]


def _due_choice(visit: Visit, borrower: Borrower, held: Sequence[Reservation], now: datetime) -> dict[str, Any]:
    """The day of their reservation, else that of the course, else none. Of several the first to end: a loan has one day."""
    term = return_day(visit.course, borrower.person, borrower.team)
    days = [one.until_at for one in held if not one.is_term]
    is_term = not days and term is not None and term.due_at > now
    return {
        "term": term if term and term.due_at > now else None, "due": "day" if days else "term" if is_term else "none",
        "day": timezone.localtime(min(days), visit.course.tz).date().isoformat() if days else "",
        "held": held if len({one.until_at for one in held}) > 1 else [],
    }  # fmt: skip


# -- what comes back --


def back_panel(visit: Visit, stockroom: Stockroom, desk: Desk, now: datetime, sent: QueryDict) -> dict[str, Any] | None:
    """The loan of what was scanned, as a check-list. Scanned pieces are ticked, and the rest of their kit; None where nothing of it is out.

    sent: the form that came back refused, with what was ticked and said in it; else empty.
    """
    scanned = LoanPiece.objects.filter(loan__stockroom=stockroom).filter(
        Q(item__tag__in=desk.back) | Q(kit__tag__in=desk.back, back_at=None)
    )
    rows = scanned.filter(
        Q(back_at=None) | Q(ended_as=LoanPiece.End.LOST, item__status=Item.Status.LOST)
    ).select_related("loan", "item", "kit")
    found = sorted(rows, key=lambda one: (one.back_at is not None, -one.pk))
    if not found:
        return None
    ids = list(dict.fromkeys(one.loan_id for one in found))
    kits = {(one.loan_id, one.kit_id) for one in found if one.kit_id}
    chosen = {one.pk for one in found}
    loans = Loan.objects.filter(pk__in=ids).select_related("course", "person", "team", "taken_by")
    pieces: dict[int, list[LoanPiece]] = {pk: [] for pk in ids}
    for one in LoanPiece.objects.filter(loan__in=ids).select_related("item", "product", "kit"):
        if one.back_at is None or one.pk in chosen:
            pieces[one.loan_id].append(one)
    left = left_words(list(loans))
    shown = [
        _back_loan(loan, pieces[loan.pk], chosen, kits, left.get(loan.pk, ""), now)
        for loan in sorted(loans, key=lambda one: ids.index(one.pk))
    ]
    _said_of_pieces([row for loan in shown for row in loan["rows"]], sent)
    return {
        "loans": shown,
        "key": uuid4(),
        "ticked": sum(loan["ticked"] for loan in shown),
        "total": sum(len(loan["rows"]) for loan in shown),
    }


def _said_of_pieces(rows: Sequence[dict[str, Any]], sent: QueryDict) -> None:
    """Beside each piece, what was reported of it before, and what a refused form said of it. One query."""
    cases = open_case_of([row["piece"].item for row in rows if row["piece"].item])
    for row in rows:
        pk = row["piece"].pk
        condition, what = sent.get(f"condition-{pk}", ""), sent.get(f"what-{pk}", "")[:300]
        row |= {"case": cases.get(row["piece"].item_id), "condition": condition, "what": what}


def _back_loan(
    loan: Loan, pieces: Sequence[LoanPiece], chosen: set[int], kits: set[tuple[int, int]], left: str, now: datetime
) -> dict[str, Any]:
    rows = piece_rows(pieces, now)
    for row in rows:
        one = row["piece"]
        row["ticked"] = one.pk in chosen or (one.kit_id is not None and (loan.pk, one.kit_id) in kits)
        row["was_lost"] = one.ended_as == LoanPiece.End.LOST
    missing = [piece_name(row["piece"]) for row in rows if not row["ticked"]]
    return {
        "loan": loan, "who": holder_words(loan), "left": left, "badge": due_badge(loan, now, with_day=True), "late": late_words(loan), "rows": rows,
        "ticked": len(rows) - len(missing), "missing": missing, "since": day_words(loan.handed_at, loan.course.tz),
    }  # fmt: skip


def progress(visit: Visit) -> dict[str, int]:
    """How many boards of the loans for the term are back, and how many are missing. One query."""
    rows = LoanPiece.objects.filter(loan__course=visit.course, loan__is_term=True, product__kind__in=BOARDS)
    found = rows.aggregate(total=Count("pk"), back=Count("pk", filter=Q(back_at__isnull=False)))
    return found | {"missing": found["total"] - found["back"]}
