"""What a team reads of its energy, what its form takes and keeps, and what the staff see of all teams."""

import html
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.courses.sections import registry
from grading.models import PowerReading
from grading.selectors.stages import calendar_entries
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import reading_of, total, with_stages
from tests.grading.ranks.classroom import measured

pytestmark = pytest.mark.django_db
METER = "Time (s),Current (mA)\n" + "".join(f"{n},600\n" for n in range(3601))


@pytest.fixture
def magpie(cast):
    with_stages(cast.course)
    cast.course.facts |= {"devices": [{"slug": "rpi-4-8gb", "name": "Raspberry Pi 4", "memory": ["8GB"]}]}
    cast.course.save()
    return make_team(
        cast, "Magpie", cast.ruth, cast.daniel, since=timezone.now() - timedelta(days=40), board_choice="Raspberry Pi 4, 8 GB"
    )  # fmt: skip


def words(answer):
    text = re.sub(r"<(svg|style).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(text).replace("\u2009", " ").replace("\u202f", " ").split())


def page(client, cast, person, tail=""):
    client.force_login(person)
    return client.get(f"/courses/{cast.course.slug}/team/magpie/{tail}")


def form_of(answer):
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', answer.content.decode())
        if name != "csrfmiddlewaretoken"
    }


def test_the_teams_page_answers_with_what_is_left(client, cast, magpie):
    for mah, days_ago, label in ((3120, 20, "final model"), (920, 8, "last layer"), (540, 2, "bias only")):
        reading_of(cast, cast.ruth, magpie, mah, days_ago=days_ago, label=label)
    said = words(page(client, cast, cast.ruth))
    assert "2 540 mAh are left in stage 2, for 10 days" in said
    assert "Two readings add up to 1 460 of 4 000 mAh." in said
    assert "Stage 1 stayed 880 mAh under its budget; stage 2 is on course, with 36.5 % used" in said
    assert "4 000 mAh at 600 mA are 6.67 h, the course's rule for a Raspberry Pi 4." in said
    assert re.search(r"1 Inference .*? ended 3 120 mAh used 880 left 5\.20", said)
    assert "Stage 2 ends: Updates" in said
    assert ">Add a power reading</a>" in client.get(magpie.get_absolute_url()).content.decode()


def test_more_than_the_budget_is_said_plainly_and_left_to_the_instructors(client, cast, magpie):
    for mah in (4000, 310):
        reading_of(cast, cast.ruth, magpie, mah)
    said = words(page(client, cast, cast.ruth))
    assert "Stage 2 is 310 mAh over its budget" in said
    assert "Two readings add up to 4 310 of 4 000 mAh: 310 over. What follows from that, the instructors say." in said
    assert re.search(r"2 Updates .*? running 4 310 mAh used 310 over", said)


def test_classmates_see_neither_the_block_nor_the_readings(client, cast, magpie):
    row = reading_of(cast, cast.ruth, magpie)
    assert "Energy by stage" not in words(page(client, cast, cast.sofia))
    make_team(cast, "Heron", cast.sofia)
    for tail in ("energy/", "energy/add/", "energy.csv", "energy.svg", f"energy/{row.pk}/take-back/"):
        assert page(client, cast, cast.sofia, tail).status_code == 404
    assert (
        client.post(f"/courses/{cast.course.slug}/team/magpie/energy/{row.pk}/take-back/", {"reason": "x"}).status_code
        == 404
    )
    assert client.get(f"/courses/{cast.course.slug}/team/heron/energy/{row.pk}/take-back/").status_code == 404
    assert client.get(f"/courses/{cast.course.slug}/energy/").status_code == 403
    assert total(magpie) == 420


