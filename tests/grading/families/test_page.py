"""The page of a family: what it shows, what it lets one change, what it gives for a report, and to whom."""

import csv
import io
import json
import re
import struct
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pypdf import PdfReader

from courseplatform.core import numbers
from courseplatform.core.errors import Unavailable
from grading.families import drawing
from grading.families.front import Family
from grading.families.placing import Box, Face, place
from grading.families.plots import PAGE, plotly_of, plots_of
from grading.families.tables import csv_table, latex_table
from grading.models import Piece, Run, Submission
from grading.models.variants import VariantRun
from grading.parts import STATEMENT
from grading.selectors import family_page
from grading.selectors.family import family_of
from grading.services.parked import run_reject, run_release
from grading.services.submissions import submission_create
from hardware import leases
from hardware.models import Job, Outcome
from tests.courseplatform.teams.builders import make_team
from tests.grading.families.builders import (
    ended,
    family_lab,
    measured,
    net,
    put_net,
    standing,
    variant,
)
from tests.grading.test_parked import DOCUMENT, EVIDENCE
from tests.people import FakeUpload, hand_in, make_cast

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
PAGE_URL = "/courses/odml/assignments/lab1/family/"
# name, macs, right of 10, ms
THREE = (("d1_w8_8.onnx", 100, 5, 0.01), ("d2_w8_8.onnx", 400, 8, 0.02), ("d3_w8_8.onnx", 6400, 9, 0.05))


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def lab(cast):
    return family_lab(cast)


@pytest.fixture
def family(cast, lab, tmp_path):
    """Three measured variants of Ruth's; the middle one is the knee: 0.75 - log 4 / log 64 = 0.417 above the chord."""
    pieces = []
    for seed, (name, macs, correct, ms) in enumerate(THREE):
        pieces.append(put_net(cast.ruth, lab, tmp_path, name, seed=seed))
        measured(pieces[-1], macs=macs, correct=correct, ms=ms)
    return pieces


def text(answer):
    """What is read, without the tags; no-break spaces as spaces."""
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(re.sub(r"[\u00a0\u202f\u2009]", " ", plain).split())


def edit(client, pieces, **more):
    said = {f"{piece.pk}:name": piece.data["name"] for piece in pieces}
    said |= {f"{piece.pk}:{label}": value for piece in pieces for label, value in piece.data.get("labels", {}).items()}
    return client.post(f"{PAGE_URL}edit/", said | more)


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


def test_the_csv_has_a_row_for_each_variant_with_its_fronts(cast, family, client):
    client.force_login(cast.ruth)
    answer = client.get(f"{PAGE_URL}table.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert [row["name"] for row in rows] == ["d1_w8_8", "d2_w8_8", "d3_w8_8"]
    middle = rows[1]
    assert (middle["depth"], middle["input"], middle["macs"], middle["flops"]) == ("2", "8x8", "400", "800")
    assert (middle["accuracy"], middle["knee"], middle["front_by_flops"]) == ("0.8", "yes", "yes")


def test_the_json_says_the_basis_of_its_numbers(cast, family, client):
    client.force_login(cast.ruth)
    found = json.loads(client.get(f"{PAGE_URL}table.json").content)
    assert found["knee"] == "d2_w8_8"
    assert set(found["basis"]) == {"counted", "measured", "shown, not graded"}
    assert [row["latency_high_ms"] for row in found["variants"]] == pytest.approx([0.012, 0.024, 0.06])


def test_the_latex_table_lets_no_name_be_a_command(cast, family, client):
    client.force_login(cast.ruth)
    piece = family[0]
    edit(client, [piece], **{f"{piece.pk}:name": r"\input{x}_50%", f"{piece.pk}:depth": ""})
    said = client.get(f"{PAGE_URL}table.tex").content.decode()
    assert r"\textbackslash{}input\{x\}\_50\%" in said
    assert r"\toprule" in said and said.count(r" \\") == 4
    assert r"\textbf{2~$\times$~8}" in said


@pytest.mark.parametrize("slug", ["accuracy-flops", "accuracy-latency", "latency-flops"])
def test_each_plot_opens_as_what_it_claims_to_be(cast, family, client, slug):
    client.force_login(cast.ruth)
    png = client.get(f"{PAGE_URL}figures/{slug}.png")
    assert png.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png.content[16:24]) == (1360, 840)  # 680 x 420, twice
    assert png["Content-Disposition"] == f'attachment; filename="lab1-{slug}.png"'
    svg = ET.fromstring(client.get(f"{PAGE_URL}figures/{slug}.svg").content)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "<text" not in client.get(f"{PAGE_URL}figures/{slug}.svg").content.decode()  # outlines: no font is missing
    assert len(PdfReader(io.BytesIO(client.get(f"{PAGE_URL}figures/{slug}.pdf").content)).pages) == 1
    figure = client.get(f"{PAGE_URL}figures/{slug}.json").json()
    marks = [trace["marker"] for trace in figure["data"] if trace["mode"] == "markers"]
    assert [mark["size"] for mark in marks] == [8, 8, 12]  # a colour for each depth; the knee large and on top


