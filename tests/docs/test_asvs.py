"""The table of ASVS requirements: every number of level 2 once, and what is named as evidence is there. The threat model: what it names is there."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import override_settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("asvs", "threat-model")}
# Sections of version 4.0.3 with the numbers of levels 1 and 2 in them; what was deleted, and level 3 alone, is left out.
LEVEL_2 = {
    "1.1": range(1, 8), "1.2": range(1, 5), "1.4": (1, 4, 5), "1.5": range(1, 5), "1.6": range(1, 5), "1.7": (1, 2), "1.8": (1, 2), "1.9": (1, 2),
    "1.10": (1,), "1.11": (1, 2), "1.12": (2,), "1.14": range(1, 7), "2.1": range(1, 13), "2.2": (1, 2, 3), "2.3": (1, 2, 3), "2.4": range(1, 7),
    "2.5": range(1, 8), "2.6": (1, 2, 3), "2.7": range(1, 7), "2.8": range(1, 8), "2.9": (1, 2, 3), "2.10": range(1, 5), "3.1": (1,), "3.2": range(1, 5),
    "3.3": range(1, 5), "3.4": range(1, 6), "3.5": (1, 2, 3), "3.7": (1,), "4.1": (1, 2, 3, 5), "4.2": (1, 2), "4.3": (1, 2, 3), "5.1": range(1, 6),
    "5.2": range(1, 9), "5.3": range(1, 11), "5.4": (1, 2, 3), "5.5": range(1, 5), "6.1": (1, 2, 3), "6.2": range(1, 7), "6.3": (1, 2), "6.4": (1, 2),
    "7.1": range(1, 5), "7.2": (1, 2), "7.3": (1, 3, 4), "7.4": (1, 2, 3), "8.1": range(1, 5), "8.2": (1, 2, 3), "8.3": range(1, 9), "9.1": (1, 2, 3),
    "9.2": range(1, 5), "10.2": (1, 2), "10.3": (1, 2, 3), "11.1": range(1, 9), "12.1": (1, 2, 3), "12.2": (1,), "12.3": range(1, 7), "12.4": (1, 2),
    "12.5": (1, 2), "12.6": (1,), "13.1": (1, 3, 4, 5), "13.2": (1, 2, 3, 5, 6), "13.3": (1, 2), "13.4": (1, 2), "14.1": range(1, 5), "14.2": range(1, 7),
    "14.3": (2, 3), "14.4": range(1, 8), "14.5": range(1, 5),
}  # fmt: skip
FILES = [path.relative_to(ROOT) for folder in ("courseplatform", "grading", "hardware", "static", "templates", "docker", "docs", "tests")
         for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]  # fmt: skip
FILES += [path.relative_to(ROOT) for path in ROOT.iterdir() if path.is_file()]


def rows():
    """(numbers, how, evidence, open) of each line of the table."""
    for line in PAGES["asvs"].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and re.match(r"\d", cells[0]):
            yield cells[0].split(", "), cells[2], cells[3], cells[4]


def found(name):
    """Files of this name, or whose path ends so."""
    return [path for path in FILES if str(path) == name or str(path).endswith(f"/{name}")]


def test_every_requirement_of_level_2_stands_once_and_none_is_invented():
    said = Counter(number for numbers, *_ in rows() for number in numbers)
    asked = {f"{section}.{number}" for section, numbers in LEVEL_2.items() for number in numbers}
    assert len(asked) > 250
    assert {number for number, times in said.items() if times > 1} == set()
    assert asked - set(said) == set()
    assert set(said) - asked == set()


def test_each_line_has_evidence_or_is_a_gap():
    assert [numbers for numbers, how, evidence, gap in rows() if not (evidence or gap) or (evidence and not how)] == []


EVIDENCE = sorted({one for _, _, evidence, _ in rows() for one in re.findall(r"`([^`]+)`", evidence)})


@pytest.mark.parametrize("one", EVIDENCE)
def test_the_evidence_is_there(one):
    name, _, inside = one.partition(": ")
    texts = [(ROOT / path).read_text() for path in found(name)]
    assert texts
    assert not inside or any(inside in text for text in texts)


@pytest.mark.parametrize(
    "one", sorted(set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|svg)|tests/[\w/]+/)`", PAGES["threat-model"])))
)
def test_what_the_threat_model_names_is_there(one):
    assert (ROOT / one).is_dir() if one.endswith("/") else found(one)


def test_every_border_of_the_threat_model_names_its_tests():
    borders = PAGES["threat-model"].partition("## Border by border")[2].partition("\n## ")[0]
    lines = [
        line.strip("|").split("|")
        for line in borders.splitlines()
        if line.startswith("| ") and not line.startswith("| Border")
    ]
    assert len(lines) > 8
    for cells in lines:
        named = re.findall(r"`([^`]+)`", cells[3])
        assert named and all("test" in one for one in named), cells


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"])
def test_passwords_are_hashed_with_rounds_enough():
    from courseplatform import settings

    assert not hasattr(settings, "PASSWORD_HASHERS")  # Django's own order: PBKDF2 with SHA-256 first
    assert (PBKDF2PasswordHasher.algorithm, PBKDF2PasswordHasher.iterations >= 310_000) == ("pbkdf2_sha256", True)
