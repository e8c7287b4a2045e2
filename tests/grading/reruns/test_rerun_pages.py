"""The pages, the command line and the API of re-runs: who sees them, what they say, and that they stay as quick with more people."""

import io

import pytest
from django.core.management import call_command

from courseplatform.courses.course_file.service import course_export, course_import, plan_import
from grading.models import GradeEvent, Rerun, RerunItem, Result, Run
from grading.services.rerun_applying import rerun_carry_on
from tests.courseplatform.teams.builders import make_students
from tests.grading.reruns.reruns import REASON, apply, begin, change_rules, measured

pytestmark = pytest.mark.django_db
PAGE = "/courses/odml/assignments/lab1/reruns/"


@pytest.fixture
def two(cast, tmp_path):
    """Ruth and Daniel stand by the rules of before."""
    for person, accuracy in ((cast.ruth, 0.96), (cast.daniel, 0.894)):
        measured(cast, person, tmp_path, accuracy=accuracy)
    change_rules(cast)
    return cast


@pytest.fixture
def page(client, two):
    def get(person, address=PAGE, **more):
        client.force_login(person)
        return client.get(address, **more)

    return get


def text(answer):
    return " ".join(answer.content.decode().split())


def test_the_staff_read_on_the_lab_which_results_stand_by_the_rules_of_before(page, two):
    for person in (two.helen, two.amit):
        found = text(page(person, "/courses/odml/assignments/lab1/"))
        assert "2 results stand by the rules of before" in found
        assert PAGE in found
    assert "rules of before" not in text(page(two.ruth, "/courses/odml/assignments/lab1/"))


def test_rules_that_an_import_of_the_course_file_changes_are_noticed_too(page, two):
    apply(two, begin(two))
    assert "rules of before" not in text(page(two.helen))
    changed = course_export("odml").replace("value: 0.95", "value: 0.93")
    course_import(plan=plan_import(changed.encode()))
    assert "2 results stand by the rules of before" in text(page(two.helen))


def test_an_instructor_begins_sees_applies_and_the_student_reads_why(client, page, two, document):
    client.force_login(two.helen)
    answer = client.post(PAGE, {"kind": "points", "reason": REASON}, follow=True)
    assert "2 of 2 grades change: 1 rises, 1 falls, by −2.21 to +0.24 points" in text(answer)
    assert "the grades are not released, so nobody is told" in text(answer).lower()
    rerun = Rerun.objects.get()
    assert client.post(f"{PAGE}{rerun.pk}/decide/", {"to": "apply"}).status_code == 302
    assert rerun_carry_on(rerun=rerun)
    run = Run.objects.get(submission__person=two.daniel)
    parts = {key: document[key] for key in ("report", "host", "quality", "environment")}
    Result.objects.filter(run=run).update(**parts)  # what a page of a result draws
    found = text(page(two.daniel, run.get_absolute_url()))
    assert f"by Helen: {REASON} Before: 4.21 of 7.00." in found
    assert "The points of before" in found
    assert "The re-run" not in found
    assert "2 of 2 grades changed: 1 rose, 1 fell" in text(page(two.amit))


def test_a_refusal_keeps_what_was_typed(client, two):
    client.force_login(two.helen)
    answer = client.post(PAGE, {"kind": "measure", "reason": "short"})
    assert answer.status_code == 422
    assert "reason_too_short" in text(answer)
    assert ">short</textarea>" in text(answer)
    assert Rerun.objects.count() == 0


def test_tas_read_and_students_do_not(client, page, two):
    rerun = begin(two)
    assert "An instructor applies or discards it" in text(page(two.amit, f"{PAGE}{rerun.pk}/"))
    client.force_login(two.amit)
    assert client.post(PAGE, {"kind": "points", "reason": REASON}).status_code == 403
    assert client.post(f"{PAGE}{rerun.pk}/decide/", {"to": "apply"}).status_code == 403
    for address in (PAGE, f"{PAGE}{rerun.pk}/", f"{PAGE}{rerun.pk}/table.csv", f"{PAGE}{rerun.pk}/plot.json"):
        assert page(two.ruth, address).status_code == 403
        assert page(two.lena, address).status_code == 404


def test_a_re_run_of_another_lab_or_course_is_not_there(page, two):
    rerun = begin(two)
    assert page(two.helen, f"/courses/odml/assignments/lab2/reruns/{rerun.pk}/").status_code == 404
    assert page(two.amit, f"/courses/tinyml/assignments/lab1/reruns/{rerun.pk}/").status_code in (403, 404)


