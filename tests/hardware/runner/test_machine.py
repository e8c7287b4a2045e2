"""Heat, clocks and power, from made-up trees of /sys; and runs on a machine that is held back."""

import json
import threading
import time

import pytest

from hardware.ondevice.runner import carry_out, power, preflight, thermal
from hardware.ondevice.runner.power import Window
from hardware.ondevice.runner.state import Machine
from tests.runner_protocol.scripted_site import step


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


PI = {
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0x0",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/temp": 48_312,
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": 600_000,
    "sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq": 1_500_000,
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance",
    "proc/meminfo": "MemTotal: 1 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB",
}


@pytest.fixture
def pi(tmp_path):
    root = tmp_path / "pi"
    write(root, PI)
    return root


def test_the_state_of_a_raspberry_pi(pi):
    machine = Machine(pi, pi)
    state = machine.state("idle")
    assert state["temperature_c"] == 48.312
    assert state["clock_mhz"] == 1500
    assert state["governor"] == "performance"
    assert state["throttled"] == {"now": [], "since_boot": []}
    assert machine.swap_bytes() == 40 * 1024
    write(pi, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0x50005"})
    assert machine.state("idle")["throttled"] == {
        "now": ["under_voltage", "throttled"],
        "since_boot": ["under_voltage", "throttled"],
    }


def test_what_else_decides_how_fast_a_board_is(pi, tmp_path):
    found = preflight.look(pi, allowed=1)
    assert found == {
        "governors": ["performance"], "boost": None, "swap_total_bytes": 100 * 1024, "huge_pages": None, "cores": 2, "cores_allowed": 1,
        "core_kinds": 1, "power_mode": None, "memory_clock_mhz": None,
    }  # fmt: skip
    cpu = "sys/devices/system/cpu"
    jetson = {
        f"{cpu}/cpu0/cpufreq/cpuinfo_max_freq": 1_400_000, f"{cpu}/cpu1/cpufreq/cpuinfo_max_freq": 2_000_000,
        f"{cpu}/cpu0/cpufreq/scaling_governor": "schedutil", f"{cpu}/cpu1/cpufreq/scaling_governor": "performance",
        f"{cpu}/cpufreq/boost": 1, "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
        "var/lib/nvpmodel/status": "pmode:0002 fmode:quiet", "sys/kernel/debug/bpmp/debug/clk/emc/rate": 1_600_000_000,
    }  # fmt: skip
    write(tmp_path / "jetson", jetson)
    found = preflight.look(tmp_path / "jetson")
    assert (found["governors"], found["core_kinds"], found["boost"]) == (["performance", "schedutil"], 2, True)
    assert (found["huge_pages"], found["power_mode"], found["memory_clock_mhz"]) == ("madvise", "nvpmodel 2", 1600)
    write(tmp_path / "pc", {f"{cpu}/intel_pstate/no_turbo": 1, "sys/class/devfreq/dmc/cur_freq": 800_000_000})
    found = preflight.look(tmp_path / "pc")
    assert (found["boost"], found["memory_clock_mhz"], found["cores"]) == (False, 800, None)


def test_a_machine_that_says_nothing_is_not_called_cool(tmp_path):
    machine = Machine(tmp_path, tmp_path)
    state = machine.state("idle")
    assert (state["temperature_c"], state["clock_mhz"], state["governor"], state["throttled"]) == (
        None,
        None,
        None,
        None,
    )
    with thermal.Sampler(machine, lambda: None, 0.01) as sampler:
        pass
    assert sampler.verdict == "unknown"


def test_other_boards_say_it_in_other_ways(tmp_path):
    pc, jetson = tmp_path / "pc", tmp_path / "jetson"
    write(pc, {"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": 7})
    write(
        jetson,
        {"sys/class/thermal/cooling_device0/type": "cpufreq-cpu0", "sys/class/thermal/cooling_device0/cur_state": 0},
    )
    write(
        jetson, {"sys/class/thermal/thermal_zone0/type": "GPU-therm", "sys/class/thermal/thermal_zone0/temp": -256_000}
    )
    write(jetson, {"sys/class/thermal/thermal_zone1/type": "CPU-therm", "sys/class/thermal/thermal_zone1/temp": 41_000})
    with thermal.Sampler(Machine(pc, pc), lambda: None, 0.01) as sampler:
        write(pc, {"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": 8})
    assert sampler.verdict == "throttled"
    assert Machine(jetson, jetson).temperature_c() == 41
    assert Machine(jetson, jetson).throttling().now == ()
    write(jetson, {"sys/class/thermal/cooling_device0/cur_state": 2})
    assert Machine(jetson, jetson).throttling().now == ("throttled",)


def test_what_was_so_since_the_start_of_the_machine_does_not_count(pi):
    bits = "sys/devices/platform/soc/soc:firmware/get_throttled"
    write(pi, {bits: "0x40000"})
    deadline = time.monotonic() + 20
    with thermal.Sampler(Machine(pi, pi), lambda: None, 0.01) as sampler:
        while len(sampler.samples) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert sampler.verdict == "ok"
    assert len(sampler.samples) >= 3
    with thermal.Sampler(Machine(pi, pi), lambda: None, 60) as sampler:
        time.sleep(0.02)
        write(pi, {bits: "0x60000"})  # it came and went between two looks
    assert sampler.verdict == "throttled"


def test_cooling_down_is_waited_for_but_not_for_ever(pi):
    machine, looked = Machine(pi, pi), []

    def wait(seconds):
        looked.append(seconds)
        if len(looked) == 3:
            write(pi, {"sys/class/thermal/thermal_zone0/temp": 39_000})
        return True

    thermal.cool_down(machine, 40.0, 100.0, wait)
    assert len(looked) == 3
    thermal.cool_down(machine, 30.0, 0.0, wait)
    assert len(looked) == 3


def test_a_throttled_run_is_no_result(site, start, model, pi):
    site.on["beat"] = lambda _: write(pi, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0x40004"})
    lease = site.add(model, steps=[step()] * 3)
    start(root=pi).until(lambda: lease in site.finished)
    told = json.loads(site.finished[lease])
    assert told["outcome"] == "thermal_invalid"
    assert told["results"] is None
    assert told["environment"]["thermal"] == "throttled"
    assert told["environment"]["after"]["throttled"]["now"] == ["throttled"]
    assert told["environment"]["samples"][0][1:4] == [48.312, 1500, False]


# -- power ------------------------------------------------------------------------------------------------------------


def chip(root, number, files, address="1-0040"):
    device = root / "devices" / address
    device.mkdir(parents=True, exist_ok=True)
    folder = root / f"class/hwmon/hwmon{number}"
    write(folder, files)
    (folder / "device").symlink_to(device)


def test_sensors_are_found_and_read_in_the_units_of_the_kernel(tmp_path):
    chip(tmp_path, 0, {"name": "cpu_thermal", "temp1_input": 50_000}, "0-0000")
    chip(
        tmp_path,
        1,
        {"name": "ina219", "in0_input": 3, "in1_input": 5_000, "curr1_input": 900, "power1_input": 4_500_000},
    )
    rails = {
        "in1_input": 5_000,
        "curr1_input": 400,
        "in2_input": 3_300,
        "curr2_input": 100,
        "in1_label": "VDD_IN",
        "in2_label": "VDD_CPU",
    }
    chip(tmp_path, 2, {"name": "ina3221", **rails}, "1-0041")
    raw = {"name": "ina226", "in_power2_raw": 120, "in_power2_scale": 25, "in_voltage1_raw": 1, "in_current3_raw": 1}
    write(tmp_path / "bus/iio/devices/iio:device0", raw)
    write(
        tmp_path / "bus/iio/devices/iio:device1",
        {"name": "ina3221x", "in_power0_input": 2_500, "rail_name_0": "POM_5V_IN"},
    )
    (tmp_path / "bus/iio/devices/iio:device0/device").symlink_to(tmp_path / "devices")
    found = {each.name.split("@")[0] + each.name[-2:]: round(each.read(), 6) for each in power.find(tmp_path)}
    assert found == {"ina21940": 4.5, "ina322141": 2.0, "ina3221#2": 0.33, "ina226#2": 3.0, "ina3221x#0": 2.5}
    assert {each.rail for each in power.find(tmp_path)[:2]} == {"VDD_IN", "POM_5V_IN"}
    assert power.choose(power.find(tmp_path), "ina219@1-0040").read() == 4.5
    assert power.choose(power.find(tmp_path), "ina219@1-0099") is None


def test_energy_of_a_known_curve():
    """1 W at rest; 1 W rising to 3 W in the first second of work, 3 W in the next: 2 J and 3 J for ten inferences."""
    points = [(0.0, 1.0), (4.0, 1.0), (4.5, 2.0), (5.0, 3.0), (5.5, 3.0), (6.0, 3.0), (6.0, 1.0), (9.0, 1.0)]
    sensor = power.Sensor("ina219@1-0040", "hwmon", "", lambda: None)
    idle = [Window(1.0, 3.0), Window(7.0, 8.0)]
    assert power.energy(sensor, points, idle, [Window(4.0, 6.0, 10, "window 1")]) == {
        "source": "ina219@1-0040", "idle_w": 1.0, "idle_before_w": 1.0, "idle_after_w": 1.0, "loaded_w": 2.5, "joules": 5.0,
        "seconds": 2.0, "inferences": 10, "energy_mj": 500.0, "energy_mj_above_idle": 300.0, "samples": 3,
        "steps": [["window 1", 5.0, 2.0, 10]],
    }  # fmt: skip
    assert power.energy(sensor, points, idle[:1], [Window(4.0, 6.0, 10)]) is None  # nothing is known of rest afterwards
    assert power.window_of(points, 0.5, 5.2) == [Window(4.0, 5.0)]
    assert power.window_of(points, 6.5, 9.5) == []  # one reading is no length of time
    assert power.energy(sensor, points, idle, [Window(8.5, 9.5, 10)]) is None  # readings end before the work does
    assert power.energy(sensor, points, idle, [Window(4.2, 4.3, 10)]) is None  # too few readings say nothing


def test_the_seconds_for_the_meter_are_not_those_of_the_model(site, start, model, pi, monkeypatch):
    monkeypatch.setattr(carry_out, "LOAD_S", 6.0)
    chip(pi / "sys", 1, {"name": "ina219", "power1_input": 2_000_000})
    lease = site.add(model, steps=[step(limits=step()["limits"] | {"wall_s": 5.0})], idle_s=0.4)
    start(root=pi).until(lambda: lease in site.finished, within_s=60)
    (only,) = json.loads(site.kept[lease, "results.json"])["steps"]
    assert only["ended"] == "ok" and only["wall_s"] > 6
    assert json.loads(site.finished[lease])["environment"]["energy"]["seconds"] == pytest.approx(6, abs=1)


def test_energy_of_a_job_on_a_board_that_draws_two_watts(site, start, model, pi):
    chip(pi / "sys", 1, {"name": "ina219", "power1_input": 2_000_000})
    args = [*step()["args"], "--load-s", "0.5"]
    lease = site.add(model, steps=[step(args=args)], idle_s=0.4)
    start(root=pi).until(lambda: lease in site.finished)
    told = json.loads(site.finished[lease])
    assert told["environment"]["facts"]["sensors"] == [{"name": "ina219@1-0040", "kind": "hwmon", "rail": ""}]
    used, samples = told["environment"]["energy"], told["environment"]["samples"]
    assert (used["source"], used["idle_w"], used["loaded_w"]) == ("ina219@1-0040", 2.0, 2.0)
    assert used["energy_mj"] == pytest.approx(1000 * used["joules"] / used["inferences"], rel=0.01)
    assert used["energy_mj_above_idle"] == pytest.approx(0, abs=1e-5)
    assert samples[-1][4] == 2.0
    assert told["environment"]["before"]["power_w"] == site.leases[0]["state"]["power_w"] == 2.0
    assert threading.active_count() < 20
