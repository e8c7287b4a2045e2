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
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.models import Notification
from courseplatform.roster.services.members import member_drop
from courseplatform.teams.models import Team
from hardware import demo_neighbours
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.cases import case_move, case_open, case_report
from hardware.inventory.services.due import remind
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.kits import Part, kits_add
from hardware.inventory.services.loans import loan_accept, loan_hand_over, loan_renew, pieces_take_back
from hardware.inventory.services.reservations import reservation_approve, reservation_decline, reservation_make
from hardware.inventory.services.takes import take_begin, take_end, take_scan
from hardware.inventory.services.taking_back import Back
from hardware.inventory.services.waiting import no_shows_release
from hardware.models import (
    CaseEvent,
    CaseMove,
    CaseStatus,
    DamageCase,
    Item,
    Kit,
    KitEvent,
    Loan,
    LoanEvent,
    Product,
    ReservationMove,
    StockEvent,
    Stockroom,
    StockTake,
    StockTakeScan,
)

STAMPED: tuple[Any, ...] = (StockEvent, LoanEvent, KitEvent, ReservationMove, CaseMove, CaseEvent, StockTakeScan)
TEAMS = {"magpie", "heron"}
TERM = None
Step = tuple[datetime, Callable[[datetime], object]]
# who, what, handed over on which day from today, due on which day (TERM: with the return), back on which day, confirmed
LOANS = (
    ("kenji.mori", ("PI-10", "CM-03"), -60, -46, -48, True),
    ("ana.silva", ("PI-11", "UM-09"), -60, -46, -46, True),
    ("ruth.adeyemi", ("PI-12",), -59, -50, -51, True),
    ("leila.haddad", ("JN-04", "MC-02"), -58, -44, -45, True),
    ("magpie", ("PI-01", "UM-01", "KIT-01"), -51, TERM, None, True),
    ("heron", ("JN-01", "MC-01", "UM-02"), -45, TERM, None, True),
    ("lucas.brandt", ("PI-24",), -49, -14, None, True),
    ("leila.haddad", ("RA-01",), -40, -26, -24, True),
    ("kenji.mori", ("PI-25",), -38, 12, None, True),
    ("tomas.novak", ("JT-01",), -30, -16, None, True),
    ("daniel.park", ("LC-01",), -20, -6, None, True),
    ("ana.silva", ("MC-05", "LC-03"), -15, -3, None, True),
    ("ruth.adeyemi", ("GC-01",), -14, 5, None, False),
    ("heron", ("WM-01", "WM-02"), -9, 9, None, True),
    ("kenji.mori", ("WM-03",), -8, 9, None, False),
    ("leila.haddad", ("WM-04", "PZ-02"), -7, 11, None, True),
)
DROPPED, DROPPED_DAYS_AGO = ("Lucas Brandt", "lucas.brandt@example.edu"), 31
# who, what, asked on which day, from and until which day, answered: True yes, False no, None not yet
REQUESTS = (
    ("daniel.park", "Robot arm", -36, -34, -28, False),
    ("sofia.lindgren", "USB microphone", -15, -13, -3, True),
    ("leila.haddad", "USB power meter", -9, -8, 10, None),
    ("magpie", "Wall meter", -3, 1, 8, None),
    ("leila.haddad", "USB microphone", -1, 2, 9, None),
    ("heron", "Camera", -1, 1, 14, None),
    ("sofia.lindgren", "Raspberry Pi Zero W", -2, 0, 12, True),
    ("ruth.adeyemi", "LCD display", -1, 2, 9, None),
    ("kenji.mori", "Robot arm", -1, 3, 10, None),
)
ASKS = {"magpie": "ruth.adeyemi", "heron": "ana.silva"}
WHY = {
    "Wall meter": "what the whole board draws in the final runs",
    "Camera": "a second view of the hand",
    "USB microphone": "the old one hums",
    "USB power meter": "the readings of the last stage",
    "LCD display": "what the classes are, while it runs",
}
# tag, what was wrong, reported so many days ago, and what came of it a day later each
ENDED_CASES = (
    ("CM-21", "no picture on one of three starts", 41, (CaseStatus.IN_REPAIR, CaseStatus.MENDED), "a new ribbon"),
    ("LC-12", "the glass is cracked", 25, (CaseStatus.WRITTEN_OFF,), "a new one costs less"),
    ("GC-05", "does not answer over USB", 18, (CaseStatus.NO_FAULT,), "it was the cable"),
)
REMINDED = (("PI-24", 11), ("PI-24", 4), ("LC-01", 3))  # by hand, so many days ago