def test_while_models_are_measured_the_page_says_how_many_and_then_loads_itself(page, two):
    rerun = begin(two, "measure")
    assert "0 of 2 models are measured" in text(page(two.helen, f"{PAGE}{rerun.pk}/"))
    assert "0 of 2 models are measured" in text(page(two.helen, f"{PAGE}{rerun.pk}/live/"))
    RerunItem.objects.update(state="refused", said="too large")
    Rerun.objects.filter(pk=rerun.pk).update(status="ready")
    assert page(two.helen, f"{PAGE}{rerun.pk}/live/").headers["HX-Refresh"] == "true"
    assert "Of the models, 2 the new check refuses: these keep their result." in text(
        page(two.helen, f"{PAGE}{rerun.pk}/")
    )


def test_a_stale_one_says_so_and_offers_only_to_discard_it(page, two):
    rerun = begin(two)
    change_rules(two, two.lab.bench_spec | {"bonus_most": 1})
    found = text(page(two.helen, f"{PAGE}{rerun.pk}/"))
    assert "cannot be applied" in found
    assert 'value="apply"' not in found
    assert 'value="discard"' in found


def test_the_table_is_filtered_by_name_and_by_what_changes(page, two):
    rerun = begin(two)
    address = f"{PAGE}{rerun.pk}/"
    assert [row["name"] for row in page(two.helen, f"{address}?show=rise").context["rows"]] == ["Ruth"]
    assert [row["name"] for row in page(two.helen, f"{address}?q=dan").context["rows"]] == ["Daniel"]
    assert "Nobody fits these filters" in text(page(two.helen, f"{address}?show=notes"))


def test_the_csv_has_both_lines_of_what_moves(page, two):
    rerun = begin(two)
    found = page(two.helen, f"{PAGE}{rerun.pk}/table.csv").content.decode()
    assert found.splitlines()[0].lstrip("\ufeff").startswith("Person,E-mail,Team,Attempt")
    assert "Daniel,daniel@example.edu,,1,1,4.21,2.00,4.21,2.00,-2.21,10.00" in found


def test_the_page_makes_the_same_queries_for_two_people_and_for_eight(
    page, two, tmp_path, django_assert_max_num_queries
):
    for person in make_students(two, 6):
        measured(two, person, tmp_path)
    rerun = begin(two)
    page(two.helen, f"{PAGE}{rerun.pk}/")
    with django_assert_max_num_queries(32):
        answer = page(two.helen, f"{PAGE}{rerun.pk}/")
    assert len(answer.context["rows"]) == 8


def called(*args, **options):
    said = io.StringIO()
    try:
        call_command("rerun", "odml", "lab1", *args, stdout=said, stderr=said, **options)
    except SystemExit as end:
        return end.code, said.getvalue()
    return 0, said.getvalue()


def test_the_command_shows_a_dry_run_and_takes_it_back(two):
    events = GradeEvent.objects.count()
    code, said = called("--points", person="helen@example.edu")
    assert (code, "2 of 2 grades change" in said, "Accuracy 2.21 to 0.00" in said) == (1, True, True)
    assert (Rerun.objects.count(), GradeEvent.objects.count()) == (0, events)


def test_the_command_applies_and_then_nothing_changes_any_more(two):
    code, said = called("--points", "--apply", person="helen@example.edu", reason=REASON)
    assert (code, said.splitlines()[-1]) == (0, "Applied.")
    code, said = called("--points", person="helen@example.edu")
    assert (code, said.splitlines()[0]) == (0, "No grade changes: all 2 stay the same.")


@pytest.mark.parametrize(
    ("person", "reason", "code"),
    [
        ("", REASON, "not_found"),
        ("amit@example.edu", REASON, "instructors_only"),
        ("helen@example.edu", "", "reason_missing"),
    ],
)
def test_the_command_refuses_with_a_code(two, person, reason, code):
    ended, said = called("--points", "--apply", person=person, reason=reason)
    assert (ended, code in said, Rerun.objects.count()) == (2, True, 0)


def test_the_command_measures_and_discards(two):
    assert called("--measure", person="helen@example.edu", reason=REASON)[0] == 0
    assert called()[1] == "0 of 2 models are measured.\n"
    assert called("--discard", person="helen@example.edu")[1] == "Discarded; no grade changed.\n"
    assert "No re-run is to be decided" in called()[1]
