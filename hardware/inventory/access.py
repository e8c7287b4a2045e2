"""Which stockroom a course lends from, and what of it somebody may see."""

from datetime import datetime

from django.db.models import Q

from courseplatform.accounts.models import User
from courseplatform.core.errors import Forbidden, NotHere
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.teams.selectors.membership import is_member
from hardware.models import Item, Kit, Loan, Product, Stockroom


def stockroom_of(course: Course) -> Stockroom | None:
    return Stockroom.objects.filter(courses__course=course).first()


@asked_once
def stockroom_for(visit: Visit) -> Stockroom:
    """Raises NotHere (`no_stockroom`)."""
    found = stockroom_of(visit.course)
    if found is None:
        raise no_stockroom()
    return found


def no_stockroom() -> NotHere:
    return NotHere("This course has no stock of hardware yet. An instructor sets it up on the page Hardware.", code="no_stockroom")  # fmt: skip


def product_for(visit: Visit, pk: int) -> Product:
    """Raises NotHere."""
    found = Product.objects.filter(stockroom__courses__course=visit.course, pk=pk).first()
    if found is None:
        raise NotHere("There is no such entry in the catalogue of this course.")
    return found


def item_for(visit: Visit, tag: str) -> Item:
    """An item, also by a tag that it had before: a label that is printed keeps opening it. Raises NotHere."""
    found = _tagged(Q(stockroom__courses__course=visit.course), tag)
    if not isinstance(found, Item):
        raise NotHere(f"Nothing here has the tag {tag.upper()[:24]}.", code="unknown_tag")
    return found


def thing_for(visit: Visit, tag: str) -> Item | Kit:
    """What a label names, an item or a kit. Raises NotHere."""
    found = _tagged(Q(stockroom__courses__course=visit.course), tag)
    if found is None:
        raise NotHere(f"Nothing here has the tag {tag.upper()[:24]}.", code="unknown_tag")
    return found


def _tagged(where: Q, tag: str) -> Item | Kit | None:
    """Whose tag it is now comes before whose it was."""
    items, tag = Item.objects.filter(where).select_related("product", "stockroom"), tag.upper()
    return (
        items.filter(tag=tag).first()
        or Kit.objects.filter(where, tag=tag).select_related("stockroom").first()
        or items.filter(events__what="tag", events__before=tag).order_by("-events__pk").first()
    )


def kit_for(visit: Visit, tag: str) -> Kit:
    """Raises NotHere (`unknown_tag`)."""
    wanted = Kit.objects.filter(stockroom__courses__course=visit.course, tag=tag.upper())
    found = wanted.select_related("stockroom").first()
    if found is None:
        raise NotHere(f"No kit here has the tag {tag.upper()[:24]}.", code="unknown_tag")
    return found


def loan_for(visit: Visit, pk: int) -> Loan:
    """Raises NotHere."""
    found = Loan.objects.visible_to(visit).filter(pk=pk)
    row = found.select_related("course", "stockroom", "person", "team", "taken_by", "reservation").first()
    if row is None:
        raise NotHere("There is no such loan, or it is not yours.")
    return row


def is_borrower(loan: Loan, person: User, now: datetime) -> bool:
    """The person of the loan, or who is in its team now."""
    return is_member(loan.team, person, now) if loan.team else loan.person_id == person.pk


def check_has_it(visit: Visit, loan: Loan, now: datetime) -> None:
    """Who was in the team once still reads its loans of that time, and does nothing with them. Raises Forbidden (`borrower_only`)."""
    if not visit.is_staff and not is_borrower(loan, visit.person, now):
        said = "Only who has it now does this, and you are not in that team any more. You can read what was while you were."
        raise Forbidden(said, code="borrower_only")


def label_opens(person: User, stockroom: str, tag: str) -> tuple[Course, Item | Kit]:
    """What a label names, and the course of this person through which it is opened: one where the person is staff, else the latest.

    Raises NotHere where there is no such thing, or the person is in no course that lends from there.
    """
    mine = (
        Enrolment.objects.of(person).filter(course__stockroom_link__stockroom__slug=stockroom).select_related("course")
    )
    courses = sorted(mine, key=lambda one: (one.role in STAFF, one.pk), reverse=True)
    found = _tagged(Q(stockroom__slug=stockroom), tag) if courses else None
    if found is None:
        raise NotHere("This label belongs to nothing that you may see. If you found the thing, give it to the course whose name it bears.")  # fmt: skip
    return courses[0].course, found


def rooms_to_join(person: User) -> list[Stockroom]:
    """Stockrooms of other courses in which the person is an instructor."""
    mine = Enrolment.objects.of(person).filter(role=Role.INSTRUCTOR).values("course")
    return list(Stockroom.objects.filter(courses__course__in=mine).distinct().order_by("name"))
