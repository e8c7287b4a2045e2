"""A disk that fills at the worst moments: no job stays with a board that cannot write it down, and the agent goes on when there is room."""

import sqlite3
import time

import pytest

from hardware.ondevice.runner import __main__ as command
from hardware.ondevice.runner.journal import Journal
from hardware.ondevice.runner.words import DiskFull
from tests.runner_protocol.scripted_site import step


def fail_once(monkeypatch, name):
    """The first call of this method of the journal finds no room."""
    real, failed = getattr(Journal, name), []

    def call(self, *args, **named):
        if not failed:
            failed.append(1)
            raise DiskFull("The journal cannot be written: database or disk is full.")
        return real(self, *args, **named)

    monkeypatch.setattr(Journal, name, call)


def test_a_job_that_cannot_be_written_down_is_given_back_at_once(site, start, model, monkeypatch):
    fail_once(monkeypatch, "take")
    first = site.add(model)
    agent = start().until(lambda: site.released)
    assert [(each["lease"], each["fault"]) for each in site.released] == [(first, True)]
    assert "disk is full" in site.released[0]["why"]
    assert site.count("start") == 0
    second = site.add(model)
    agent.until(lambda: second in site.finished)


@pytest.mark.parametrize("moment", ["run", "finish"])
def test_a_job_whose_end_cannot_be_written_down_is_given_back_when_there_is_room(
    site, start, model, monkeypatch, moment
):
    fail_once(monkeypatch, moment)
    fail_once(monkeypatch, "give_back")  # not even that it failed
    lease = site.add(model)
    agent = start().until(lambda: site.ended(lease))
    assert site.released[0]["fault"] is True
    assert "disk of the board was full" in site.released[0]["why"]
    second = site.add(model)
    agent.until(lambda: second in site.finished and site.leases[-1]["held"] == [])
    assert agent.error is None


def test_an_agent_that_is_started_on_a_full_disk_is_started_again_later(folder, monkeypatch, capsys):
    """systemd starts it again after 1, and not after 5."""

    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("hardware.ondevice.runner.journal.sqlite3.connect", full)
    assert command.main(["run", "--folder", str(folder)]) == 1
    assert "Is the disk full?" in capsys.readouterr().err


def test_it_beats_while_files_are_on_their_way(site, start, model):
    """A lease lasts a minute, a large model over a slow line longer."""
    beaten = []

    def slow(_):
        time.sleep(0.5)
        beaten.append(site.count("beat"))

    site.on["download"] = slow
    lease = site.add(model, steps=[step()])
    start().until(lambda: lease in site.finished)
    assert beaten[0] >= 1
