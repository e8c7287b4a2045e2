"""What somebody has: on the page of the course, and on that of the site, also for who has left."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.teams.models import Membership
from hardware import hooks
from hardware.inventory.lending.loan_words import due_badge
from hardware.inventory.selectors.mine import everywhere
from hardware.inventory.services.due import remind
from hardware.inventory.services.loan_notices import loan_path
from hardware.inventory.services.loans import loan_say
from hardware.models import DamageCase, Loan, LoanPiece, Reservation
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, items_of, kit_of, product_of, stockroom_of
from tests.hardware.inventory.test_dashboard import lend
from tests.people import make_user

pytestmark = pytest.mark.django_db
MINE = "/hardware/mine/"


def told(person):
    return list(Notification.objects.filter(person=person).order_by("pk"))


def words(client, address=BASE):
    return " ".join(client.get(address).content.decode().split())


@pytest.fixture
def boards(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-{n:02d}" for n in range(1, 7)))
    return product


def test_a_student_with_nothing_reads_that_and_what_there_is_to_have(cast, boards, client):
    client.force_login(cast.ruth)
    found = words(client)
    assert "You have nothing on loan from this course." in found and "My hardware</h2>" not in found
    assert '<p class="amount-of">6 <span class="second">free of 6</span></p>' in found
    assert "You have nothing on loan" in words(client, MINE)


def test_a_student_sees_what_they_and_their_team_have_and_nobody_elses(cast, boards, client):
    team = make_team(cast, "Heron", cast.ruth, cast.daniel)
    lend(cast, "PI-01", 9, due=-5)
    lend(cast, "PI-02", 9, due=2, team=team)
    lend(cast, "PI-03", 9, person=cast.sofia)
    lend(cast, "PI-04", 9, back=1)
    client.force_login(cast.ruth)
    found = words(client)
    assert "You have 2 things; 1 is overdue." in found
    now_mine, returned = found.split("Brought back")
    assert [tag for n in range(1, 7) if (tag := f"PI-{n:02d}") in now_mine] == ["PI-01", "PI-02"]
    assert [tag for n in range(1, 7) if (tag := f"PI-{n:02d}") in returned] == ["PI-04"] and "all back" in returned
    assert found.index("PI-02") < found.index("PI-01") and "2 days overdue" in found and "Team Heron" in found
    assert all(f'href="{BASE}rules/"' in client.get(address).content.decode() for address in (BASE, MINE))
    client.force_login(cast.daniel)
    assert [tag for n in range(1, 7) if (tag := f"PI-{n:02d}") in words(client)] == ["PI-02"]


def test_who_left_a_team_has_no_more_what_the_team_has(cast, boards, client):
    team = make_team(cast, "Heron", cast.ruth, cast.daniel)
    lend(cast, "PI-02", 9, team=team)
    Membership.objects.filter(person=cast.ruth).update(until_at=timezone.now() - timedelta(minutes=1))
    client.force_login(cast.ruth)
    assert "PI-02" not in words(client) + words(client, MINE)


def test_what_comes_back_with_the_return_says_what_late_days_mean(cast, boards, client, monkeypatch):
    def source(course, person, team):
        due_at = timezone.now() + timedelta(days=3)
        return (
            hooks.ReturnDay("return", "Return", due_at, "/x/", lambda: "4 of 5 late days are left.") if person else None
        )

    monkeypatch.setattr(hooks, "return_sources", [source])
    piece = lend(cast, "PI-01", 9, due=-3)
    client.force_login(cast.ruth)
    assert "late days" not in words(client).split("<main")[1]
    Loan.objects.filter(pk=piece.loan_id).update(is_term=True)
    assert "4 of 5 late days are left." in words(client)


@pytest.mark.parametrize(
    ("due", "said", "tone"),
    [(None, "no day agreed", "neutral"), (timedelta(days=9), "due in 9 days", "neutral"), (timedelta(days=1), "due in 1 day", "warn"),
     (timedelta(hours=3), "due today", "warn"), (timedelta(hours=-3), "overdue since today", "bad"), (timedelta(days=-2), "2 days overdue", "bad")],
)  # fmt: skip
def test_days_to_the_due_time_are_those_of_the_course(cast, boards, due, said, tone):
    now = timezone.now().astimezone(cast.course.tz).replace(hour=12)
    loan = lend(cast, "PI-01", 30).loan
    loan.due_at = None if due is None else now + due
    badge = due_badge(loan, now)
    assert (badge.word, badge.tone) == (said, tone)


def test_what_was_asked_for_says_where_it_stands_in_line(cast, boards, client):
    now = timezone.now()
    for n, person in enumerate((cast.sofia, cast.ruth, cast.daniel)):
        Reservation.objects.create(
            stockroom=boards.stockroom, course=cast.course, person=person, made_by=person, made_at=now, product=boards, from_at=now,
            until_at=now + timedelta(days=5), status="waiting", queued_at=now + timedelta(minutes=n),
        )  # fmt: skip
    client.force_login(cast.ruth)
    found = words(client)
    assert "on the waiting list" in found and "second in line" in found and "Sofia" not in found.split("<main")[1]
    Reservation.objects.filter(person=cast.ruth).update(status="approved")
    assert "at the desk" in words(client)
    Reservation.objects.filter(person=cast.ruth).update(status="declined")
    assert "Asked for" not in words(client)


def test_who_left_a_course_with_a_board_reads_where_it_belongs(cast, boards, client):
    lend(cast, "PI-01", 9, due=2)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False, left_at=timezone.now())
    client.force_login(cast.ruth)
    assert client.get(BASE).status_code == 404
    found = words(client, MINE)
    assert "PI-01" in found and "You are no longer in it" in found and "2 days overdue" in found
    assert f'href="mailto:{cast.helen.email}"' in found and BASE not in found.split("<main")[1]
    assert found.index(cast.helen.email) < found.index(cast.amit.email)


def test_the_page_of_the_site_is_for_who_is_signed_in(client, cast):
    assert client.get(MINE).status_code == 302


def test_500_loans_of_a_course_and_20_of_mine_cost_the_same_queries_as_one(
    cast, boards, client, django_assert_max_num_queries
):
    team, others = make_team(cast, "Heron", cast.ruth), make_user("Other")
    product = product_of(cast, "Camera", kind="camera")
    items = items_of(cast, product, *(f"C-{n}" for n in range(500)))
    now = timezone.now()
    loans = Loan.objects.bulk_create(
        Loan(stockroom=boards.stockroom, course=cast.course, handed_at=now, handed_by="amit", is_term=True, due_at=now + timedelta(days=5),
             **({"person": cast.ruth} if n < 10 else {"team": team} if n < 20 else {"person": others}))
        for n in range(500)
    )  # fmt: skip
    LoanPiece.objects.bulk_create(LoanPiece(loan=loan, item=item, product=product, out_at=now) for loan, item in zip(loans, items, strict=True))  # fmt: skip
    client.force_login(cast.ruth)
    for address, most in ((BASE, 26), (MINE, 22)):
        with django_assert_max_num_queries(most):
            assert client.get(address).content.decode().count("C-") == 20
    assert len(everywhere(cast.ruth, now)[0]["loans"]) == 20


def test_visitors_read_what_the_course_has_together_with_what_its_file_says(cast, boards, client):
    cast.course.is_public = True
    cast.course.facts = {
        "devices": [{"name": "Raspberry Pi 4", "memory": ["8 GB"], "current": [{"ma": 600, "said": "idle"}]}]
    }
    cast.course.save()
    lend(cast, "PI-01", 9)
    found = words(client)
    assert '<p class="amount-of">6</p>' in found and "From the course file" in found and "600 mA" in found
    assert "free" not in found.split("<main")[1].split("</main")[0] and "Ruth" not in found
    stockroom_of(cast).courses.all().delete()
    found = words(client)
    assert "600 mA" in found and "From the course file" not in found
    cast.course.facts = {}
    cast.course.save()
    assert "Nothing to lend now" in words(client)


def test_a_fixed_part_of_a_kit_is_not_offered_alone(cast, boards, client):
    kit_of(cast, "KIT-01", "PI-01", "PI-02")
    client.force_login(cast.ruth)
    assert '<p class="amount-of">4 <span class="second">free of 4</span></p>' in words(client)
    lend(cast, "PI-01", 2)
    assert '<p class="amount-of">4 <span class="second">free of 4</span></p>' in words(client)


def test_who_left_with_a_board_confirms_it_says_what_is_broken_and_is_reminded_where_they_can_read_it(
    cast, boards, client
):
    piece = lend(cast, "PI-01", 9, due=2)
    loan = piece.loan
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False, left_at=timezone.now())
    client.force_login(cast.ruth)
    assert client.get(loan_path(loan)).status_code == 404
    assert "Yes, I have this" in words(client, MINE)
    assert "You confirmed" in client.post(f"{MINE}{loan.pk}/accept/", follow=True).content.decode()
    loan.refresh_from_db()
    assert loan.accepted_by == cast.ruth.email and "Yes, I have this" not in words(client, MINE)

    said = client.post(f"{MINE}{loan.pk}/say/", {"text": "the port is bent", "about": "PI-01"}, follow=True)
    assert "The staff are told" in said.content.decode()
    assert DamageCase.objects.get().piece == piece and "something is wrong" in told(cast.amit)[-1].title
    note = {"text": "I come on Monday", "key": str(uuid4())}
    for _ in range(2):
        client.post(f"{MINE}{loan.pk}/say/", note)
    assert loan.events.filter(what="note").count() == 1 and told(cast.amit)[-1].text == "I come on Monday"
    refused = client.post(f"{MINE}{loan.pk}/say/", {"text": "", "key": str(uuid4())})
    assert refused.status_code == 422 and "no_text" in refused.content.decode()
    assert client.post(f"{MINE}{loan.pk}/say/", {"text": "x", "about": "PI-02"}).status_code == 404  # not theirs

    remind(visit=cast.visit(cast.amit), loan=loan.pk)
    loan_say(visit=cast.visit(cast.amit), loan=loan, text="bring the cable too", key=uuid4())
    assert [row.path for row in told(cast.ruth)] == [MINE, MINE]
    client.force_login(cast.sofia)
    assert client.post(f"{MINE}{loan.pk}/accept/").status_code == 404
    client.force_login(cast.helen)
    for address in (BASE, f"{BASE}return-day/", f"{BASE}loans/", f"{BASE}loans/{loan.pk}/"):
        found = words(client, address)
        assert "PI-01" in found and ("Ruth, dropped" in found or "left the course" in found), address


def test_who_carried_a_board_away_or_left_a_team_last_finds_it_where_the_reminder_leads(cast, boards, client):
    team, other = make_team(cast, "Heron", cast.ruth, cast.daniel), make_team(cast, "Magpie", cast.sofia)
    carried = lend(cast, "PI-01", 9, team=team).loan
    Loan.objects.filter(pk=carried.pk).update(taken_by=cast.ruth)
    lend(cast, "PI-02", 9, team=other)
    Membership.objects.filter(person__in=[cast.ruth, cast.sofia]).update(until_at=timezone.now() - timedelta(minutes=1))
    Enrolment.objects.filter(person__in=[cast.ruth, cast.sofia]).update(is_active=False, left_at=timezone.now())
    for person, tag in ((cast.ruth, "PI-01"), (cast.sofia, "PI-02")):
        client.force_login(person)
        found = words(client, MINE)
        assert tag in found and cast.helen.email in found  # they ask the staff, and do nothing with what is the team's
        assert "Yes, I have this" not in found and "Something is not right" not in found
    assert client.post(f"{MINE}{carried.pk}/accept/").status_code == 404  # Ruth's
    client.force_login(cast.ruth)
    assert client.post(f"{MINE}{carried.pk}/accept/").status_code == 403


def test_times_of_my_hardware_are_those_of_each_course_with_the_name_of_its_zone(cast, boards, client):
    piece = lend(cast, "PI-01", 9, due=-5)
    cast.ruth.zone = "Asia/Tokyo"
    cast.ruth.save()
    client.force_login(cast.ruth)
    local = piece.loan.due_at.astimezone(cast.course.tz)
    for address in (BASE, MINE):
        found = words(client, address).split("<main")[1]
        assert f"Back by {local:%a %b %-d, %H:%M %Z}" in found and "JST" not in found.split("</main")[0]
