"""What the demo lends: invented loans, requests and a count, made by the services at the moments at which they happened."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Max
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course, Role
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.models import Notification
from courseplatform.teams.models import Team
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.cases import case_report
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.kits import Part, kits_add
from hardware.inventory.services.loans import loan_accept, loan_hand_over, loan_renew, pieces_take_back
from hardware.inventory.services.reservations import reservation_approve, reservation_make
from hardware.inventory.services.takes import take_begin, take_end, take_scan
from hardware.inventory.services.taking_back import Back
from hardware.models import (
    CaseEvent,
    CaseMove,
    DamageCase,
    Item,
    Kit,
    KitEvent,
    Loan,
    LoanEvent,
    Product,
    ReservationMove,
    StockEvent,
    StockTake,
    StockTakeScan,
)

STAMPED: tuple[Any, ...] = (StockEvent, LoanEvent, KitEvent, ReservationMove, CaseMove, CaseEvent, StockTakeScan)
TEAMS = {"magpie", "heron"}
TERM = None
# who, what, handed over on which day from today, due on which day (TERM: with the return), back on which day, confirmed
LOANS = (
    ("kenji.mori", ("PI-10", "CM-03"), -60, -46, -48, True),
    ("ana.silva", ("PI-11", "UM-09"), -60, -46, -46, True),
    ("ruth.adeyemi", ("PI-12",), -59, -50, -51, True),
    ("leila.haddad", ("JN-04", "MC-02"), -58, -44, -45, True),
    ("magpie", ("PI-01", "UM-01", "KIT-01"), -51, TERM, None, True),
    ("heron", ("JN-01", "MC-01", "UM-02"), -45, TERM, None, True),
    ("leila.haddad", ("RA-01",), -40, -26, -24, True),
    ("tomas.novak", ("JT-01",), -30, -16, None, True),
    ("daniel.park", ("LC-01",), -20, -6, None, True),
    ("ana.silva", ("MC-05", "LC-03"), -15, -3, None, True),
    ("ruth.adeyemi", ("GC-01",), -14, 5, None, False),
    ("heron", ("WM-01", "WM-02"), -9, 9, None, True),
    ("kenji.mori", ("WM-03",), -8, 9, None, False),
    ("leila.haddad", ("WM-04", "PZ-02"), -7, 11, None, True),
)
# who, what, asked on which day, from and until which day, approved
REQUESTS = (
    ("magpie", "Wall meter", -3, 1, 8, False),
    ("leila.haddad", "USB microphone", -1, 2, 9, False),
    ("heron", "Camera", -1, 1, 14, False),
    ("sofia.lindgren", "Raspberry Pi Zero W", -2, 0, 12, True),
    ("kenji.mori", "Robot arm", -1, 3, 10, False),
)
ASKS = {"magpie": "ruth.adeyemi", "heron": "ana.silva"}
WHY = {
    "Wall meter": "what the whole board draws in the final runs",
    "Camera": "a second view of the hand",
    "USB microphone": "the old one hums",
}


class Story:
    """Who is in it, and when its days are."""

    def __init__(self, course: Course, people: Mapping[str, User], desk: Visit, now: datetime) -> None:
        self.course, self.desk, self.now = course, desk, now
        self.people = {address.split("@")[0]: person for address, person in people.items()}
        self.teams = {team.slug: team for team in Team.objects.filter(course=course, slug__in=TEAMS)}

    @property
    def is_complete(self) -> bool:
        named = {name for name, *_ in (*LOANS, *REQUESTS)} - TEAMS
        return named <= set(self.people) and set(self.teams) == TEAMS

    def at(self, days: int, hour: int, minute: int = 0) -> datetime:
        return self.course.wall(timezone.localdate(self.now, self.course.tz) + timedelta(days=days), time(hour, minute))

    def visit(self, name: str) -> Visit:
        return visit_of(self.people[ASKS.get(name, name)], self.course.slug)

    def borrower(self, name: str) -> Borrower:
        team = self.teams.get(name)
        return Borrower(self.course, None if team else self.people[name], team)


def load(*, course: Course, people: Mapping[str, User], desk: Visit, now: datetime) -> None:
    """Behind the stock, whose stories are told. Nothing where somebody of the story is not there."""
    story = Story(course, people, desk, now)
    if not story.is_complete:
        return
    steps: list[tuple[datetime, Callable[[datetime], Any]]] = [(story.at(-52, 15), lambda at: _kits(story))]
    for fact in LOANS:
        steps += _loan_steps(story, fact)
    steps += [(story.at(fact[2], 19, n), _request(story, fact)) for n, fact in enumerate(REQUESTS)]
    steps += [
        (story.at(-17, 20), lambda at: _renew(story, at)),
        (story.at(-2, 21), lambda at: _report(story, at)),
        (story.at(-1, 16), lambda at: _count(story, at)),
    ]
    for moment, step in sorted(steps, key=lambda one: one[0]):
        with stamped(moment, story.now):
            step(moment)


@contextmanager
def stamped(moment: datetime, now: datetime) -> Iterator[None]:
    """Histories are stamped when they are written; the demo's happened earlier. Nobody is mailed about them."""
    last = {model: model._base_manager.aggregate(last=Max("pk"))["last"] or 0 for model in (*STAMPED, Notification)}
    yield
    for model in STAMPED:
        model._base_manager.filter(pk__gt=last[model]).update(at=moment)
    news = Notification._base_manager.filter(pk__gt=last[Notification])
    news.update(
        made_at=moment,
        mail=MailChoice.SITE,
        mail_after=None,
        read_at=None if moment > now - timedelta(days=2) else moment,
    )