class Story:
    """Who is in it, and when its days are."""

    def __init__(self, course: Course, people: Mapping[str, User], desk: Visit, now: datetime) -> None:
        self.course, self.desk, self.now = course, desk, now
        self.people = {address.split("@")[0]: person for address, person in people.items()}
        self.boss = Visit(self.people["helen.castell"], course, Role.INSTRUCTOR)
        self.teams = {team.slug: team for team in Team.objects.filter(course=course, slug__in=TEAMS)}

    @property
    def is_complete(self) -> bool:
        named = {name for name, *_ in (*LOANS, *REQUESTS)} - TEAMS - {DROPPED[1].split("@")[0]}
        return named <= set(self.people) and set(self.teams) == TEAMS

    def enrol_dropped(self) -> None:
        """Nobody signs in as whoever left the course, so only the story knows them."""
        name, email = DROPPED
        person = User.objects.create_user(email=email, name=name, is_demo=True, demo_role="student")
        began = self.now - timedelta(weeks=10)
        row = Enrolment.objects.create(course=self.course, person=person, role=Role.STUDENT)
        Enrolment.objects.filter(pk=row.pk).update(made_at=began)
        self.people[email.split("@")[0]] = person

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
    story.enrol_dropped()
    stamps = Stamps(now)
    with timezone.override(course.tz):  # a history is written in the words of who did it
        for moment, step in sorted(_steps(story), key=lambda one: one[0]):
            step(moment)
            stamps.write(moment)


def _steps(story: Story) -> Iterator[Step]:
    yield story.at(-52, 15), lambda at: _kits(story)
    for fact in LOANS:
        yield from _loan_steps(story, fact)
    for minute, request in enumerate(REQUESTS):
        yield story.at(request[2], 19, minute), _request(story, request)
    for case in ENDED_CASES:
        yield from _case_steps(story, case)
    for tag, days in REMINDED:
        yield story.at(-days, 12), _remind(story, tag)
    yield story.at(-DROPPED_DAYS_AGO, 16, 40), lambda at: _drop(story, at)
    yield story.at(-17, 20), lambda at: _renew(story, at)
    yield story.at(-10, 9, 1), lambda at: no_shows_release(now=at)
    yield story.at(-2, 21), lambda at: _report(story, at)
    yield story.at(-1, 16), lambda at: _count(story, at)
    yield story.now - timedelta(minutes=25), lambda at: _begin_count(story, at)
    marta = story.people.get("marta.weiss")
    if marta is not None and not Course.objects.filter(slug=demo_neighbours.SLUG).exists():
        stockroom = Stockroom.objects.get(courses__course=story.course).pk
        yield from demo_neighbours.steps(beside=story.course, instructor=marta, now=story.now, stockroom=stockroom)


