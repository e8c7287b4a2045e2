"""What the rooms above add here without being known: what can be placed in an LMS, and where it leads."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from courseplatform.courses.models import Course


@dataclass(frozen=True)
class Offer:
    """Something that an instructor can place in the LMS. maximum: the most points it gives; None: it has no column of grades."""

    key: str
    title: str
    maximum: Decimal | None = None
    note: str = ""
    page: str = ""  # where the staff see what was sent of it


Offers = Callable[[Course], list[Offer]]
Address = Callable[[Course, str], str | None]
offers: list[Offers] = []
addresses: list[Address] = []


def add_offers(source: Offers, address: Address) -> None:
    """`source` names what a course has; `address` gives the path of one by its key, or None where it is not its own."""
    if source not in offers:
        offers.append(source)
        addresses.append(address)


def offers_of(course: Course) -> list[Offer]:
    return [offer for source in offers for offer in source(course)]


def address_of(course: Course, key: str) -> str:
    """The page of what was placed; where it is gone, that of the course."""
    found = next((path for address in addresses if key and (path := address(course, key))), None)
    return found or course.get_absolute_url()
