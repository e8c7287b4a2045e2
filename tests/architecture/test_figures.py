"""The page of figures: each script writes its own section, whole, and none that failed leaves old figures behind."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.load import figures
from tests.load.figures_list import FIGURES
from tests.parts import ROOT

TOOLS = {"rush_class", "rush_pages", "rush_hand_in", "figures", "doors"}  # what other figures call


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "figures.md"
    monkeypatch.setattr(figures, "PAGE", path)
    monkeypatch.setattr(figures, "_ELSEWHERE", str(path))
    return path


def play(name, act, *words, monkeypatch):
    monkeypatch.setattr(figures.sys, "argv", ["-m", *words])
    script = SimpleNamespace(__globals__={"__file__": f"{name}.py", "__doc__": f"What {name} shows. And more."})
    return figures.figure(type("Main", (), {"__globals__": script.__globals__, "__call__": staticmethod(act)})())


def counted(value):
    def act():
        row = figures.table("what|10", "how many|.1f")
        row("a|b", value)
        row("in /tmp/some-folder/x", None)
        figures.say(f"{value} of them")

    return act


def test_every_script_is_listed_and_every_reduced_form_is_there():
    scripts = {
        path.stem for path in (ROOT / "tests" / "load").glob("*.py") if '__name__ == "__main__"' in path.read_text()
    }
    assert scripts - TOOLS == {name for name, one in FIGURES.items() if not one.command}
    assert [one.reduced for one in FIGURES.values() if not (ROOT / "tests" / one.reduced).exists()] == []


def test_a_figure_replaces_its_own_section_and_stands_in_the_order_of_the_list(page, monkeypatch):
    for name, value in (("matching", 1.25), ("start", 2), ("matching", 3.5)):
        play(name, counted(value), monkeypatch=monkeypatch)
    said = page.read_text()
    assert re.findall(r"^## (.+)$", said, re.MULTILINE) == [FIGURES["start"].title, FIGURES["matching"].title]
    assert "What matching shows." in said and "1.2 |" not in said and "3.5 of them" in said
    assert "| what | how many |\n| :-- | --: |\n| a\\|b | 3.5 |\n| in … |  |" in said
    assert said.count("**whole form**") == 2 and re.search(
        r"`python -m tests\.load\.start`\n\n.+ cores, .+ GiB, Linux ", said
    )


def test_other_words_than_those_of_make_figures_are_a_small_form(page, monkeypatch):
    play("matching", counted(1), "60", monkeypatch=monkeypatch)
    assert "**small form**" in page.read_text() and "`python -m tests.load.matching 60`" in page.read_text()


@pytest.mark.parametrize("end", ["raises", "returns", "stopped"])
def test_a_figure_that_fails_says_so_in_the_place_of_its_old_figures(page, monkeypatch, end):
    def act():
        figures.say("as far as this")
        if end == "returns":
            return 3
        raise AssertionError("lost one in /tmp/x/y") if end == "raises" else KeyboardInterrupt

    play("matching", counted(77), monkeypatch=monkeypatch)
    if end == "returns":
        assert play("matching", act, monkeypatch=monkeypatch) == 3
    else:
        with pytest.raises((AssertionError, KeyboardInterrupt)):
            play("matching", act, monkeypatch=monkeypatch)
    said = page.read_text()
    assert "**failed (whole form)**" in said and "77" not in said.partition("## ")[2] and "as far as this" in said
    assert "/tmp" not in said and f"| {FIGURES['matching'].title} | failed (whole form) |" in said


def test_a_figure_that_is_killed_has_said_so_when_it_began(page, monkeypatch):
    play("matching", lambda: figures.say(page.read_text().partition("## ")[2]), monkeypatch=monkeypatch)
    assert "It was begun, and has not come to its end." in page.read_text()


def test_what_this_machine_cannot_show_is_no_failure(page, monkeypatch):
    assert play("arm64", lambda: figures.not_shown("no Docker here"), monkeypatch=monkeypatch) == 0
    assert "**not shown**" in page.read_text() and "no Docker here" in page.read_text()


def test_asking_for_help_leaves_the_section_as_it_was(page, monkeypatch):
    play("matching", counted(77), monkeypatch=monkeypatch)
    before = page.read_text()
    with pytest.raises(SystemExit):
        play("matching", lambda: sys.exit(0), "--help", monkeypatch=monkeypatch)
    assert page.read_text() == before


def test_scripts_that_write_at_once_lose_nothing(tmp_path):
    code = (
        "import sys; from tests.load import figures as f; f._write(f.FIGURES[sys.argv[1]], f'**x**, of {sys.argv[1]}')"
    )
    env = {"PATH": "", "MILLIAMP_FIGURES": str(tmp_path / "figures.md")}
    names = list(FIGURES)[:6]
    running = [subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT, env=env) for name in names]
    assert [one.wait(timeout=120) for one in running] == [0] * len(names)
    assert re.findall(r"of (\w+)$", (tmp_path / "figures.md").read_text(), re.MULTILINE) == names


def test_a_figure_of_a_program_keeps_the_lines_that_it_is_about(page, monkeypatch, capfd):
    listed = figures.Listed(
        "schema",
        FIGURES["schema"].title,
        command=("-c", "print('noi' + 'se'); print('..7 passed in 1 s')"),
        env={"X_MANY": "4"},
        keep="passed",
    )
    assert figures.run(listed, small=False) == 0
    assert "noise" in capfd.readouterr().out and "noise" not in page.read_text()
    assert (
        "7 passed in 1 s" in page.read_text()
        and "**whole form**" in page.read_text()
        and "X_MANY=4 python" in page.read_text()
    )


def test_a_program_whose_tests_were_all_skipped_shows_nothing(page):
    listed = figures.Listed(
        "stack", FIGURES["stack"].title, command=("-c", "print('3 skipped in 1 s')"), keep=r"^\d+ (passed|skipped)"
    )
    assert figures.run(listed, small=False) == 0
    assert "**not shown**" in page.read_text() and "3 skipped" in page.read_text()


def test_the_page_in_the_repository_was_written_by_the_scripts():
    text = (ROOT / "docs" / "figures.md").read_text()
    _, *parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    sections = {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}
    assert list(sections) == [one.title for one in FIGURES.values() if one.title in sections]
    rows = {title: f"| {title} | {' | '.join(figures.facts_of(body))} |\n" for title, body in sections.items()}
    assert [title for title, body in sections.items() if rows[title] not in text or " GiB, Linux " not in body] == []


def test_the_closing_table_says_how_the_small_forms_ended(page, monkeypatch):
    play("faults", counted(1), monkeypatch=monkeypatch)
    said = figures.proofs([{"test": "tests/journeys/test_faults.py::x", "outcome": "passed"}])
    row = next(line for line in said.splitlines() if line.startswith(FIGURES["faults"].title))
    assert re.search(r"  1 passed\s+whole form\s+\d{4}-", row) and "not played" in said


def test_the_engine_measures_without_a_site():
    """Some figures call it as it is, without settings or a database."""
    words = [sys.executable, "-c", "import grading.measuring.measure_run"]
    assert subprocess.run(words, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False).stderr == ""
