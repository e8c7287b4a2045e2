"""The pages of the desk: to whom, without JavaScript too, in how many queries; the board, samples and snippets."""

import pytest

from grading.grade_facts import grade_for
from grading.models import GradeEvent, GradingSheet, RubricItem, Snippet
from grading.services.samples import samples_choose, samples_prepare
from grading.services.sheet_finishing import sheet_finish
from tests.grading.desk.desks import GOOD, again, claimed, essay, hand_in_report, many, sheet_of
from tests.grading.grades.grades import refused

pytestmark = pytest.mark.django_db
DESK, BOARD = "/courses/odml/assignments/essay/desk/", "/courses/odml/desk/"
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def lab(cast):
    return essay(cast)


def text_of(client, person, address, status=200):
    client.force_login(person)
    answer = client.get(address, follow=True)
    assert answer.status_code == status, address
    return answer.content.decode()


def sent(client, person, sheet, ticks=None, **more):
    """The form as the page sends it."""
    client.force_login(person)
    sheet, headers = again(sheet), more.pop("headers", {})
    fields = {f"tick-{key}": keys for key, keys in (GOOD if ticks is None else ticks).items()}
    body = {"act": "save", "revision": sheet.revision, "seen": 0, "shown": ["report", "why", "extra"], "comment": ""}
    return client.post(sheet.get_absolute_url(), body | fields | more, **headers)


def done(cast, sheet, person=None, ticks=None):
    visit = cast.visit(person or cast.amit)
    found = claimed(cast, sheet, person or cast.amit)
    return sheet_finish(visit=visit, sheet=found, revision=found.revision, ticks=ticks or GOOD, comment="", seen=0)


