"""Who may borrow: the rules of the course, asked of persons and teams, and what staff may set aside."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Membership, Team, TeamStatus
from hardware.inventory.lending.eligibility import Borrower, check_may_borrow, kind_words
from hardware.models import RESERVATION_OPEN, Kit, KitSlot, Loan, LoanPiece, Reservation, ReservationStatus
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import cables_of, items_of, product_of
from tests.people import make_course

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def pi(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02", "PI-03")
    return product


@pytest.fixture
def heron(cast):
    return make_team(cast, "Heron", cast.ruth, cast.daniel)


def say(cast, **facts):
    cast.course.facts = {"lending": facts}
    cast.course.save()


def ask(cast, who, wants, *, person=None, team=None, **more):
    visit = cast.visit(who)
    borrower = Borrower(visit.course, None if team else person or who, team)
    return check_may_borrow(visit=visit, borrower=borrower, wants=wants, now=NOW, **more)


def refused(error, cast, who, wants, **more):
    with pytest.raises(error) as caught:
        ask(cast, who, wants, **more)
    return caught.value


def lend(cast, product, tag="", due=None, count=1, **to):
    loan = Loan.objects.create(
        stockroom=product.stockroom, course=cast.course, handed_at=NOW - timedelta(days=9), handed_by="amit", due_at=due, **to
    )  # fmt: skip
    item = product.items.get(tag=tag) if tag else None
    return LoanPiece.objects.create(loan=loan, product=product, item=item, count=count, out_at=loan.handed_at)


def reserve(cast, status=ReservationStatus.ASKED, **fields):
    row = Reservation(
        course=cast.course, made_by=cast.ruth, made_at=NOW, from_at=NOW, until_at=NOW + timedelta(days=3), status=status, **fields
    )  # fmt: skip
    row.stockroom = (row.product or row.kit).stockroom
    row.save()
    return row


def test_a_student_and_a_team_may_borrow_where_the_course_says_nothing(cast, pi, heron):
    assert ask(cast, cast.ruth, {pi: 5}) == []
    assert ask(cast, cast.ruth, {pi: 5}, team=heron) == []
    assert ask(cast, cast.amit, {pi: 5}, team=heron) == []


def test_who_is_not_in_the_course_borrows_nothing_whoever_asks(cast, pi):
    for person in (cast.oscar, cast.lena):
        error = refused(Forbidden, cast, cast.amit, {pi: 1}, person=person, is_staff_override=True)
        assert (error.code, person.name in error.message) == ("not_in_course", True)
    Enrolment.objects.filter(course=cast.course, person=cast.ruth).update(is_active=False)
    assert refused(Forbidden, cast, cast.amit, {pi: 1}, person=cast.ruth).code == "not_in_course"


def test_a_team_of_another_course_borrows_nothing_here(cast, pi, heron):
    heron.course = make_course("elsewhere")
    heron.save()
    assert refused(Forbidden, cast, cast.amit, {pi: 1}, team=heron).code == "not_in_course"


def test_a_student_asks_for_nobody_else(cast, pi, heron):
    assert refused(Forbidden, cast, cast.ruth, {pi: 1}, person=cast.daniel).code == "not_yourself"
    assert refused(Forbidden, cast, cast.sofia, {pi: 1}, team=heron).code == "not_your_team"
    Membership.objects.filter(team=heron, person=cast.daniel).update(until_at=NOW - timedelta(minutes=1))
    assert refused(Forbidden, cast, cast.daniel, {pi: 1}, team=heron).code == "not_your_team"


def test_a_dissolved_team_borrows_nothing_also_at_the_desk(cast, pi, heron):
    Team.objects.filter(pk=heron.pk).update(
        status=TeamStatus.DISSOLVED
    )  # since the page was opened that holds it as it was
    assert refused(Forbidden, cast, cast.amit, {pi: 1}, team=heron, is_staff_override=True).code == "team_dissolved"


@pytest.mark.parametrize(("borrowers", "code"), [("team", "teams_only"), ("person", "persons_only")])
def test_a_course_may_lend_to_one_sort_of_borrower(cast, pi, heron, borrowers, code):
    say(cast, borrowers=borrowers)
    right, wrong = ({"team": heron}, {}) if borrowers == "team" else ({}, {"team": heron})
    assert refused(Forbidden, cast, cast.ruth, {pi: 1}, **wrong).code == code
    assert ask(cast, cast.ruth, {pi: 1}, **right) == []


def test_staff_who_borrow_for_themselves_are_asked_nothing_more(cast, pi):
    say(cast, borrowers="team", quota={"board": 1}, open_to_requests=False)
    assert ask(cast, cast.amit, {pi: 3}) == []


def test_closed_requests_are_closed_for_students_and_not_at_the_desk(cast, pi):
    say(cast, open_to_requests=False)
    assert refused(Forbidden, cast, cast.ruth, {pi: 1}).code == "closed"
    assert ask(cast, cast.amit, {pi: 1}, person=cast.ruth) == []


def test_the_quota_counts_what_is_out_and_names_it(cast, pi, heron):
    say(cast, quota={"board": 1})
    assert ask(cast, cast.ruth, {pi: 1}, team=heron) == []
    piece = lend(cast, pi, "PI-01", team=heron)
    error = refused(Conflict, cast, cast.ruth, {pi: 1}, team=heron)
    assert (error.code, error.message) == ("quota", "Raspberry Pi 4, 8 GB: at most 1 board a team; team Heron has 1.")
    assert ask(cast, cast.ruth, {pi: 1}) == []  # what the team has is not hers
    piece.back_at, piece.ended_as = NOW, "returned"
    piece.save()
    assert ask(cast, cast.ruth, {pi: 1}, team=heron) == []


def test_the_quota_is_of_a_kind_over_all_its_products(cast, pi):
    say(cast, quota={"board": 2})
    jetson = product_of(cast, "Jetson Nano, 4 GB")
    lend(cast, pi, "PI-01", person=cast.ruth)
    assert ask(cast, cast.ruth, {jetson: 1}) == []
    error = refused(Conflict, cast, cast.ruth, {jetson: 1, pi: 1})
    assert error.message == "Jetson Nano, 4 GB: at most 2 boards a person; Ruth has 1, and this is 2 more."


def test_what_has_no_quota_is_not_limited(cast, pi):
    say(cast, quota={"board": 1})
    assert ask(cast, cast.ruth, {cables_of(cast): 40}) == []


@pytest.mark.parametrize("status", [ReservationStatus.WAITING, ReservationStatus.ASKED, ReservationStatus.APPROVED])
def test_open_reservations_count_and_the_one_that_is_served_does_not(cast, pi, status):
    say(cast, quota={"board": 1})
    row = reserve(cast, status, person=cast.ruth, product=pi)
    error = refused(Conflict, cast, cast.ruth, {pi: 1})
    assert error.message.endswith("Ruth has 0 and asked for 1.")
    assert ask(cast, cast.ruth, {pi: 1}, served=row) == []


@pytest.mark.parametrize("status", sorted(set(ReservationStatus) - RESERVATION_OPEN))
def test_reservations_that_ended_do_not_count(cast, pi, status):
    say(cast, quota={"board": 1})
    reserve(cast, status, person=cast.ruth, product=pi)
    assert ask(cast, cast.ruth, {pi: 1}) == []


def test_a_reserved_kit_counts_what_is_in_it(cast, pi):
    say(cast, quota={"board": 3, "cable": 4})
    kit = Kit.objects.create(stockroom=pi.stockroom, tag="KIT-01", name="Vision kit")
    cables = cables_of(cast)
    KitSlot.objects.create(kit=kit, item=pi.items.get(tag="PI-01"))
    KitSlot.objects.create(kit=kit, product=pi, count=2)
    KitSlot.objects.create(kit=kit, product=cables, count=3)
    reserve(cast, person=cast.ruth, kit=kit)
    assert "has 0 and asked for 3" in refused(Conflict, cast, cast.ruth, {pi: 1}).message
    assert ask(cast, cast.ruth, {cables: 1}) == []
    assert "asked for 3, and this is 2 more" in refused(Conflict, cast, cast.ruth, {cables: 2}).message


def test_who_has_something_overdue_is_handed_nothing_new(cast, pi, heron):
    lend(cast, pi, "PI-01", due=NOW - timedelta(days=1), team=heron)
    error = refused(Conflict, cast, cast.ruth, {pi: 1}, team=heron)
    assert error.code == "overdue_hold"
    assert error.message.startswith("Team Heron is handed nothing new: Raspberry Pi 4, 8 GB PI-01 is overdue since")
    assert refused(Conflict, cast, cast.ruth, {}).code == "overdue_hold"  # through her team
    assert ask(cast, cast.sofia, {pi: 1}) == []
    say(cast, hold_overdue=False)
    assert ask(cast, cast.ruth, {pi: 1}, team=heron) == []


def test_what_a_member_has_overdue_does_not_hold_the_team(cast, pi, heron):
    lend(cast, pi, "PI-01", due=NOW - timedelta(days=1), person=cast.ruth)
    assert refused(Conflict, cast, cast.ruth, {pi: 1}).code == "overdue_hold"
    assert ask(cast, cast.daniel, {pi: 1}, team=heron) == []


def test_what_is_overdue_in_another_course_of_the_same_stock_holds_too(cast, pi):
    old = make_course("odml-before")
    lend(cast, pi, "PI-01", due=NOW - timedelta(days=90), person=cast.ruth)
    Loan.objects.update(course=old)
    assert refused(Conflict, cast, cast.ruth, {pi: 1}).code == "overdue_hold"


def test_the_words_of_a_hold_name_only_what_is_still_out_and_at_most_three(cast, pi):
    due = NOW - timedelta(days=1)
    back = lend(cast, pi, "PI-01", due=due, person=cast.ruth)
    LoanPiece.objects.create(loan=back.loan, product=cables_of(cast), count=2, out_at=back.out_at)
    LoanPiece.objects.filter(pk=back.pk).update(back_at=NOW, ended_as="returned")
    said = refused(Conflict, cast, cast.ruth, {}).message
    assert "2 x USB-C cable" in said
    assert "PI-01" not in said
    for tag in ("PI-02", "PI-03"):
        lend(cast, pi, tag, due=due, person=cast.ruth)
    lend(cast, product_of(cast, "Camera", kind="camera"), due=due, person=cast.ruth)
    assert "Raspberry Pi 4, 8 GB PI-03 and more are overdue" in refused(Conflict, cast, cast.ruth, {}).message


def test_the_desk_may_set_quota_and_hold_aside_and_is_told_what_stood_against_it(cast, pi, heron):
    say(cast, quota={"board": 1})
    lend(cast, pi, "PI-01", due=NOW - timedelta(days=1), team=heron)
    said = ask(cast, cast.amit, {pi: 1}, team=heron, is_staff_override=True)
    assert [words.split(":")[0] for words in said] == ["Team Heron is handed nothing new", "Raspberry Pi 4, 8 GB"]
    assert refused(Conflict, cast, cast.ruth, {pi: 1}, team=heron, is_staff_override=True).code == "overdue_hold"


def test_it_asks_at_most_seven_times_however_much_somebody_has(cast, pi, heron, django_assert_max_num_queries):
    say(cast, quota={"board": 100, "cable": 100})
    cables = cables_of(cast)
    for _ in range(12):
        lend(cast, cables, count=2, person=cast.ruth)
        reserve(cast, person=cast.ruth, product=pi)
    visit = cast.visit(cast.ruth)
    borrower = Borrower(visit.course, cast.ruth)
    with django_assert_max_num_queries(7):
        check_may_borrow(visit=visit, borrower=borrower, wants={pi: 1, cables: 1}, now=NOW)


def test_a_borrower_has_a_name_words_and_members(cast, heron):
    team, person = Borrower(cast.course, team=heron), Borrower(cast.course, cast.ruth)
    assert (team.name, team.words, team.members) == ("Heron", "team Heron", [cast.ruth, cast.daniel])
    assert (person.name, person.words, person.members) == ("Ruth", "Ruth", [cast.ruth])
    with pytest.raises(ValueError, match="a person or a team"):
        Borrower(cast.course, cast.ruth, heron)


def test_kinds_stand_in_sentences():
    assert [kind_words("board", n) for n in (1, 2)] == ["board", "boards"]
    assert [kind_words("usb_meter", n) for n in (0, 1)] == ["USB multimeters", "USB multimeter"]
    assert [kind_words("power_supply", n) for n in (1, 2)] == ["power supply", "power supplies"]


def test_a_visit_is_of_one_course_and_asks_for_it_alone(cast, pi):
    Enrolment.objects.create(course=cast.other_course, person=cast.helen, role=Role.INSTRUCTOR)
    visit = Visit(cast.helen, cast.other_course, Role.INSTRUCTOR)
    with pytest.raises(Forbidden) as caught:
        check_may_borrow(visit=visit, borrower=Borrower(cast.course, cast.ruth), wants={pi: 1}, now=NOW)
    assert caught.value.code == "not_in_course"
