"""Ticks on the pages: the staff tick, answer regrade requests with ticks, and students read what was ticked once it is released."""

import re
from decimal import Decimal

import pytest

from courseplatform.core.tables import csv_response
from grading.course_file.rubric import rubric_load
from grading.grade_facts import grade_for
from grading.models import GradeEvent
from grading.selectors.grades import csv_table
from grading.services.regrade_answers import regrade_answer
from grading.services.regrades import regrade_open_for
from tests.grading.grades.grades import refused, released, seen
from tests.grading.rubrics.rubrics import FACTS, change, other, tick, with_rubric

pytestmark = pytest.mark.django_db
LAB = "/courses/odml/assignments/lab1/"
D = Decimal


@pytest.fixture
def lab(cast):
    return with_rubric(cast.lab)


@pytest.fixture
def amit(client, cast):
    client.force_login(cast.amit)
    return client


def was(client, cast):
    """The hidden fields of the page, and what it shows as ticked."""
    text = client.get(f"{LAB}grades/{cast.ruth.pk}/").content.decode()
    form = text.split('class="marks"')[-1].split("</form>")[0]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]+)"', tag)[1], (re.search(r' value="([^"]*)"', tag) or ["", "on"])[1]
        if 'type="checkbox"' not in tag and 'type="radio"' not in tag:
            found[name] = value
        elif " checked" in tag:
            found.setdefault(name, []).append(value)
    return found


def save(client, cast, **fields):
    return client.post(f"{LAB}grades/{cast.ruth.pk}/", was(client, cast) | {"reason": "so"} | fields)


def test_ticks_of_the_page_become_points_and_are_shown_again(amit, cast, lab):
    answer = save(amit, cast, **{"tick-report": ["complete", "interval"], "tick-why": "some", "points-talk": "2.5"})
    assert answer.status_code == 302
    assert grade_for(lab, cast.ruth).points == D("4.75")
    found = was(amit, cast)
    assert (found["tick-report"], found["tick-why"], found["points-talk"]) == (
        ["complete", "interval"],
        ["some"],
        "2.50",
    )


def test_a_page_that_is_sent_as_it_was_changes_nothing(amit, cast, lab):
    tick(cast, cast.ruth, report=["complete"])
    count = GradeEvent.objects.count()
    assert save(amit, cast).status_code == 422
    assert GradeEvent.objects.count() == count


def test_none_of_these_is_a_mark_of_nothing_and_no_tick_at_all_is_no_mark(amit, cast, lab):
    save(amit, cast, **{"tick-report": "-"})
    assert grade_for(lab, cast.ruth).points_of("report") == 0
    assert was(amit, cast)["tick-report"] == ["-"]
    save(amit, cast, **{"tick-report": ["-", "complete"]})
    assert grade_for(lab, cast.ruth).points_of("report") == 2
    save(amit, cast, **{"tick-report": []})
    assert grade_for(lab, cast.ruth).points_of("report") is None
    assert "Report" in grade_for(lab, cast.ruth).missing


def test_a_refusal_keeps_what_was_ticked(amit, cast, lab):
    page = save(amit, cast, **{"tick-report": ["complete"], "points-talk": "many"})
    text = page.content.decode()
    assert page.status_code == 422 and 'value="complete" checked' in text and 'value="many"' in text
    assert not GradeEvent.objects.exists()


def test_ticks_over_those_of_a_colleague_are_refused_and_shown(amit, cast, lab):
    old = was(amit, cast)
    tick(cast, cast.ruth, by=cast.ines, report=["interval"])
    page = amit.post(f"{LAB}grades/{cast.ruth.pk}/", old | {"tick-report": ["complete"], "reason": "so"})
    text = page.content.decode()
    assert page.status_code == 409 and "You changed what is ticked; it is 0.00 now, by Ines." in text
    assert 'value="complete" checked' in text


def test_two_ticks_of_exactly_one_and_ticks_that_left_the_rubric_are_refused(amit, cast, lab):
    assert "tick_exactly_one" in save(amit, cast, **{"tick-why": ["all", "some"]}).content.decode()
    page = save(amit, cast, **{"tick-report": ["complete", "never"]})
    assert page.status_code == 409 and "rubric_changed" in page.content.decode()


def test_points_by_number_of_an_item_with_options_are_shown_and_stay(amit, cast, lab):
    tick(cast, cast.ruth, marks={"report": D("1.25"), "why": D("0.25")})
    text = amit.get(f"{LAB}grades/{cast.ruth.pk}/").content.decode()
    assert text.count("as a number") == 2
    save(amit, cast, **{"points-talk": "1"})
    assert grade_for(lab, cast.ruth).points_of("report") == D("1.25")


def test_a_student_reads_what_was_ticked_with_its_points_and_only_once_it_is_released(client, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"], why=["some"])
    client.force_login(cast.ruth)
    assert "No interval" not in client.get(LAB + "grade/").content.decode()
    released(cast)
    text = client.get(LAB + "grade/").content.decode()
    assert "<span>No interval</span>" in text and "\N{MINUS SIGN}0.25" in text and "<span>Some</span>" in text
    assert "<span>All</span>" not in text
    assert "Ticked: Complete; No interval" in text


def test_a_student_reads_why_the_rubric_moved_the_grade(client, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    released(cast)
    change(cast, other(((0, "options", 1, "points"), -0.5)))
    client.force_login(cast.ruth)
    text = client.get(LAB + "grade/").content.decode()
    assert "No interval: \N{MINUS SIGN}0.25 is now \N{MINUS SIGN}0.50." in text and "by Helen" in text


def test_a_title_that_looks_like_markup_is_shown_as_it_was_written(client, cast):
    hostile = [{"key": "x", "title": "<b>x</b> [a](javascript:alert(1))", "points": 2, "options": [
        {"key": "a", "title": "<script>alert(1)</script> **a**", "points": 2}, {"key": "b", "title": "b_c_", "points": -1}]}]  # fmt: skip
    lab = with_rubric(cast.lab, hostile)
    tick(cast, cast.ruth, x=["a", "b"])
    released(cast)
    hostile[0]["options"][1] |= {"points": -0.5}
    change(cast, hostile)
    client.force_login(cast.ruth)
    text = client.get(LAB + "grade/").content.decode()
    assert "<script>alert" not in text and "<b>x</b>" not in text and 'href="javascript' not in text
    assert grade_for(lab, cast.ruth).points == D("1.50")


def request_of(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    released(cast)
    return regrade_open_for(
        visit=cast.visit(cast.amit), assignment=lab, person=cast.ruth, item="report", reason="again"
    )


def answer(cast, row, **more):
    regrade_answer(
        visit=cast.visit(cast.amit),
        row=row,
        text="Right.",
        seen=seen(row.assignment, cast.ruth),
        **({"points": None} | more),
    )


def test_a_regrade_answer_ticks(cast, lab):
    row = request_of(cast, lab)
    answer(cast, row, ticks=["complete"])
    line = grade_for(lab, cast.ruth).line_of("report")
    assert (line.points, line.options, GradeEvent.objects.last().kind) == (D("2.00"), ("complete",), "regrade")
    row.refresh_from_db()
    assert row.answer_points == 2


def test_an_answer_that_leaves_the_points_leaves_the_ticks(cast, lab):
    row = request_of(cast, lab)
    answer(cast, row)
    assert grade_for(lab, cast.ruth).line_of("report").options == ("complete", "interval")
    assert GradeEvent.objects.last().kind == "note"


def test_an_answer_with_ticks_that_are_gone_is_refused(cast, lab):
    row = request_of(cast, lab)
    assert refused(lambda: answer(cast, row, ticks=["never"])) == "rubric_changed"


def test_the_page_of_a_request_offers_the_options_and_takes_them(amit, cast, lab):
    row = request_of(cast, lab)
    text = amit.get(row.get_absolute_url()).content.decode()
    assert 'value="complete" checked' in text and 'value="interval" checked' in text and 'id="points"' not in text
    done = amit.post(row.get_absolute_url(), {
        "act": "answer", "seen": seen(lab, cast.ruth), "text": "Right.", "ticks-report": "complete interval", "tick-report": ["complete"],
    })  # fmt: skip
    assert done.status_code == 302
    assert grade_for(lab, cast.ruth).points_of("report") == 2


def test_the_class_table_and_its_csv_hold_the_points_of_each_item(amit, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"], why=["some"])
    heads, rows = csv_table(cast.visit(cast.amit), lab)
    row = dict(zip(heads, next(row for row in rows if row[0] == "Ruth"), strict=True))
    assert (row["Report"], row["Discussion"], row["Talk"]) == (D("1.75"), D("0.50"), "")
    assert csv_response("x.csv", heads, rows).status_code == 200
    assert "1.75" in amit.get(LAB + "grades/").content.decode()


def test_an_item_whose_options_were_all_withdrawn_is_graded_by_a_number_again(amit, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    bare = {key: value for key, value in FACTS[0].items() if key != "options"}
    rubric_load(lab, [bare, *FACTS[1:]])
    assert was(amit, cast)["points-report"] == "1.75"
