"""A whole term of 11-767 in the fall of 2023, by the clock of New York: thirty teams, from the list that is taken in to the last count.

What is expected is written by hand: who is reminded how often, what a late return costs, what a count finds.
"""

from collections import Counter
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment, Role
from courseplatform.notices.models.notifications import Notification
from courseplatform.roster.services.members import member_drop
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.services.staffing import team_dissolve
from grading.models import LateEntry
from grading.models.owners import Owner
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give
from hardware.inventory import sweep
from hardware.inventory.kits.contents import kit_state
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.cases import case_cost, case_move, case_open, case_report
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
from hardware.inventory.services.kits import Part, kits_add
from hardware.inventory.services.loans import loan_accept, loan_hand_over, loan_renew, piece_lost, pieces_take_back
from hardware.inventory.services.products import balance_of
from hardware.inventory.services.reservations import reservation_approve, reservation_decline, reservation_make
from hardware.inventory.services.takes import take_begin, take_end, take_scan, take_settle
from hardware.inventory.services.taking_back import Back
from hardware.inventory.services.waiting import reservations_sweep
from hardware.inventory.stock.rules import tags_of
from hardware.models import DamageCase, Item, Kit, Loan, LoanPiece, Product, Reservation
from tests.hardware.inventory.builders import stockroom_of
from tests.hardware.inventory.invariants import check_all, check_plan
from tests.parts import ROOT
from tests.people import make_lab, make_user

pytestmark = pytest.mark.django_db
LIST = ROOT / "courses" / "cmu-11-767-stock.csv"
NEW_YORK = ZoneInfo("America/New_York")
LATE = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
LENDING = {
    "quota": {"board": 1, "camera": 2, "robot": 1},
    "pickup_days": 3,
    "remind_days": [7, 1],
    "renewals": 1,
    "renew_days": 14,
}
ARM = "Robot arm"


def at(month, day, hour=12, minute=0):
    return datetime(2023, month, day, hour, minute, tzinfo=NEW_YORK)


class Term:
    """The course, its thirty teams, and a clock that is moved by hand; every morning on the way the sweep runs."""

    def __init__(self, cast, monkeypatch):
        self.cast, self.course, self.reminded = cast, cast.course, 0
        self.now = at(8, 28, 8)
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        self.course.facts = {"late_policy": {"policy": LATE}, "lending": LENDING}
        self.course.starts_on, self.course.ends_on = date(2023, 8, 28), date(2023, 12, 15)
        self.course.save()
        self.returns = make_lab(self.course, "hardware-return", kind="hardware_return", short="Hardware return", title="", bench_spec={},
                                is_individual=False, points=0, due_at=at(12, 7, 23, 59), released_at=self.now)  # fmt: skip
        self.teams = [self._team(number) for number in range(1, 31)]
        self.room = stockroom_of(cast)
        self.staff, self.desk = cast.visit(cast.helen), cast.visit(cast.amit)

    def _team(self, number):
        team = Team.objects.create(course=self.course, name=f"T{number:02}", slug=f"t{number:02}")
        for letter in "ab":
            person = make_user(f"S{number:02}{letter}")
            Enrolment.objects.create(course=self.course, person=person, role=Role.STUDENT)
            Membership.objects.create(team=team, course=self.course, person=person, since_at=self.now, begun_by="test")
        return team

    def go(self, month, day, hour=12, minute=0):
        """On to that moment; nothing may be wrong on the way."""
        until = at(month, day, hour, minute)
        assert until >= self.now
        while (morning := datetime.combine(self.now.astimezone(NEW_YORK).date(), time(9, 30), NEW_YORK)) <= until:
            if morning > self.now:
                self.now = morning
                reservations_sweep(now=morning)
                self.reminded += sweep.run(morning)["reminded"]
            self.now = datetime.combine(morning.date() + timedelta(days=1), time(0), NEW_YORK)
        self.now = until
        check_all(self.room)
        check_plan(self.room, self.now)

    def team(self, number):
        return Team.objects.get(pk=self.teams[number - 1].pk)

    def student(self, number):
        """A visit of the first member of a team."""
        return self.cast.visit(self.team(number).memberships.order_by("pk").first().person)

    def ask(self, number, *, product=None, kit=None, first, last=None, wait=False, visit=None):
        return reservation_make(
            visit=visit or self.student(number), borrower=Borrower(self.course, team=self.team(number)), product=product, kit=kit, from_at=first,
            until_at=last, wait=wait, key=uuid4(),
        )  # fmt: skip

    def lend(self, *hands, team=None, person=None, due_at=None, reservation=None):
        return loan_hand_over(
            visit=self.desk, pieces=hands, key=uuid4(), team=team and self.team(team), person=person, due_at=due_at, is_term=due_at is None,
            reservation=reservation,
        )  # fmt: skip

    def bring(self, *tags, condition="", what=""):
        backs = [Back(item=self.item(tag), condition=condition, what=what) for tag in tags]
        return pieces_take_back(visit=self.desk, pieces=backs, key=uuid4())

    def bring_all(self, *numbers):
        """Whatever these teams have, in one go."""
        out = LoanPiece.objects.filter(loan__team__in=[self.team(number) for number in numbers], back_at=None)
        backs = [Back(item=row.item) if row.item else Back(piece=row) for row in out.select_related("item")]
        return pieces_take_back(visit=self.desk, pieces=backs, key=uuid4())

    def item(self, tag):
        return Item.objects.select_related("product").get(stockroom=self.room, tag=tag)

    def product(self, name):
        return Product.objects.get(stockroom=self.room, name=name)

    def kit(self, number):
        return Kit.objects.get(stockroom=self.room, tag=f"KIT-{number:02}")


