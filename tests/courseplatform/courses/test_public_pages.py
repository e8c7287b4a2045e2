"""What anybody may read of a public course, and that it is all there: in the HTML, on its date, in the course's zone."""

import html
import re
from pathlib import Path

import pytest
from django.core.management import call_command

from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Course, Session

pytestmark = pytest.mark.django_db
COURSES = Path(__file__).resolve().parents[3] / "courses"
PAGES = ("", "about/", "schedule/", "policies/", "devices/", "projects/")
SHIPPED = ["cmu-11-767-f21", "cmu-11-767-f23", "mit-6-s965-f22", "on-device-intelligence-workshop"]


@pytest.fixture
def shipped(request):
    return course_import(plan=plan_import((COURSES / f"{request.param}.yaml").read_bytes()))[0]


def words(page):
    """The text of a page as one reads it."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def squeezed(text):
    return " ".join(str(text).split())


@pytest.mark.parametrize("shipped", SHIPPED, indirect=True)
def test_a_visitor_reads_every_page_of_a_public_course(client, shipped):
    for page in PAGES:
        response = client.get(f"/courses/{shipped.slug}/{page}")
        assert response.status_code == 200, page
    front = client.get("/").content.decode()
    assert f'href="/courses/{shipped.slug}/"' in front


@pytest.mark.parametrize("shipped", SHIPPED, indirect=True)
def test_every_session_stands_on_the_schedule_beside_its_day(client, shipped):
    page = client.get(f"/courses/{shipped.slug}/schedule/").content.decode()
    for session in shipped.sessions.prefetch_related("items"):
        block = page.split(f'id="session-{session.pk}"', 1)
        assert len(block) == 2, session
        before, after = block
        assert session.title in squeezed(words("<" + after.split("</td>", 1)[0]))
        stamps = re.findall(r'<time datetime="([^"]+)"', before.rsplit('<td class="day">', 1)[1])
        stamp = stamps[0]
        assert stamp.startswith(session.held_on.isoformat() if session.held_on else f"{session.starts_at:%H:%M}")
        if session.held_on and session.starts_at:
            assert stamp == shipped.wall(session.held_on, session.starts_at).isoformat()
        if shipped.layout == "programme" and not session.held_on:
            assert stamps[1] == f"{session.ends_at:%H:%M}"
        under = after.split("</td>", 1)[0]
        for item in session.items.all():
            day = item.on or session.held_on
            assert re.search(rf'{re.escape(html.escape(item.label))}, <time datetime="{day}">', under)


@pytest.mark.parametrize(
    ("shipped", "page", "said"),
    [
        ("cmu-11-767-f21", "about/", "Slack and Course Communication All course communication"),
        ("cmu-11-767-f21", "policies/", "A new question asked, or a helpful answer given, in Slack: 1 % each, up to 15 %."),
        ("cmu-11-767-f23", "about/", "9:30am - 10:50am Tu/Th in DH 1212 Tuesday and Thursday, 09:30 to 10:50 New York time, DH 1212"),
        ("cmu-11-767-f23", "about/", "Office hours In New York time"),
        ("cmu-11-767-f23", "schedule/", "Course Schedule, Fall 2023"),
        ("cmu-11-767-f23", "schedule/", "Project Hours (zoom option available) in class, zoom"),
        ("cmu-11-767-f23", "schedule/", "-- (no session)"),
        ("mit-6-s965-f22", "policies/", "each new one begins at 00:00 New York time."),
        ("mit-6-s965-f22", "policies/", "To pass, at least 3 of 4 must be turned in: Lab 1, Lab 2, Lab 3, Lab 4."),
        ("mit-6-s965-f22", "papers/", "Papers 15 papers Date Paper Venue Thu Sep 8 Model Compression"),
        ("on-device-intelligence-workshop", "papers/", "More from the Same Authors 25 papers Paper Year ML-EXray"),
        ("on-device-intelligence-workshop", "schedule/", "07:15 to 08:15 Keynote 1 Putting AI on Diet"),
    ],
    indirect=["shipped"],
)  # fmt: skip
def test_what_a_source_calls_its_parts_and_figures_is_said_so(client, shipped, page, said):
    assert said in words(client.get(f"/courses/{shipped.slug}/{page}").content.decode())


@pytest.mark.parametrize("shipped", ["cmu-11-767-f23", "on-device-intelligence-workshop"], indirect=True)
def test_every_page_has_a_title_of_its_own(client, shipped):
    titles = {
        re.search("<title>(.*)</title>", client.get(f"/courses/{shipped.slug}/{page}").content.decode())[1]
        for page in PAGES
    }
    name = (shipped.number or shipped.title) + (f", {shipped.term}" if shipped.term else "")
    assert len(titles) == len(PAGES)
    assert all(title.endswith(f" · {name} · Milliamp") for title in titles)


@pytest.mark.parametrize("shipped", SHIPPED, indirect=True)
def test_people_policies_devices_and_projects_stand_on_their_pages(client, shipped):
    facts = shipped.facts
    about, policies, devices, projects = (
        words(client.get(f"/courses/{shipped.slug}/{page}").content.decode())
        for page in ("about/", "policies/", "devices/", "projects/")
    )
    named = [person.name for person in shipped.staff.exclude(name="")]
    named += [said for hour in shipped.office_hours.all() for said in (hour.who, hour.place, hour.note)]
    named += [item["title"] for key in ("prerequisites", "related_classes", "videos") for item in facts.get(key, [])]
    named += [squeezed(item["text"]) for item in facts.get("findings", [])]
    assert [name for name in named if name not in squeezed(about)] == []
    assert [item["title"] for item in facts.get("policies", []) if item["title"] not in policies] == []
    assert [item["help_line"] for item in facts.get("policies", []) if item.get("help_line", "") not in policies] == []
    for part in facts.get("grading", {}).get("components", []):
        assert part["title"] in policies and ("percent" not in part or f"{part['percent']:g} %" in policies)
    for item in facts.get("devices", []):
        assert item["name"] in devices
        assert all(str(draw["ma"]) in devices and draw["said"] in devices for draw in item.get("current", []))
    for item in facts.get("budget", {}).get("hours", []):
        assert item["device"] in devices and f"{item['hours']:g}" in devices
    for item in facts.get("example_projects", []):
        assert item["task"] in projects and " + ".join(item["input"]) in projects and item["output"] in projects


def test_a_course_that_is_not_public_is_not_there_for_others(client, cast):
    for page in PAGES:
        assert client.get(f"/courses/{cast.course.slug}/{page}").status_code == 302
        assert client.get(f"/courses/no-such-course/{page}").status_code == 302
    client.force_login(cast.lena)
    for page in PAGES:
        assert client.get(f"/courses/{cast.course.slug}/{page}").status_code == 404
    Course.objects.filter(pk=cast.course.pk).update(is_public=True)
    assert client.get(f"/courses/{cast.course.slug}/schedule/").status_code == 200


def test_a_public_course_keeps_its_work_and_its_people_to_its_members(client, cast):
    Course.objects.filter(pk=cast.course.pk).update(is_public=True)
    page = client.get(f"/courses/{cast.course.slug}/schedule/").content.decode()
    assert "/assignments/" not in page and "Ruth" not in page
    assert client.get(f"/courses/{cast.course.slug}/assignments/").status_code == 302


def test_what_is_not_published_is_for_staff_only(client, cast):
    Session.objects.filter(course=cast.course).update(is_published=False)
    client.force_login(cast.ruth)
    assert "Compression" not in client.get(f"/courses/{cast.course.slug}/schedule/").content.decode()
    client.force_login(cast.amit)
    page = client.get(f"/courses/{cast.course.slug}/schedule/").content.decode()
    assert "Compression" in page and "staff only" in page


@pytest.mark.parametrize("shipped", ["cmu-11-767-f23"], indirect=True)
def test_a_reader_chooses_the_zone(client, shipped):
    Session.objects.filter(course=shipped, title="Environmental Impacts").update(
        place="DH 9999"
    )  # so that its hour is said
    there = client.get(f"/courses/{shipped.slug}/schedule/?zone=Asia/Tokyo").content.decode()
    assert "23:30 to 00:50" in there and "Tokyo time" in there
    assert "2023-11-28T23:30:00+09:00" in there
    refused = client.get(f"/courses/{shipped.slug}/schedule/?zone=Mars/Olympus")
    assert refused.status_code == 422
    assert "unknown_zone" in refused.content.decode()


@pytest.mark.parametrize("shipped", ["mit-6-s965-f22"], indirect=True)
def test_pages_make_few_queries_however_long_the_schedule(client, shipped, django_assert_max_num_queries):
    for page in PAGES:
        with django_assert_max_num_queries(22):
            assert client.get(f"/courses/{shipped.slug}/{page}").status_code == 200


def test_markdown_of_a_course_file_cannot_bring_a_script(client):
    text = (COURSES / "template.yaml").read_text().replace("public: false", "public: true")
    bad = "<script>alert(1)</script> [x](javascript:alert(1))"
    text = f'course: {{slug: hostile, title: "<b>T</b>", public: true, summary: "{bad}"}}\n'
    text += 'policies: [{title: P, text: "<img src=x onerror=alert(1)>"}]\n'
    course_import(plan=plan_import(text.encode()))
    for page in PAGES:
        found = client.get(f"/courses/hostile/{page}").content.decode()
        assert (
            "<script>alert" not in found
            and "<img src=x" not in found
            and 'href="javascript' not in found
            and "<b>T</b>" not in found
        )


def test_the_schema_command_writes_json(capsys):
    call_command("course_schema")
    assert '"$schema": "https://json-schema.org/draft/2020-12/schema"' in capsys.readouterr().out


def test_the_way_back_is_home_for_a_member_and_the_course_for_a_visitor(client, cast):
    Course.objects.filter(pk=cast.course.pk).update(is_public=True)
    pages = [f"/courses/{cast.course.slug}/{page}/" for page in ("schedule", "policies", "devices", "projects")]
    for page in pages:
        assert f"</svg>{cast.course.name}</a>" in client.get(page).content.decode()
    client.force_login(cast.ruth)
    for page in [*pages, *(f"/courses/{cast.course.slug}/{page}/" for page in ("papers", "calendar", "scribe"))]:
        assert "</svg>Home</a>" in client.get(page).content.decode(), page


@pytest.mark.parametrize(
    ("shipped", "said"),
    [("cmu-11-767-f21", "Everything with a date is due at"), ("cmu-11-767-f23", "Everything is due at 23:59")],
    indirect=["shipped"],
)
def test_an_hour_is_said_of_work_without_a_date_nowhere(client, shipped, said):
    page = words(client.get(f"/courses/{shipped.slug}/schedule/").content.decode())
    assert said in page
    assert ("no due date stated" in page) == ("with a date" in said)


@pytest.mark.parametrize("shipped", ["mit-6-s965-f22"], indirect=True)
def test_a_rule_of_passing_that_stands_under_grading_is_told_once(client, shipped):
    page = client.get(f"/courses/{shipped.slug}/policies/").content.decode()
    assert page.count("To pass, at least") == 1
