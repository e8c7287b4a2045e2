"""A meter at a serial port, played by the other end of a terminal: what its lines say, and what is done when it is pulled out."""

import os
import threading
import time
from contextlib import contextmanager

import pytest

from hardware.ondevice.runner import doctor, power, serial_meter, settings
from hardware.ondevice.runner.loop import Agent, Places
from hardware.ondevice.runner.serial_meter import Pattern, of_settings
from hardware.ondevice.runner.words import RunnerError
from tests.hardware.runner.test_machine import chip


@pytest.mark.parametrize(
    ("pattern", "line", "watts"),
    [
        ("{V} {A}", "5.012 0.600", 3.0072),
        ("{V} {A}", " 5.0,  0.5 ", 2.5),
        ("{V}V {mA}mA", "+5.00V 640mA", 3.2),
        ("{mV} {mA}", "5000;250", 1.25),
        ("{W}", "2.75", 2.75),
        ("t={} P={mW} mW", "t=3 P=1500 mW", 1.5),
        ("{}:{}:{} {V} {A}", "12:00:01 5.0 1e-1", 0.5),
        ("{V} {A}", "17 5.0 0.1", None),
        ("{} {V} {A}", "17 5.0 1e-1", 0.5),
        ("{V} {A}", "Volt Ampere", None),
        ("{V} {A}", "5.0", None),
    ],
)
def test_a_line_is_read_as_its_pattern_says(pattern, line, watts):
    found = Pattern(pattern).watts(line)
    assert found == (None if watts is None else pytest.approx(watts))


@pytest.mark.parametrize("pattern", ["", "{V}", "{A} {mA}", "{V} {mV} {A}", "{V} {ohm}", "{V} {V} {A}", "{W} {mW}"])
def test_a_pattern_from_which_no_watts_follow_is_refused(pattern):
    with pytest.raises(RunnerError):
        Pattern(pattern)


@pytest.mark.parametrize(
    "said", [{"line": "{W}"}, {"port": 3}, {"port": "/dev/x", "baud": 9601}, {"port": "/dev/x", "baud": "9600"}]
)
def test_settings_that_name_no_meter_are_refused_with_what_is_wrong(said):
    with pytest.raises(RunnerError, match=r"settings\.json"):
        of_settings(said)
    assert of_settings({}) is None


@pytest.fixture
def line():
    """(the meter's end, the port)"""
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    for handle in (master, slave):
        os.close(handle)


def until(condition, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_meter_that_speaks_now_and_then_is_read_as_often_as_it_speaks(line):
    master, port = line
    meter = of_settings({"port": port, "baud": 115200}).start()
    try:
        sensor = meter.sensor()
        assert (sensor.kind, sensor.read()) == ("meter", None)
        until(lambda: _said(master, b"V A\r\n5.0 0.4\r\n5.0 0.", sensor) == pytest.approx(2.0))
        with power.Meter(sensor, every_s=0.01) as read:
            time.sleep(0.2)
            os.write(master, b"8\r\n")
            until(lambda: read.newest() == pytest.approx(4.0))
        assert [round(watts, 6) for _, watts in read.points] == [
            2.0,
            4.0,
        ]  # and not one for each time that it was looked at
    finally:
        meter.close()


def _said(master, data, sensor):
    """What the sensor reads after the meter has said this; the port may just be opened and emptied, so it is said again."""
    if sensor.read() is None:
        os.write(master, data)
        time.sleep(0.1)
    return sensor.read()


def test_what_was_said_long_ago_is_not_what_is_drawn_now(line, monkeypatch):
    master, port = line
    meter = of_settings({"port": port, "line": "{W}"}).start()
    try:
        until(lambda: _said(master, b"1.5\n", meter.sensor()) == 1.5)
        monkeypatch.setattr(serial_meter, "STALE_S", 0.0)
        assert meter.newest() is None
    finally:
        meter.close()


def test_a_meter_that_is_pulled_out_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(serial_meter, "AGAIN_S", 0.01)
    port = tmp_path / "ttyUSB0"
    meter = of_settings({"port": str(port), "line": "{W}"}).start()
    try:
        for watts in (1.0, 2.0):
            master, slave = os.openpty()
            port.symlink_to(os.ttyname(slave))
            until(lambda m=master, w=watts: os.write(m, b"%g\n" % w) and (meter.newest() or (0, 0))[1] == w)
            port.unlink()
            os.close(slave)
            os.close(master)
    finally:
        meter.close()


@pytest.fixture
def with_a_chip(tmp_path):
    """Where an agent finds a sensor of the kernel too."""
    chip(tmp_path / "sys", 1, {"name": "ina219", "power1_input": 2_000_000})
    return Places(tmp_path, tmp_path / "sys")


def test_an_agent_names_its_meter_first_and_lets_go_of_it(folder, site, isolation, line, with_a_chip):
    master, port = line
    mine = settings.load(folder)
    settings.save(folder, settings.Settings(**{**vars(mine), "meter": {"port": port}}))
    agent = Agent(folder, settings.load(folder), settings.load_token(folder), isolation, with_a_chip, lambda said: None)
    assert [each["kind"] for each in agent._facts["sensors"]] == ["meter", "hwmon"]
    until(lambda: _said(master, b"5 1\n", agent._bench.sensor) == 5.0)
    agent.stop()
    agent.run()
    assert "serial meter" not in {thread.name for thread in threading.enumerate()}


def looked_at(folder, **meter):
    """What `doctor` says of the meter."""
    mine = settings.load(folder)
    settings.save(folder, settings.Settings(**{**vars(mine), "meter": meter}))
    return list(doctor._meter(folder))


def test_doctor_says_what_the_meter_shows_or_why_it_shows_nothing(folder, site, line, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "METER_WITHIN_S", 0.5)
    master, port = line
    assert list(doctor._meter(tmp_path / "not enrolled")) == looked_at(folder) == []
    (wrong,) = looked_at(folder, port=port, line="{V}")
    assert (wrong.level, wrong.todo) == (
        doctor.BAD,
        "No power follows from the meter's line '{V}': name W, or V and A.",
    )
    (silent,) = looked_at(folder, port=port)
    assert silent.found == f"{port}: nothing in 0.5 s. It has said nothing."
    (gone,) = looked_at(folder, port=str(tmp_path / "ttyUSB0"))
    assert "The port is not read: [Errno 2]" in gone.found
    monkeypatch.setattr(doctor, "METER_WITHIN_S", 10.0)
    with saying(master, b"U=5.0V I=0.6A\r\n"):
        monkeypatch.setattr(serial_meter, "STALE_S", 60.0)
        (good,) = looked_at(folder, port=port, line="U={V}V I={A}A")
        assert (good.level, good.found) == (doctor.GOOD, f"{port}: 3.000 W")
        monkeypatch.setattr(doctor, "METER_WITHIN_S", 1.0)
        (other,) = looked_at(folder, port=port, line="{V} {A}")
        assert "It says 'U=5.0V I=0.6A', which is not as `line` in settings.json." in other.found


@contextmanager
def saying(master, data):
    """The meter says this again and again."""
    ended = threading.Event()

    def say():
        while not ended.wait(0.05):
            os.write(master, data)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
