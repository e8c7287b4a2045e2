"""Where a model is measured: every case of the table, and what a run that is not measured here does."""

from datetime import timedelta

import pytest

from grading.bench.errors import BenchError
from grading.bench.sandbox import container_spec
from grading.measuring.run_setting import no_board, setting_for
from grading.measuring.where_to_run import LEAST_PAUSE, MOST_PAUSE, Place, pause_after, where_to_run
from grading.spec import BenchSpec, SpecError
from hardware.profiles import load_profiles
from tests.people import SPEC

HOUR = timedelta(hours=1)
GIB = 1 << 30
BOARD = {"devices": ["rpi-4-4gb"], "run_on": "board", "board_wait": {"hours": 4}}


def spec(**keys):
    return BenchSpec.parse(SPEC | keys)


def place(keys, isolation="docker", boards=None, waited=HOUR):
    found = where_to_run(spec(**keys), isolation=isolation, boards_available=boards, waited=waited)
    return found.on, found.is_instead, found.asks_staff


@pytest.mark.parametrize(
    ("keys", "isolation", "on"),
    [
        ({}, "docker", "container"),
        ({}, "bubblewrap", "process"),
        ({}, "limits", "process"),
        ({"run_on": "container"}, "docker", "container"),
        ({"run_on": "container"}, "bubblewrap", "wait"),
        ({"run_on": "process"}, "namespaces", "process"),
        ({"run_on": "process"}, "docker", "wait"),
    ],
)
def test_without_a_board_it_is_what_the_lab_asks_for_or_it_waits(keys, isolation, on):
    assert place(keys, isolation) == (on, False, False)


@pytest.mark.parametrize("fallback", ["emulation", "wait", "staff"])
def test_a_free_board_takes_it_whatever_the_fallback(fallback):
    assert place(BOARD | {"fallback": fallback}, boards=1, waited=9 * HOUR) == ("board", False, False)


@pytest.mark.parametrize(
    ("fallback", "boards", "hours", "found"),
    [
        ("emulation", 0, 3.9, ("wait", False, False)),
        ("emulation", 0, 4, ("container", True, False)),
        ("emulation", None, 0, ("container", True, False)),
        ("staff", 0, 3.9, ("wait", False, False)),
        ("staff", 0, 4, ("container", True, True)),
        ("staff", None, 0, ("container", True, True)),
        ("wait", 0, 3.9, ("wait", False, False)),
        ("wait", 0, 400, ("wait", False, False)),
        ("wait", None, 400, ("wait", False, False)),
    ],
)
def test_without_a_free_board_the_fallback_decides_once_the_wait_is_over(fallback, boards, hours, found):
    assert place(BOARD | {"fallback": fallback}, boards=boards, waited=hours * HOUR) == found


def test_a_worker_with_processes_stands_in_for_a_board_too():
    assert place(BOARD | {"fallback": "emulation"}, "limits") == ("process", True, False)