def code_of(act):
    with pytest.raises(AppError) as refused:
        act()
    return refused.value.code


def test_a_term_of_thirty_teams(cast, monkeypatch):
    term = Term(cast, monkeypatch)
    take_in(term)
    make_kits(term)
    ask_and_hand_over(term)
    in_october(term)
    in_november(term)
    come_back(term)
    mails(term)
    count_and_close(term)


def take_in(term):
    made = stock_import_create(visit=term.staff, data=LIST.read_bytes(), file_name=LIST.name)
    plan = plan_of(term.staff, made)
    assert Counter(line.verdict for line in plan.lines) == {"new": 139}
    stock_import_apply(visit=term.staff, stock_import=made, digest=plan.digest)
    assert (term.room.items.count(), term.room.items.filter(product__kind__in=["board", "accelerator"]).count()) == (
        135,
        48,
    )
    again = stock_import_create(visit=term.staff, data=LIST.read_bytes())
    assert Counter(line.verdict for line in plan_of(term.staff, again).lines) == {"same": 139}


def make_kits(term):
    boards = tags_of("PI-[01-18]") + tags_of("JN-[01-08]") + tags_of("JT-[01-04]")
    parts = [
        Part(tags=tuple(boards)), Part(tags=tuple(tags_of("UM-[01-30]"))), Part(product=term.product("USB-C power supply").pk),
        Part(product=term.product("SD card, 32 GB").pk),
    ]  # fmt: skip
    made = kits_add(visit=term.staff, tags=tags_of("KIT-[01-30]"), name="Board, meter, supply and card", parts=parts)
    assert [kit_state(kit).is_whole for kit in made] == [True] * 30


def ask_and_hand_over(term):
    """Thirty ask, one is declined, one does not come."""
    term.go(9, 15)
    asked = [term.ask(number, kit=term.kit(number), first=at(9, 19, 9)) for number in range(1, 31)]
    assert {row.until_at for row in asked} == {at(12, 7, 23, 59)}
    assert code_of(lambda: term.ask(1, product=term.product("Raspberry Pi 4, 4 GB"), first=at(9, 19, 9))) == "quota"
    arms = [term.ask(number, product=term.product(ARM), first=at(9, 19, 9)) for number in (1, 2)]
    assert code_of(lambda: term.ask(3, product=term.product(ARM), first=at(9, 19, 9))) == "not_free"
    assert term.ask(3, product=term.product(ARM), first=at(9, 19, 9), wait=True).status == "waiting"
    term.go(9, 16)
    for row in [*asked[:29], *arms]:
        reservation_approve(visit=term.desk, reservation=row)
    reservation_decline(visit=term.desk, reservation=asked[29], answer="You bring your own robot.")
    term.go(9, 19)
    for number in range(1, 29):
        loan = term.lend(Hand(kit=term.kit(number)), team=number)
        assert (loan.reservation, loan.pieces.count(), loan.due_at) == (asked[number - 1], 4, at(12, 7, 23, 59))
        loan_accept(visit=term.student(number), loan=loan)
    for number, tag in ((1, "RA-01"), (2, "RA-02")):
        term.lend(Hand(item=term.item(tag)), team=number)
    assert balance_of(term.product("SD card, 32 GB")) == 60 - 28
    term.go(9, 23)
    assert Counter(Reservation.objects.values_list("status", flat=True)) == {
        "handed_over": 30, "declined": 1, "no_show": 1, "waiting": 1,
    }  # fmt: skip
    term.go(9, 26)
    term.lend(Hand(kit=term.kit(29)), team=29)


