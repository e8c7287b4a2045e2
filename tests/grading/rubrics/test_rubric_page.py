"""The page on which a rubric is changed: filled in without a script, looked at, applied as it was looked at, and nothing typed is lost."""

import re
from decimal import Decimal

import pytest
from django.http import QueryDict

from grading.course_file.rubric import rubric_load
from grading.forms.editing.rubric import RubricForm
from grading.models import GradeEvent, RubricItem, RubricOption
from grading.models.grades import GradeRelease
from tests.grading.grades.grades import released, told
from tests.grading.rubrics.rubrics import FACTS, change, other, rubric_of, tick, with_rubric
from tests.people import make_lab

pytestmark = pytest.mark.django_db
URL = "/courses/odml/assignments/lab1/rubric/"
D = Decimal


@pytest.fixture
def lab(cast):
    return with_rubric(cast.lab)


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def sent(rubric):
    """What the page of this rubric would send."""
    form, found = RubricForm(rubric), QueryDict(mutable=True)
    rows = [(form.items.count_name, form.items)] + [(item.options.count_name, item.options) for item in form]
    for name, these in rows:
        found[name] = str(these.count)
        for row in these:
            for field in row:
                value = field.value()
                if value not in (None, False):
                    found[field.html_name] = "on" if value is True else str(value)
    return found


def post(client, rubric, **fields):
    data = sent(rubric) if isinstance(rubric, list) else rubric
    return client.post(URL, dict(data.lists()) | fields)


def digest_of(page):
    found = re.search(r'name="seen" value="(\w+)"', page.content.decode())
    return found[1] if found else ""


def fields_of(page):
    """What a browser would send back of the page."""
    text, found = page.content.decode(), QueryDict(mutable=True)
    for tag in re.findall(r"<input [^>]*>", text.split('id="rubric"')[1]):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag) and "csrf" not in tag:
            found[name[1]] = value[1] if value else "on" if "checkbox" in tag else ""
    return found


def test_the_rubric_comes_back_from_its_form(lab):
    form = RubricForm(FACTS, sent(FACTS))
    assert form.is_valid() and form.rubric() == FACTS


