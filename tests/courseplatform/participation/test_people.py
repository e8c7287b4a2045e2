"""What a student reads about themselves, and staff about everybody."""

import gzip
import re
from pathlib import Path
from uuid import uuid4

import pytest

from courseplatform.courses.models import Enrolment
from courseplatform.participation.models import Credit
from courseplatform.participation.services.credits import credit_withdraw
from tests.courseplatform.participation.builders import (
    BONUS,
    give,
    many_credits,
    many_students,
    session_of,
    with_scheme,
)

pytestmark = pytest.mark.django_db
MINE, PEOPLE = "/courses/odml/participation/", "/courses/odml/participation/people/"


@pytest.fixture
def course(cast):
    return with_scheme(cast.course)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode().replace("\u202f", " ")))


def test_a_student_sees_each_credit_with_reason_session_and_giver(client, cast, course):
    session = session_of(course, title="Pruning")
    give(cast, cast.ruth, session=session, reason="asked about <i>structured</i> pruning")
    credit_withdraw(visit=cast.visit(cast.helen), credit=give(cast, cast.ruth, "answer"), why="was in the slides")
    client.force_login(cast.ruth)
    page = client.get(MINE)
    said = text(page)
    assert "Participation: 1 of 15 %" in said and "Pruning" in said and "Amit" in said
    assert "&lt;i&gt;structured&lt;/i&gt;" in said and "<i>structured" not in page.content.decode()
    assert "was in the slides" in said and "by Helen" in said
    assert "1 credit × 1 % = 1 %" in said


def test_the_rule_stands_on_an_empty_page(client, cast, course):
    client.force_login(cast.sofia)
    said = text(client.get(MINE))
    assert "Nothing is noted yet" in said and "1 % each, up to 15 %" in said


def test_a_student_sees_nothing_of_others(client, cast, course):
    give(cast, cast.daniel, reason="his reason")
    client.force_login(cast.ruth)
    assert "his reason" not in client.get(MINE).content.decode()
    assert client.get(f"{PEOPLE}{cast.daniel.pk}/").status_code == 403


def test_staff_are_led_to_everybody(client, cast, course):
    client.force_login(cast.helen)
    assert client.get(MINE).url == PEOPLE


def test_the_home_shows_the_standing_to_students_only(client, cast, course):
    give(cast, cast.ruth, times=4)
    client.force_login(cast.ruth)
    assert "4 of 15 %" in text(client.get("/courses/odml/"))
    client.force_login(cast.helen)
    assert "of 15 %" not in text(client.get("/courses/odml/"))
    with_scheme(course, {})
    client.force_login(cast.ruth)
    assert client.get("/courses/odml/").status_code == 200


def test_the_table_filters_and_sorts_from_the_url(client, cast, course):
    give(cast, cast.ruth, times=16)
    give(cast, cast.daniel)
    client.force_login(cast.amit)

    def names(**query):
        return [row.person.name for row in client.get(PEOPLE, query).context["rows"]]

    assert names() == ["Daniel", "Ruth", "Sofia"] and names(sort="credits") == ["Ruth", "Daniel", "Sofia"]
    assert names(state="cap") == ["Ruth"] and names(state="none") == ["Sofia"] and names(person="dan") == ["Daniel"]
    assert names(state="?", sort="?") == ["Daniel", "Ruth", "Sofia"] and names(person="\x00") == []


def test_the_csv_holds_the_same_rows_and_no_formula(client, cast, course):
    cast.ruth.name = "=HYPERLINK(1)"
    cast.ruth.save()
    give(cast, cast.ruth, times=16)
    client.force_login(cast.amit)
    rows = (
        client.get("/courses/odml/participation/people.csv", {"state": "cap"}).content.decode("utf-8-sig").splitlines()
    )
    assert len(rows) == 2 and rows[1].startswith("'=HYPERLINK(1),ruth@example.edu,,16,0,0,15.0,15.0,1.0")


def test_staff_give_with_a_reason_and_take_back_with_one(client, cast, course):
    client.force_login(cast.amit)
    page = f"{PEOPLE}{cast.ruth.pk}/"
    body = {"kind": "answer", "channel": "other", "client_key": uuid4(), "reason": "", "session": ""}
    refused = client.post(f"{page}give/", body)
    assert refused.status_code == 422 and "Say in a few words" in text(refused)
    for _ in range(2):
        client.post(f"{page}give/", body | {"reason": "fixed a driver"})
    credit = Credit.objects.get()
    refused = client.post(f"{page}withdraw/", {"credit": credit.pk, "why": ""})
    assert refused.status_code == 422 and "why it is taken back" in text(refused)
    client.post(f"{page}withdraw/", {"credit": credit.pk, "why": "twice"})
    assert Credit.objects.get().withdrawn_why == "twice"


@pytest.mark.parametrize("body", [{"kind": "karma"}, {"channel": "phone"}, {"client_key": "x"}])
def test_a_broken_form_keeps_what_was_written(client, cast, course, body):
    client.force_login(cast.amit)
    sent = {"kind": "answer", "channel": "other", "client_key": uuid4(), "reason": "kept words"} | body
    answer = client.post(f"{PEOPLE}{cast.ruth.pk}/give/", sent)
    assert answer.status_code == 422 and 'value="kept words"' in answer.content.decode()


def test_another_persons_credit_is_not_taken_back_from_this_page(client, cast, course):
    credit = give(cast, cast.daniel)
    client.force_login(cast.amit)
    assert client.post(f"{PEOPLE}{cast.ruth.pk}/withdraw/", {"credit": credit.pk, "why": "x"}).status_code == 404
    assert client.get(f"{PEOPLE}{cast.lena.pk}/").status_code == client.get(f"{PEOPLE}{10**30}/").status_code == 404


def test_who_left_keeps_a_page_and_no_place_among_the_contributors(client, cast, course):
    with_scheme(course, {**BONUS, "parts": [{"key": "contributors", "title": "Forum", "percent": 3, "top": 1}]})
    give(cast, cast.ruth, times=2)
    give(cast, cast.daniel)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    client.force_login(cast.amit)
    assert "what was noted stays" in text(client.get(f"{PEOPLE}{cast.ruth.pk}/"))
    assert "3 of 4 %" in text(client.get(f"{PEOPLE}{cast.daniel.pk}/"))


@pytest.mark.parametrize("count", [5, 600])
def test_pages_ask_the_same_number_of_questions_at_any_size(client, cast, course, count, django_assert_max_num_queries):
    many_credits(course, many_students(course, count))
    client.force_login(cast.amit)
    with django_assert_max_num_queries(11):
        client.get(PEOPLE)
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(11):
        client.get(MINE)


def test_the_entry_page_of_six_hundred_is_light_as_sent(client, cast, course):
    session = session_of(course)
    people = many_students(course, 600)
    many_credits(course, people, each=2, session=session)
    client.force_login(cast.amit)
    for name in ("entry", "attendance"):
        sent = client.get(
            f"/courses/odml/participation/{name}/", {"session": session.pk}, headers={"Accept-Encoding": "gzip"}
        ).content
        html = gzip.decompress(sent)
        static = Path(__file__).resolve().parents[3] / "static"
        names = set(re.findall(r'(?:src|href)="/static/([^"#]+)', html.decode())) | {
            "fonts/inter.woff2",
            "fonts/jetbrains-mono.woff2",
        }
        weights = [
            len(data) if f.endswith("woff2") else len(gzip.compress(data))
            for f in names
            for data in [(static / f).read_bytes()]
        ]
        assert len(sent) + sum(weights) < 150_000