def in_october(term):
    """Short loans and renewals, a board that breaks, a meter that is lost, a student who leaves, a team that is dissolved."""
    term.go(10, 2)
    camera, sofia = term.product("Camera"), term.cast.sofia
    short = term.lend(Hand(item=term.item("CM-01")), team=4, due_at=at(10, 16, 23, 59))
    term.lend(Hand(item=term.item("PF-02")), person=sofia, due_at=at(10, 27, 23, 59))
    wanted = term.ask(6, product=camera, first=at(10, 12, 9), last=at(10, 20, 23))
    reservation_approve(visit=term.desk, reservation=wanted)
    term.go(10, 10)
    assert loan_renew(visit=term.student(4), loan=short).due_at == at(10, 30, 23, 59)
    assert code_of(lambda: loan_renew(visit=term.student(4), loan=short)) == "renewed_enough"
    board_breaks(term)
    planned = wanted.bookings.get().item
    case_move(visit=term.desk, case=case_open(visit=term.desk, item=planned, what="the ribbon is torn"), to="in_repair")
    other = wanted.bookings.get().item
    assert other not in (None, planned)
    term.go(10, 12)
    term.lend(Hand(item=other), team=6, due_at=at(10, 20, 23))
    term.go(10, 12, 18)
    term.bring(other.tag)
    term.go(10, 17)
    piece_lost(visit=term.desk, piece=LoanPiece.objects.get(item__tag="UM-07", back_at=None), why="left on a bus")
    term.go(10, 20)
    member_drop(visit=term.staff, enrolment=Enrolment.objects.get(course=term.course, person=sofia))
    assert code_of(lambda: term.lend(Hand(item=term.item("MC-01")), person=sofia)) == "not_in_course"
    term.go(10, 25)
    team_dissolve(visit=term.staff, team=term.team(9))
    assert code_of(lambda: term.lend(Hand(item=term.item("MC-01")), team=9)) == "team_dissolved"
    term.go(10, 26)
    term.bring_all(9)
    term.go(10, 30)
    term.bring("CM-01")
    term.lend(Hand(item=term.item("CM-01")), team=5, due_at=at(11, 2, 23, 59))


def board_breaks(term):
    student = term.student(3)
    case = case_report(visit=student, item=term.item("PI-03"), what="does not boot")
    assert code_of(lambda: case_move(visit=term.desk, case=case, to="in_repair")) == "on_loan"
    term.bring("PI-03", condition="damaged", what="burnt")
    assert DamageCase.objects.get(item__tag="PI-03") == case
    case_move(visit=term.desk, case=case, to="in_repair")
    assert "PI-03 is in repair" in kit_state(term.kit(3)).words
    term.lend(Hand(item=term.item("PF-01")), team=3)  # the quota of one board has room again
    term.go(10, 11)
    case_cost(visit=term.desk, case=case, cost=75, currency="USD", note="a new board")
    case_move(visit=term.desk, case=case, to="mended", condition="good")
    assert term.item("PI-03").status == "in_service"