class Stamps:
    """Histories are stamped when they are written; the demo's happened earlier. Nobody is mailed about them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.last = {model: self._newest(model) for model in (*STAMPED, Notification)}

    @staticmethod
    def _newest(model: Any) -> int:
        return model._base_manager.aggregate(last=Max("pk"))["last"] or 0

    def write(self, moment: datetime) -> None:
        """Everything that was written since the last call happened at this moment."""
        read_at = None if moment > self.now - timedelta(days=2) else moment
        news = {"made_at": moment, "mail": MailChoice.SITE, "mail_after": None, "read_at": read_at}
        for model, last in self.last.items():
            written = model._base_manager.filter(pk__gt=last)
            if written.update(**(news if model is Notification else {"at": moment})):
                self.last[model] = self._newest(model)


@contextmanager
def stamped(moment: datetime, now: datetime) -> Iterator[None]:
    stamps = Stamps(now)
    yield
    stamps.write(moment)


def _kits(story: Story) -> None:
    card, supply = (
        Product.objects.get(stockroom__courses__course=story.course, name=name).pk
        for name in ("SD card, 32 GB", "USB-C power supply, 15 W")
    )
    cameras = Part(tags=("CM-22", "CM-23", "CM-24"))
    kits_add(
        visit=story.boss, tags=["KIT-01", "KIT-02", "KIT-03"], name="Vision kit", note="A camera with what it needs to run.",
        parts=[cameras, Part(product=card), Part(product=supply)],
    )  # fmt: skip


def _loan_steps(story: Story, fact: tuple[Any, ...]) -> list[Step]:
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

    steps: list[Step] = [(story.at(out, 15, 30), hand)]
    if is_confirmed:
        steps.append((story.at(out, 17, 10), confirm))
    if back is not None:
        steps.append((story.at(back, 11, 45), take_back))
    return steps


def _request(story: Story, fact: tuple[Any, ...]) -> Callable[[datetime], Any]:
    name, what, _, first, last, answered = fact

    def ask(at: datetime) -> None:
        product = Product.objects.get(stockroom__courses__course=story.course, name=what)
        row = reservation_make(
            visit=story.visit(name), borrower=story.borrower(name), product=product, from_at=story.at(first, 9), until_at=story.at(last, 18),
            why=WHY.get(what, ""), wait=True, now=at,
        )  # fmt: skip
        if answered is True:
            reservation_approve(
                visit=story.desk, reservation=row, answer="at the desk from nine", now=at + timedelta(hours=1)
            )
        if answered is False:
            reservation_decline(
                visit=story.desk, reservation=row, answer="it needs the cage; ask with your team", now=at
            )

    return ask


def _renew(story: Story, at: datetime) -> None:
    loan_renew(visit=story.visit("tomas.novak"), loan=_loan_of(story, "JT-01"), now=at)


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


def _begin_count(story: Story, at: datetime) -> None:
    """Somebody is at Drawer 1 now, and has seen the first of it."""
    take = take_begin(visit=story.desk, place="Drawer 1")
    for row in take.expected[:5]:
        take_scan(visit=story.desk, take=take, code=row["tag"])
    StockTake.objects.filter(pk=take.pk).update(begun_at=at)


def _case_steps(story: Story, fact: tuple[Any, ...]) -> Iterator[Step]:
    tag, what, days, ends, why = fact
    opened = story.at(-days, 11)

    def begin(at: datetime) -> None:
        case = case_open(visit=story.desk, item=_item(story, tag), what=what)
        DamageCase.objects.filter(pk=case.pk).update(opened_at=at)

    def end(to: CaseStatus) -> Callable[[datetime], None]:
        def move(at: datetime) -> None:
            condition = "good" if to in {CaseStatus.MENDED, CaseStatus.NO_FAULT} else ""
            case = case_move(visit=story.desk, case=DamageCase.objects.get(item__tag=tag, what=what), to=to, why=why, condition=condition)  # fmt: skip
            if case.closed_at is not None:
                DamageCase.objects.filter(pk=case.pk).update(closed_at=at)

        return move

    yield opened, begin
    for number, to in enumerate(ends, start=1):
        yield opened + timedelta(days=number), end(to)


def _remind(story: Story, tag: str) -> Callable[[datetime], object]:
    return lambda at: remind(visit=story.desk, loan=_loan_of(story, tag).pk, now=at)


def _drop(story: Story, at: datetime) -> None:
    """Whoever leaves the course keeps the loan until it is back."""
    enrolment = Enrolment.objects.get(course=story.course, person=story.people["lucas.brandt"])
    member_drop(visit=story.boss, enrolment=enrolment, why="not in the registrar's list any more", now=at)


def _loan_of(story: Story, tag: str) -> Loan:
    return Loan.objects.get(course=story.course, closed_at=None, pieces__item__tag=tag)


def _hand(story: Story, tag: str) -> Hand:
    if tag.startswith("KIT"):
        return Hand(kit=Kit.objects.get(stockroom__courses__course=story.course, tag=tag))
    return Hand(item=_item(story, tag))


def _item(story: Story, tag: str) -> Item:
    return Item.objects.select_related("product").get(stockroom__courses__course=story.course, tag=tag)
