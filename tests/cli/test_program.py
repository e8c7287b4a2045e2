"""The one file: the same bytes each time, served with its version and its hash, and it runs on every Python that is here."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from courseplatform.cli.archive import program
from courseplatform.cli.client.parser import COMMANDS
from courseplatform.cli.client.words import CODES
from tests.cli.pythons import PYTHONS
from tests.parts import ROOT

GUIDE = (ROOT / "docs" / "command-line.md").read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    target = tmp_path_factory.mktemp("cli") / "milliamp"
    call_command("build_cli", str(target), stdout=StringIO())
    return target


def ask(python, built, *words, **env):
    home = {"PATH": os.environ["PATH"], "MILLIAMP_FOLDER": str(built.parent / "home")}
    return subprocess.run(
        [python, built, *words], env=home | env, check=False, capture_output=True, text=True, timeout=60
    )


def test_two_builds_are_the_same_file_and_hold_nothing_else_of_ours(built):
    said, again = StringIO(), built.with_name("again")
    program.cache_clear()
    call_command("build_cli", str(again), stdout=said)
    assert again.read_bytes() == built.read_bytes()
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    assert digest in said.getvalue() and program().version in said.getvalue()
    assert built.read_bytes().startswith(b"#!/usr/bin/env python3\n") and os.access(built, os.X_OK)
    names = zipfile.ZipFile(built).namelist()
    ours = {"__main__.py", "courseplatform/__init__.py", "courseplatform/cli/__init__.py"}
    assert {name for name in names if not name.startswith("courseplatform/cli/client/")} == ours


def test_the_version_follows_from_the_code(built):
    said = ask(sys.executable, built, "--version").stdout
    assert re.fullmatch(r"milliamp \d+\.\d+\.\d+\+[0-9a-f]{12}\n", said) and program().version in said


@pytest.mark.parametrize("python", PYTHONS)
def test_it_is_read_and_helps_on_this_python(built, python, tmp_path):
    if python.missing:
        pytest.skip(python.missing)
    zipfile.ZipFile(built).extractall(tmp_path)
    compiled = subprocess.run(
        [python.path, "-W", "error", "-m", "compileall", "-q", tmp_path], check=False, capture_output=True, text=True
    )
    assert (compiled.returncode, compiled.stdout) == (0, "")
    said = ask(python.path, built, "--help", PYTHONWARNINGS="error")
    assert said.returncode == 0 and said.stdout.startswith("usage: milliamp") and said.stderr == ""


def test_a_python_that_is_too_old_is_told_so(built):
    old = next(iter(sorted(Path.home().glob(".pyenv/versions/3.[678].*/bin/python"))), None)
    if old is None:
        pytest.skip("no Python before 3.9 is here")
    said = ask(old, built, "labs")
    assert said.returncode == 1 and said.stderr.startswith("milliamp needs Python 3.9 or later. This is 3.")


@pytest.mark.parametrize("words", [[], ["nothing"], ["submit"], ["labs", "--no-such"], ["results", "--attempt", "x"]])
def test_wrong_words_end_with_two(built, words):
    said = ask(sys.executable, built, *words)
    assert said.returncode == 2 and said.stderr.startswith("usage: milliamp") and said.stdout == ""


def test_nobody_signed_in_ends_with_three_also_as_a_document(built):
    assert ask(sys.executable, built, "labs").returncode == 3
    said = ask(sys.executable, built, "labs", "--json")
    assert said.returncode == 3 and '"code": "signed_out"' in said.stdout and said.stderr == ""


def test_a_site_without_tls_is_refused_before_a_token_is_read(built):
    said = ask(sys.executable, built, "login", "http://example.org", "--token-file", "/no/such")
    assert said.returncode == 2 and "Without TLS" in said.stderr and "insecure_http" in said.stderr


def test_the_version_needs_no_site(built):
    said = ask(sys.executable, built, "version", MILLIAMP_SITE="http://127.0.0.1:9")
    assert said.returncode == 0 and program().version in said.stdout and said.stderr == ""


def test_a_terminal_that_knows_no_unicode_and_a_reader_that_leaves_are_no_fault(built):
    said = ask(sys.executable, built, "completion", "bash", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert said.returncode == 0
    piped = subprocess.run(
        f"{sys.executable} {built} completion bash | true", shell=True, check=False, capture_output=True, text=True
    )
    assert piped.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_completion_is_one_of_its_shell(built, shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(ask(sys.executable, built, "completion", shell).stdout)
    said = subprocess.run([shell, "-n", script], check=False, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


def test_bash_completes_a_command_and_an_option(built):
    asks = f"""
        PATH={built.parent}:$PATH; source <(milliamp completion bash)
        COMP_WORDS=(milliamp "$@"); COMP_CWORD=$#; _milliamp; echo "${{COMPREPLY[@]}}"
    """
    for words, found in ((["late"], "late-days"), (["submit", "--wat"], "--watch")):
        said = subprocess.run(["bash", "-c", asks, "bash", *words], check=False, capture_output=True, text=True)
        assert (said.stdout.strip(), said.stderr) == (found, "")


# -- the site ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_site_serves_the_file_with_its_version_and_hash(client, built):
    answer = client.get("/cli/milliamp")
    assert answer.content == built.read_bytes()
    facts = client.get("/cli/version").json()
    assert facts["sha256"] == answer["X-Content-SHA256"] == hashlib.sha256(answer.content).hexdigest()
    assert facts["version"] == answer["X-Content-Version"] == program().version
    assert zipfile.ZipFile(BytesIO(answer.content)).testzip() is None


@pytest.mark.django_db
def test_the_page_names_this_site_and_is_led_to(client, cast, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get("/cli/", headers={"host": "localhost:8000"}).content.decode()
    assert "milliamp login http://localhost:8000" in page and "--insecure-http" not in page
    assert program().sha256 in page and all(f">{said}<" in page for _, said in CODES)
    client.force_login(cast.ruth)
    for address in ("/accounts/tokens/", "/courses/odml/assignments/lab1/"):
        assert 'href="/cli/"' in client.get(address).content.decode()


def test_the_document_names_every_command_option_and_code():
    for name, *_ in COMMANDS:
        assert f"| `{name}" in GUIDE, name
    for code, said in CODES:
        assert f"| {code} | {said} |" in GUIDE
    client = ROOT / "courseplatform" / "cli" / "client"
    options = set(re.findall(r'"(--[a-z-]+)"', (client / "parser.py").read_text())) - {"--version"}
    assert [one for one in sorted(options) if one not in GUIDE] == []
    variables = {name for path in client.glob("*.py") for name in re.findall(r'"(MILLIAMP_[A-Z]+)"', path.read_text())}
    assert [one for one in sorted(variables - {"MILLIAMP_DEBUG"}) if f"`{one}`" not in GUIDE] == []