def in_november(term):
    """The clocks change on the 5th; the list is served; one team is given three more days."""
    term.go(11, 1)
    camera = Loan.objects.get(team=term.team(5), is_term=False)
    until = loan_renew(visit=term.student(5), loan=camera).due_at
    assert until == at(11, 16, 23, 59) and until - at(11, 2, 23, 59).astimezone(ZoneInfo("UTC")) == timedelta(
        days=14, hours=1
    )
    term.bring("RA-02")
    (served,) = Reservation.objects.filter(team=term.team(3), product=term.product(ARM))
    assert served.status == "asked"
    reservation_approve(visit=term.desk, reservation=served)
    term.go(11, 2)
    assert term.lend(Hand(item=term.item("RA-02")), team=3).reservation == served
    term.go(11, 10)
    term.bring("PF-02")  # whoever left the course brings it all the same
    term.go(11, 16)
    term.bring("CM-01")
    term.go(11, 20)
    ten = term.team(10)
    owner = Owner(ten.memberships.order_by("pk").first().person, ten)
    extension_give(visit=term.staff, assignment=term.returns, owners=[owner], until="2023-12-10 23:59", reason="flight")
    term.go(11, 21)
    assert Loan.objects.get(team=ten).due_at == at(12, 10, 23, 59)
    assert Loan.objects.open().filter(due_at=at(12, 7, 23, 59)).count() == 27 + 3  # a board and two arms apart


def come_back(term):
    term.go(12, 7)
    on_time = [number for number in (*range(1, 25), 28) if number not in (9, 10)]
    done = term.bring_all(*on_time)
    assert (len(done.loans), done.still_out) == (len(on_time) + 3, [])
    term.go(12, 8)
    assert code_of(lambda: term.lend(Hand(item=term.item("CM-03")), team=25, due_at=at(12, 9))) == "overdue_hold"
    term.go(12, 8, 20)
    term.bring_all(25)
    term.go(12, 9, 20)
    term.bring_all(26)
    term.go(12, 10)
    term.bring_all(10)
    term.go(12, 12)
    term.bring_all(27)
    term.go(12, 20)
    people = set(Membership.objects.filter(course=term.course).values_list("person", flat=True))
    late_days_count(course=term.course, people=people)
    spent = (
        LateEntry.objects.filter(course=term.course, kind="spend").values_list("team__name").annotate(sum=Sum("days"))
    )
    # 20 hours after the due time, 44 hours, and 4.5 days
    assert dict(spent) == {"T25": -1, "T26": -2, "T27": -5}
    left = LateEntry.objects.filter(course=term.course, team=term.team(27)).aggregate(sum=Sum("days"))
    assert left["sum"] == 0


def mails(term):
    # On Nov 30, Dec 6 and Dec 7, all but the dissolved team, the declined one and the one with an extension; that one three times too.
    before = 3 * 27 + 3
    # Late by one, two and five days, and never: on the first three days, and then weekly.
    after = 1 + 2 + 3 + 4
    # A camera on Oct 9, 23, 29, 30; another on Nov 1, 9, 15, 16. Who left: Oct 20, 26, 27, 28, 29, 30, Nov 6.
    short, gone = 4 + 4, 7
    assert term.reminded == before + after + short + gone == 109
    found = Notification.objects.filter(course=term.course, title__regex=r"^(Due|Was due) back")
    assert found.count() == 2 * (before + after + short) + gone


def count_and_close(term):
    """A shelf is counted: one meter is missing, a camera stands where it does not belong, what is out or lost is not looked for."""
    take = take_begin(visit=term.desk, place="Drawer 3")
    assert len(take.expected) == 32 + 4 - 2  # UM-07 is lost, UM-29 never came back
    here = [line["tag"] for line in take.expected if line["tag"] != "UM-31"]
    for code in [*here, "CM-20", "https://elsewhere.example/pay", here[0]]:
        take_scan(visit=term.desk, take=take, code=code)
    take = take_end(visit=term.desk, take=take)
    assert [line["tag"] for line in take.result["missing"]] == ["UM-31"]
    assert [line["tag"] for line in take.result["elsewhere"]] == ["CM-20"]
    keys = {"lost": [term.item("UM-31").pk], "moved": [term.item("CM-20").pk]}
    assert take_settle(visit=term.desk, take=take, **keys) == 2
    assert (term.item("UM-31").status, term.item("CM-20").place) == ("lost", "Drawer 3")
    check_all(term.room)
    assert [loan.team.name for loan in Loan.objects.filter(closed_at=None)] == ["T29"]
    assert balance_of(term.product("SD card, 32 GB")) == 60 - 1
    assert term.room.items.filter(status="lost").count() == 2
