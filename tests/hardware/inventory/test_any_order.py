"""Whatever people do, in whatever order: nothing is promised twice, and the history stays true. Acts are drawn, and each is followed by
invariants.py."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from courseplatform.core.errors import AppError
from courseplatform.courses.access import visit_of
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.services.staffing import team_dissolve
from hardware import hooks
from hardware.inventory import sweep
from hardware.inventory.ledger import last_event
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.cases import case_move, case_open
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.items import item_change, item_move, items_add
from hardware.inventory.services.kits import kit_change, kit_restore, kit_retire, last_kit_event
from hardware.inventory.services.loans import (
    loan_accept,
    loan_hand_over,
    loan_renew,
    loan_undo,
    piece_lost,
    pieces_take_back,
)
from hardware.inventory.services.reservations import (
    reservation_approve,
    reservation_cancel,
    reservation_change_dates,
    reservation_decline,
    reservation_make,
)
from hardware.inventory.services.stockrooms import stockroom_join
from hardware.inventory.services.takes import take_begin, take_end, take_scan, take_settle
from hardware.inventory.services.taking_back import Back
from hardware.inventory.services.waiting import reservations_sweep
from hardware.models import DamageCase, Item, Kit, Loan, LoanPiece, Reservation
from tests.hardware.inventory import builders as build
from tests.hardware.inventory.invariants import check_all, check_nobody_waits_in_vain, check_plan

pytestmark = pytest.mark.django_db
PHASES = [Phase.generate, *([Phase.shrink] if os.environ.get("SHRINK") else [])]  # shrinking takes minutes
BEGIN = datetime(2023, 10, 20, 15, tzinfo=UTC)  # the clocks change on November 5
RETURN = datetime(2023, 12, 8, 4, 59, tzinfo=UTC)
NUMBER = st.integers(0, 1000)


class World:
    """One stockroom of two courses, made once; each example is played in a transaction that is rolled back."""

    def __init__(self, cast):
        self.cast, self.done = cast, Counter()
        for course, people in ((cast.other_course, (cast.helen,)),):
            for person in people:
                Enrolment.objects.create(course=course, person=person, role=Role.INSTRUCTOR)
        cast.course.facts = cast.course.facts | {"lending": {"quota": {"board": 3}, "renewals": 2, "pickup_days": 2}}
        cast.course.save()
        self.boards = build.product_of(cast)
        build.items_of(cast, self.boards, *(f"PI-0{n}" for n in range(1, 6)))
        self.cameras = build.product_of(cast, "Camera", kind="camera")
        build.items_of(cast, self.cameras, "CM-01", "CM-02", "CM-03")
        self.cables = build.cables_of(cast, 6)
        build.kit_of(cast, "KIT-01", "PI-01", self.cameras, (self.cables, 2))
        build.kit_of(cast, "KIT-02", "PI-02", "CM-01")
        self.room = build.stockroom_of(cast)
        stockroom_join(visit=cast.visit(cast.helen, cast.other_course), stockroom=self.room.pk)
        self.team = Team.objects.create(course=cast.course, name="Heron", slug="heron")
        for person in (cast.ruth, cast.daniel):
            Membership.objects.create(
                team=self.team, course=cast.course, person=person, since_at=BEGIN, begun_by="test"
            )

    def begin(self):
        """Things are out and promised already: what is drawn then meets them."""
        cast, desk = self.cast, {"key": None, "by": self.cast.helen}
        build.hand_over(cast, build.stockroom_of(cast).items.get(tag="PI-03"), team=self.team, is_term=True, **desk)
        build.hand_over(cast, Kit.objects.get(tag="KIT-01"), Hand(item=Item.objects.get(tag="CM-02")), (self.cables, 1), person=cast.sofia,
                        due_at=BEGIN + timedelta(days=6), **desk)  # fmt: skip
        boards, kit = {"product": self.boards, "count": 2}, {"kit": Kit.objects.get(tag="KIT-02")}
        for person, thing, first in ((cast.ruth, boards, 3), (cast.sofia, kit, 1)):
            reservation_make(visit=cast.visit(person), borrower=Borrower(cast.course, person=person), from_at=BEGIN + timedelta(days=first),
                             until_at=BEGIN + timedelta(days=first + 9), **thing)  # fmt: skip


class Clock:
    def __init__(self):
        self.at, self.due = BEGIN, RETURN

    def now(self):
        self.at += timedelta(seconds=1)
        return self.at


def machine_of(world, clock):  # noqa: C901 one class, with what it closes over
    cast, room = world.cast, world.room

    class AnyOrder(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.atomic = transaction.atomic()
            self.atomic.__enter__()
            clock.at, clock.due = BEGIN + timedelta(hours=1), RETURN
            self.keys = 0

        def teardown(self):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

        # -- what the acts are done with

        def key(self):
            self.keys += 1
            return UUID(int=self.keys + (clock.at.toordinal() << 64))

        def one(self, rows, number):
            found = list(rows)
            return found[number % len(found)] if found else None

        def try_(self, act, **values):
            """Refusals are answers; whatever else is raised is a fault of ours. What is refused writes nothing."""
            try:
                with transaction.atomic():
                    done = act(**values)
                world.done[act.__name__, "done"] += 1
                return done
            except AppError as error:
                world.done[act.__name__, error.code] += 1
                assert error.message.endswith((".", "?")), error  # noqa: PT017
                return None

        def staff(self, course=None):
            return cast.visit(cast.helen, course or cast.course)

        def visit(self, person, course):
            """None: who left the course opens none of its pages."""
            return self.try_(visit_of, person=person, slug=course.slug)

        def borrower(self, number):
            """(who asks, for whom)"""
            return [
                (cast.ruth, Borrower(cast.course, person=cast.ruth)), (cast.sofia, Borrower(cast.course, person=cast.sofia)),
                (cast.ruth, Borrower(cast.course, team=world.team)), (cast.lena, Borrower(cast.other_course, person=cast.lena)),
            ][number % 4]  # fmt: skip

        def until(self, days):
            return None if days == 0 else clock.at + timedelta(days=days)

        # -- reservations

        @rule(who=NUMBER, what=st.integers(0, 5), number=NUMBER, count=st.integers(1, 3), first=st.integers(0, 12),
              days=st.integers(0, 20), wait=st.booleans(), by_staff=st.booleans())  # fmt: skip
        def ask(self, who, what, number, count, first, days, wait, by_staff):
            person, borrower = self.borrower(who)
            thing = (
                {"kit": self.one(room.kits.all(), number)} if what == 0 else {"item": self.one(room.items.all(), number)} if what == 1
                else {"product": (world.boards, world.cameras)[number % 2], "count": count}
            )  # fmt: skip
            visit = self.staff(borrower.course) if by_staff else self.visit(person, borrower.course)
            if visit is None:
                return
            from_at = clock.at + timedelta(days=first, minutes=5)
            until_at = from_at + timedelta(days=days) if days else None
            times = {"from_at": from_at, "until_at": until_at, "now": clock.now()}
            self.try_(reservation_make, visit=visit, borrower=borrower, wait=wait, key=self.key(), **times, **thing)

        @rule(number=NUMBER, act=st.sampled_from([reservation_approve, reservation_decline, reservation_cancel]))
        def answer(self, number, act):
            row = self.one(Reservation.objects.filter(status__in=["asked", "waiting", "approved"]), number)
            if row:
                self.try_(act, visit=self.staff(row.course), reservation=row, now=clock.now())

        @rule(number=NUMBER, first=st.integers(0, 12), days=st.integers(0, 20))
        def other_days(self, number, first, days):
            row = self.one(Reservation.objects.all(), number)
            if row:
                from_at = clock.at + timedelta(days=first, minutes=5)
                until_at = from_at + timedelta(days=days) if days else None
                times = {"from_at": from_at, "until_at": until_at, "now": clock.now()}
                self.try_(reservation_change_dates, visit=self.staff(row.course), reservation=row, **times)

        # -- the desk

        @rule(who=NUMBER, numbers=st.lists(NUMBER, min_size=1, max_size=3), kit=st.booleans(), cables=st.integers(0, 3), days=st.integers(-1, 15),
              override=st.booleans())  # fmt: skip
        def hand_over(self, who, numbers, kit, cables, days, override):
            _, borrower = self.borrower(who)
            there = room.items.filter(status="in_service").exclude(
                loan_pieces__in=LoanPiece.objects.filter(back_at=None)
            )
            items = [item for one in numbers if (item := self.one(room.items.all() if one % 10 == 0 else there, one))]
            self.hands(borrower, items, self.one(room.kits.all(), numbers[0]) if kit else None,
                       cables, days, override)  # fmt: skip

        @rule(number=NUMBER, days=st.integers(-1, 15), short=st.booleans(), named=st.booleans())
        def pick_up(self, number, days, short, named):
            row = self.one(Reservation.objects.filter(status__in=["asked", "approved"]), number)
            if row is None:
                return
            items = [one.item for one in row.bookings.filter(is_active=True) if one.item]
            fixed = set(row.kit.slots.values_list("item", flat=True)) if row.kit else set()
            loose = [one for one in items if one.pk not in fixed]
            self.hands(Borrower.of(row), loose[1:] if short else loose, row.kit, 0, days, True, row if named else None)

        def hands(self, borrower, items, kit, cables, days, override, reservation=None):
            hands = [Hand(item=one) for one in dict.fromkeys(items)]
            if kit:
                hands.append(Hand(kit=kit, without=frozenset({"Camera"} if len(items) % 2 else ())))
            if cables:
                hands.append(Hand(product=world.cables, count=cables))
            due = {"is_term": True} if days == -1 else {"due_at": self.until(days)}
            self.try_(loan_hand_over, visit=self.staff(borrower.course), pieces=hands, key=self.key(), person=borrower.person, team=borrower.team,
                      reservation=reservation, is_override=override, now=clock.now(), **due)  # fmt: skip

        @rule(numbers=st.lists(NUMBER, min_size=1, max_size=3), condition=st.sampled_from(["", "good", "worn", "damaged"]),
              kept=st.booleans(), by_other=st.booleans(), every=st.booleans())  # fmt: skip
        def take_back(self, numbers, condition, kept, by_other, every):
            out = list(LoanPiece.objects.filter(back_at=None).select_related("item"))
            wanted = (
                out if every else list({one.pk: one for one in (self.one(out, n) for n in numbers) if one}.values())
            )
            backs = [
                Back(item=one.item, condition=condition) if one.item else Back(piece=one, count=1 if one.count > 1 else None, is_rest_kept=kept)
                for one in wanted
            ]  # fmt: skip
            course = cast.other_course if by_other else cast.course
            self.try_(pieces_take_back, visit=self.staff(course), pieces=backs, key=self.key(), now=clock.now())

        @precondition(lambda self: clock.at.hour % 3 == 0)
        @rule(number=NUMBER)
        def bring_anything(self, number):
            item = self.one(room.items.all(), number)
            is_out = item.loan_pieces.filter(back_at=None).exists()
            done = self.try_(
                pieces_take_back, visit=self.staff(), pieces=[Back(item=item)], key=self.key(), now=clock.now()
            )
            assert (done is not None) == (is_out or (item.status == "lost" and done is not None))

        @rule(number=NUMBER, days=st.integers(-1, 20), by_borrower=st.booleans())
        def renew(self, number, days, by_borrower):
            loan = self.one(Loan.objects.all(), number)
            if loan:
                visit = self.visit(loan.person or cast.ruth, loan.course) if by_borrower else self.staff(loan.course)
                if visit is None:
                    return
                self.try_(
                    loan_renew,
                    visit=visit,
                    loan=loan,
                    until_at=self.until(max(days, 0)),
                    is_term=days == -1,
                    now=clock.now(),
                )

        @rule(number=NUMBER, act=st.sampled_from([loan_undo, loan_accept]), age=st.booleans())
        def undo_or_accept(self, number, act, age):
            loan = self.one(Loan.objects.order_by("-pk"), 0 if age else number)
            if loan:
                visit = (
                    self.visit(loan.person or cast.ruth, loan.course) if act is loan_accept else self.staff(loan.course)
                )
                if visit is None:
                    return
                self.try_(act, visit=visit, loan=loan, now=clock.now())

        @rule(number=NUMBER)
        def lose(self, number):
            piece = self.one(LoanPiece.objects.all(), number)
            if piece:
                self.try_(
                    piece_lost, visit=self.staff(piece.loan.course), piece=piece, why="left on a bus", now=clock.now()
                )

        # -- the stock

        @rule(number=NUMBER)
        def report(self, number):
            self.try_(case_open, visit=self.staff(), item=self.one(room.items.all(), number), what="does not boot")

        @rule(
            number=NUMBER, to=st.sampled_from(["in_repair", "in_repair", "mended", "no_fault", "written_off", "open"])
        )
        def answer_case(self, number, to):
            case = self.one(DamageCase.objects.all(), number)
            if case:
                self.try_(case_move, visit=self.staff(), case=case, to=to, condition="worn" if to == "mended" else "")

        @rule(number=NUMBER, to=st.sampled_from(Item.Status.values))
        def move(self, number, to):
            self.try_(item_move, visit=self.staff(), item=self.one(room.items.all(), number), to=to, why="tidied")

        @rule(number=NUMBER, place=st.sampled_from(["", "shelf A"]), is_camera=st.booleans())
        def other_values(self, number, place, is_camera):
            item = self.one(room.items.all(), number)
            values = {"place": place, "product": world.cameras if is_camera else item.product}
            self.try_(item_change, visit=self.staff(), item=item, values=values, seen=last_event(item))

        @precondition(lambda self: room.items.count() < 12)
        @rule(is_camera=st.booleans())
        def buy(self, is_camera):
            product = world.cameras if is_camera else world.boards
            self.try_(
                items_add,
                visit=self.staff(),
                product=product,
                tags=[f"NEW-{room.items.count()}"],
                serials=(),
                values={},
            )

        @rule(act=st.sampled_from(["bought", "lost", "counted"]), count=st.integers(0, 5))
        def count(self, act, count):
            self.try_(lambda: build.count(cast, world.cables, act, count))

        @rule(number=NUMBER, parts=st.lists(NUMBER, min_size=1, max_size=2), loose=st.integers(0, 2))
        def other_parts(self, number, parts, loose):
            kit = self.one(room.kits.all(), number)
            tags = list(dict.fromkeys(self.one(room.items.all(), one).tag for one in parts))
            found = build.parts_of(*tags, *([(world.cameras, loose)] if loose else []))
            self.try_(kit_change, visit=self.staff(), kit=kit, values={}, parts=found, seen=last_kit_event(kit))

        @rule(number=NUMBER, back=st.booleans())
        def give_up_kit(self, number, back):
            self.try_(kit_restore if back else kit_retire, visit=self.staff(), kit=self.one(room.kits.all(), number))

        @rule(numbers=st.lists(NUMBER, max_size=6), place=st.sampled_from(["", "shelf A"]))
        def count_shelf(self, numbers, place):
            take = self.try_(take_begin, visit=self.staff(), place=place)
            if take is None:
                return
            for number in numbers:
                self.try_(take_scan, visit=self.staff(), take=take, code=self.one(room.items.all(), number).tag)
            take = take_end(visit=self.staff(), take=take)
            chosen = {"lost": "missing", "found": "found", "moved": "elsewhere"}
            keys = {name: [line["item"] for line in take.result.get(part, [])] for name, part in chosen.items()}
            self.try_(take_settle, visit=self.staff(), take=take, **keys)

        # -- people and time

        @rule(back=st.booleans())
        def leave(self, back):
            Enrolment.objects.filter(course=cast.course, person=cast.sofia).update(is_active=back)

        @rule(chance=st.integers(0, 7))
        def dissolve(self, chance):
            world.team.refresh_from_db()
            if chance == 0 and world.team.status != "dissolved":
                team_dissolve(visit=self.staff(), team=world.team, now=clock.now())

        @rule(days=st.integers(-6, 6))
        def move_the_return(self, days):
            clock.due = RETURN + timedelta(days=days)

        @rule(hours=st.sampled_from([1, 5, 24, 49, 24 * 8]))
        def time_passes(self, hours):
            clock.at += timedelta(hours=hours)
            for _ in range(2):
                reservations_sweep(now=clock.now())
                sweep.run(clock.now())
            check_plan(room, clock.at)
            check_nobody_waits_in_vain(room, clock.at)
            assert reservations_sweep(now=clock.now())["no_shows"] == 0

        @invariant()
        def holds(self):
            check_all(room)

    return AnyOrder


@pytest.mark.parametrize(("examples", "steps"), [(6, 40), pytest.param(150, 120, marks=pytest.mark.whole)])
def test_whatever_is_done_in_any_order_nothing_is_promised_twice_and_the_history_stays_true(
    cast, monkeypatch, examples, steps
):
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    monkeypatch.setattr(
        hooks, "return_sources", [lambda course, person, team: hooks.ReturnDay("back", "Return", clock.due, "/")]
    )
    monkeypatch.setattr(hooks, "return_dues_sources", [lambda course, keys: dict.fromkeys(keys, clock.due)])
    world = World(cast)
    world.begin()
    check_all(world.room)
    run_state_machine_as_test(
        machine_of(world, clock),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), phases=PHASES,
        ),
    )  # fmt: skip
