"""An assignment changed on its page: looked at first, applied only as it was looked at, the same as in the course file."""

from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseplatform.courses.course_file.service import course_export, course_import, plan_import
from courseplatform.courses.models import ScheduleChange
from courseplatform.notices.models.notifications import Notification
from grading.models import Assignment, LateVerdict, RubricItem
from grading.models.pieces import Piece
from grading.models.runs import Result, Run
from hardware.models import Status
from tests.grading.editing.editing import sent
from tests.grading.late_days.staff import handed_in, late_cast
from tests.people import make_lab

pytestmark = pytest.mark.django_db
PARTS = [
    {"key": "report", "kind": "pdf", "title": "Report", "pages": 1},
    {"key": "code", "kind": "link", "title": "Code"},
]
RUBRIC = [{"key": "report", "title": "Report", "points": 3}]


@pytest.fixture
def cast(data_dir):
    found = late_cast()
    found.lab.set_dates(due=wall(timezone.now() - timedelta(hours=30)))
    found.lab.parts = PARTS
    found.lab.save()
    return found


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def wall(at):
    return f"{at.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M}"


def url_of(cast, rest="edit/", slug="lab1"):
    return f"/courses/{cast.course.slug}/assignments/{slug}/{rest}"


def preview(client, cast, data):
    page = client.post(url_of(cast), dict(data.lists()) | {"step": "preview"})
    found = (page.context or {}).get("preview") if page.context else None
    return page, (found or {}).get("digest", "")


def apply(client, cast, data, digest):
    return client.post(url_of(cast), dict(data.lists()) | {"step": "apply", "seen": digest})


def test_a_change_is_shown_as_students_will_see_it_and_nothing_is_saved(helen, cast):
    page, digest = preview(helen, cast, sent(cast.lab, title="Quantized", summary="With **eight** bits."))
    text = page.content.decode()
    assert page.status_code == 200 and digest
    assert "~ title: Basics -&gt; Quantized" in text
    assert "<strong>eight</strong>" in text and "Lab 1: Quantized" in text  # the lab page itself
    cast.lab.refresh_from_db()
    assert cast.lab.title == "Basics"


def test_what_was_looked_at_is_applied_and_the_course_file_says_it(helen, cast):
    data = sent(cast.lab, title="Quantized", attempts="4", statement="on")
    _, digest = preview(helen, cast, data)
    assert apply(helen, cast, data, digest).status_code == 302
    text = course_export("odml")
    assert "title: Quantized" in text and "attempts: 4" in text and "statement: true" in text
    plan = plan_import(text.encode())
    assert plan.changes == []
    copy = plan_import(text.encode(), slug="again")
    course_import(plan=copy)
    assert plan_import(course_export("again").encode()).changes == []
    same, other = (Assignment.objects.get(course__slug=slug) for slug in ("odml", "again"))
    for name in (
        "title",
        "points",
        "parts",
        "bench_spec",
        "hidden_set_id",
        "attempts_allowed",
        "due_wall",
        "needs_statement",
    ):
        assert getattr(same, name) == getattr(other, name), name


def test_other_values_than_those_that_were_seen_are_not_applied(helen, cast):
    _, digest = preview(helen, cast, sent(cast.lab, title="Quantized"))
    page = apply(helen, cast, sent(cast.lab, title="Something else"), digest)
    assert page.status_code == 409 and "Nothing was applied" in page.content.decode()
    assert Assignment.objects.get(pk=cast.lab.pk).title == "Basics"


def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(helen, cast):
    data = sent(cast.lab, title="Quantized")
    _, digest = preview(helen, cast, data)
    Assignment.objects.filter(pk=cast.lab.pk).update(attempts_allowed=3)
    page = apply(helen, cast, data, digest)
    assert page.status_code == 409
    row = Assignment.objects.get(pk=cast.lab.pk)
    assert (row.title, row.attempts_allowed) == ("Basics", 3)


