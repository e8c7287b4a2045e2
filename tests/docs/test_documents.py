"""The documents agree with what they describe: keys that are explained, files that are named, pages that render."""

import re
from pathlib import Path

import pytest
import yaml

from courseplatform.core.markdown import render_markdown
from courseplatform.core.views import DOCUMENTS
from grading.bench.sandbox.choice import SETTINGS
from grading.bench.scoring import wilson
from grading.points import share_earned
from grading.spec import KINDS, Rule

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OVERLAY = yaml.safe_load((ROOT / "grading" / "demo" / "overlay.yaml").read_text())
EXPLAINED = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]+)`", (DOCS / "course-file.md").read_text()))))
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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_public_document_renders_without_a_title_of_its_own(name):
    text = (DOCS / f"{name}.md").read_text()
    assert not text.startswith("# ")
    assert render_markdown(text).count("<h2>") == len(re.findall(r"^## ", text, re.MULTILINE))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_public_document_links_to_the_other_documents_only(name):
    other = re.findall(r"\]\(([^)]+)\)", (DOCS / f"{name}.md").read_text())
    assert set(other) <= {f"../{known}/" for known in DOCUMENTS}


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
