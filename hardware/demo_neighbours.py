"""A second course of the demo that lends from the same stockroom: twenty teams, and what they have out. All of it is invented.

The class of the demo course is small, and the stock is that of a whole year: with the neighbours most of it is out in the middle of the term.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Team
from courseplatform.teams.services.teams import team_create
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.loans import loan_accept, loan_hand_over, pieces_take_back
from hardware.inventory.services.reservations import reservation_make
from hardware.inventory.services.stockrooms import stockroom_join
from hardware.inventory.services.taking_back import Back
from hardware.models import Item, Product

Step = tuple[datetime, Callable[[datetime], object]]
SLUG, TITLE = "demo-studio", "Studio: Small Devices"
NOTE = "Invented, with everybody in it. It lends from the same stockroom as the demo course."
# team, its members, handed over so many days before today, what it has, when some of it came back
TEAMS = (
    ("Wren", "Nora Lind, Emeka Obi", 47, "PI-02 CM-01 UM-03", None),
    ("Rook", "Jonas Weber, Mei Tan", 47, "PI-03 CM-02 UM-04", None),
    ("Plover", "Lina Haas, Omar Saleh", 46, "PI-04 PI-05 MC-06", None),
    ("Finch", "Ida Berg, Ravi Menon", 45, "JN-02 CM-03 UM-05", None),
    ("Swift", "Carla Rossi, Tim Novy", 45, "PI-06 PI-26 UM-06", ("PI-26", 5)),
    ("Osprey", "Hana Sato, Luis Vega", 44, "JN-03 CM-04 CM-05", None),
    ("Lark", "Eva Blom, Kofi Mensah", 40, "PI-07 MC-07 UM-07", None),
    ("Robin", "Pia Holm, Anil Rao", 40, "PI-08 CM-06 UM-08", None),
    ("Jay", "Zoe Marsh, Ivo Petrov", 38, "PI-09 PI-13 LC-04", None),
    ("Kestrel", "Sara Costa, Jan Kral", 37, "JN-05 CM-07 CM-08 UM-09", None),
    ("Linnet", "Aya Nasser, Bo Nilsson", 33, "PI-14 MC-08 UM-10", None),
    ("Merlin", "Rosa Diaz, Karl Frey", 31, "GC-02 GC-04 CM-10 UM-11", ("GC-04", 3)),
    ("Oriole", "Mila Jovic, Sam Odum", 30, "PI-15 PI-16 CM-11", None),
    ("Petrel", "Tess Kuiper, Deniz Ak", 26, "PI-17 PZ-03 CM-12 UM-12", None),
    ("Quail", "Alma Ruiz, Nils Dahl", 24, "JN-07 MC-09 MC-10 UM-13", None),
    ("Avocet", "Joan Pike, Yusuf Can", 23, "PI-18 JT-02 LC-05 UM-14", None),
    ("Tern", "Greta Wolf, Hugo Silva", 20, "PI-20 RA-01 CM-13 CM-14", None),
    ("Veery", "Noor Aziz, Paul Kern", 19, "PI-21 PI-22 RA-03 CM-15 UM-15", None),
    ("Dunlin", "Ella Moor, Chidi Eze", 17, "GC-03 JN-08 MC-11 LC-06 UM-16", None),
    ("Crane", "Vera Sokol, Max Lang", 12, "PI-23 PZ-05 CM-16 CM-17 MC-12 LC-07 UM-17 UM-18", None),
)
BACK_IN_DAYS = 27
UNCONFIRMED = {"Crane"}
WAITS = (("Jay", "USB power meter", 8), ("Oriole", "USB power meter", 6))  # since so many days


class Neighbours:
    """The course, its teams, and its instructor at the desk."""

    def __init__(self, beside: Course, instructor: User, now: datetime) -> None:
        self.now = now
        self.course = Course.objects.create(
            slug=SLUG, title=TITLE, term=beside.term, zone=beside.zone, starts_on=beside.starts_on, ends_on=beside.ends_on, overlay_note=NOTE,
            is_demo=True,
        )  # fmt: skip
        Enrolment.objects.create(course=self.course, person=instructor, role=Role.INSTRUCTOR)
        self.desk = Visit(instructor, self.course, Role.INSTRUCTOR)
        self.people = self._people()
        self.teams: dict[str, Team] = {}

    def at(self, days: int, hour: int, minute: int = 0) -> datetime:
        """days: before today; below nothing, to come."""
        return self.course.wall(timezone.localdate(self.now, self.course.tz) - timedelta(days=days), time(hour, minute))

    def _people(self) -> dict[str, User]:
        """By name. Nobody signs in as one of them."""
        names = [name for _, members, *_ in TEAMS for name in members.split(", ")]
        nobody = make_password(None)
        rows = [
            User(email=f"{name.lower().replace(' ', '.')}@example.edu", name=name, is_demo=True, demo_role="student", password=nobody)
            for name in names
        ]  # fmt: skip
        people = {person.name: person for person in User.objects.bulk_create(rows)}
        Enrolment.objects.bulk_create(
            Enrolment(course=self.course, person=person, role=Role.STUDENT) for person in people.values()
        )
        return people

    def members(self, names: str) -> list[User]:
        return [self.people[name] for name in names.split(", ")]


def steps(*, beside: Course, instructor: User, now: datetime, stockroom: int) -> Iterator[Step]:
    """What happened, with its moment, in no order. The course joins the stockroom at once; `instructor` lends from it already."""
    here = Neighbours(beside, instructor, now)
    stockroom_join(visit=here.desk, stockroom=stockroom)
    for minute, (name, members, days, tags, back) in enumerate(TEAMS):
        yield here.at(days + 3, 10, minute), _founds(here, name, members)
        yield here.at(days, 14, minute), _lends(here, name, tags)
        if name not in UNCONFIRMED:
            yield here.at(days, 18, minute), _confirms(here, name, members)
        if back is not None:
            yield here.at(back[1], 11), _takes_back(here, back[0])
    for name, product, days in WAITS:
        yield here.at(days, 9), _waits(here, name, product)


def _founds(here: Neighbours, name: str, members: str) -> Callable[[datetime], object]:
    def found(at: datetime) -> None:
        here.teams[name] = team_create(
            visit=here.desk, name=name, wants_members=False, people=here.members(members), now=at
        )

    return found


def _lends(here: Neighbours, name: str, tags: str) -> Callable[[datetime], object]:
    def lend(at: datetime) -> None:
        items = Item.objects.select_related("product").filter(
            stockroom__courses__course=here.course, tag__in=tags.split()
        )
        loan_hand_over(
            visit=here.desk, pieces=[Hand(item=item) for item in items], key=uuid4(), team=here.teams[name], due_at=here.at(-BACK_IN_DAYS, 18), now=at
        )  # fmt: skip

    return lend


def _confirms(here: Neighbours, name: str, members: str) -> Callable[[datetime], object]:
    def confirm(at: datetime) -> None:
        visit = Visit(here.members(members)[0], here.course, Role.STUDENT)
        loan_accept(visit=visit, loan=here.teams[name].loans.get(), now=at)

    return confirm


def _takes_back(here: Neighbours, tag: str) -> Callable[[datetime], object]:
    def take_back(at: datetime) -> None:
        item = Item.objects.select_related("product").get(stockroom__courses__course=here.course, tag=tag)
        pieces_take_back(visit=here.desk, pieces=[Back(item=item)], key=uuid4(), now=at)

    return take_back


def _waits(here: Neighbours, name: str, product: str) -> Callable[[datetime], object]:
    def ask(at: datetime) -> None:
        found = Product.objects.get(stockroom__courses__course=here.course, name=product)
        reservation_make(
            visit=here.desk, borrower=Borrower(here.course, None, here.teams[name]), product=found, from_at=at, until_at=here.at(-7, 18), wait=True,
            now=at,
        )  # fmt: skip

    return ask
