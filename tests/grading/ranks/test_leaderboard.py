"""The leaderboard of a lab: who sees what of whom, switching, sorting, the exports, the course file."""

import csv
import io
import re

import pytest
from django.urls import reverse

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.models import Enrolment, ScheduleChange
from grading.course_file.assignment_item import item_of
from grading.course_file.item_check import refused_in_item
from grading.models import Nickname
from grading.models.owners import Owner
from grading.ranks import leaderboard as pure
from grading.ranks.class_numbers import numbers_of
from grading.ranks.leaderboard import Entry, board_of
from grading.services.assignment_editing import assignment_save
from grading.services.leaderboards import leaderboard_switch
from grading.services.nicknames import nickname_choose
from tests.courseplatform.accounts.builders import headers_of
from tests.grading.ranks.classroom import DEVICE, document, measured, students, with_device
from tests.people import make_lab

ADDRESS = "/courses/odml/assignments/lab1/leaderboard/"


def entry(nickname="", is_you=False, **facts):
    return Entry(numbers_of(document(**facts), DEVICE), 1, nickname=nickname, is_you=is_you)


# -- the ranking itself --


def test_places_count_everybody_and_only_names_that_were_chosen_are_listed():
    board = board_of([entry("a", accuracy=0.7), entry(accuracy=0.9), entry(is_you=True, accuracy=0.8)], ("accuracy",))
    assert [(row.entry.nickname, str(row.place)) for row in board.listed] == [("", "2"), ("a", "3")]
    assert (board.unlisted, board.you.place.first) == (1, 2)


def test_a_latency_is_ranked_within_its_kind_and_one_without_is_left_out():
    rows = [
        entry("a", latency_ms=10.0),
        entry("b", latency_ms=10.4),
        entry("c", latency_ms=5.0, runtime="onnxruntime@1.17"),
        entry("d"),
    ]
    board = board_of(rows, ("accuracy", "latency_ms"), by="latency_ms")
    assert [(row.entry.nickname, str(row.place)) for row in board.rows] == [("a", "1-2, tie"), ("b", "1-2, tie")]
    assert [one.nickname for one in board.left_out] == ["c", "d"]
    other = board_of(rows, ("accuracy", "latency_ms"), by="latency_ms", kind=rows[2].numbers.kind)
    assert [row.entry.nickname for row in other.rows] == ["c"]
    by_accuracy = board_of(rows, ("accuracy", "latency_ms"), by="accuracy")
    assert {row.entry.nickname: row.cells[1] for row in by_accuracy.rows} == {
        "a": "10.0",
        "b": "10.4",
        "c": "",
        "d": "",
    }


def test_one_of_ones_own_kind_is_the_first_that_one_sees():
    rows = [
        entry(latency_ms=10.0),
        entry(latency_ms=11.0),
        entry(is_you=True, latency_ms=9.0, runtime="onnxruntime@1.17"),
    ]
    assert "onnxruntime" in board_of(rows, ("latency_ms",)).kind
    assert "tflite" in board_of(rows[:2], ("latency_ms",), kind="nonsense").kind


@pytest.mark.parametrize("by", ["", "nonsense", "points"])
def test_a_metric_that_the_lab_does_not_rank_is_its_first(by):
    assert board_of([entry()], ("macs", "accuracy"), by=by).by == "macs"


def test_the_csv_has_plain_digits():
    table = pure.csv_table(board_of([entry("a", macs=12_345_000)], ("macs",)), "student")
    assert table.rows[0][5] == "12345"


# -- the page --

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def lab(cast, tmp_path):
    """Six others with a result, two of them with a nickname; Ruth has one too. Students see the leaderboard."""
    with_device(cast.lab)
    others = students(cast, 6, "Zyxwvut")
    for n, person in enumerate(others):
        measured(cast, person, tmp_path, accuracy=0.80 + 0.02 * n, latency_ms=20.0 + 0.5 * n, earned=f"{n}.00")
    for person, name in ((others[0], "quantum"), (others[5], "tiny giant")):
        nickname_choose(visit=cast.visit(person), owner=Owner(person), text=name)
    measured(cast, cast.ruth, tmp_path, accuracy=0.85, latency_ms=40.0)
    cast.lab.refresh_from_db()
    cast.lab.leaderboard = {"shown": True}
    cast.lab.save()
    return cast.lab


