"""The profile: names that are what they look like, zones that exist."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(client, cast):
    client.force_login(cast.ruth)

    def send(name="Ruth", zone=""):
        answer = client.post("/accounts/profile/", {"name": name, "zone": zone})
        cast.ruth.refresh_from_db()
        return answer.status_code, answer.content.decode()

    return send


@pytest.mark.parametrize(
    "unseen",
    ["\u202e", "\u200b", "\u2066", "\u200d", "\ufeff", "\u00ad", "\u3164", "\u2800", "\ufe0f", "\x07", "\x1b", "\ue000", "\U000e0041"],
    ids=ascii,
)  # fmt: skip
def test_a_character_that_cannot_be_seen_is_refused_with_a_sentence(save, cast, unseen):
    status, page = save(name=f"He{unseen}len")
    assert status == 422
    assert f"cannot be seen (U+{ord(unseen):04X})" in page
    assert cast.ruth.name == "Ruth"


@pytest.mark.parametrize("name", ["", "   ", "\u00a0", "...", "123"])
def test_a_name_has_letters(save, name):
    assert save(name=name)[0] == 422


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Ruth \t  Adeyemi ", "Ruth Adeyemi"), ("Ruth\u00a0\u2003Adeyemi", "Ruth Adeyemi"), ("Zoe\u0308", "Zo\u00eb")],
    ids=ascii,
)
def test_spaces_collapse_and_accents_are_composed(save, cast, typed, kept):
    assert save(name=typed)[0] == 302
    assert cast.ruth.name == kept


@pytest.mark.parametrize(
    "name", ["Helen", "O'Neil-Smith Jr.", "李小龍", "Nguyễn Thị Ánh", "محمد علي", "श्रीनिवास", "مهدی\u200cزاده"]
)
def test_other_names_are_taken_that_of_a_colleague_too(save, cast, name):
    assert save(name=name)[0] == 302
    assert cast.ruth.name == name


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "../../etc/passwd", "Factory", "localtime", "posixrules", "new york", "UTC+1", "<b>"]
)
def test_a_zone_that_does_not_exist_gets_a_clear_sentence(save, cast, zone):
    status, page = save(zone=zone)
    assert status == 422
    assert "There is no time zone with the name" in page and "America/New_York" in page
    assert cast.ruth.zone == ""


def test_a_very_long_zone_is_not_repeated_in_full(save):
    page = save(zone="Z" * 3000)[1]
    assert "Z" * 40 + "..." in page
    assert page.count("There is no time zone") == 1 and "at most" not in page


@pytest.mark.parametrize("zone", ["", "Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_a_zone_that_exists_is_kept(save, cast, zone):
    assert save(zone=zone)[0] == 302
    assert cast.ruth.zone == zone
