"""The program against a running site: a hand-in from end to end, lines that break, and everything that a site refuses."""

import json
import os
import subprocess
import sys
import time
from io import StringIO

import pytest
from django.core.management import call_command

from tests.cli.pythons import PYTHONS
from tests.journeys.bad_line import BadLine, write_model
from tests.journeys.world import demo_world, wait_for
from tests.parts import ROOT

MIB = 1 << 20
PEOPLE = ("ruth.adeyemi", "daniel.park", "sofia.lindgren")
# A token of each kind for each of them; and a lab that takes what the site takes.
PREPARES = """
import json
from datetime import timedelta
from django.utils import timezone
from courseplatform.accounts.models import User
from courseplatform.accounts.tokens import token_create
found = {}
for person in User.objects.filter(email__in=[f"{name}@example.edu" for name in PEOPLE]):
    for name, scopes in (("both", ["read", "hand_in"]), ("read", ["read"])):
        ends = timezone.now() + timedelta(days=9)
        found[f"{person.email.partition('@')[0]} {name}"] = token_create(person=person, name=name, scopes=scopes, expires_at=ends)[1]
print(json.dumps(found))
from grading.models import Assignment
lab = Assignment.objects.get(course__slug="demo", slug="lab3")
lab.bench_spec = lab.bench_spec | {"max_bytes": 100 << 20}
lab.save()
""".replace("PEOPLE", repr(PEOPLE))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    running = demo_world(tmp_path_factory.mktemp("cli-site") / "data", API_PER_MINUTE="2000")
    try:
        running.wait_healthy(120)
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def tokens(world):
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(world.data_dir), "LOG_LEVEL": "ERROR"}
    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", PREPARES],
        cwd=ROOT,
        check=True,
        env=env,
        capture_output=True,
        text=True,
    )
    return json.loads(said.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    target = tmp_path_factory.mktemp("program") / "milliamp"
    call_command("build_cli", str(target), stdout=StringIO())
    return target


class Person:
    """Somebody at a terminal, with a folder of their own."""

    def __init__(self, program, folder, python=sys.executable, **env):
        self.program, self.folder, self.python = program, folder, python
        self.env = {
            "PATH": os.environ["PATH"],
            "MILLIAMP_FOLDER": str(folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **env,
        }

    def starts(self, *words):
        return subprocess.Popen(
            [self.python, str(self.program), *words], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def says(self, *words, code=0):
        """What stands on standard output; `heard` keeps the rest."""
        running = self.starts(*words)
        out, self.heard = running.communicate(timeout=120)
        assert running.returncode == code, (words, out, self.heard)
        return out

    def reads(self, *words, code=0):
        return json.loads(self.says(*words, "--json", code=code))


@pytest.fixture
def person(world, tokens, program, tmp_path):
    """person("sofia.lindgren"): signed in by the environment, or with a token of other scopes, at another address, on another Python."""

    def of(name, scopes="both", site="", **more):
        return Person(
            program, tmp_path, MILLIAMP_SITE=site or world.url, MILLIAMP_TOKEN=tokens[f"{name} {scopes}"], **more
        )

    return of


@pytest.fixture
def line(world):
    found = BadLine(world.port, 12e6)
    yield found
    found.close()


def arrived(world, name):
    return world.rows("select sha256, size_bytes, number from grading_submission where file_name = ?", name)


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_wrong_token_and_one_that_only_reads(person, tmp_path):
    ruth = person("ruth.adeyemi", "read")
    write_model(tmp_path / "x.onnx", 5000)
    assert ruth.reads("submit", "lab3", "x.onnx", "--yes", code=1)["error"]["code"] == "scope_missing"
    ruth.env["MILLIAMP_TOKEN"] = "mlp_" + "x" * 43
    said = ruth.says("labs", code=3)
    assert said == "" and "Code: bad_token" in ruth.heard


def test_what_is_not_open_not_there_or_too_large(person, tmp_path):
    ruth = person("ruth.adeyemi")
    write_model(tmp_path / "x.onnx", 5000)
    write_model(tmp_path / "large.onnx", 2 * MIB)
    for words, code, exit_code in (
        (("submit", "lab4", "x.onnx"), "not_released", 1),
        (("submit", "lab99", "x.onnx"), "not_found", 1),
        (("submit", "odml/lab1", "x.onnx"), "not_found", 1),
        (("labs", "--course", "odml"), "not_found", 1),
        (("submit", "lab1", "large.onnx"), "too_large", 2),
        (("submit", "lab1", "gone.onnx"), "no_such_file", 2),
        (("results", "report7"), "no_attempt", 2),
        (("results", "12345678-1234-1234-1234-123456789012"), "not_found", 1),
        (("courses", "--use", "odml"), "no_course", 2),
    ):
        assert ruth.reads(*words, code=exit_code)["error"]["code"] == code, words
    assert "In demo there are: lab1, " in ruth.reads("open", "lab99", code=1)["error"]["message"]


def test_what_costs_late_days_waits_for_a_yes(person, tmp_path):
    ruth = person("ruth.adeyemi")
    write_model(tmp_path / "x.onnx", 5000)
    assert ruth.reads("submit", "lab1", "x.onnx", code=6)["error"]["code"] == "not_confirmed"
    assert "late day" in ruth.heard and "at most" in ruth.heard
    assert not (tmp_path / "home" / "unfinished").exists()


def test_a_grade_that_is_not_released_shows_no_points(person):
    ruth = person("ruth.adeyemi")
    said = ruth.says("grades")
    hidden = [line for line in said.splitlines() if "not released yet" in line]
    assert hidden and all("- of " in line for line in hidden)
    lines = [one for part in ruth.reads("grades")["parts"] for one in part["lines"] if one["state"] == "grading"]
    assert lines and all(one["points"] is None for one in lines)
    assert "late day" in ruth.says("late-days")


def test_a_result_of_somebody_else_is_not_there(person):
    theirs = person("ruth.adeyemi").reads("results", "lab1")["id"]
    assert person("sofia.lindgren").reads("results", theirs, code=1)["error"]["code"] == "not_found"


# -- machines ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", PYTHONS)
def test_it_signs_in_and_lists_on_this_python(world, tokens, program, tmp_path, python):
    if python.missing:
        pytest.skip(python.missing)
    ruth = Person(program, tmp_path, python.path, PYTHONWARNINGS="error", PYTHONIOENCODING="ascii", LC_ALL="C")
    (tmp_path / "token").write_text(tokens["ruth.adeyemi read"])
    ruth.says("login", world.url, "--token-file", "token")
    assert ruth.says("labs").splitlines()[0].split()[:3] == ["Lab", "Title", "Due,"]
    assert ruth.says("results", "lab1").isascii() and ruth.heard == ""


def test_bash_completes_the_name_of_a_lab(person, program, tmp_path):
    ruth = person("ruth.adeyemi")
    ruth.says("labs")
    asks = f"""
        PATH={program.parent}:$PATH; source <(milliamp completion bash)
        COMP_WORDS=(milliamp submit lab); COMP_CWORD=2; _milliamp; echo "${{COMPREPLY[@]}}"
    """
    said = subprocess.run(["bash", "-c", asks], env=ruth.env, check=False, capture_output=True, text=True)
    assert said.stdout.split()[:3] == ["lab1", "lab2", "lab3"], said.stderr


# -- lines that break -------------------------------------------------------------------------------------------------


def test_a_line_that_is_cut_and_then_down_loses_a_part_and_no_more(world, line, person, tmp_path):
    digest, sofia = write_model(tmp_path / "cut.onnx", 24 * MIB), person("sofia.lindgren", site=line.url)
    running = sofia.starts("submit", "lab3", "cut.onnx", "--json")
    wait_for(lambda: line.sent > 4 * MIB, 30, "the first megabytes")
    line.cut()
    wait_for(lambda: line.sent > 14 * MIB, 30, "more of it")
    line.down()
    time.sleep(1)
    line.up()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert json.loads(out)["sha256"] == digest
    assert [row[:2] for row in arrived(world, "cut.onnx")] == [(digest, 24 * MIB)]
    assert line.sent < 24 * MIB + 2 * 9 * MIB


def test_a_program_that_is_killed_goes_on_and_is_recorded_once(world, line, person, tmp_path):
    digest, daniel = write_model(tmp_path / "killed.onnx", 24 * MIB), person("daniel.park", site=line.url)
    running = daniel.starts("submit", "lab3", "killed.onnx", "--yes")
    wait_for(lambda: line.sent > 12 * MIB, 30, "half of it")
    running.kill()
    running.communicate()
    begun = list((tmp_path / "home" / "unfinished").iterdir())
    assert len(begun) == 1
    held = json.loads(begun[0].read_text())
    first = daniel.reads("submit", "lab3", "killed.onnx", "--yes")
    assert first["created"] and line.sent < 24 * MIB + 10 * MIB
    begun[0].write_text(json.dumps(held))  # as if it had been killed before the receipt came
    second = daniel.reads("submit", "lab3", "killed.onnx", "--yes")
    assert (second["created"], second["receipt"]) == (False, first["receipt"])
    assert [row[:2] for row in arrived(world, "killed.onnx")] == [(digest, 24 * MIB)]
    assert world.rows("select count(*) from uploads_upload where file_name = 'killed.onnx'") == [(1,)]


# -- from end to end; last, since by now the runs of the demo itself are through -------------------------------------


def test_a_hand_in_from_signing_in_to_its_result(world, tokens, program, tmp_path):
    ruth, home = Person(program, tmp_path), tmp_path / "home"
    (tmp_path / "token").write_text(f"Authorization: Bearer {tokens['ruth.adeyemi both']}\n")
    assert "Signed in to " in ruth.says("login", world.url, "--token-file", "token")
    assert tokens["ruth.adeyemi both"] not in (ruth.says("whoami") + ruth.heard)
    assert (home / "sign-in.json").stat().st_mode & 0o777 == 0o600
    labs = {one["slug"]: one for one in ruth.reads("labs")}
    assert labs["lab3"]["mine"]["due_at"] and labs["lab3"]["mine"]["cost"]["accepted"]
    before = labs["lab3"]["mine"]["attempts_left"]
    ruth.says("download", "lab1", "-o", "m.onnx")
    ruth.says("download", "lab1", "--part", "report", "-o", "r.pdf")
    content = (
        tmp_path / "m.onnx"
    ).read_bytes() + b"\x1a\x01x"  # another version of its producer: the same network, another file
    (tmp_path / "m.onnx").write_bytes(content)
    said = ruth.says("submit", "lab3", "m.onnx", "--report", "r.pdf", "--watch", "--yes")
    assert said.startswith("It is here.\nReceipt  L3-") and "Report   r.pdf" in said and "measured points" in said
    assert "costs no late days" in ruth.heard and "Stopped" not in ruth.heard
    assert "%" not in ruth.heard.split("attempts are left")[1]  # no bar without a terminal
    (row,) = arrived(world, "m.onnx")
    hand_in = ruth.reads("receipt", "lab3")
    assert (
        [one["part"] for one in hand_in["parts"]] == ["report"] and hand_in["signature"] and hand_in["number"] == row[2]
    )
    found = ruth.reads("results")  # the lab of the last hand-in
    assert found["result"]["earned"] and {"accuracy", "latency_ms"} <= {one["key"] for one in found["metrics"]}
    assert found == ruth.reads("status", found["id"])
    labs = {one["slug"]: one for one in ruth.reads("labs")}
    assert labs["lab3"]["mine"]["attempts_left"] == before - 1
    again = ruth.reads("submit", "lab3", "m.onnx", "--yes")
    assert (again["created"], again["receipt"]) == (False, hand_in["receipt"])
    assert list((home / "unfinished").iterdir()) == []
    assert ruth.says("open", "lab3") == f"{world.url}/courses/demo/assignments/lab3/\n"
    assert "Signed out" in ruth.says("logout")
    ruth.says("labs", code=3)


def test_parts_alone_are_handed_in_and_what_is_missing_is_said_before(person, tmp_path):
    daniel = person("daniel.park")
    (tmp_path / "r.pdf").write_bytes(b"no pdf at all")
    assert daniel.reads("submit", "report7", "--report", "r.pdf", code=2)["error"]["code"] == "statement_missing"
    refused = daniel.reads("submit", "report7", "--report", "r.pdf", "--statement", "Nobody.", code=1)
    assert refused["error"]["code"] == "not_a_pdf"
    assert daniel.reads("submit", "lab3", code=2)["error"]["code"] == "nothing_to_hand_in"
    assert daniel.reads("submit", "lab3", "--part", "film=x", code=2)["error"]["code"] == "no_such_part"
    assert daniel.reads("submit", "report7", "r.pdf", code=2)["error"]["code"] == "no_model_taken"


def test_a_model_that_cannot_be_measured_ends_with_a_code_of_its_own(person, tmp_path):
    sofia = person("sofia.lindgren")
    write_model(tmp_path / "noise.onnx", 5000)
    said = sofia.says("submit", "lab3", "noise.onnx", "--watch", code=5)
    assert "not counted: the check found it unfit" in said and "Code: " in said
    assert sofia.reads("results", "lab3", code=5)["error"]["code"]