def see(client, person, query="", status=200):
    client.force_login(person)
    answer = client.get(ADDRESS + query)
    assert answer.status_code == status
    return " ".join(answer.content.decode().replace("\u202f", " ").replace("\u2009", " ").split())


def test_a_student_sees_nicknames_and_the_own_row_and_nobodys_name(client, cast, lab):
    page = see(client, cast.ruth)
    assert "quantum" in page and "tiny giant" in page and "You have place 4 of 7 by accuracy." in page
    assert "4 chose no nickname, and are counted without being listed" in page
    assert "zyxwvut" not in page.lower()
    assert page.count("<tr") == 4
    assert "without a nickname nobody else sees this row" in page


def test_the_staff_see_whose_each_row_is(client, cast, lab):
    page = see(client, cast.amit)
    assert all(f"Zyxwvut{n}" in page for n in range(6)) and "Ruth" in page
    assert "7 students are ranked by accuracy; 2 chose a nickname." in page


def test_sorting_is_in_the_address_and_ties_share_their_places(client, cast, lab):
    page = see(client, cast.ruth, "?by=latency_ms")
    places = re.findall(r'class="nowrap place">([^<]+)<', page)
    assert places == ["1-2, tie", "6", "7"]  # 21, 21.5 and 22 ms share the places between, and chose no name
    assert 'aria-sort="ascending"' in page and "?by=accuracy" in page


def test_until_it_is_switched_on_only_the_staff_see_it(client, cast, lab):
    lab.leaderboard = {}
    lab.save()
    page = see(client, cast.ruth)
    assert "There is no leaderboard for Lab 1" in page and "quantum" not in page and "place 4" not in page
    assert "quantum" in see(client, cast.helen)
    client.force_login(cast.ruth)
    assert "leaderboard/" not in client.get(lab.get_absolute_url()).content.decode()


def test_with_four_others_nothing_of_them_is_shown(client, cast, lab):
    Enrolment.objects.filter(person__name__in=["Zyxwvut1", "Zyxwvut2"]).update(is_active=False)
    page = see(client, cast.ruth)
    assert "Too few have a measured attempt yet" in page and "quantum" not in page
    assert (
        client.get("/api/v1/courses/odml/assignments/lab1/leaderboard", **headers_of(cast.ruth, ["read"])).json()[
            "rows"
        ]
        == []
    )


def test_who_is_in_another_course_finds_nothing(client, cast, lab):
    see(client, cast.lena, status=404)
    see(client, cast.oscar, status=404)
    client.force_login(cast.lena)
    assert client.get("/courses/tinyml/assignments/lab1/leaderboard/").status_code == 404


def test_a_draft_is_not_there_for_students(client, cast, lab):
    lab.is_draft = True
    lab.save()
    see(client, cast.ruth, status=404)


def test_where_no_model_is_measured_there_is_no_leaderboard(client, cast):
    make_lab(cast.course, "report", bench_spec={}, hidden_set=None, short="Report")
    client.force_login(cast.helen)
    assert client.get("/courses/odml/assignments/report/leaderboard/").status_code == 404
    with pytest.raises(Conflict):
        leaderboard_switch(visit=cast.visit(cast.helen), slug="report", shown=True)


def test_the_csv_is_for_the_staff_and_names_everybody(client, cast, lab):
    client.force_login(cast.ruth)
    assert client.get("/courses/odml/assignments/lab1/leaderboard.csv").status_code == 403
    client.force_login(cast.helen)
    text = client.get("/courses/odml/assignments/lab1/leaderboard.csv?by=latency_ms").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 7
    assert (
        rows[0] | {"Place, from": "1", "Nickname": "quantum", "Student": "Zyxwvut0", "Latency, ms": "20.0"} == rows[0]
    )
    assert rows[-1]["Student"] == "Ruth" and rows[-1]["Place, to"] == "7"


def test_the_api_says_what_the_page_says(client, cast, lab):
    address = "/api/v1/courses/odml/assignments/lab1/leaderboard"
    found = client.get(address, {"by": "latency_ms"}, **headers_of(cast.ruth, ["read"])).json()
    assert (found["by"], found["ranked"], found["is_shown"]) == ("latency_ms", 7, True)
    assert [row["nickname"] for row in found["rows"]] == ["quantum", "tiny giant", ""]
    assert found["rows"][2] | {"is_you": True, "first": 7, "last": 7} == found["rows"][2]
    assert found["rows"][2]["values"]["latency_ms"] == 40.0
    assert "zyxwvut" not in str(found).lower()