def test_students_never_come_to_the_desk(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    for address in (DESK, BOARD, sheet.get_absolute_url(), f"{sheet.get_absolute_url()}live/", f"{BOARD}snippets/"):
        assert "staff" in text_of(client, cast.ruth, address, 403)
    assert client.post(sheet.get_absolute_url(), {"act": "done"}).status_code == 403


def test_begin_leads_to_a_report_and_opening_it_claims_it(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text = text_of(client, cast.amit, DESK)
    assert "report 1" in text and "claimed by you" in text and "Ruth" in text
    assert again(sheet).claimed_by == cast.amit
    assert "Amit grades this report" in text_of(client, cast.ines, sheet.get_absolute_url())


def test_two_graders_are_led_to_two_reports(client, cast, lab):
    for person in (cast.ruth, cast.daniel):
        sheet_of(cast, lab, None, person)
    addresses = set()
    for person in (cast.amit, cast.ines):
        client.force_login(person)
        addresses.add(client.get(DESK)["Location"])
        client.get(DESK, follow=True)
    assert len(addresses) == 2
    client.force_login(cast.helen)
    assert client.get(DESK)["Location"] == BOARD  # nothing is free


def test_without_javascript_the_form_saves_and_finishes(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    assert sent(client, cast.amit, sheet, comment="Fine.")["Location"] == sheet.get_absolute_url()
    assert again(sheet).comment == "Fine."
    assert sent(client, cast.amit, sheet, act="done", comment="Fine.")["Location"] == BOARD
    assert f"{grade_for(lab, cast.ruth).points:.2f}" == "2.75"


def test_a_refusal_shows_the_page_with_all_that_was_ticked_and_typed(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    answer = sent(client, cast.amit, sheet, {"report": ["complete", "no-plot"]}, act="done", comment="Typed words.")
    text = answer.content.decode()
    assert answer.status_code == 422 and "Discussion lacks a mark" in text and "Typed words." in text
    assert text.count(" checked>") == 2


def test_a_save_says_when_and_an_older_tab_is_refused_with_a_sentence(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    first = sent(client, cast.amit, sheet, headers=JSON).json()
    assert first["revision"] == 1 and first["saved"]
    late = sent(client, cast.amit, sheet, {}, revision=0, headers=JSON)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale_sheet")


@pytest.mark.parametrize("act", ["touch", "save", "done"])
def test_who_was_taken_over_is_told_at_the_next_word(client, cast, lab, act):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    client.force_login(cast.ines)
    client.post(sheet.get_absolute_url(), {"act": "take_over", "take_from": cast.amit.pk})
    answer = sent(client, cast.amit, sheet, act=act, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "taken_over")
    assert "Ines" in answer.json()["error"]["message"]


def test_odd_input_is_refused_and_nothing_breaks(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    url = sheet.get_absolute_url()
    for body in (
        {},
        {"act": "?"},
        {"act": "save", "revision": "-1"},
        {"act": "take_over", "take_from": "x"},
        {"act": "done", "shown": "zz", "tick-zz": "1"},
    ):
        assert client.post(url, body).status_code in (302, 409, 422), body
    assert (
        client.post(url, {"act": "save", "revision": again(sheet).revision, "comment": "x" * 4001}).status_code == 422
    )
    assert client.get(f"{DESK}999/").status_code == 404


def test_by_question_one_item_is_shown_and_the_others_are_kept(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text = text_of(client, cast.amit, f"{sheet.get_absolute_url()}?item=why")
    assert "Says why" in text and "Unit missing" not in text
    client.post(
        f"{sheet.get_absolute_url()}?item=why",
        {"act": "done", "item": "why", "revision": 0, "seen": 0, "shown": "why", "tick-why": "why"},
    )
    assert again(sheet).ticks == {"why": ["why"]} and again(sheet).done_at is None
    text_of(client, cast.amit, f"{sheet.get_absolute_url()}?item=report")
    client.post(
        f"{sheet.get_absolute_url()}?item=report",
        {"act": "done", "item": "report", "revision": 1, "seen": 0, "shown": "report", "tick-report": "complete"},
    )
    assert again(sheet).done_at and f"{grade_for(lab, cast.ruth).points:.2f}" == "3.00"


@pytest.mark.parametrize("count", [2, 20])
def test_the_report_and_the_board_ask_as_much_for_2_as_for_20(client, cast, lab, count, django_assert_max_num_queries):
    many(cast, lab, None, count)
    for sheet in GradingSheet.objects.all()[: count // 2]:
        done(cast, sheet)
    client.force_login(cast.amit)
    left = GradingSheet.objects.filter(done_at=None).first()
    client.get(left.get_absolute_url())
    with django_assert_max_num_queries(40):
        client.get(left.get_absolute_url())
    with django_assert_max_num_queries(22):
        client.get(BOARD)
    with django_assert_max_num_queries(42):
        sent(client, cast.amit, left, headers=JSON)


def test_the_board_says_who_graded_how_much_and_what_is_left(client, cast, lab):
    sheets = [sheet_of(cast, lab, None, person) for person in (cast.ruth, cast.daniel, cast.sofia)]
    done(cast, sheets[0])
    done(cast, sheets[1], cast.ines, {"report": ["complete", "no-unit"], "why": ["only"]})
    text = text_of(client, cast.amit, BOARD)
    assert "2 of 3" in text and "1 left" in text
    assert "2.75" in text and "2.25" in text and "+0.25" in text and "\N{MINUS SIGN}0.25" in text
    done(cast, sheets[2])
    assert "Look at the grades and release them" in text_of(client, cast.amit, BOARD)


def test_a_board_without_work_says_what_will_be_here(client, cast):
    assert "Nothing waits" in text_of(client, cast.amit, BOARD)


def test_samples_are_marked_blindly_and_change_no_grade(client, cast, lab):
    for person in (cast.ruth, cast.daniel, cast.sofia):
        done(cast, sheet_of(cast, lab, None, person))
    assert refused(lambda: samples_choose(visit=cast.visit(cast.helen), assignment=lab, count=4)) == "too_few_done"
    assert refused(lambda: samples_choose(visit=cast.visit(cast.helen), assignment=lab, count=0)) == "sample_count"
    client.force_login(cast.helen)
    client.post("/courses/odml/assignments/essay/desk/samples/", {"count": "2"})
    before = GradeEvent.objects.count()
    text = text_of(client, cast.ines, f"{DESK}?samples=1")
    assert "compares graders" in text and " checked>" not in text and "Ruth" not in text and "Daniel" not in text
    for sheet in GradingSheet.objects.filter(grader=cast.ines):
        done(cast, sheet, cast.ines, {"report": ["complete"], "why": ["why"]})
    assert GradeEvent.objects.count() == before
    assert "Beside all, on average" in text_of(client, cast.ines, BOARD)
    assert "2 of 2 samples wait" in text_of(client, cast.amit, BOARD)
    assert "Beside all, on average" not in text_of(client, cast.amit, BOARD)  # not before his own are done
    assert text_of(client, cast.amit, GradingSheet.objects.filter(grader=cast.ines).first().get_absolute_url(), 404)


def test_a_ta_does_not_choose_samples_and_each_is_made_once(client, cast, lab):
    done(cast, sheet_of(cast, lab, None))
    client.force_login(cast.amit)
    assert client.post("/courses/odml/assignments/essay/desk/samples/", {"count": "1"}).status_code == 403
    samples_choose(visit=cast.visit(cast.helen), assignment=lab, count=1)
    for _ in range(2):
        samples_prepare(visit=cast.visit(cast.amit), assignment=lab)
    assert GradingSheet.objects.filter(grader=cast.amit).count() == 1


def test_snippets_are_ones_own_unless_they_are_shared(client, cast):
    client.force_login(cast.amit)
    client.post(f"{BOARD}snippets/", {"short": "u", "text": "Own words."})
    client.post(f"{BOARD}snippets/", {"short": "s", "text": "For all of us.", "shared": "1"})
    assert "Own words." in text_of(client, cast.amit, f"{BOARD}snippets/")
    text = text_of(client, cast.ines, f"{BOARD}snippets/")
    assert "For all of us." in text and "Own words." not in text
    own = Snippet.objects.get(short="u")
    assert client.post(f"{BOARD}snippets/", {"remove": own.pk}).status_code == 404
    assert client.post(f"{BOARD}snippets/", {"short": "x" * 25, "text": "y"}).status_code == 422
    client.force_login(cast.amit)
    client.post(f"{BOARD}snippets/", {"remove": own.pk})
    assert not Snippet.objects.filter(short="u").exists()


def test_a_report_that_came_again_after_it_was_graded_is_said(client, cast, lab):
    done(cast, sheet_of(cast, lab, None))
    hand_in_report(cast.ruth, lab)
    assert "1 handed in again after it was graded" in text_of(client, cast.amit, BOARD)


def test_an_item_without_options_takes_points_as_they_are_typed(client, cast, lab):
    RubricItem.objects.create(assignment=lab, key="plot", title="Plot", points=3, position=9)
    sheet, shown = sheet_of(cast, lab, None), ["report", "why", "extra", "plot"]
    text_of(client, cast.amit, sheet.get_absolute_url())
    answer = sent(client, cast.amit, sheet, act="done", shown=shown)
    assert answer.status_code == 422 and "Plot lacks a mark. Type its points." in answer.content.decode()
    answer = sent(client, cast.amit, sheet, act="done", shown=shown, **{"points-plot": "many"})
    assert answer.status_code == 422 and 'value="many"' in answer.content.decode()
    answer = sent(client, cast.amit, sheet, act="done", shown=shown, **{"points-plot": "3.5"})
    assert answer.status_code == 422 and "Give 0 to 3.00 points." in answer.content.decode()
    assert sent(client, cast.amit, sheet, act="done", shown=shown, **{"points-plot": "2,5"}).status_code == 302
    assert f"{grade_for(lab, cast.ruth).points:.2f}" == "5.25"
