"""The pages of devices: for anybody, for members, and what an instructor does there."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hardware import comparing
from hardware.models import CourseDevice
from hardware.profile_reading import text_of
from hardware.profiles import FOLDER, load_profiles
from tests.hardware.builders import device_of_course, values_like

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
    assert {"Cloud AI", "Mobile AI", "Tiny AI"} <= set(named)
    assert (figure["layout"]["xaxis"]["type"], figure["layout"]["yaxis"]["type"]) == ("log", "log")


def test_a_device_shows_what_is_calibrated_for_it(client):
    page = client.get("/devices/rpi-4-4gb/").content.decode()
    assert "TFLite 2.4.1, int8, 4 threads" in page
    assert "None yet" in client.get("/devices/laptop/").content.decode()
    stands_in = client.get("/devices/stm32f746/").content.decode()
    assert "X-CUBE-AI 8.1, int8, 1 thread" in stands_in
    assert "Measured on a NUCLEO-H7A3ZI-Q" in stands_in
    assert "Plumerai" not in stands_in


def test_the_csv_has_a_row_of_plain_numbers_for_each_device(client):
    lines = client.get("/devices/devices.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("slug,name,tier,cores")
    assert len(lines) == len(load_profiles()) + 1
    assert any(line.startswith("stm32f746,STM32F746 microcontroller,tiny,1,216") for line in lines)


def test_a_course_shows_its_own_device_to_its_members_alone(client, cast):
    device_of_course(cast)
    client.force_login(cast.ruth)
    page = client.get(BASE).content.decode()
    assert "Jetson Orin Nano" in page and "this course" in page
    assert "Add a device" not in page
    assert client.get(f"{BASE}jetson-orin/").status_code == 200
    assert "Jetson Orin" in client.get(f"{BASE}devices.csv").content.decode()
    client.force_login(cast.lena)
    assert client.get(f"{BASE}jetson-orin/").status_code == 404
    assert client.get("/courses/tinyml/device-profiles/jetson-orin/").status_code == 404
    assert "Jetson Orin" not in client.get("/courses/tinyml/device-profiles/").content.decode()
    client.logout()
    assert "Jetson Orin" not in client.get("/devices/").content.decode()
    assert client.get("/devices/jetson-orin/").status_code == 404


def test_a_file_makes_a_device(client, cast):
    client.force_login(cast.helen)
    sent = {"do": "file", "slug": "my-pi", "file": SimpleUploadedFile("pi.yaml", GOOD.encode())}
    answer = client.post(f"{BASE}new/", sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{BASE}my-pi/")
    row = CourseDevice.objects.get()
    assert row.profile.ram_bytes == 4 << 30
    assert client.get(f"{BASE}my-pi/file/").content.decode() == text_of(row.facts)


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", 422, "No file was chosen"),
        ("- a\n", 422, "expected a mapping"),
        (GOOD.replace("cores: 4", "cores: four"), 422, "cores is &#x27;four&#x27;, expected a whole number"),
        (GOOD + "x: " + "y" * 70_000, 422, "at most 64 KiB"),
        ("\x00", 422, "this is not YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_the_text_comes_back(client, cast, text, status, said):
    client.force_login(cast.helen)
    answer = client.post(f"{BASE}new/", {"do": "file", "slug": "my-pi", "text": text})
    assert answer.status_code == status
    page = answer.content.decode()
    assert said in page
    assert not CourseDevice.objects.exists()
    if "cores: four" in text:
        line = text.splitlines().index("cores: four") + 1
        assert f'<td class="num">{line}</td><td class="mono second">cores</td>' in page
        assert "cores: four" in page


def form_of(page):
    """What a browser would send: the fields of the form as the page shows them."""
    form = page.context["form"]
    sent = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in sent.items() if value not in (None, False)}


def test_a_form_that_began_like_another_device_makes_one(client, cast):
    client.force_login(cast.helen)
    sent = form_of(client.get(f"{BASE}new/?from=stm32f746")) | {"name": "Our chip", "do": "form", "slug": "our-chip"}
    answer = client.post(f"{BASE}new/", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    made = CourseDevice.objects.get().profile
    shipped = load_profiles()["stm32f746"]
    assert (made.flash_bytes, made.runtime_flash_bytes, made.weights_in_ram) == (
        shipped.flash_bytes, shipped.runtime_flash_bytes, False,
    )  # fmt: skip


def test_a_form_without_a_source_or_with_a_taken_name_is_refused_in_place(client, cast):
    device_of_course(cast)
    client.force_login(cast.helen)
    sent = form_of(client.get(f"{BASE}new/?from=laptop"))
    answer = client.post(f"{BASE}new/", sent | {"do": "form", "slug": "mine", "sources": "hardware: a data sheet"})
    assert answer.status_code == 422
    assert any("idle_mw" in said for said in answer.context["form"].errors["sources"])
    answer = client.post(f"{BASE}new/", sent | {"do": "form", "slug": "jetson-orin"})
    assert (answer.status_code, "has a device jetson-orin already" in answer.content.decode()) == (409, True)
    answer = client.post(f"{BASE}new/", sent | {"do": "form", "slug": "laptop"})
    assert (answer.status_code, "comes with Milliamp" in answer.content.decode()) == (422, True)


def test_all_that_is_wrong_with_a_form_is_told_at_once_beside_its_field_and_nothing_is_lost(client, cast):
    client.force_login(cast.helen)
    wrong = {"slug": "Not Good", "name": "", "cores": "four", "ram_bytes": "much", "system_bytes": "0",
             "power_at": "", "board": "Not Good", "note": "<b>kept</b>"}  # fmt: skip
    sent = form_of(client.get(f"{BASE}new/?from=laptop")) | {"do": "form", "sources": "colour: red"} | wrong
    answer = client.post(f"{BASE}new/", sent)
    errors, page = answer.context["form"].errors, answer.content.decode()
    assert set(errors) == {"slug", "name", "cores", "ram_bytes", "power_at", "board", "sources"}
    assert all(len(said) == 1 for key, said in errors.items() if key != "sources")
    assert errors["board"] == ["Board is 'Not Good', expected small letters, digits and hyphens."]
    for key in errors:
        assert (
            f'aria-describedby="id_{key}_helptext id_{key}_error"' in page
            or f'aria-describedby="id_{key}_error"' in page
        )
        assert f'<div id="id_{key}_error">' in page
    for kept in ("Not Good", "four", "much", "&lt;b&gt;kept&lt;/b&gt;", "colour: red"):
        assert kept in page


def test_a_wrong_name_and_what_is_wrong_with_a_file_are_told_together(client, cast):
    client.force_login(cast.helen)
    sent = {"do": "file", "slug": "Not Good", "text": GOOD.replace("cores: 4", "cores: four")}
    said = [fault.sentence for fault in client.post(f"{BASE}new/", sent).context["faults"]]
    assert len(said) == 2 and "small letters" in said[0] and "cores is 'four'" in said[1]


def test_an_instructor_changes_retires_restores_and_deletes(client, cast):
    device_of_course(cast)
    client.force_login(cast.helen)
    address = f"{BASE}jetson-orin/edit/"
    page = client.get(address)
    sent = form_of(page) | {"do": "save", "seen": page.context["seen"], "cores": 6}
    assert client.post(address, sent).status_code == 302
    assert CourseDevice.objects.get().profile.cores == 6
    assert client.post(address, sent).status_code == 409  # the same tab again
    for act, state in (("retire", True), ("restore", False)):
        client.post(address, {"do": act})
        assert (CourseDevice.objects.get().retired_at is not None) == state
    assert "cores" in client.get(f"{BASE}jetson-orin/").content.decode()  # the history says it
    assert client.post(address, {"do": "delete"}).headers["Location"] == BASE
    assert not CourseDevice.objects.exists()


def test_a_ta_and_a_student_cannot_change_one(client, cast):
    device_of_course(cast)
    for person in (cast.amit, cast.ruth):
        client.force_login(person)
        for address in (f"{BASE}new/", f"{BASE}jetson-orin/edit/", f"{BASE}jetson-orin/file/"):
            assert client.get(address).status_code == 403
        assert client.post(f"{BASE}jetson-orin/edit/", {"do": "delete"}).status_code == 403
    assert CourseDevice.objects.count() == 1


def test_the_page_asks_as_often_for_ten_devices_as_for_one(client, cast, django_assert_max_num_queries):
    client.force_login(cast.ruth)
    for n in range(10):
        row = device_of_course(cast, f"own-{n}", name=f"Board {n}")
        row.retired_at = row.made_at if n % 2 else None
        row.save()
    with django_assert_max_num_queries(8):
        assert "Board 9" in client.get(BASE).content.decode()


def test_values_like_gives_what_a_file_holds():
    assert values_like("laptop", cores=2)["cores"] == 2
