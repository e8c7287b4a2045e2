"""The pages of devices: for anybody, for members, and what an instructor does there."""

import json

import pytest

from hardware import comparing
from hardware.profiles import FOLDER, load_profiles

pytestmark = pytest.mark.django_db
BASE = "/courses/odml/device-profiles/"
GOOD = (FOLDER / "rpi-4-4gb.yaml").read_text(encoding="utf-8")


def test_anybody_sees_all_shipped_devices_and_the_tiers(client):
    page = client.get("/devices/").content.decode()
    for profile in load_profiles().values():
        assert f'<a href="/devices/{profile.slug}/">{profile.name}</a>' in page
    assert all(f"{name} AI" in page for name in ("Cloud", "Mobile", "Tiny"))
    assert comparing.finding(load_profiles()) in page


@pytest.mark.parametrize("slug", load_profiles())
def test_a_device_shows_each_source_beside_its_number(client, slug):
    page = client.get(f"/devices/{slug}/").content.decode()
    profile = load_profiles()[slug]
    for name in ("hardware", "loaded_mw", "memory_bandwidth_mb_s", "system_bytes"):
        assert profile.sources[name].replace("'", "&#x27;") in page


def test_the_former_address_of_a_device_leads_to_it_and_an_unknown_one_nowhere(client):
    assert client.get("/devices/phone-mid/").headers["Location"] == "/devices/phone/"
    assert client.get("/devices/toaster/").status_code == 404


def test_the_plot_joins_sizes_of_one_board_and_names_it_once(client):
    figure = json.loads(client.get("/devices/plot.json").content)
    named = {word: trace for trace in figure["data"] for word in trace["text"] if word}
    assert named["rpi-4"]["x"] == [2 << 30, 4 << 30, 8 << 30]
    assert named["coral-dev-tpu"]["y"] == [4000, 4000]
    assert named["coral-dev"]["textposition"] != named["rpi-4"]["textposition"]  # as high, so on the other side
