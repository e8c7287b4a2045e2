"""The documents agree with what they describe: keys that are explained, files that are named, pages that render."""

import mimetypes
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from PIL import Image
from whitenoise.base import WhiteNoise

from courseplatform.core import documents
from courseplatform.courses.sections import Registry
from courseplatform.participation.hooks import Hooks
from courseplatform.teams.sections import TeamRegistry
from docs.screenshots import SHOTS
from grading.bench.sandbox.choice import SETTINGS
from grading.ml_tasks.scoring.intervals import wilson
from grading.points.shares import share_earned
from grading.spec import KINDS, Rule

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OVERLAY = yaml.safe_load((ROOT / "grading" / "demo" / "overlay.yaml").read_text())
EXPLAINED = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]+)`", (DOCS / "course-file.md").read_text()))))
ARCHITECTURE = (DOCS / "architecture.md").read_text()
READMES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


def test_every_key_at_the_top_of_the_overlay_is_explained():
    assert set(OVERLAY) - EXPLAINED == set()


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(path):
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    there = [target for target in targets if target.endswith((".md", "LICENSE"))]
    assert [target for target in there if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(path):
    named = re.findall(
        r"`((?:courseplatform|grading|hardware|templates|static|tests|docs|courses)/[\w./-]*)`", path.read_text()
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", sorted(documents.names()))
def test_a_document_begins_with_its_title_and_every_chapter_is_rendered(name):
    text, found = (DOCS / f"{name}.md").read_text(), documents.document(name)
    assert text.startswith(f"# {found.title}\n\n")
    assert [chapter.title for chapter in found.chapters] == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert not any(chapter.html.startswith("<pre>") and len(chapter.html) > 50_000 for chapter in found.chapters)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_picture_is_there_and_says_what_it_shows(path):
    found = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", path.read_text())
    assert [source for words, source in found if not words or not (path.parent / source).exists()] == []


def test_a_picture_says_its_size_so_that_the_text_stays_where_it_is():
    html = "".join(chapter.html for chapter in documents.document("students").chapters)
    shown = re.findall(r"<img [^>]*>", html)
    assert shown and all(' width="880" height="576"' in one or ' width="390" height="780"' in one for one in shown)


@pytest.mark.parametrize("path", sorted((DOCS / "img").glob("*.avif")), ids=lambda path: path.stem)
def test_a_picture_is_light_and_its_size_is_that_of_its_pixels(path):
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("AVIF", documents.avif_size(path.read_bytes()))
        assert picture.width <= 880
    assert path.stat().st_size <= 25 << 10


def test_a_picture_is_served_as_what_it_is_whatever_this_machine_knows(monkeypatch):
    """Debian without the package media-types has no list of types, and Python 3.11 alone knows none of WebP."""
    monkeypatch.setattr(mimetypes, "_db", mimetypes.MimeTypes(filenames=()))
    assert WhiteNoise(None).media_types.get_type("desk.avif") == "image/avif"


@pytest.mark.django_db
def test_every_picture_of_the_guides_comes_over_the_line(client, settings):
    settings.WHITENOISE_USE_FINDERS = True
    for name in ("students", "tas", "instructors", "operators"):
        html = client.get(f"/docs/{name}/").content.decode()
        for source in re.findall(r'<img src="([^"]+)"', html):
            answer = client.get(source)
            assert (answer.status_code, answer["Content-Type"]) == (200, "image/avif"), source


def test_every_document_stands_once_in_the_contents():
    listed = re.findall(r"^- \[[^\]]+\]\(([\w-]+)\.md\)", (DOCS / "index.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(documents.names() - {documents.FRONT})


def test_every_picture_that_the_script_takes_is_shown_somewhere_and_none_is_left_over():
    taken = {shot.name for shot in SHOTS}
    shown = {name for path in READMES for name in re.findall(r"img/([\w-]+)\.avif", path.read_text())}
    assert taken == shown == {path.stem for path in (DOCS / "img").glob("*.avif")}


def test_sphinx_builds_the_documents_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Rules of points" in (tmp_path / "rules.html").read_text()
    assert "/api/v1/me" in (tmp_path / "api-reference.html").read_text()


def test_the_example_of_the_interval_is_right():
    text = (DOCS / "measurement.md").read_text()
    low, high = wilson(351, 360)
    assert f"from {100 * low:.1f} to {100 * high:.1f} %" in " ".join(text.split())


def test_every_rule_of_a_spec_is_explained():
    text = (DOCS / "measurement.md").read_text()
    assert [kind for kind in KINDS if f"| {kind.replace('_', ' ')}" not in text] == []
    assert share_earned(Rule("ramp", start=200.0, end=20.0), 110.0) == pytest.approx(0.5)  # "b may be the smaller one"


def test_the_readme_names_every_isolation_that_can_be_set():
    text = (ROOT / "README.md").read_text()
    assert [word for word in SETTINGS if f"`{word}`" not in text] == []


def test_the_readme_names_the_accounts_that_the_sign_in_page_offers():
    text = (ROOT / "README.md").read_text()
    offered = {person["email"] for person in OVERLAY["people"] if person.get("note")}
    assert set(re.findall(r"[\w.]+@example\.edu", text)) == offered


def test_the_readme_names_every_setting_that_is_read():
    text = (ROOT / "README.md").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "courseplatform" / "settings.py").read_text()))
    ours = {"MILLIAMP_BOOT"}  # set by the supervisor for its children
    assert [name for name in sorted(read - ours) if f"`{name}`" not in text] == []


def hooks_of(registry):
    return [name for name in vars(registry) if name.startswith("add_")]


def test_every_app_is_a_room_of_the_architecture():
    ours = [
        config.name
        for config in apps.get_app_configs()
        if config.name.startswith(("courseplatform", "hardware", "grading"))
    ]
    assert [name for name in ours if f"| `{name.replace('.', '/')}/` |" not in ARCHITECTURE] == []


def test_every_hook_of_the_course_is_explained_where_it_is_registered_and_how_to_use_it():
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    hooks = hooks_of(Registry)
    assert [name for name in hooks if f"| `{name}` |" not in ARCHITECTURE] == []
    assert [name for name in hooks if name not in contributing] == []


@pytest.mark.parametrize(
    ("place", "registry"), [("teams/sections.py", TeamRegistry), ("participation/hooks.py", Hooks)], ids=str
)
def test_every_hook_of_another_room_is_explained(place, registry):
    assert [name for name in hooks_of(registry) if f"`{place}: {name}`" not in ARCHITECTURE] == []


@pytest.mark.parametrize(
    "hook", ["accounts/merging.py: decide", "accounts/hooks.py: on_token_made", "accounts/hooks.py: add_term_end",
             "notices/hooks.py: on_survey_ended", "hardware/leases.py: register_kind",
             "courses/course_file/registry.py: file_parts.add", "courses/course_file/registry.py: file_parts.used_by"],
)  # fmt: skip
def test_every_hook_that_is_a_function_is_explained(hook):
    place, name = hook.split(": ")
    path = ROOT / "courseplatform" / place if (ROOT / "courseplatform" / place).exists() else ROOT / place
    assert name.rsplit(".", 1)[-1] in path.read_text() and f"`{hook}`" in ARCHITECTURE


def test_who_registers_at_the_course_is_told_as_it_is():
    """The last column of the table of hooks, against the registration of each room."""
    for name in hooks_of(Registry):
        row = re.search(rf"^\| `{name}` \|.*\| ([^|]+) \|$", ARCHITECTURE, re.MULTILINE)
        rooms = {path.parent.name for path in ROOT.glob("*/**/registration.py") if name in hooks_called(path)}
        assert rooms - {"courses"} <= set(re.findall(r"\w+", row[1])) or "every room" in row[1], name


def hooks_called(path):
    return set(re.findall(r"(?:registry|course)\.(add_\w+)\(", path.read_text()))


def test_the_order_of_the_rooms_is_that_of_the_import_rule():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    drawn = [line.replace("courseplatform.", "") for line in contract["layers"]]
    section = ARCHITECTURE[ARCHITECTURE.index("## Who may import whom") :]
    assert re.findall(r"^    (\S.*)$", section, re.MULTILINE)[: len(drawn)] == drawn


def test_the_readme_says_how_mail_and_addresses_are_set():
    text = (ROOT / "README.md").read_text()
    assert all(f"| `{name}` |" in text for name in ("SITE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL"))


@pytest.mark.parametrize(
    "noun",
    ["Session", "Lecture highlight", "Scribe notes", "Duty", "Round", "Request to join", "Change request", "Presentation slot", "Swap",
     "Reviewer", "Order", "Matching", "Team", "Membership", "Proposal", "Slot", "Looking for a team", "Feedback round", "Credit",
     "Attendance", "Announcement", "Notification", "Survey", "Feed", "Roster", "Section", "Invitation", "Course file", "Finding",
     "Part", "Shift", "Access token", "Scope"],
)  # fmt: skip
def test_the_glossary_defines_the_nouns_of_the_course(noun):
    assert f"**{noun}**" in (DOCS / "glossary.md").read_text()
