"""Boards as data: all that are shipped can be read, and a mistake in one names its file and key."""

import pytest
import yaml

from hardware.profile_reading import ProfileFaults, profile_from_text, read_profile
from hardware.profiles import FOLDER, RUNTIMES, TIERS, ProfileError, load_profiles, today_slug, with_todays_slugs
from hardware.tiers import load_tiers

BOARDS = {
    "rpi-zero-w", "rpi-4-2gb", "rpi-4-4gb", "rpi-4-8gb", "jetson-nano-2gb", "jetson-nano-4gb",
    "coral-dev-1gb", "coral-dev-4gb", "coral-dev-1gb-tpu", "coral-dev-4gb-tpu", "stm32f746", "phone", "laptop",
}  # fmt: skip
GOOD = (FOLDER / "stm32f746.yaml").read_text(encoding="utf-8")


def refused(tmp_path, text):
    path = tmp_path / "board.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read_profile(path)
    assert str(caught.value).startswith("board.yaml: ")
    return str(caught.value)


def changed(**changes):
    return yaml.safe_dump(yaml.safe_load(GOOD) | changes)


def test_all_boards_are_there_smallest_memory_first():
    found = load_profiles()
    assert set(found) == BOARDS
    sizes = [profile.ram_bytes for profile in found.values()]
    assert sizes == sorted(sizes)


def test_they_are_read_once():
    assert load_profiles() is load_profiles()


@pytest.mark.parametrize(("slug", "current"), [("rpi-zero-w", 150), ("rpi-4-2gb", 600), ("jetson-nano-4gb", 2000)])
def test_the_currents_are_those_of_the_course(slug, current):
    profile = load_profiles()[slug]
    assert profile.nominal_current_ma == current
    assert "11-767" in profile.sources["nominal_current_ma"]


@pytest.mark.parametrize(("slug", "hours"), [("rpi-zero-w", 26), ("rpi-4-4gb", 7), ("jetson-nano-2gb", 2)])
def test_the_currents_give_the_hours_that_the_course_states_for_four_ampere_hours(slug, hours):
    assert 4000 / load_profiles()[slug].nominal_current_ma == pytest.approx(hours, rel=0.05)


def test_the_system_leaves_memory_on_every_board():
    assert all(0 < profile.system_bytes < profile.ram_bytes for profile in load_profiles().values())


def test_only_the_microcontroller_is_limited_by_flash_and_only_it_and_the_tpu_compute_in_int8_alone():
    limited = {slug for slug, profile in load_profiles().items() if profile.flash_bytes}
    narrow = {slug for slug, profile in load_profiles().items() if profile.compute_dtypes}
    assert limited == {"stm32f746"}
    assert narrow == {"stm32f746", "coral-dev-1gb-tpu", "coral-dev-4gb-tpu"}


def test_an_unknown_key_is_named(tmp_path):
    assert "unknown key ram_byte." in refused(tmp_path, GOOD + "\nram_byte: 1\n")


def test_a_missing_key_is_named(tmp_path):
    raw = yaml.safe_load(GOOD)
    del raw["cores"]
    assert "missing key cores" in refused(tmp_path, yaml.safe_dump(raw))


def test_the_slug_is_the_name_of_the_file_and_no_key(tmp_path):
    assert "unknown key slug" in refused(tmp_path, changed(slug="other"))
    (tmp_path / "mine.yaml").write_text(GOOD, encoding="utf-8")
    assert read_profile(tmp_path / "mine.yaml").slug == "mine"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cores", "four"),
        ("cores", True),
        ("ram_bytes", -1),
        ("ram_bytes", 1.5),
        ("weights_in_ram", 1),
        ("name", 7),
        ("formats", ["tflite"]),
        ("formats", {"tflite": "tensorflow"}),
        ("runtimes", ["tflite", "other"]),
        ("tier", "huge"),
        ("power_at", "socket"),
        ("peak_fp32_gflops", float("inf")),
        ("peak_int8_gops", "4 TOPS"),
        ("accelerator_peaks", {"int4_gops": 1}),
        ("name", ""),
        ("name", "x" * 81),
        ("board", "Mine Own"),
        ("runtime_bytes", {"tflite": "much"}),
        ("sources", ["a data sheet"]),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_is_expected(tmp_path, key, value):
    said = refused(tmp_path, changed(**{key: value}))
    assert key in said
    assert "expected" in said


