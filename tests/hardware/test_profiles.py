"""Boards as data: all that are shipped can be read, and a mistake in one names its file and key."""

import pytest
import yaml

from hardware.profiles import FOLDER, ProfileError, load_profiles, read_profile

BOARDS = {
    "rpi-zero-w", "rpi-4-2gb", "rpi-4-4gb", "rpi-4-8gb", "jetson-nano-2gb", "jetson-nano-4gb",
    "coral-dev-1gb", "coral-dev-4gb", "stm32f746", "phone-mid", "laptop",
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


def test_the_system_leaves_memory_on_every_board():
    assert all(0 < profile.system_bytes < profile.ram_bytes for profile in load_profiles().values())


def test_only_the_microcontroller_is_limited_by_flash_and_computes_in_int8_only():
    limited = {slug for slug, profile in load_profiles().items() if profile.flash_bytes}
    narrow = {slug for slug, profile in load_profiles().items() if profile.compute_dtypes}
    assert limited == narrow == {"stm32f746"}


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
        ("formats", "tflite"),
        ("formats", [1]),
        ("runtime_bytes", {"tflite": "much"}),
        ("sources", ["a data sheet"]),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_is_expected(tmp_path, key, value):
    said = refused(tmp_path, changed(**{key: value}))
    assert key in said
    assert "expected" in said


def test_a_number_of_ours_without_a_source_is_refused(tmp_path):
    assert "sources says nothing about system_bytes" in refused(tmp_path, changed(sources={"hardware": "a data sheet"}))


def test_a_format_without_its_share_of_memory_is_refused(tmp_path):
    assert "runtime_bytes says nothing about onnx" in refused(tmp_path, changed(formats=["tflite", "onnx"]))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [1, 2", "just words"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    refused(tmp_path, text)