def test_a_later_due_time_shows_whose_cost_changes_and_tells_members(helen, cast):
    handed_in(cast, cast.ruth)
    later = wall(timezone.now() + timedelta(days=2)).split()
    data = sent(cast.lab, due_day=later[0], due_clock=later[1])
    page, digest = preview(helen, cast, data)
    assert [change.person for change, _ in page.context["preview"]["rows"]] == [cast.ruth]
    assert "Members are told" in page.content.decode()
    assert Notification.objects.count() == 0
    assert apply(helen, cast, data, digest).status_code == 302
    assert Notification.objects.filter(person=cast.ruth, title__contains="Lab 1 is due").exists()
    assert LateVerdict.objects.filter(person=cast.ruth).exists()


def test_a_change_without_dates_tells_nobody(helen, cast):
    data = sent(cast.lab, title="Quantized")
    _, digest = preview(helen, cast, data)
    apply(helen, cast, data, digest)
    assert Notification.objects.count() == 0
    assert ScheduleChange.objects.get(sentence="Lab 1 was changed.").is_told is False


def test_the_dates_of_a_draft_are_told_to_nobody(helen, cast):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=True)
    cast.lab.refresh_from_db()
    data = sent(cast.lab, due_day="2031-01-01")
    _, digest = preview(helen, cast, data)
    assert apply(helen, cast, data, digest).status_code == 302
    assert not ScheduleChange.objects.filter(is_told=True).exists()


def test_what_was_handed_in_and_measured_is_named_before_it_is_touched(helen, cast):
    submission = handed_in(cast, cast.ruth)
    run = Run.objects.create(submission=submission, status=Status.FINISHED, outcome="measured")
    Result.objects.create(
        run=run, report={}, host={}, metrics={}, quality={}, points=[], environment={}, earned=3, of=7
    )
    Piece.objects.create(assignment=cast.lab, person=cast.ruth, part="report", kind="pdf", upload_key=uuid4())
    data = sent(
        cast.lab,
        **{
            "criteria-1-points": "5",
            "parts-count": "1",
            "parts-0-title": "Code",
            "parts-0-kind": "link",
            "parts-0-key": "code",
        },
    )
    page, _ = preview(helen, cast, data)
    said = page.context["consequences"]
    assert (
        "1 result keeps its points until you run the lab again, on its page Re-runs: that shows first what would change."
        in said
    )
    assert (
        "Report is asked for no longer; what one student or team handed in for it is kept with their attempts." in said
    )
    assert page.context["points"]["differs"]


def test_points_that_do_not_add_up_are_told_once(helen, cast):
    RubricItem.objects.create(assignment=cast.lab, key="report", title="Report", points=30)
    page, _ = preview(helen, cast, sent(cast.lab, points="9"))
    assert page.content.decode().count("points says 9") == 1 and not page.context["points"]["differs"]


def test_a_refusal_keeps_what_was_typed_and_stands_beside_its_field(helen, cast):
    data = sent(cast.lab, title="Quantized", points="-3", **{"parts-0-pages": "0"})
    page, digest = preview(helen, cast, data)
    text = page.content.decode()
    assert page.status_code == 422 and not digest
    assert 'value="Quantized"' in text and "too_small" in text
    assert (
        page.context["form"].errors.as_data()["points"]
        and page.context["form"].parts.forms[0].errors.as_data()["pages"]
    )


def test_nothing_changed_is_said(helen, cast):
    page, digest = preview(helen, cast, sent(cast.lab))
    said = page.content.decode()
    assert page.status_code == 200 and "Nothing is changed yet" in said and not digest
    assert "As students see it" in said and 'class="error"' not in said
    assert said.count("<h1") == 1  # the page inside the page has no title of its own rank
    assert apply(helen, cast, sent(cast.lab), "").status_code == 422


def test_what_cannot_be_done_any_more_is_not_offered(helen, cast):
    assert "Make it a draft again" in helen.get(url_of(cast)).content.decode()
    handed_in(cast, cast.ruth)
    said = helen.get(url_of(cast)).content.decode()
    assert "Make it a draft again" not in said and "Withdraw</a>" in said


def test_a_refusal_beside_a_field_is_not_in_the_words_of_the_file(helen, cast):
    page, _ = preview(helen, cast, sent(cast.lab, **{"parts-0-pages": "0"}))
    said = page.content.decode()
    assert "This is 0; it is at least 1." in said and "arts[0]" not in said