def test_whoever_waits_is_told_why_and_looked_at_ever_less_often():
    busy = where_to_run(spec(**BOARD), isolation="docker", boards_available=0, waited=HOUR)
    assert busy.why == "This lab is measured on a board, and all of them are busy."
    over = where_to_run(spec(**BOARD, fallback="wait"), isolation="docker", boards_available=0, waited=5 * HOUR)
    assert "longer than the lab had meant" in over.why
    none = where_to_run(spec(**BOARD, fallback="wait"), isolation="docker", boards_available=None, waited=HOUR)
    assert "no such board yet" in none.why
    assert [pause_after(waited) for waited in (timedelta(), HOUR / 5, 9 * HOUR)] == [LEAST_PAUSE, HOUR / 20, MOST_PAUSE]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"run_on": "boat"}, "spec.run_on: boat is not one of process, container, board."),
        ({"run_on": ""}, "spec.run_on:  is not one of process, container, board."),
        ({"run_on": "board"}, "name the board first in `devices`"),
        ({"fallback": "staff"}, "spec.fallback: only a lab with `run_on: board` waits for one."),
        ({"board_wait": {"hours": 1}}, "spec.board_wait: only a lab with `run_on: board` waits for one."),
        (BOARD | {"fallback": "pray"}, "spec.fallback: pray is not one of emulation, wait, staff."),
        (BOARD | {"board_wait": {"hours": 0}}, "give one length, up to 60 days"),
        (BOARD | {"board_wait": {"days": 61}}, "give one length, up to 60 days"),
        (
            BOARD | {"board_wait": {"hours": float("nan")}},
            "spec.board_wait.hours: expected a number between -1e18 and 1e18.",
        ),
        (BOARD | {"board_wait": {"hours": 1, "days": 1}}, "give one length, up to 60 days"),
        (BOARD | {"board_wait": {}}, "give one length, up to 60 days"),
        (BOARD | {"board_wait": {"weeks": 1}}, "unknown key weeks"),
        (BOARD | {"board_wait": "4 h"}, "spec.board_wait: expected a mapping, got str."),
        (BOARD | {"board_wait": {"hours": "4"}}, "spec.board_wait.hours: expected a number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(keys, said):
    with pytest.raises(SpecError) as refused:
        spec(**keys)
    assert said in str(refused.value)


def test_a_lab_on_a_board_waits_a_day_and_then_asks_the_staff_unless_it_says_otherwise():
    found = spec(devices=["rpi-4-4gb"], run_on="board")
    assert (found.board_wait, found.fallback) == (timedelta(days=1), "staff")
    assert spec(**BOARD | {"board_wait": {"minutes": 90}}).board_wait == 1.5 * HOUR


@pytest.mark.parametrize(
    ("slug", "cores", "mib", "is_own"), [("rpi-4-4gb", 4, 4096, True), ("rpi-zero-w", 1, 512, True), ("stm32f746", 1, 512, False)]
)  # fmt: skip
def test_a_container_has_the_memory_and_cores_of_the_first_device(slug, cores, mib, is_own, monkeypatch):
    monkeypatch.setattr("grading.bench.sandbox.container_spec.own_processors", lambda: list(range(8)))
    monkeypatch.setattr(container_spec, "own_memory_bytes", lambda: 64 * GIB)
    lab = spec(devices=[slug], wall_s=77, memory_bytes=1 << 20)
    found = setting_for(lab, Place("container"), load_profiles()[slug])
    assert (found.limits.memory_bytes, found.limits.cores, found.limits.wall_s) == (mib << 20, cores, 77)
    words = f"emulation: container, {cores} core{'s' if cores > 1 else ''} of {cores}, {mib} MiB"
    assert found.graded_by["label"] == words + ("" if is_own else " for the harness")
    assert found.graded_by["ran_under_bytes"] == (mib << 20 if is_own else None)


def test_a_process_plays_no_device_and_says_so():
    found = setting_for(spec(devices=["rpi-zero-w"]), Place("process"), load_profiles()["rpi-zero-w"])
    assert found.graded_by == {
        "on": "process", "label": "process, 1024 MiB", "device": "", "memory_bytes": 1 << 30, "ran_under_bytes": None, "reason": "",
    }  # fmt: skip


def test_what_stands_in_for_a_board_says_so_and_only_the_staff_make_it_a_question():
    lab = spec(**BOARD | {"fallback": "staff"})
    found = where_to_run(lab, isolation="limits", boards_available=None, waited=HOUR)
    label = setting_for(lab, found, load_profiles()["rpi-4-4gb"]).graded_by["label"]
    assert label == "process, 1024 MiB, in place of a board"
    (evidence,) = no_board(found, label)
    assert evidence["code"] == "no_board" and evidence["sentence"].startswith("This site has no such board.")
    assert no_board(Place("process", is_instead=True), label) == []


@pytest.fixture
def small_machine(monkeypatch):
    """A machine with 4 GiB of memory."""
    monkeypatch.setattr(container_spec, "own_memory_bytes", lambda: 4 * GIB)


def test_a_device_with_more_memory_than_this_machine_gets_less_and_the_result_says_so(small_machine):
    found = setting_for(spec(devices=["rpi-4-8gb"]), Place("container"), load_profiles()["rpi-4-8gb"])
    assert found.limits.memory_bytes == 3 * GIB
    assert found.graded_by["label"].endswith(", 3072 MiB of 8192")
    assert found.graded_by["ran_under_bytes"] is None


@pytest.mark.parametrize(
    ("slug", "code", "outcome"),
    [("rpi-4-8gb", "host_too_small", "infrastructure"), ("rpi-zero-w", "out_of_memory", "out_of_memory")],
)
def test_to_run_out_of_less_than_the_device_has_is_our_fault(small_machine, slug, code, outcome):
    found = setting_for(spec(devices=[slug]), Place("container"), load_profiles()[slug])
    with pytest.raises(BenchError) as caught, found.out_of_memory_named():
        raise BenchError("out_of_memory", "The model needed more.", outcome="out_of_memory")
    assert (caught.value.code, caught.value.outcome) == (code, outcome)


@pytest.mark.parametrize(
    ("board", "said"),
    [
        ({}, "No board was free within 4 h."),
        ({"tags": ["camera"]}, "No board tagged camera was free within 4 h."),
        (
            {"tags": ["camera", "csi"], "power_sensor": True, "own_board": "required"},
            "No board tagged camera and csi with a power sensor that is the team's own was free within 4 h.",
        ),
    ],
)
def test_what_is_measured_here_instead_says_which_board_was_not_there(board, said):
    lab = spec(**BOARD, fallback="emulation", board=board)
    assert where_to_run(lab, isolation="docker", boards_available=0, waited=5 * HOUR).why == said


def test_where_boards_failed_nobody_waits_on_and_the_reason_is_theirs():
    lab = spec(**BOARD, fallback="emulation")
    found = where_to_run(lab, isolation="docker", boards_available=0, waited=HOUR, has_failed=True)
    assert (found.on, found.why) == ("container", "Boards took it, and none could end it.")


@pytest.mark.parametrize(
    ("board", "place"),
    [
        ({"tags": "camera"}, "spec.board.tags: expected a list"),
        ({"tags": ["A camera"]}, "spec.board.tags: a tag is a word"),
        ({"tags": ["camera", "camera"]}, "spec.board.tags: a tag is a word"),
        ({"tags": [f"t{n}" for n in range(9)]}, "spec.board.tags: at most 8"),
        ({"power_sensor": "yes"}, "spec.board.power_sensor: expected true or false"),
        ({"own_board": "mine"}, "spec.board.own_board: mine is not one of"),
        ({"readings": "all"}, "spec.board.readings: all is not one of"),
        ({"power_sensor": True, "readings": "team"}, "spec.board.readings: with `power_sensor: true`"),
        ({"camera": True}, "spec.board: unknown key camera"),
        (["camera"], "spec.board: expected a mapping"),
    ],
)
def test_what_a_lab_may_not_ask_of_a_board_is_refused_with_its_place(board, place):
    with pytest.raises(SpecError, match=place.replace(".", r"\.").replace("[", r"\[")):
        spec(**BOARD, board=board)


def test_a_lab_without_a_device_asks_nothing_of_a_board():
    with pytest.raises(SpecError, match=r"spec\.board: say first in `devices`"):
        spec(board={"tags": ["camera"]})