def test_a_course_without_days_for_its_stages_shows_nothing_of_it(client, cast, magpie):
    cast.course.facts = {"project": {"stages": ["inference"]}}
    cast.course.save()
    assert "Energy by stage" not in words(page(client, cast, cast.ruth))
    assert page(client, cast, cast.ruth, "energy/add/").status_code == 404
    client.force_login(cast.helen)
    assert "No stage has days" in words(client.get(f"/courses/{cast.course.slug}/energy/"))


def test_a_typed_reading_is_added_and_a_refusal_keeps_what_was_typed(client, cast, magpie):
    form = form_of(page(client, cast, cast.ruth, "energy/add/"))
    address = f"/courses/{cast.course.slug}/team/magpie/energy/add/"
    answer = client.post(address, form | {"label": "last layer, batch 8", "used_mah": "4001", "note": "warm room"})
    assert answer.status_code == 422
    assert "more than one charge holds: 4 000 mAh" in words(answer)
    again = form_of(answer)
    assert (again["label"], again["note"], again["used_mah"]) == ("last layer, batch 8", "warm room", "4001")
    assert client.post(address, again | {"used_mah": "540"}).status_code == 302
    assert client.post(address, again | {"used_mah": "540"}).status_code == 302  # the same form: a double click
    row = PowerReading.objects.get()
    assert (row.label, row.used_mah, row.known_by, row.by) == ("last layer, batch 8", 540, "meter", cast.ruth.email)


def test_a_meters_file_is_shown_before_it_counts(client, cast, magpie):
    form = form_of(page(client, cast, cast.ruth, "energy/add/"))
    address = f"/courses/{cast.course.slug}/team/magpie/energy/add/"
    shown = client.post(address, form | {"label": "last layer", "file": SimpleUploadedFile("um.csv", METER.encode())})
    assert "The file came to 600 mAh" in words(shown) and "3 601 rows over 1 h: 600 mA on the mean" in words(shown)
    assert not PowerReading.objects.exists()
    kept = form_of(shown)
    assert client.post(address, kept).status_code == 302
    row = PowerReading.objects.get()
    assert (row.used_mah, row.known_by, row.file_rows, row.minutes, row.mean_ma) == (600, "meter_file", 3601, 60, 600)


def test_a_file_with_nonsense_is_refused_at_its_line(client, cast, magpie):
    form = form_of(page(client, cast, cast.ruth, "energy/add/"))
    address = f"/courses/{cast.course.slug}/team/magpie/energy/add/"
    bad = SimpleUploadedFile("um.csv", b"time_s,current_ma\n0,600\n1,-600\n")
    answer = client.post(address, form | {"label": "last layer", "file": bad})
    assert answer.status_code == 422 and "Line 3: the current is negative." in words(answer)


def test_nobody_writes_numbers_into_a_files_token(client, cast, magpie):
    form = form_of(page(client, cast, cast.ruth, "energy/add/"))
    address = f"/courses/{cast.course.slug}/team/magpie/energy/add/"
    shown = client.post(address, form | {"label": "last layer", "file": SimpleUploadedFile("um.csv", METER.encode())})
    token = form_of(shown)["token"]
    for wrong in (token[:-2] + "AA", "x", "9" * 400):
        answer = client.post(address, form_of(shown) | {"token": wrong})
        assert answer.status_code == 422 and "Choose it again." in words(answer)
    heron = make_team(cast, "Heron", cast.sofia)
    client.force_login(cast.sofia)
    other = client.post(f"/courses/{cast.course.slug}/team/{heron.slug}/energy/add/", form_of(shown) | {"token": token})
    assert other.status_code == 422 and "for another team" in words(other)
    assert not PowerReading.objects.exists()


@pytest.mark.parametrize("at", ["", "soon", "2026-03-08T02:30", "0202-01-01T10:00", "9999999"])
def test_a_moment_that_is_none_is_refused_with_a_sentence(client, cast, magpie, at):
    form = form_of(page(client, cast, cast.ruth, "energy/add/"))
    address = f"/courses/{cast.course.slug}/team/magpie/energy/add/"
    answer = client.post(address, form | {"label": "x", "used_mah": "1", "at": at})
    assert answer.status_code == 422 and not PowerReading.objects.exists()


