"""An export for research: who is in it, and that nothing in it names anybody."""

import csv
import io
from zipfile import ZipFile

import pytest
from django.core.management import call_command

from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment, Role
from grading.models import Result, Run
from grading.models.research import ResearchConsent
from grading.research.dictionary import TABLES
from grading.research.reading import consenting
from grading.services.research import research_consent, research_export, research_rule_set
from hardware.models import Outcome, Status
from tests.courseplatform.teams.builders import make_team
from tests.people import hand_in, make_user, onnx_like

pytestmark = pytest.mark.django_db
CANARY = "Zyxwvut"


def measured(submission, words=CANARY):
    """A result whose document says the canary wherever text may stand."""
    run = submission.runs.get()
    Run.objects.filter(pk=run.pk).update(status=Status.FINISHED, outcome=Outcome.MEASURED)
    Result.objects.create(
        run=run, report={"operators": [{"name": words}]}, host={"p50_ms": 0.0123456, "p90_ms": 0.02, "p99_ms": words, "samples_ms": [0.0123456] * 300},
        metrics={"macs": 123456, "accuracy": 0.98765, "params": words, words: 3}, quality={"classes": [words]}, points=[{"title": words}],
        environment={"cpu": words}, earned=5, of=7,
    )  # fmt: skip


@pytest.fixture
def class_of_eight(cast, tmp_path):
    """Six alone, two as a team; everybody's name, address, team and file is a canary."""
    people = []
    for n in range(8):
        person = make_user(f"{CANARY}{n}")
        Enrolment.objects.create(course=cast.course, person=person, role=Role.STUDENT)
        people.append(person)
    made = [
        hand_in(cast, person, onnx_like(tmp_path, f"{CANARY}.onnx", more=bytes([n]))) for n, person in enumerate(people)
    ]
    for one in made:
        measured(one)
    return people, made


def agree(cast, people, is_given=True):
    for person in people:
        research_consent(visit=cast.visit(person), is_given=is_given)


def exported(cast, path):
    done = research_export(visit=cast.visit(cast.helen), to=path)
    archive = ZipFile(path)
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return done, texts, list(csv.DictReader(io.StringIO(texts["attempts.csv"])))


def test_nothing_in_it_names_anybody_or_repeats_what_somebody_wrote(cast, class_of_eight, tmp_path):
    people, made = class_of_eight
    agree(cast, people)
    _, texts, rows = exported(cast, tmp_path / "out.zip")
    everything = "\n".join(texts.values())
    forbidden = [CANARY.lower(), "example.edu", cast.course.slug, cast.course.title.lower(), cast.lab.title.lower()]
    forbidden += [
        word
        for one in made
        for word in (one.receipt.lower(), one.sha256, str(one.pk), one.received_at.strftime("%Y-%m-%d"))
    ]
    assert [word for word in forbidden if word in everything.lower()] == []
    assert len(rows) == 8
    assert rows[0]["metric_macs"] == "120000"
    assert rows[0]["metric_params"] == "", "a text where a number belongs"
    assert rows[0]["latency_p50_ms"] == "0.012"


def test_its_columns_are_those_of_the_dictionary(cast, class_of_eight, tmp_path):
    agree(cast, class_of_eight[0])
    _, texts, rows = exported(cast, tmp_path / "out.zip")
    described = [(row["table"], row["column"]) for row in csv.DictReader(io.StringIO(texts["dictionary.csv"]))]
    assert described == [(table, name) for table, columns in TABLES.items() for name, _, _ in columns]
    assert list(rows[0]) == [name for name, _, _ in TABLES["attempts"]]


def test_only_who_agreed_is_in_it(cast, class_of_eight, tmp_path):
    people, _ = class_of_eight
    assert consenting(cast.course) == set()
    agree(cast, people[:6])
    agree(cast, people[:1], is_given=False)
    done, _, rows = exported(cast, tmp_path / "out.zip")
    assert (done.attempts, len(rows), len({row["owner"] for row in rows})) == (5, 5, 5)


def test_an_attempt_of_a_team_needs_all_its_members(cast, class_of_eight, tmp_path):
    people, made = class_of_eight
    team = make_team(cast, "Magpie", *people[6:])
    type(made[6]).objects.filter(pk=made[6].pk).update(team=team)
    agree(cast, people[:7])
    assert exported(cast, tmp_path / "one.zip")[0].attempts == 6
    agree(cast, people[7:])
    done, _, rows = exported(cast, tmp_path / "two.zip")
    assert done.attempts == 8
    assert {row["team_size"] for row in rows} == {""}, "one team alone has two members"


def test_names_in_two_exports_have_nothing_in_common(cast, class_of_eight, tmp_path):
    agree(cast, class_of_eight[0])
    names = [
        {row[key] for row in exported(cast, tmp_path / f"{n}.zip")[2] for key in ("attempt", "owner")} for n in range(2)
    ]
    assert names[0] & names[1] == set()


def test_fewer_than_five_leave_nothing_and_no_file(cast, class_of_eight, tmp_path):
    agree(cast, class_of_eight[0][:4])
    with pytest.raises(AppError) as refused:
        research_export(visit=cast.visit(cast.helen), to=tmp_path / "out.zip")
    assert (refused.value.code, list(tmp_path.glob("*.zip"))) == ("too_few", [])


def test_a_course_that_need_not_ask_says_why_and_includes_everybody(cast, class_of_eight):
    with pytest.raises(AppError) as refused:
        research_rule_set(visit=cast.visit(cast.helen), asks=False, reason=" ")
    assert refused.value.code == "no_reason"
    research_rule_set(visit=cast.visit(cast.helen), asks=False, reason="IRB 2026-17: exempt")
    assert len(consenting(cast.course)) == 11
    assert AuditRow.objects.filter(what__contains="IRB 2026-17").count() == 1


def test_an_export_is_audited_and_is_for_instructors(cast, class_of_eight, tmp_path, capsys):
    agree(cast, class_of_eight[0])
    with pytest.raises(SystemExit):
        call_command("research_export", "odml", "--to", str(tmp_path / "a.zip"), "--as", cast.amit.email)
    call_command("research_export", "odml", "--to", str(tmp_path / "b.zip"), "--as", cast.helen.email)
    assert AuditRow.objects.get(act="exported").actor == cast.helen.email
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0


def test_an_answer_given_twice_is_one_row_and_a_change_of_mind_another(cast):
    for answer in (True, True, False):
        agree(cast, [cast.ruth], answer)
    assert list(ResearchConsent.objects.values_list("is_given", flat=True)) == [True, False]


def test_a_student_answers_on_the_page(cast, client):
    client.force_login(cast.ruth)
    assert "You have not answered" in client.get("/courses/odml/research/").content.decode()
    page = client.post("/courses/odml/research/answer/", {"answer": "yes"}, follow=True).content.decode()
    assert "You agreed" in page
    assert consenting(cast.course) == {cast.ruth.pk}


def test_an_instructor_reads_how_many_agreed_and_not_who(cast, client):
    agree(cast, [cast.ruth])
    client.force_login(cast.helen)
    page = client.get("/courses/odml/research/").content.decode()
    assert "1 of 3 students agreed" in page
    assert "Ruth" not in page