def _kits(story: Story) -> None:
    helen = next(
        one.person
        for one in story.course.enrolments.filter(role=Role.INSTRUCTOR).select_related("person").order_by("pk")
    )
    card, supply = (
        Product.objects.get(stockroom__courses__course=story.course, name=name).pk
        for name in ("SD card, 32 GB", "USB-C power supply, 15 W")
    )
    cameras = Part(tags=("CM-22", "CM-23", "CM-24"))
    kits_add(
        visit=visit_of(helen, story.course.slug), tags=["KIT-01", "KIT-02", "KIT-03"], name="Vision kit", note="A camera with what it needs to run.",
        parts=[cameras, Part(product=card), Part(product=supply)],
    )  # fmt: skip


def _loan_steps(story: Story, fact: tuple[Any, ...]) -> list[tuple[datetime, Callable[[datetime], Any]]]:
    name, tags, out, due, back, is_confirmed = fact
    kept: list[Loan] = []

    def hand(at: datetime) -> None:
        team, person = story.teams.get(name), story.people.get(name)
        kept.append(
            loan_hand_over(
                visit=story.desk, pieces=[_hand(story, tag) for tag in tags], key=uuid4(), person=None if team else person, team=team,
                taken_by=story.people[ASKS[name]] if team else None, due_at=None if due is None else story.at(due, 18), is_term=due is None, now=at,
            )
        )  # fmt: skip

    def confirm(at: datetime) -> None:
        loan_accept(visit=story.visit(name), loan=kept[0], now=at)

    def take_back(at: datetime) -> None:
        items = [Back(item=_item(story, tag), condition="worn" if tag == "RA-01" else "") for tag in tags]
        pieces_take_back(visit=story.desk, pieces=items, key=uuid4(), now=at)

    steps: list[tuple[datetime, Callable[[datetime], Any]]] = [(story.at(out, 15, 30), hand)]
    if is_confirmed:
        steps.append((story.at(out, 17, 10), confirm))
    if back is not None:
        steps.append((story.at(back, 11, 45), take_back))
    return steps


def _request(story: Story, fact: tuple[Any, ...]) -> Callable[[datetime], Any]:
    name, what, _, first, last, is_approved = fact

    def ask(at: datetime) -> None:
        product = Product.objects.get(stockroom__courses__course=story.course, name=what)
        row = reservation_make(
            visit=story.visit(name), borrower=story.borrower(name), product=product, from_at=story.at(first, 9), until_at=story.at(last, 18),
            why=WHY.get(what, ""), wait=True, now=at,
        )  # fmt: skip
        if is_approved:
            reservation_approve(
                visit=story.desk, reservation=row, answer="at the desk from nine", now=at + timedelta(hours=1)
            )

    return ask


def _renew(story: Story, at: datetime) -> None:
    loan = Loan.objects.get(course=story.course, pieces__item__tag="JT-01")
    loan_renew(visit=story.visit("tomas.novak"), loan=loan, now=at)


def _report(story: Story, at: datetime) -> None:
    case = case_report(
        visit=story.visit("magpie"), item=_item(story, "UM-01"), what="It shows 0.0 V under load, and 5.1 V without"
    )
    DamageCase.objects.filter(pk=case.pk).update(opened_at=at)


def _count(story: Story, at: datetime) -> None:
    """Drawer 2 was counted: one display is not there."""
    take = take_begin(visit=story.desk, place="Drawer 2")
    for row in take.expected:
        if row["tag"] != "LC-11":
            take_scan(visit=story.desk, take=take, code=row["tag"])
    take_end(visit=story.desk, take=take)
    StockTake.objects.filter(pk=take.pk).update(begun_at=at, ended_at=at + timedelta(minutes=6))


def _hand(story: Story, tag: str) -> Hand:
    if tag.startswith("KIT"):
        return Hand(kit=Kit.objects.get(stockroom__courses__course=story.course, tag=tag))
    return Hand(item=_item(story, tag))


def _item(story: Story, tag: str) -> Item:
    return Item.objects.select_related("product").get(stockroom__courses__course=story.course, tag=tag)