def test_the_list_says_who_added_and_who_took_back_and_why(client, cast, magpie):
    row = reading_of(cast, cast.ruth, magpie, label="=SUM(A1)")
    address = f"/courses/{cast.course.slug}/team/magpie/energy/{row.pk}/take-back/"
    client.force_login(cast.daniel)
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "the camera was off"}).status_code == 302
    answer = client.post(address, {"reason": "again"})
    assert answer.status_code == 422 and "was taken back already" in words(answer)
    said = words(client.get(f"/courses/{cast.course.slug}/team/magpie/energy/"))
    assert "Taken back by Daniel" in said and ": the camera was off" in said
    table = client.get(f"/courses/{cast.course.slug}/team/magpie/energy.csv").content.decode()
    assert "'=SUM(A1)" in table and "the camera was off" in table
    assert "@example.edu" not in said + table


def test_staff_see_every_team_and_who_has_no_reading(client, cast, magpie):
    make_team(cast, "Heron", cast.sofia)
    for mah in (4000, 310):
        reading_of(cast, cast.ruth, magpie, mah)
    client.force_login(cast.amit)
    said = words(client.get(f"/courses/{cast.course.slug}/energy/"))
    assert "1 of 2 teams is over a budget" in said and "Without a reading in stage 2: Heron." in said
    assert "4 310 used, 310 over" in said and "no reading" in said
    table = client.get(f"/courses/{cast.course.slug}/energy.csv").content.decode()
    assert "Magpie,2 Updates," in table and ",running,4000,4310.000,0,310.000,2" in table


def test_the_pages_make_the_same_few_queries_for_many(client, cast, magpie, django_assert_max_num_queries):
    with_stages(cast.course, inference={"assignment": "lab1"})
    for n in range(30):
        reading_of(cast, cast.ruth, magpie, 10 + n, days_ago=0.1 + n / 10)
        make_team(cast, f"Team {n}")
    client.force_login(cast.amit)
    for address, most in (
        (f"/courses/{cast.course.slug}/energy/", 14),
        (f"/courses/{cast.course.slug}/team/magpie/energy/", 14),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(60):
        assert client.get(magpie.get_absolute_url()).status_code == 200


def test_the_picture_is_a_drawing_of_its_own(client, cast, magpie):
    reading_of(cast, cast.ruth, magpie, label="<script>alert(1)</script>")
    answer = page(client, cast, cast.ruth, "energy.svg")
    assert answer["Content-Type"] == "image/svg+xml" and "attachment" in answer["Content-Disposition"]
    assert "<script>" not in answer.content.decode() and "&lt;script&gt;" in answer.content.decode()


def test_the_ends_of_stages_stand_in_the_calendars(cast, magpie):
    assert calendar_entries in registry.calendar_sources
    entries = calendar_entries(cast.course, None)
    assert [entry.uid for entry in entries] == ["stage-inference", "stage-updates", "stage-power"]
    end = entries[0].starts.astimezone(cast.course.tz)
    assert (f"{end:%H:%M}", entries[0].title) == ("23:59", "Stage 1 ends: Inference")


def test_the_form_says_for_scale_what_the_model_says_of_the_teams_board(client, cast, magpie, tmp_path):
    assert "our model says" not in words(page(client, cast, cast.ruth, "energy/add/"))
    measured(cast, cast.daniel, tmp_path, latency_ms=41)
    cast.course.facts |= {"devices": [{"slug": "rpi-4-4gb", "name": "Raspberry Pi 4"}]}
    cast.course.save()
    said = words(page(client, cast, cast.ruth, "energy/add/"))
    assert (
        "our model says 6.83 mAh (" in said
        and "for 1 000 inferences of your newest model of Lab 1 on a Raspberry Pi 4: 1000 x" in said
    )
