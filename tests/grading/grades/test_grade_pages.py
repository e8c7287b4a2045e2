"""The pages of grades and regrade requests: what they show, to whom, and that a refusal loses nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.models import Role
from grading.grade_facts import grade_for
from grading.models import GradeEvent, LateVerdict, RegradeRequest
from grading.models.grades import GradeRelease
from tests.courseplatform.teams.builders import make_students, make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import REASON, ask, give, graded, regrade_of, released, seen, with_rubric

pytestmark = pytest.mark.django_db
LAB = "/courses/odml/assignments/lab1/"
HOSTILE = '<script>alert(1)</script> <img src=x onerror="alert(2)"> [a](javascript:alert(3)) **bold**'


def page(client, person, address, status=200):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def post(client, person, address, **fields):
    client.force_login(person)
    return client.post(address, fields)


def answer_fields(cast, **more):
    return {"act": "answer", "seen": seen(cast.lab, cast.ruth), "points": "3", "text": "Right, page 2."} | more


def test_a_student_reads_nothing_of_the_grade_before_the_release(client, cast):
    with_rubric(cast)
    give(cast, cast.ruth, report="2.75", reason="secret words")
    text = page(client, cast.ruth, LAB + "grade/")
    assert "are not released yet" in text
    assert "2.75" not in text and "secret words" not in text
    assert "Why is my grade this?" not in page(client, cast.ruth, LAB)


def test_after_taking_back_a_student_reads_neither_points_nor_answers(client, cast):
    row = regrade_of(cast)
    post(client, cast.amit, row.get_absolute_url(), **answer_fields(cast, points="2.25"))
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    text = page(client, cast.ruth, LAB + "grade/") + page(client, cast.ruth, row.get_absolute_url())
    assert "2.25" not in text and "page 2" not in text
    assert REASON in text  # what she asked herself
    assert "were taken back for now" in text


def test_a_released_grade_shows_each_part_its_reason_and_the_sum(client, cast, tmp_path):
    measured(cast, cast.ruth, tmp_path)
    graded(cast)
    text = page(client, cast.ruth, LAB + "grade/")
    assert "9.38 of 12.00" in text  # 6.38 measured, 2 and 1 by hand
    assert "first reading" in text and "by Amit" in text
    assert "opens" in text  # a criterion of the result
    assert page(client, cast.ruth, LAB).count("Why is my grade this?") == 1


def test_a_student_sees_the_own_grade_and_no_other(client, cast):
    graded(cast)
    give(cast, cast.daniel, report="0.25", reason="only for Daniel")
    assert "only for Daniel" not in page(client, cast.ruth, LAB + "grade/")
    assert "0.25" in page(client, cast.daniel, LAB + "grade/")


def test_staff_have_no_grade_and_are_led_to_the_class(client, cast):
    with_rubric(cast)
    client.force_login(cast.helen)
    assert client.get(LAB + "grade/").headers["Location"] == LAB + "grades/"


def test_a_student_does_not_open_the_pages_of_the_staff(client, cast):
    with_rubric(cast)
    for address in ("grades/", "grades.csv", f"grades/{cast.ruth.pk}/"):
        page(client, cast.ruth, LAB + address, 403)
    assert post(client, cast.ruth, LAB + "grades/release/", to="release").status_code == 403
    assert not GradeRelease.objects.exists()


def test_somebody_who_is_no_student_here_is_not_marked(client, cast):
    with_rubric(cast)
    page(client, cast.amit, LAB + f"grades/{cast.lena.pk}/", 404)
    page(client, cast.amit, LAB + f"grades/{cast.helen.pk}/", 404)


def test_marks_are_given_on_the_page_with_a_comma_or_a_point(client, cast):
    with_rubric(cast)
    fields = {"act": "marks", "seen": "0", "points-report": "2,5", "was-report": "", "points-plot": "", "was-plot": ""}
    answer = post(client, cast.amit, LAB + f"grades/{cast.ruth.pk}/", **fields)
    assert answer.status_code == 302
    assert [(row.item.key, str(row.points)) for row in GradeEvent.objects.all()] == [("report", "2.50")]


@pytest.mark.parametrize("typed", ["two", "1e999999999", "NaN", "9" * 30])
def test_what_is_no_number_is_refused_and_stays_typed(client, cast, typed):
    with_rubric(cast)
    fields = {"act": "marks", "seen": "0", "points-report": typed, "was-report": "", "note": "kept words"}
    answer = post(client, cast.amit, LAB + f"grades/{cast.ruth.pk}/", **fields)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{typed}"' in text and "kept words" in text
    assert not GradeEvent.objects.exists()


def test_a_stale_page_shows_both_values_and_saves_on_the_second_try(client, cast):
    with_rubric(cast)
    give(cast, cast.ruth, by=cast.ines, report=1, plot=1)
    fields = {
        "act": "marks", "seen": "0", "points-report": "3", "was-report": "", "points-plot": "", "was-plot": "", "reason": "mine",
    }  # fmt: skip
    answer = post(client, cast.amit, LAB + f"grades/{cast.ruth.pk}/", **fields)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "You typed 3; it is 1.00 now, by Ines" in text and "mine" in text
    again = fields | {
        "seen": seen(cast.lab, cast.ruth),
        "was-report": "1.00",
        "points-plot": "1.00",
        "was-plot": "1.00",
    }
    assert f'name="seen" value="{again["seen"]}"' in text
    post(client, cast.amit, LAB + f"grades/{cast.ruth.pk}/", **again)
    grade = grade_for(cast.lab, cast.ruth)
    assert (grade.points_of("report"), grade.points_of("plot")) == (3, 1)  # what Amit did not touch stays Ines's


def test_the_whole_is_set_by_hand_on_the_page(client, cast):
    with_rubric(cast)
    post(
        client, cast.amit, LAB + f"grades/{cast.ruth.pk}/", act="override", seen="0", points="11", reason="excused part"
    )
    assert grade_for(cast.lab, cast.ruth).points == 11


def test_release_and_taking_back_say_whom_they_concern(client, cast):
    with_rubric(cast)
    assert LAB + "grades/release/" in page(client, cast.helen, LAB + "grades/")
    assert "all 3 students" in page(client, cast.helen, LAB + "grades/release/")
    post(client, cast.helen, LAB + "grades/release/", to="release")
    assert "Hide the grades of 3 students" in page(client, cast.helen, LAB + "grades/release/")
    refused = post(client, cast.helen, LAB + "grades/release/", to="take_back", reason=" ")
    assert (refused.status_code, "reason_missing" in refused.content.decode()) == (422, True)
    post(client, cast.helen, LAB + "grades/release/", to="take_back", reason="item 2 was wrong")
    assert [row.is_released for row in GradeRelease.objects.all()] == [True, False]


def test_the_table_is_searched_by_name_and_team_and_filtered_by_state(client, cast):
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.daniel)
    give(cast, cast.ruth, report=1, plot=1)
    shown = {
        query: [name for name in ("Ruth", "Daniel", "Sofia") if f">{name}</a>" in page(client, cast.amit, LAB + "grades/" + query)]
        for query in ("", "?q=ruth", "?q=magpie", "?state=complete", "?state=missing", "?q=nobody", "?state=odd&page=99")
    }  # fmt: skip
    assert list(shown.values()) == [
        ["Ruth", "Daniel", "Sofia"], ["Ruth"], ["Daniel"], ["Ruth"], ["Daniel", "Sofia"], [], ["Ruth", "Daniel", "Sofia"],
    ]  # fmt: skip


def test_the_csv_holds_the_class(client, cast):
    graded(cast)
    text = page(client, cast.amit, LAB + "grades.csv")
    lines = text.splitlines()
    assert lines[0].endswith("Report,Plot,Late,Points,Of,State")
    assert any(line.startswith("Ruth,") and "2.00,1.00,,3.00,12.00" in line for line in lines)


@pytest.mark.parametrize("count", [5, 600])
def test_the_table_makes_the_same_few_queries_for_any_number(client, cast, count, django_assert_max_num_queries):
    with_rubric(cast)
    people = make_students(cast, count)
    items = list(cast.lab.rubric.all())
    GradeEvent.objects.bulk_create(
        GradeEvent(assignment=cast.lab, person=person, kind="rubric", item=item, points=1, actor="Amit")
        for person in people
        for item in items
    )
    client.force_login(cast.amit)
    with django_assert_max_num_queries(14):
        text = client.get(LAB + "grades/").content.decode()
    assert f"{count} of {count + 3} graded" in text
    assert text.count('<td class="who">') == min(count + 3, 100)


@pytest.mark.parametrize("count", [1, 60])
def test_a_grade_page_makes_the_same_few_queries_for_any_history(client, cast, count, django_assert_max_num_queries):
    graded(cast)
    ask(cast)
    item = cast.lab.rubric.first()
    GradeEvent.objects.bulk_create(
        GradeEvent(assignment=cast.lab, person=cast.ruth, kind="rubric", item=item, points=1, actor="Amit")
        for _ in range(count)
    )
    for person, address in ((cast.ruth, "grade/"), (cast.amit, f"grades/{cast.ruth.pk}/")):
        client.force_login(person)
        with django_assert_max_num_queries(22):
            assert client.get(LAB + address).status_code == 200


@pytest.mark.parametrize("count", [5, 600])
def test_the_list_of_requests_makes_the_same_few_queries_for_any_number(
    client, cast, count, django_assert_max_num_queries
):
    with_rubric(cast)
    item, now = cast.lab.rubric.first(), timezone.now()
    RegradeRequest.objects.bulk_create(
        RegradeRequest(
            assignment=cast.lab, item=item, person=person, reason=REASON, points_before=1, judged_at=now, made_at=now
        )
        for person in make_students(cast, count)
    )
    client.force_login(cast.amit)
    with django_assert_max_num_queries(9):
        text = client.get("/courses/odml/regrades/").content.decode()
    assert text.count("/courses/odml/regrades/") >= min(count, 200)


def test_a_student_asks_at_the_item_and_reads_the_request(client, cast):
    graded(cast)
    text = page(client, cast.ruth, LAB + "grade/")
    assert text.count("Ask for a regrade") == 2 and "2 of 2 left" in text
    answer = post(client, cast.ruth, LAB + "grade/ask/", item="report", reason=REASON, knows="1")
    row = RegradeRequest.objects.get()
    assert answer.headers["Location"] == row.get_absolute_url()
    text = page(client, cast.ruth, LAB + "grade/")
    assert text.count("Ask for a regrade") == 1 and "1 of 2 left" in text


def test_a_refused_request_keeps_what_was_written(client, cast):
    graded(cast)
    answer = post(client, cast.ruth, LAB + "grade/ask/", item="report", reason=REASON)
    assert answer.status_code == 422
    assert REASON in answer.content.decode()
    assert not RegradeRequest.objects.exists()


def test_the_times_stand_in_the_zone_of_the_course(client, cast):
    cast.ruth.zone = "Asia/Tokyo"
    cast.ruth.save()
    graded(cast)
    opens = (cast.lab.grade_releases.get().at + timedelta(hours=24)).astimezone(cast.course.tz)
    assert f"{opens:%a %b %-d, %H:%M %Z}" in page(client, cast.ruth, LAB + "grade/")


def test_before_and_after_the_window_the_page_says_when_and_offers_nothing(client, cast):
    graded(cast, hours=1)
    text = page(client, cast.ruth, LAB + "grade/")
    assert "They open" in text and "Ask for a regrade" not in text
    GradeRelease._base_manager.update(at=timezone.now() - timedelta(days=30))
    text = page(client, cast.ruth, LAB + "grade/")
    assert "They closed" in text and "Ask for a regrade" not in text


def test_a_request_goes_from_the_list_to_the_answer_and_back_to_the_student(client, cast):
    row = regrade_of(cast)
    assert row.get_absolute_url() in page(client, cast.amit, "/courses/odml/regrades/")
    text = page(client, cast.amit, row.get_absolute_url())
    assert "Amit (graded it)" in text
    assert post(client, cast.amit, row.get_absolute_url(), **answer_fields(cast)).status_code == 302
    text = page(client, cast.ruth, row.get_absolute_url())
    assert "Right, page 2." in text and "Accept the answer" in text
    post(client, cast.ruth, row.get_absolute_url(), act="accept")
    assert RegradeRequest.objects.get().status == "accepted"


def test_an_answer_that_came_second_is_shown_again_in_full(client, cast):
    row = regrade_of(cast)
    post(client, cast.amit, row.get_absolute_url(), **answer_fields(cast))
    answer = post(client, cast.ines, row.get_absolute_url(), **answer_fields(cast, seen="1", text="Ines's long answer"))
    assert answer.status_code == 409
    assert "Ines&#x27;s long answer" in answer.content.decode()


def test_an_escalated_request_is_decided_by_instructors_only(client, cast):
    row = regrade_of(cast)
    post(client, cast.amit, row.get_absolute_url(), **answer_fields(cast))
    post(client, cast.ruth, row.get_absolute_url(), act="escalate", reason=REASON)
    fields = answer_fields(cast, act="decide", points="1")
    assert post(client, cast.amit, row.get_absolute_url(), **fields).status_code == 403
    assert "Decide and tell" not in page(client, cast.amit, row.get_absolute_url())
    assert post(client, cast.helen, row.get_absolute_url(), **fields).status_code == 302
    assert grade_for(cast.lab, cast.ruth).points_of("report") == 1


@pytest.mark.parametrize("act", ["assign", "answer", "decide", "close", "reopen", "odd", ""])
def test_a_student_takes_no_step_of_the_staff(client, cast, act):
    row = regrade_of(cast)
    fields = answer_fields(cast, act=act, to=cast.amit.pk, reason=REASON)
    assert post(client, cast.ruth, row.get_absolute_url(), **fields).status_code in (403, 404, 422)
    row.refresh_from_db()
    assert row.status == "open"


def test_another_student_finds_no_request(client, cast):
    row = regrade_of(cast)
    page(client, cast.daniel, row.get_absolute_url(), 404)
    assert post(client, cast.daniel, row.get_absolute_url(), act="withdraw").status_code == 404


def test_hostile_words_stay_words(client, cast):
    graded(cast)
    give(cast, cast.ruth, report=1, reason=HOSTILE)
    row = ask(cast, reason=HOSTILE + REASON)
    post(client, cast.amit, row.get_absolute_url(), **answer_fields(cast, text=HOSTILE))
    for person in (cast.ruth, cast.amit):
        for address in (LAB + ("grade/" if person == cast.ruth else f"grades/{cast.ruth.pk}/"), row.get_absolute_url()):
            text = page(client, person, address)
            assert "<script>alert" not in text and "<img src=x" not in text and 'href="javascript' not in text
            assert "alert(1)" in text  # it was there to be escaped
    assert "<strong>bold</strong>" in page(client, cast.ruth, row.get_absolute_url())


def test_the_home_of_the_staff_says_how_many_wait(client, cast):
    assert "Regrade requests</h2>" not in page(client, cast.amit, "/courses/odml/")
    regrade_of(cast)
    assert "1 waits for the staff" in page(client, cast.amit, "/courses/odml/")
    assert "waits for the staff" not in page(client, cast.ruth, "/courses/odml/")


def test_a_lab_that_takes_no_requests_says_so(client, cast):
    with_rubric(cast, regrade_rules={})
    give(cast, cast.ruth, report=1)
    released(cast)
    assert "takes no regrade requests" in page(client, cast.ruth, LAB + "grade/")


def test_the_bar_has_the_requests_for_staff_alone(client, cast):
    links = {role: "/courses/odml/regrades/" in page(client, person, "/courses/odml/") for role, person in (
        (Role.TA, cast.amit), (Role.INSTRUCTOR, cast.helen), (Role.STUDENT, cast.ruth))}  # fmt: skip
    assert links == {Role.TA: True, Role.INSTRUCTOR: True, Role.STUDENT: False}


def test_the_page_of_the_lab_says_what_a_person_grades(client, cast):
    with_rubric(cast)
    cast.lab.rubric.filter(key="plot").update(is_withdrawn=True)
    text = page(client, cast.ruth, LAB)
    assert "up to 3.00 points" in text and "<dt>Plot</dt>" not in text


def test_lateness_is_a_line_of_its_own_with_its_explanation(client, cast, tmp_path):
    cast.course.facts = {"late_policy": {"policy": {"penalty": {"kind": "percent_of_max", "each": 10}}}}
    cast.course.save()
    cast.lab.refresh_from_db()
    run = measured(cast, cast.ruth, tmp_path)
    graded(cast)
    LateVerdict.objects.update_or_create(
        assignment=cast.lab, person=cast.ruth,
        defaults={"submission": run.submission, "days_late": 1, "free_days_used": 0, "penalty_percent": 10, "max_percent": 90,
                  "accepted": True, "explanation": ["One day after the due time."]},
    )  # fmt: skip
    text = page(client, cast.ruth, LAB + "grade/")
    assert "Late: 10 % of the maximum is lost, so at most 90 %" in text
    assert "One day after the due time." in text
    assert "-1.20" in text and "8.18 of 12.00" in text
