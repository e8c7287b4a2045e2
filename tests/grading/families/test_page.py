"""The page of a family: what it shows, what it lets one change, what it gives for a report, and to whom."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from grading.models import Piece, Run, Submission
from grading.models.variants import VariantRun
from grading.parts import STATEMENT
from grading.selectors.family import family_of
from grading.services.parked import run_reject, run_release
from grading.services.submissions import submission_create
from hardware import leases
from hardware.models import Job, Outcome
from tests.courseplatform.teams.builders import make_team
from tests.grading.families.builders import (
    PAGE_URL,
    edit,
    ended,
    measured,
    net,
    put_net,
    standing,
)
from tests.grading.measuring.test_parked import DOCUMENT, EVIDENCE
from tests.people import FakeUpload, hand_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


def text(answer):
    """What is read, without the tags; no-break spaces as spaces."""
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(re.sub(r"[\u00a0\u202f\u2009]", " ", plain).split())


def test_the_page_names_the_knee_and_what_the_lab_asks(cast, family, client):
    client.force_login(cast.ruth)
    said = text(client.get(PAGE_URL))
    assert "8 × 8 px with 2 × 8 is the knee" in said
    assert "80.0 % (70.0–90.0) in 20.0 µs." in said
    assert "Depth, width and input vary 3, 1, 1" in said
    assert "20.0 (18–24)" in said  # the least and the largest median of the processes


def test_an_empty_family_says_what_will_be_here(cast, lab, client):
    client.force_login(cast.ruth)
    said = text(client.get(PAGE_URL))
    assert "No variant is here yet" in said
    assert "Input 8 × 8 or 4 × 4: the hidden pictures are averaged down in whole blocks" in said


def test_a_lab_without_a_family_says_so(cast, client):
    client.force_login(cast.ruth)
    answer = client.get(PAGE_URL)
    assert answer.status_code == 409
    assert "asks for no family" in text(answer)


def test_while_variants_are_measured_the_page_says_how_far_it_is(cast, lab, client, tmp_path):
    client.force_login(cast.ruth)
    first, second = (put_net(cast.ruth, lab, tmp_path, seed=seed) for seed in (1, 2))
    measured(first)
    assert "1 of 2 are measured" in text(client.get(f"{PAGE_URL}live/"))
    measured(second)
    answer = client.get(f"{PAGE_URL}live/")
    assert (answer.status_code, answer["HX-Trigger"]) == (286, "family-measured")  # htmx asks no more


def test_a_refused_variant_says_why_and_can_be_taken_away(cast, family, lab, client, tmp_path):
    client.force_login(cast.ruth)
    wrong = put_net(cast.ruth, lab, tmp_path, "wrong.onnx", seed=9)
    ended(wrong, Outcome.REFUSED, {"code": "input_mismatch", "message": "This model expects an input of 1×1×9×9."})
    said = text(client.get(PAGE_URL))
    assert "wrong This model expects an input of 1×1×9×9. It costs no attempt." in said
    client.post(f"/courses/odml/variants/{wrong.pk}/remove/")
    assert "1×1×9×9" not in text(client.get(PAGE_URL))


def test_our_own_fault_is_called_ours(cast, family, lab, client, tmp_path):
    client.force_login(cast.ruth)
    piece = put_net(cast.ruth, lab, tmp_path, "unlucky.onnx", seed=9)
    ended(piece, Outcome.INFRASTRUCTURE, {"code": "infrastructure", "message": "disk"})
    assert "Our machine failed on this model several times. That says nothing about the model" in text(
        client.get(PAGE_URL)
    )
    client.post(f"/courses/odml/variants/{piece.pk}/again/")
    assert VariantRun.objects.filter(piece=piece, status="queued").count() == 1


@pytest.fixture
def kept_back(cast, lab, tmp_path):
    """A variant that was measured, and then handed in; that run is with the staff. (variant, run)"""
    path = net(tmp_path, seed=9)
    piece = put_net(cast.ruth, lab, tmp_path, "twin.onnx", path=path)
    measured(piece, correct=7)
    hand_in(cast, cast.ruth, FakeUpload("model.onnx", path))
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    lease = leases.lease_next(worker="test", kinds=("run",))
    leases.lease_start(lease)
    assert leases.lease_park(lease, result={"evidence": EVIDENCE, "document": DOCUMENT}, why="too fast")
    return piece, Run.objects.get()


def shown_to(cast, client, name="ruth"):
    client.force_login(getattr(cast, name))
    pages = [client.get(f"{PAGE_URL}{end}") for end in ("", "live/", "table.csv", "table.json")]
    return " ".join(text(answer) for answer in pages)


def test_a_variant_of_a_file_whose_run_is_kept_back_tells_no_number_until_it_is_released(cast, kept_back, client):
    assert "70.0 %" not in (said := shown_to(cast, client)) and "twin,onnx" not in said
    assert "This very file was handed in, and its result was kept back or rejected by the staff." in said
    run_release(visit=cast.visit(cast.amit), run=kept_back[1], reason="The number is right as it is.")
    assert "70.0 %" in shown_to(cast, client)


def test_a_variant_of_a_file_whose_run_was_rejected_tells_no_number_either(cast, kept_back, client):
    run_reject(visit=cast.visit(cast.amit), run=kept_back[1], reason="It looks its answers up in a table.")
    assert "70.0 %" not in shown_to(cast, client)


def test_who_put_the_very_file_that_somebody_else_has_kept_back_reads_no_number(cast, lab, kept_back, client, tmp_path):
    piece = put_net(cast.daniel, lab, tmp_path, "copy.onnx", path=Path(kept_back[0].file.path))
    measured(piece, correct=7)
    assert "70.0 %" not in shown_to(cast, client, "daniel")


def test_one_form_names_chooses_and_takes_away(cast, family, client):
    client.force_login(cast.ruth)
    small, middle, large = family
    answer = edit(client, family, **{f"{small.pk}:depth": "9", "chosen": str(large.pk), "remove": str(middle.pk)})
    assert answer.url == PAGE_URL
    data = {piece.file_name: piece.data for piece in standing(cast.ruth)}
    assert data == {
        "d1_w8_8.onnx": {"name": "d1_w8_8", "labels": {"depth": "9", "width": "8"}},
        "d3_w8_8.onnx": {"name": "d3_w8_8", "labels": {"depth": "3", "width": "8"}, "chosen": True},
    }
    said = text(client.get(PAGE_URL))
    assert "9 × 8" in said and "chosen" in said  # what was measured stays with the file
    assert VariantRun.objects.count() == 3


def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(cast, family, client):
    client.force_login(cast.ruth)
    small, middle, large = family
    long, before = "x" * 41, {piece.pk for piece in standing(cast.ruth)}
    answer = edit(client, family, **{f"{small.pk}:depth": "7", f"{middle.pk}:name": long, "chosen": str(large.pk)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="{small.pk}:depth" value="7"' in page
    assert f'value="{long}"' in page and 'aria-invalid="true"' in page
    assert "Name takes at most 40 letters; this has 41." in page
    assert {piece.pk for piece in standing(cast.ruth)} == before


def test_a_form_of_another_tab_still_finds_its_variants(cast, family, client):
    client.force_login(cast.ruth)
    edit(client, family, **{f"{family[0].pk}:name": "first"})
    edit(client, family[:1], **{f"{family[0].pk}:name": "second"})
    assert {piece.data["name"] for piece in standing(cast.ruth)} == {"second", "d2_w8_8", "d3_w8_8"}


@pytest.mark.parametrize("field", ["nonsense:name", "chosen", "remove"])
def test_an_odd_form_is_refused_with_a_sentence(cast, family, client, field):
    client.force_login(cast.ruth)
    assert client.post(f"{PAGE_URL}edit/", {field: "nonsense"}).status_code == 422
    assert client.post(f"{PAGE_URL}edit/", {"chosen": str(uuid4())}).status_code == 404


def test_a_file_put_again_under_another_name_stays_the_chosen_one(cast, lab, client, tmp_path):
    client.force_login(cast.ruth)
    path = net(tmp_path)
    piece = put_net(cast.ruth, lab, tmp_path, path=path)
    edit(client, [piece], chosen=str(piece.pk))
    put_net(cast.ruth, lab, tmp_path, "d2_w16.onnx", path=path)
    assert [piece.data for piece in standing(cast.ruth)] == [
        {"name": "d2_w16", "labels": {"depth": "2", "width": "16"}, "chosen": True}
    ]


def test_the_browser_puts_files_by_the_address_of_the_part(cast, lab, client, tmp_path):
    client.force_login(cast.ruth)
    file = SimpleUploadedFile("mlp_d2_w128_28.onnx", net(tmp_path).read_bytes())
    client.post("/courses/odml/assignments/lab1/parts/family/", {"upload_key": str(uuid4()), "file": file})
    piece = standing(cast.ruth).get()
    assert piece.data == {"name": "mlp_d2_w128_28", "labels": {"depth": "2", "width": "128"}}
    assert piece.runs.get().status == "queued"


@pytest.mark.parametrize("name", ["daniel", "lena", "oscar"])
def test_another_students_family_is_not_there(cast, family, client, name, tmp_path):
    submission = handed_in(cast, family)
    client.force_login(getattr(cast, name))
    for asked in (f"person={cast.ruth.pk}", f"attempt={submission.pk}", "person=x", "attempt=x"):
        for address in ("", "live/", "table.csv", "table.json", "table.tex", "figures/accuracy-flops.png"):
            assert client.get(f"{PAGE_URL}{address}?{asked}").status_code == 404, (asked, address)
    for act in ("remove", "again"):
        assert client.post(f"/courses/odml/variants/{family[0].pk}/{act}/").status_code == 404
    answer = edit(client, family, chosen=str(family[0].pk))
    assert answer.status_code == 404
    assert standing(cast.ruth).filter(data__has_key="chosen").count() == 0


def test_staff_see_whose_families_there_are_and_each_of_them_but_change_none(cast, family, client):
    client.force_login(cast.amit)
    assert "Ruth 3" in text(client.get(PAGE_URL))
    page = client.get(f"{PAGE_URL}?person={cast.ruth.pk}").content.decode()
    assert "is the knee" in page
    assert "Add variants" not in page and "family/edit" not in page
    assert client.post(f"/courses/odml/variants/{family[0].pk}/remove/").status_code == 404


def test_an_attempt_keeps_the_family_that_was_handed_in_with_it(cast, family, client):
    submission = handed_in(cast, family)
    client.force_login(cast.ruth)
    edit(client, family, remove=str(family[1].pk), **{f"{family[0].pk}:name": "renamed", f"{family[0].pk}:depth": ""})
    client.force_login(cast.helen)
    said = text(client.get(f"{PAGE_URL}?attempt={submission.pk}"))
    assert "All three are ONNX files" in said and "renamed" not in said
    assert len(family_of(list(submission.pieces.all()), submission.assignment.family).variants) == 3


def handed_in(cast, pieces):
    """An attempt that keeps no model: what lies on the desk."""
    submission, _ = submission_create(
        person=cast.ruth, assignment=pieces[0].assignment, upload=None, upload_key=uuid4()
    )
    return Submission.objects.get(pk=submission.pk)


def test_a_team_sees_and_names_what_a_member_put(cast, lab, client, tmp_path):
    lab.is_individual = False
    lab.save()
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    piece = put_net(cast.ruth, lab, tmp_path, team=team)
    measured(piece)
    client.force_login(cast.daniel)
    edit(client, [piece], chosen=str(piece.pk))
    found = Piece.objects.standing().exclude(part=STATEMENT).get()
    assert (found.team, found.person, found.data["chosen"]) == (team, cast.daniel, True)


def test_the_page_asks_the_database_as_often_for_three_as_for_twenty(
    cast, family, lab, client, tmp_path, django_assert_max_num_queries
):
    client.force_login(cast.ruth)
    client.get(PAGE_URL)
    with django_assert_max_num_queries(40) as few:
        client.get(PAGE_URL)
    for seed in range(10, 27):
        measured(put_net(cast.ruth, lab, tmp_path, f"d{seed}_w8.onnx", seed=seed), macs=100 * seed)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(PAGE_URL)
