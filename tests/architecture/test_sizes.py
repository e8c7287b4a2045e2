"""Sizes that suggest a second look, statuses that only one place may write, imports that hide."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("courseplatform", "grading", "hardware")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
MOST_FILE, MOST_FUNCTION = 400, 50


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_function_is_too_long(path):
    assert path.read_text().count("\n") <= MOST_FILE
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MOST_FUNCTION
    ]
    assert long == []


def writes_status(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Attribute) and target.attr in ("status", "outcome") for target in targets):
                yield node.lineno
        is_update = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update"
        if is_update and any(keyword.arg in ("status", "outcome") for keyword in node.keywords):
            yield node.lineno


def test_no_status_is_assigned_outside_the_machines():
    """core/states.py moves, hardware/leases.py asks it to; nobody else writes a status or an outcome of a row."""
    allowed = {"courseplatform/core/states.py", "hardware/leases.py"}
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        if str(path.relative_to(ROOT)) not in allowed and "bench" not in path.parts and "ondevice" not in path.parts
        for line in writes_status(parse(path))
    }
    assert found == set()


def test_the_check_for_statuses_finds_one():
    assert list(writes_status(ast.parse("run.status = 'x'\nrows.update(status='y')"))) == [1, 2]


def test_templates_are_short_and_carry_no_inline_style_or_script():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert text.count("\n") <= 200, path
        if "style.html" not in path.name:
            assert " style=" not in text, path
        for tag in ("onclick=", "onload=", "javascript:"):
            assert tag not in text, path


def test_top_level_holds_only_what_the_customer_named():
    allowed = {"manage.py", "courseplatform", "grading", "hardware", "templates", "static", "docker", "requirements.txt", "tests",
               "README.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "Makefile", "docs", "courses"}  # fmt: skip
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and path.name not in ("look-out", "__pycache__")
    }
    assert found - allowed == set()
