"""`milliamp-runner calibrate`: it asks, measures what comes, says how far that is, and ends when the site has all of it."""

import threading

from hardware.ondevice.runner import __main__ as command
from hardware.ondevice.runner import calibrate, loop
from hardware.ondevice.runner.words import DONE, FAILED

ASKED = {"runtime": "onnx", "precision": "fp32", "threads": 1}


def calibrations(site, model, parts):
    """The site's side: so many jobs, one after the other, and their count."""
    said = {"calibration": 7, "status": "", "threads": 1, "done": 0, "total": parts, "why": ""}

    def answer(handler):
        if handler.command == "POST":
            said["status"] = said["status"] or "measuring"
        said["done"] = len(site.finished)
        if said["status"] == "measuring" and not any(not site.ended(lease) for lease in site.jobs):
            if len(site.finished) < parts:
                site.add(model)
            else:
                said["status"] = "measured"
        return 200, said

    site.on["calibration"] = answer
    return said


def test_all_parts_are_measured_and_then_it_ends_by_itself(site, model, folder, isolation):
    calibrations(site, model, parts=2)
    said = []
    mine = command.settings.load(folder)
    assert calibrate.calibrate(folder, mine, ASKED, lambda: isolation, said.append) == DONE
    assert len(site.finished) == 2 and site.released == []
    assert said[0] == "0 of 2 networks are measured." and "2 of 2 networks are measured." in said
    assert "All of it is with the site" in said[-1]


def test_where_the_agent_runs_it_only_watches(site, model, folder, isolation):
    said = []
    state = calibrations(site, model, parts=1)
    threading.Timer(0.3, lambda: state.update(status="measured")).start()
    with loop.alone_in(folder):
        mine = command.settings.load(folder)
        assert calibrate.calibrate(folder, mine, ASKED, lambda: isolation, said.append) == DONE
    assert "The agent runs here already" in said[1] and site.count("lease") == 0


def test_a_refusal_is_said_with_the_reason_of_the_site(site, folder, capsys):
    site.on["calibration"] = lambda handler: (
        422,
        {"code": "no_runtime", "message": "A board is calibrated with ONNX Runtime."},
    )
    assert command.main(["calibrate", "--folder", str(folder)]) == FAILED
    assert "A board is calibrated with ONNX Runtime." in capsys.readouterr().err


def test_a_calibration_that_fails_or_is_cancelled_is_no_success(site, model, folder, isolation):
    state = calibrations(site, model, parts=1)
    state |= {"status": "cancelled", "why": "Somebody cancelled it."}
    said = []
    mine = command.settings.load(folder)
    assert calibrate.calibrate(folder, mine, ASKED, lambda: isolation, said.append) == FAILED
    assert said[-1] == "It ended as cancelled. Somebody cancelled it."