def test_a_change_is_shown_with_everybody_whose_grade_it_moves_and_then_applied(helen, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"], why=["all"])
    tick(cast, cast.daniel, report=["complete"])
    released(cast)
    dearer = other(((0, "options", 1, "points"), -0.5))
    page = post(helen, dearer, step="preview")
    text = page.content.decode()
    assert page.status_code == 200 and rubric_of(lab) == FACTS
    assert "No interval: \N{MINUS SIGN}0.25 is now \N{MINUS SIGN}0.50." in text
    assert "1 grade changes, by \N{MINUS SIGN}0.25 points together." in text and "sees it already and is told" in text
    assert ">Ruth</a>" in text and "2.75" in text and ">Daniel</a>" not in text
    answer = post(helen, dearer, step="apply", seen=digest_of(page))
    assert answer.status_code == 302 and rubric_of(lab) == dearer
    assert told(cast.ruth) == ["Your grade of Lab 1 changed with its rubric"]
    assert "1 grade changed with it" in helen.get(URL).content.decode()


def test_a_stale_preview_is_shown_anew_and_nothing_is_applied(helen, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    dearer = other(((0, "options", 1, "points"), -0.5))
    seen = digest_of(post(helen, dearer, step="preview"))
    tick(cast, cast.daniel, report=["complete", "interval"])
    page = post(helen, dearer, step="apply", seen=seen)
    assert page.status_code == 409 and "preview_differs" in page.content.decode()
    assert ">Daniel</a>" in page.content.decode() and rubric_of(lab) == FACTS
    assert post(helen, dearer, step="apply", seen=digest_of(page)).status_code == 302


def test_applying_without_a_preview_shows_it(helen, lab):
    page = post(helen, other(((2, "points"), 1)), step="apply", seen="")
    assert page.status_code == 409 and digest_of(page)
    assert rubric_of(lab) == FACTS


def test_a_form_that_says_the_same_says_so(helen, lab):
    page = post(helen, FACTS, step="preview")
    assert "Nothing is changed yet" in page.content.decode() and not digest_of(page)


def test_whoever_changed_the_rubric_meanwhile_is_told_of(helen, cast, lab):
    base = fields_of(helen.get(URL))["base"]
    change(cast, other(((2, "points"), 1)))
    page = post(helen, FACTS, step="preview", base=base)
    assert "Somebody changed this rubric while you had it open" in page.content.decode()
    assert "Talk: at most 1.00 is now at most 3.00." in page.content.decode()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("items-2-points", "-1", "at least 0.01"),
        ("items-2-points", "NaN", "number"),
        ("items-2-points", "1e9", "at most"),
        ("items-2-points", "0.333", "more than two decimals"),
        ("items-0-options-1-points", "a half", "number"),
        ("items-0-options-1-points", "-0.001", "more than two decimals"),
        ("items-0-options-1-title", "", "required"),
        ("items-0-options-0-points", "1", "at most"),
        ("items-2-exactly_one", "on", "none"),
        ("items-1-key", "report", "twice"),
        ("items-1-key", "no slug", "item"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_keeps_what_was_typed(helen, lab, name, value, words):
    data = sent(FACTS)
    data["items-3-title"] = "Something typed"
    data[name] = value
    page = post(helen, data, step="preview")
    text = page.content.decode()
    assert page.status_code == 422 and not digest_of(page)
    assert 'value="Something typed"' in text and 'class="error"' in text and words in text
    assert not value or f'value="{value}"' in text or value == "on"


def test_rows_are_added_moved_and_taken_away_by_buttons_and_keep_what_was_typed(helen, lab):
    data = sent(FACTS)
    data["items-0-title"] = "Write-up"
    data = fields_of(post(helen, data, do="items:down:0"))
    assert (data["items-0-title"], data["items-1-title"], data["items-1-options-1-title"]) == (
        "Discussion",
        "Write-up",
        "No interval",
    )
    data = fields_of(post(helen, data, do="items-1-options:up:1"))
    assert [data[f"items-1-options-{n}-key"] for n in range(2)] == ["interval", "complete"]
    data = fields_of(post(helen, data, do="items-1-options:add:option"))
    data["items-1-options-2-title"], data["items-1-options-2-points"] = "No units", "-0.5"
    data = fields_of(post(helen, data, do="items:remove:3"))
    page = post(helen, data, step="preview")
    assert post(helen, fields_of(page), step="apply", seen=digest_of(page)).status_code == 302
    assert [item["title"] for item in rubric_of(lab)] == ["Discussion", "Write-up", "Talk"]
    assert [(one["key"], one["points"]) for one in rubric_of(lab)[1]["options"]] == [
        ("interval", -0.25),
        ("complete", 2),
        ("no-units", -0.5),
    ]


def test_what_was_withdrawn_comes_back_with_its_key_and_its_marks(helen, cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"], marks={"talk": D(2)})
    change(cast, [FACTS[0] | {"options": FACTS[0]["options"][:1]}])
    text = helen.get(URL).content.decode()
    assert "Not in the rubric" in text and 'value="back:talk"' in text and 'value="back:report:interval"' in text
    data = fields_of(post(helen, rubric_of(lab), do="back:talk"))
    data = fields_of(post(helen, data, do="back:report:interval"))
    page = post(helen, data, step="preview")
    assert "Talk is back, up to 3.00." in page.content.decode()
    post(helen, data, step="apply", seen=digest_of(page))
    assert [item["key"] for item in rubric_of(lab)] == ["report", "talk"]
    assert (
        not RubricItem.objects.get(key="talk").is_withdrawn
        and not RubricOption.objects.get(key="interval").is_withdrawn
    )


def test_a_new_item_never_gets_the_key_of_one_that_was_withdrawn(helen, cast, lab):
    tick(cast, cast.ruth, report=["complete"])
    change(cast, FACTS[1:])
    data = fields_of(post(helen, FACTS[1:], do="items:add:item"))
    data["items-3-title"], data["items-3-points"] = "Report", "2"
    page = post(helen, data, step="preview")
    post(helen, data, step="apply", seen=digest_of(page))
    assert rubric_of(lab)[3]["key"] == "report-2" and RubricItem.objects.get(key="report").is_withdrawn


@pytest.mark.parametrize(
    "do",
    ["x", "take:", "back:", "back:nothing", "back:report:nothing", "items:up:0", "items-9-options:add:option", ":::"],
)
def test_a_button_that_is_not_there_changes_nothing(helen, lab, do):
    page = post(helen, FACTS, do=do, source="999999")
    assert page.status_code == 200
    assert fields_of(page)["items-0-title"] == "Report" and rubric_of(lab) == FACTS


@pytest.mark.parametrize("count", ["-1", "x", "9" * 30, ""])
def test_a_count_that_is_none_is_no_rubric_and_no_fault(helen, lab, count):
    data = sent(FACTS)
    data["items-count"] = count
    assert post(helen, data, step="preview").status_code == 200


def test_the_rubric_of_other_work_is_put_into_the_form_with_its_keys(helen, cast, lab):
    second = make_lab(cast.course, slug="lab2", short="Lab 2")
    rubric_load(second, [{**FACTS[0], "title": "Report of two pages"}, {"key": "table", "title": "Table", "points": 1}])
    assert f'value="{second.pk}"' in helen.get(URL).content.decode()
    page = post(helen, FACTS[:2], do="take:", source=str(second.pk))
    data = fields_of(page)
    assert [data[f"items-{n}-key"] for n in range(3)] == ["report", "why", "table"]
    assert (data["items-0-title"], data["items-0-options-1-key"]) == ("Report of two pages", "interval")
    assert "stands in the form below. Nothing is applied yet." in page.content.decode()
    assert rubric_of(lab) == FACTS


def test_the_rubric_of_a_course_that_one_does_not_teach_is_not_offered(helen, cast, lab):
    foreign = with_rubric(make_lab(cast.other_course, slug="lab1"))
    assert "Take another rubric" not in helen.get(URL).content.decode()
    page = post(helen, FACTS[:1], do="take:", source=str(foreign.pk))
    assert "Choose first whose rubric is taken" in page.content.decode()
    assert fields_of(page)["items-count"] == "1"


@pytest.mark.parametrize(("name", "status"), [("amit", 403), ("ruth", 403), ("lena", 404), ("oscar", 404), (None, 302)])
def test_only_instructors_change_a_rubric(client, cast, lab, name, status):
    if name:
        client.force_login(getattr(cast, name))
    assert client.get(URL).status_code == status
    assert post(client, FACTS[:1], step="apply", seen="").status_code == status
    assert rubric_of(lab) == FACTS


def test_the_page_is_led_to_from_the_assignment_its_edit_page_and_its_grades(helen, lab):
    for rest in ("", "edit/", "grades/"):
        assert URL in helen.get(URL.replace("rubric/", rest)).content.decode()


def test_a_change_before_the_release_stays_with_the_staff(client, cast, lab, helen):
    tick(cast, cast.ruth, report=["complete", "interval"])
    change(cast, other(((0, "options", 1, "points"), -0.5)))
    assert not GradeRelease.objects.exists() and told(cast.ruth) == []
    client.force_login(cast.ruth)
    text = client.get("/courses/odml/assignments/lab1/grade/").content.decode()
    assert "1.50" not in text and "No interval" not in text


def test_the_page_makes_few_queries_whatever_the_class_and_the_rubric(helen, cast, lab, django_assert_max_num_queries):
    tick(cast, cast.ruth, report=["complete", "interval"])
    rubric = other(((0, "options", 1, "points"), -0.5)) + [
        {"key": f"i{n}", "title": f"I{n}", "points": 1, "options": [{"key": "a", "title": "A", "points": 1}]}
        for n in range(30)
    ]
    with django_assert_max_num_queries(30):
        assert post(helen, rubric, step="preview").status_code == 200
    assert GradeEvent.objects.count() == 1