def test_a_number_of_ours_without_a_source_is_refused(tmp_path):
    said = refused(tmp_path, changed(sources={"hardware": "a data sheet"}))
    for name in ("system_bytes", "runtime_bytes", "peaks", "memory_bandwidth_mb_s", "loaded_mw"):
        assert f"sources says nothing about {name}" in said


def test_a_format_without_its_share_of_memory_is_refused(tmp_path):
    said = refused(tmp_path, changed(formats={"tflite": "tflm", "onnx": "onnxruntime"}))
    assert "runtime_bytes says nothing about onnxruntime" in said
    assert "runtime_flash_bytes says nothing about onnxruntime" in said


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [1, 2", "just words"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    refused(tmp_path, text)


def test_every_number_of_every_device_has_a_source_and_every_runtime_is_one_of_the_contract():
    for profile in load_profiles().values():
        assert profile.tier in TIERS
        assert set(profile.runtimes) <= set(RUNTIMES)
        assert profile.runtimes
        assert profile.best_peak_gops > 0
        assert profile.loaded_mw > profile.idle_mw
        assert profile.power_at
        assert {"hardware", "loaded_mw", "memory_bandwidth_mb_s"} <= set(profile.sources)


def test_each_fault_is_told_with_its_line_and_all_at_once():
    with pytest.raises(ProfileFaults) as caught:
        profile_from_text("mine", GOOD.replace("cores: 1", "cores: 0") + "colour: red\n")
    lines = (GOOD + "colour: red\n").splitlines()
    assert {fault.key: fault.line for fault in caught.value.faults} == {
        "cores": lines.index("cores: 1") + 1, "colour": len(lines),
    }  # fmt: skip
    assert f"Line {len(lines)}: unknown key colour." in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "cores: 2\n", "cores stands twice, first at line"),
        (GOOD.replace("sources:", "sources:\n  hardware: x\n  hardware: y"), "sources.hardware stands twice"),
        ("a: &x 1\nb: *x\n", "refers back with *"),
        ("a: [1, 2", "this is not YAML"),
        ("a: 2026-99-99\n", "cannot be read as YAML"),
        ("a: !!python/object/apply:os.system [true]\n", "this is not YAML"),
        ("#" * 70_000, "at most 64 KiB"),
        ("a: \x00", "this is not YAML"),
        ("a: " + "[" * 60_000, "nest deeper"),
        ("a: [" + "[]," * 20_000 + "]", "far more values"),
        (GOOD.replace("cores: 1", "cores: 0x" + "9" * 40_000), "very many digits"),
        (GOOD.replace("isa: ", 'isa: "a\\n\\0" #'), "expected a text"),
        (GOOD.replace("isa: ", 'isa: "a\\n\\ud800" #'), "expected a text"),
        (GOOD.replace("name: ", 'name: "two\\nlines" #'), "expected one line"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_a_sentence(text, said):
    with pytest.raises(ProfileFaults, match=said.replace("*", r"\*").replace(".", r"\.")):
        profile_from_text("mine", text)


def test_what_the_system_keeps_is_less_than_there_is_and_power_says_where_it_is_metered(tmp_path):
    assert "leaves no RAM" in refused(tmp_path, changed(system_bytes=327680))
    assert "power_at must say" in refused(tmp_path, changed(power_at=""))
    assert "sources.colour: there is no such source" in refused(
        tmp_path, changed(sources=yaml.safe_load(GOOD)["sources"] | {"colour": "red"})
    )


def test_the_former_name_of_a_device_still_leads_to_it():
    assert today_slug("phone-mid") == "phone"
    assert today_slug("laptop") == "laptop"
    assert with_todays_slugs({"phone-mid": 1, "laptop": 2}) == {"phone": 1, "laptop": 2}


def test_the_tiers_of_the_lecture_are_there_to_compare_with_and_are_no_devices():
    cloud, mobile, tiny = load_tiers()
    assert [tier.slug for tier in (cloud, mobile, tiny)] == list(TIERS)
    assert (mobile.ram_bytes, tiny.ram_bytes) == (4 * 10**9, 320_000)
    assert cloud.ram_bytes == 80 * 10**9
    assert not set(TIERS) & set(load_profiles())
    profiles = load_profiles()
    assert (mobile.peak_gops, mobile.power_mw) == (profiles["phone"].best_peak_gops, profiles["phone"].loaded_mw)
    assert (tiny.peak_gops, tiny.power_mw) == (profiles["stm32f746"].best_peak_gops, profiles["stm32f746"].loaded_mw)
