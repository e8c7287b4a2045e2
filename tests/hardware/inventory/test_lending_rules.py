"""The rules of lending: in the course file, in sentences, and on their page."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import FileError, read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.models import Course, Enrolment, Role, ScheduleChange
from hardware.hooks import ReturnDay
from hardware.inventory.lending.course_file import LENDING_PART, RULES_CHANGED, SCHEMA
from hardware.inventory.lending.policy import LendingPolicy, policy_for
from hardware.inventory.lending.words import policy_words
from hardware.models import Kind, Loan, LoanPiece, Reservation
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, cables_of, product_of, stockroom_of

FILE = """\
course: {slug: small, title: Small, zone: America/New_York}
assignments:
  - {slug: lab1, kind: lab, short: Lab 1}
  - {slug: back, kind: hardware_return, short: Hardware return, due: "2023-12-07 23:59"}
"""
RULES = """\
lending:
  borrowers: team
  approve: automatic
  quota: {board: 1, usb_meter: 2}
  returns: back
  longest_days: 30
  pickup_days: 2
  remind_days: [14, 3, 0]
  hold_overdue: false
  renewals: 2
  renew_days: 7
  open_to_requests: false
  team_runners: false
"""
POLICY = LendingPolicy(
    borrowers="team", approve="automatic", quota={"board": 1, "usb_meter": 2}, returns="back", longest_days=30, pickup_days=2,
    remind_days=(14, 3, 0), hold_overdue=False, renewals=2, renew_days=7, open_to_requests=False, team_runners=False,
)  # fmt: skip


def course_of(text):
    return course_import(plan=plan_import(text.encode()))[0]


def refusals(text):
    with pytest.raises(FileError) as caught:
        checked(read((FILE + text).encode()))
    return [(finding.code, finding.line) for finding in caught.value.findings]


@pytest.mark.django_db
def test_every_rule_of_the_file_is_in_the_policy_and_comes_back_as_it_was():
    course = course_of(FILE + RULES)
    assert policy_for(course) == POLICY
    course.file_text = ""
    text = export_text(course)
    assert plan_import(text.encode()).changes == []
    assert "open_to_requests: false" in text


@pytest.mark.django_db
def test_a_course_that_says_nothing_lends_by_the_usual_rules():
    assert policy_for(course_of(FILE)) == LendingPolicy()


def test_the_schema_knows_every_rule_and_says_the_usual_value():
    known, usual = SCHEMA["properties"], LendingPolicy()
    assert set(known) == set(LendingPolicy.__dataclass_fields__)
    assert set(known["quota"]["properties"]) == set(Kind.values)
    for name, schema in known.items():
        value = getattr(usual, name)
        said = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
        if value not in ("", None, {}):
            assert schema["description"].endswith(f"Left out: {said}."), name


@pytest.mark.django_db
def test_a_rule_that_is_written_out_stays_written():
    course = course_of(FILE + "lending: {pickup_days: 3}\n")
    assert policy_for(course) == LendingPolicy()
    assert export_text(course).endswith("lending: {pickup_days: 3}\n")


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("lending: {quota: {boards: 1}}", [("unknown_key", 5)]),
        ("lending: {quota: {board: 0}}", [("too_small", 5)]),
        ("lending: {quota: {board: many}}", [("wrong_type", 5)]),
        ("lending: {borrowers: nobody}", [("not_a_choice", 5)]),
        ("lending: {remind_days: [61]}", [("too_large", 5)]),
        ("lending: {remind_days: [7, 1, 7]}", [("twice", 5)]),
        ("lending: {longest_days: 0}", [("too_small", 5)]),
        ("lending: {returns: lab9}", [("unknown_assignment", 5)]),
        ("lending:\n  returns: lab1", [("not_a_return", 6)]),
    ],
)
def test_a_file_with_rules_that_cannot_be_meant_is_refused_at_its_line(rules, wanted):
    assert refusals(rules) == wanted


def test_of_two_returns_the_rules_name_the_one_that_counts():
    second = "  - {slug: again, kind: hardware_return, short: Second return}\n"
    assert refusals(second + "lending: {renewals: 2}") == [("two_returns", 6)]
    assert checked(read((FILE + second + "lending: {returns: again}").encode()))["lending"] == {"returns": "again"}


@pytest.mark.django_db
def test_no_reminders_is_an_empty_list():
    course = course_of(FILE + "lending: {remind_days: []}\n")
    assert policy_for(course).remind_days == ()
    course.file_text = ""
    assert plan_import(export_text(course).encode()).changes == []


@pytest.mark.django_db
def test_a_course_made_from_another_takes_the_rules_along():
    text = export_text(course_of(FILE + RULES))
    made, _ = course_import(plan=plan_import(text.encode(), slug="next"))
    assert (made.slug, policy_for(made)) == ("next", POLICY)


def test_every_rule_has_a_sentence_that_changes_with_it():
    course = Course(zone="America/New_York")
    plain = policy_words(course, LendingPolicy(), None)
    for name in LendingPolicy.__dataclass_fields__:
        if name == "returns":
            continue
        assert policy_words(course, LendingPolicy(**{name: getattr(POLICY, name)}), None) != plain, name
    day = ReturnDay("back", "Hardware return", timezone.now(), "/x/", lambda: "You have 2 late days left.")
    assert any(said.endswith("You have 2 late days left.") for said in policy_words(course, POLICY, day))


def test_the_rules_read_as_plain_sentences():
    course = Course(zone="America/New_York")
    assert policy_words(course, POLICY, None) == [
        "Teams borrow; single students do not.",
        "Requests are closed: things are lent at the desk only.",
        "At most 1 board and 2 USB multimeters for one borrower at a time, requests counted in. Other kinds have no limit.",
        "The course names no day of return, so each loan has a day of its own.",
        "Other loans last at most 30 days. A borrower renews one 2 times alone, by 7 days, unless it is promised to somebody else.",
        "What nobody picks up within 2 days goes back to the stock.",
        "Borrowers are reminded 14 days and 3 days before it is due and on the day itself.",
    ]


# ---- the page ----

FORM = {
    "borrowers": "both", "approve": "staff", "returns": "", "remind_days": "7, 1", "longest_days": "", "pickup_days": "3", "renewals": "1",
    "renew_days": "14", "open_to_requests": "on", "team_runners": "on", "hold_overdue": "on", "quota_board": "", "quota_cable": "", "do": "show",
}  # fmt: skip
EDIT = f"{BASE}rules/edit/"


@pytest.fixture
def stocked(cast, client):
    product_of(cast)
    cables_of(cast)
    client.force_login(cast.helen)
    return stockroom_of(cast)


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def save(client, **changes):
    looked = client.post(EDIT, FORM | changes)
    seen = re.search(r'name="seen" value="(\w+)"', looked.content.decode())[1]
    return client.post(EDIT, FORM | changes | {"do": "save", "seen": seen})


def test_everybody_in_the_course_reads_the_rules_and_instructors_change_them(cast, client, stocked):
    for person, status in ((cast.ruth, 403), (cast.amit, 403), (cast.helen, 200)):
        client.force_login(person)
        assert f'href="{BASE}rules/"' in client.get(BASE).content.decode()
        page = client.get(f"{BASE}rules/")
        assert "The staff answer each request." in words(page)
        assert ("Change the rules" in words(page)) is (person == cast.helen)
        assert ("What was changed" in words(page)) is (person != cast.ruth)
        assert client.get(EDIT).status_code == status
        assert client.post(EDIT, FORM).status_code == status


def test_a_look_shows_what_would_change_and_changes_nothing(client, cast, stocked):
    said = words(client.post(EDIT, FORM | {"quota_board": "2", "approve": "automatic"}))
    assert "+ lending: approve automatic, quota board 2" in said
    assert policy_for(Course.objects.get(pk=cast.course.pk)) == LendingPolicy()


def test_the_rules_are_changed_kept_in_the_log_and_known_as_an_edit(client, cast, stocked):
    assert save(client, quota_board="2", remind_days="1 7 3").status_code == 302
    course = Course.objects.get(pk=cast.course.pk)
    assert policy_for(course) == LendingPolicy(quota={"board": 2}, remind_days=(7, 3, 1))
    log = ScheduleChange.objects.get(course=course, sentence__startswith=RULES_CHANGED)
    assert (log.by, log.is_told) == (cast.helen.email, False)
    assert LENDING_PART.edited(course, None)[""].by == cast.helen.email
    assert LENDING_PART.edited(course, timezone.now()) == {}
    page = words(client.get(f"{BASE}rules/"))
    assert "At most 2 boards for one borrower at a time" in page
    assert log.sentence in page


def test_an_emptied_form_brings_the_usual_rules_back(client, cast, stocked):
    save(client, quota_board="2")
    save(client)
    course = Course.objects.get(pk=cast.course.pk)
    assert "lending" not in course.facts
    assert policy_for(course) == LendingPolicy()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"remind_days": "7, x"}, "Write whole days from 0 to 60"),
        ({"remind_days": "61"}, "Write whole days from 0 to 60"),
        ({"remind_days": "1 2 3 4 5 6 7 8 9"}, "At most 8 reminders"),
        ({"pickup_days": ""}, "required"),
        ({"quota_board": "0"}, "greater than or equal to 1"),
        ({"returns": "lab1"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(client, cast, stocked, change, said):
    answer = client.post(EDIT, FORM | change)
    assert answer.status_code == 422
    assert said in words(answer)


def test_no_change_and_a_change_meanwhile_are_refused(client, cast, stocked):
    assert "The rules are so already" in words(client.post(EDIT, FORM))
    assert client.post(EDIT, FORM | {"do": "save", "seen": ""}).status_code == 422
    looked = client.post(EDIT, FORM | {"quota_board": "2"})
    seen = re.search(r'name="seen" value="(\w+)"', looked.content.decode())[1]
    save(client, renewals="3")
    late = client.post(EDIT, FORM | {"quota_board": "2", "do": "save", "seen": seen})
    assert (late.status_code, "look at it again" in words(late)) == (409, True)


def test_the_look_says_who_is_above_a_new_quota_and_what_stays(client, cast, stocked):
    team = make_team(cast, "Heron", cast.ruth)
    product, now = product_of(cast, "Jetson Nano, 4 GB"), timezone.now()
    loan = Loan.objects.create(stockroom=stocked, course=cast.course, person=cast.ruth, handed_at=now, handed_by="amit")
    LoanPiece.objects.bulk_create(LoanPiece(loan=loan, product=product, out_at=now) for _ in range(3))
    Reservation.objects.create(
        stockroom=stocked, course=cast.course, team=team, made_by=cast.ruth, made_at=now, product=product, from_at=now, until_at=now + timedelta(days=1)
    )  # fmt: skip
    said = words(client.post(EDIT, FORM | {"quota_board": "2", "borrowers": "team", "approve": "automatic"}))
    assert "1 borrower has more than 2 boards now and may keep them." in said
    assert "1 loan and 0 requests of single students stay as they are." in said
    assert "1 request waits for an answer as before." in said
    assert "stay as they are." not in words(client.post(EDIT, FORM | {"renewals": "2"})).replace(
        "Leave them as they are", ""
    )


def test_the_pages_ask_as_often_however_much_there_is(client, cast, stocked, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        client.get(f"{BASE}rules/")
    with django_assert_max_num_queries(40):
        client.get(EDIT)


@pytest.mark.django_db
def test_the_part_stands_behind_what_is_plugged_in():
    keys = [part.key for part in file_parts.parts]
    assert keys[keys.index("lending") - 1] == "peripherals"


def test_a_visitor_of_another_course_finds_no_rules(client, cast, stocked):
    client.force_login(cast.lena)
    assert client.get(f"{BASE}rules/").status_code == 404
    Enrolment.objects.create(course=cast.course, person=cast.lena, role=Role.STUDENT)
    assert client.get(f"{BASE}rules/").status_code == 200