def test_rows_are_added_without_a_script_and_keep_what_was_typed(helen, cast):
    data = sent(cast.lab, title="Half", points="")
    page = helen.post(url_of(cast), dict(data.lists()) | {"do": "parts:add:table"})
    text = page.content.decode()
    assert page.status_code == 200 and 'value="Half"' in text
    assert 'name="parts-2-columns"' in text and 'name="parts-2-kind" value="table"' in text
    assert 'class="error"' not in text
    assert Assignment.objects.get(pk=cast.lab.pk).title == "Basics"


def test_enter_in_a_field_looks_and_does_not_apply(helen, cast):
    page, _ = preview(helen, cast, sent(cast.lab, title="Quantized"))
    text = page.content.decode()
    assert text.index('name="step" value="preview"') < text.index('name="step" value="apply"')


def test_the_points_of_criteria_are_shown_as_they_would_be(helen, cast):
    data = sent(cast.lab, **{"criteria-1-from": "0.5", "criteria-1-to": "0.9", "criteria-1-points": "8"})
    page = helen.post(url_of(cast), dict(data.lists()) | {"do": "criteria:show:"})
    row = page.context["criteria_rows"][1]
    assert row.words.startswith("50.0") and [points for _, points in row.values] == [
        "0.00",
        "2.00",
        "4.00",
        "6.00",
        "8.00",
    ]


@pytest.mark.parametrize(("name", "status"), [("amit", 403), ("ruth", 403), ("lena", 404), ("oscar", 404), (None, 302)])
@pytest.mark.parametrize("rest", ["edit/", "publish/", "remove/"])
def test_only_instructors_change_an_assignment(client, cast, name, status, rest):
    if name:
        client.force_login(getattr(cast, name))
    assert client.get(url_of(cast, rest)).status_code == status
    assert client.post(url_of(cast, rest), {"step": "apply"}).status_code == status


def test_an_assignment_of_another_course_is_not_there(helen, cast):
    make_lab(cast.other_course, slug="theirs")
    assert helen.get(url_of(cast, slug="theirs")).status_code == 404


def test_the_page_asks_a_bounded_number_of_queries(helen, cast, django_assert_max_num_queries):
    for n in range(30):
        make_lab(cast.course, slug=f"more{n}", short=f"More {n}")
    with django_assert_max_num_queries(30):
        helen.get(url_of(cast))
    with django_assert_max_num_queries(120):
        preview(helen, cast, sent(cast.lab, title="Quantized"))


@pytest.mark.parametrize(
    "field",
    ["parts-count", "criteria-count", "step", "do", "due_day", "points", "hidden_set", "parts-0-kind", "bench-shapes"],
)
@pytest.mark.parametrize("value", ["\x00", "9" * 50, "²", "ſ" * 2000, "-1", "[]", "1e999"])
def test_whatever_is_sent_is_answered(helen, cast, field, value):
    data = dict(sent(cast.lab).lists()) | {"step": "preview", field: value}
    assert helen.post(url_of(cast), data).status_code in (200, 422)


def test_a_file_that_would_overwrite_the_change_names_who_made_it(helen, cast):
    text = course_export(cast.course.slug)
    course_import(plan=plan_import(text.encode()), by=cast.ines.email)
    Assignment.objects.create(course=cast.course, slug="lab10", short="Lab 10", position=9)
    data = sent(cast.lab, title="Quantized")
    _, digest = preview(helen, cast, data)
    apply(helen, cast, data, digest)
    page = helen.post(f"/courses/{cast.course.slug}/file/preview/", {"text": text})
    rows = {row.edit.key: row.by for row in page.context["rows"]}
    assert rows == {"assignments[lab1].title": "Helen", "assignments[lab10]": ""}
    assert "Helen, " in page.content.decode()


def test_what_is_perhaps_not_meant_is_told_and_taken(helen, cast):
    after = cast.course.ends_on + timedelta(days=1)
    data = sent(
        cast.lab,
        **{"due_day": after.isoformat(), "due_clock": "23:59", "criteria-1-from": "0.97", "criteria-1-to": "0.8"},
    )
    page, digest = preview(helen, cast, data)
    said = " ".join(page.context["consequences"])
    assert f"It is due on {after.isoformat()}, and the course ends on" in said and digest
    assert "Accuracy: more is better, and this rule gives fewer points for it." in said