def test_a_plot_is_drawn_once_and_without_its_title_where_that_is_asked(cast, family, client, tmp_path, monkeypatch):
    client.force_login(cast.ruth)
    first = client.get(f"{PAGE_URL}figures/accuracy-flops.png").content
    bare = client.get(f"{PAGE_URL}figures/accuracy-flops.png?title=0").content
    assert first != bare
    monkeypatch.setattr(drawing, "CHILD", Path("/nowhere.py"))
    assert client.get(f"{PAGE_URL}figures/accuracy-flops.png").content == first
    assert client.get(f"{PAGE_URL}figures/latency-flops.png").status_code == 503


@pytest.mark.parametrize(("slowest", "unit", "shown"), [(0.06, "µs", 6.39), (0.2, "ms", 0.00639)])
def test_times_below_a_tenth_of_a_millisecond_are_read_in_microseconds(slowest, unit, shown):
    """In one unit for the whole family; what programs read stays in milliseconds."""
    family = Family((variant("a", 10, 0.5, 0.00639), variant("b", 20, 0.6, slowest)))
    by_time, by_work = plots_of(family)[1:]
    assert by_time.x.label.split(" (")[0] == by_work.y.label.split(" (")[0] == f"latency on the host, {unit}"
    assert by_time.dots[0].x == by_time.line[0][0] == by_work.dots[0].y == by_work.line[0][1] == pytest.approx(shown)
    assert f", {numbers.digits(shown)} {unit} (" in plotly_of(by_time)["data"][1]["text"][0]
    assert family_page._table(family)[0]["latency"] == numbers.digits(shown)
    latex = latex_table(family, "A family")
    assert f"Latency, {'$' + chr(92) + 'mu$s' if unit == 'µs' else 'ms'}" in latex and f"& {shown:.3g} &" in latex
    heads, rows = csv_table(family)
    assert rows[0][heads.index("latency_ms")] == 0.00639


def test_a_drawing_that_fails_is_our_fault(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    plot = plots_of(Family((variant("a", 10, 0.5, 1), variant("b", 20, 0.6, 2))))[0]
    monkeypatch.setattr(drawing, "CHILD", Path("/nowhere.py"))
    with pytest.raises(Unavailable) as refused:
        drawing.picture(plot, "png")
    assert refused.value.code == "not_drawn"


def test_odd_names_do_not_break_a_plot(settings, tmp_path):
    """A dollar begins a formula in Matplotlib, and `<` a tag in Plotly."""
    settings.DATA_DIR = tmp_path
    plot = plots_of(Family((variant("$x_", 10, 0.5, 1), variant("<b>", 20, 0.6, 2))))[0]
    assert drawing.picture(plot, "png")[:4] == b"\x89PNG"


def test_where_dots_crowd_some_names_are_left_out_but_never_the_chosen_one():
    family = Family(tuple(variant(f"variant {n}", 100 + n, 0.9 + n / 1000, 1.0, is_chosen=n == 5) for n in range(12)))
    for plot in plots_of(family):
        words = plot.placed(PAGE)
        assert 0 < len(words) < 12  # where twelve dots crowd, some go without
        assert any(plot.dots[word.index].is_chosen for word in words)


def test_no_two_names_lie_on_each_other_or_on_a_dot():
    face = Face(letter=6, line=12, width=300, height=200)
    dots = [(20 + 40 * n, 100 - 4 * n) for n in range(6)]
    boxes = []
    for word in place(dots, ["2 × 128"] * 6, range(6), face):
        x, y = dots[word.index][0] + word.dx, dots[word.index][1] + word.dy
        left = x - {"left": 0, "right": 42, "center": 21}[word.xanchor]
        top = y - {"top": 0, "bottom": 12, "middle": 6}[word.yanchor]
        boxes.append(Box(left, top, left + 42, top + 12))
    assert len(boxes) > 3
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[n + 1 :])
        assert not any(box.left < x < box.right and box.top < y < box.bottom for x, y in dots)


def test_the_light_colours_are_those_of_the_tokens():
    tokens = (Path(drawing.__file__).resolve().parents[2] / "static" / "css" / "tokens.css").read_text()
    light = dict(re.findall(r"(--[\w-]+): (#\w{6})", tokens[: tokens.index("@media")]))
    assert {name: light[name] for name in drawing.LIGHT} == drawing.LIGHT


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