def test_reading_it_takes_the_same_queries_for_seven_as_for_seventeen(
    client, cast, lab, tmp_path, django_assert_max_num_queries
):
    asked = []
    for more in (0, 10):
        for person in students(cast, more, "Kim"):
            measured(cast, person, tmp_path, latency_ms=20.0)
        for person in (cast.ruth, cast.helen):
            client.force_login(person)
            with django_assert_max_num_queries(16) as queries:
                client.get(ADDRESS)
            asked.append(len(queries))
    assert asked[:2] == asked[2:]


# -- what is done on it --


def test_a_nickname_is_chosen_on_the_page_and_a_refused_one_stays_in_its_field(client, cast, lab):
    client.force_login(cast.ruth)
    refused = client.post(ADDRESS + "nickname/", {"nickname": "Quantum"})
    assert refused.status_code == 409
    assert 'value="Quantum"' in refused.content.decode() and "nickname_taken" in refused.content.decode()
    assert client.post(ADDRESS + "nickname/", {"nickname": "magpie"}).status_code == 302
    client.force_login(cast.daniel)
    assert "magpie" in client.get(ADDRESS).content.decode()
    client.force_login(cast.ruth)
    client.post(ADDRESS + "nickname/", {"remove": "1"})
    assert not Nickname.objects.filter(person=cast.ruth).exists()


def test_a_nickname_that_was_taken_down_is_gone_and_its_owner_reads_why(client, cast, lab):
    bad = Nickname.objects.get(name="quantum")
    address = reverse("grading:nickname_take_down", args=["odml", "lab1", bad.pk])
    client.force_login(cast.ruth)
    assert client.post(address, {"reason": "I want it."}).status_code == 403
    client.force_login(cast.amit)
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "It is a brand."}).status_code == 302
    client.cookies.clear()  # what Amit was told stands in his
    assert "quantum" not in see(client, cast.ruth)
    mine = see(client, bad.person)
    assert "It is a brand." in mine and "quantum" in mine
    assert "It is a brand." not in see(client, cast.daniel)


def test_an_instructor_switches_it_and_a_ta_does_not(client, cast, lab):
    address = ADDRESS + "switch/"
    client.force_login(cast.amit)
    assert client.post(address, {"shown": "on"}).status_code == 403
    with pytest.raises(Forbidden):
        leaderboard_switch(visit=cast.visit(cast.amit), slug="lab1", shown=False)
    client.force_login(cast.helen)
    assert client.post(address, {}).status_code == 302
    lab.refresh_from_db()
    assert lab.leaderboard == {}
    client.post(address, {"shown": "on"})
    client.post(address, {"shown": "on"})
    lab.refresh_from_db()
    assert lab.leaderboard == {"shown": True}
    said = ScheduleChange.objects.filter(course=cast.course, sentence__contains="leaderboard")
    assert said.count() == 2 and not said.filter(is_told=True).exists()


def test_the_course_file_and_the_form_say_the_same(client, cast, lab):
    held = item_of(lab, set())
    assert held["leaderboard"] == {"shown": True}
    wanted = held | {"leaderboard": {"shown": True, "metrics": ["points", "macs"]}}
    assignment_save(visit=cast.visit(cast.helen), slug="lab1", held=held, item=wanted)
    lab.refresh_from_db()
    assert item_of(lab, set()) == wanted
    assert "Measured points" in see(client, cast.ruth)
    client.force_login(cast.helen)
    form = client.get("/courses/odml/assignments/lab1/edit/").content.decode()
    assert 'value="points, macs"' in form


@pytest.mark.parametrize(
    "wrong", [{"metrics": ["speed"]}, {"metrics": []}, {"shown": "yes"}, {"colour": "red"}, {"metrics": ["macs"] * 9}]
)
def test_the_course_file_refuses_what_it_cannot_rank(cast, lab, wrong):
    found = list(refused_in_item(item_of(lab, set()) | {"leaderboard": wrong}, cast.course))
    assert found and all(one.path[0] == "leaderboard" for one in found)
