"""What may be a nickname, when two look alike, and who may take one down."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseplatform.accounts.merging import account_merge
from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden, NotHere
from courseplatform.notices.models import Notification
from grading.models import Nickname
from grading.models.owners import Owner
from grading.ranks.nicknames import FEWEST, MOST, key_of, nickname_of
from grading.services.nicknames import nickname_choose, nickname_remove, nickname_take_down
from tests.grading.handing_in.test_hand_in_races import at_once
from tests.grading.late_days.test_late_days import make_team
from tests.people import make_cast

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a", "nickname_too_short"), ("x" * 25, "nickname_too_long"), ("y" * 5000, "nickname_too_long"), ("", "nickname_no_letter"),
        ("   ", "nickname_no_letter"),
        ("12345", "nickname_no_letter"), ("moose\u202eesoom", "nickname_unseen"), ("mo\u200bose", "nickname_unseen"), ("mo\x00ose", "nickname_unseen"),
        ("mo\ufeffose", "nickname_unseen"), ("\u2066moose", "nickname_unseen"), ("m" + "\u0301\u0302\u0303\u0304" + "oose", "nickname_stacked"),
        ("You", "nickname_reserved"), ("Y\u03bfu", "nickname_reserved"), ("another  student", "nickname_reserved"),
        ("Course Staff", "nickname_reserved"), ("r\u0585b\u0585t", "nickname_mixed"), ("\u13aannA", "nickname_mixed"), ("\u0461ill", "nickname_mixed"),
    ],
)  # fmt: skip
def test_what_is_no_nickname_is_refused_with_its_reason(text, code):
    with pytest.raises(BadInput) as refused:
        nickname_of(text)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "half a KiB",
        "Ölfass",
        "モデル",
        "<b>bold</b>",
        "=1+1 sum",
        "कि मी",
        "x’y",
        "a\u2028b",
        "\u03bcNet",
        "\u0431\u0435\u043b\u043a\u0430 2",
    ],
)
def test_a_line_of_letters_is_one(text):
    name, key = nickname_of(f"  {text} ")
    assert name == " ".join(text.split())
    assert key


@pytest.mark.parametrize(
    "other",
    [
        "MICRO MOOSE",
        "micro-moose",
        "m\u0131cro moose".replace("\u0131", "1"),
        "micr\u043e m\u043e\u043ese",
        "mìcro  moosé",
        "\u039cICR\u039f moose",
        "m\u0131cro moose",
    ],
)
def test_what_looks_like_a_name_has_its_key(other):
    assert key_of(other) == key_of("micro moose")


@UNHURRIED
@given(st.text(max_size=60))
def test_any_text_is_a_name_of_one_visible_line_or_is_refused(text):
    try:
        name, key = nickname_of(text)
    except BadInput:
        return
    assert FEWEST <= len(name) <= MOST
    assert name.isprintable() or any(sign in name for sign in "\u200c\u200d")
    assert name == " ".join(name.split())
    assert nickname_of(name) == (name, key)
    assert 0 < len(key) <= 96


# -- chosen and taken down --

db = [pytest.mark.django_db, pytest.mark.real_database]
pytestmark = db


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def choose(cast, person, text, team=None):
    return nickname_choose(visit=cast.visit(person), owner=Owner(person, team), text=text)


def test_one_is_chosen_changed_and_taken_away(cast):
    first = choose(cast, cast.ruth, "magpie one")
    assert choose(cast, cast.ruth, "Magpie  Two").pk == first.pk
    assert Nickname.objects.get().name == "Magpie Two"
    choose(cast, cast.ruth, "magpie two")  # the same name in other letters is still one's own
    assert nickname_remove(visit=cast.visit(cast.ruth), owner=Owner(cast.ruth)) is True
    assert nickname_remove(visit=cast.visit(cast.ruth), owner=Owner(cast.ruth)) is False
    assert not Nickname.objects.exists()


@pytest.mark.parametrize("text", ["Helen", "hel\u0435n", "D\u0391NIEL", "amit."])
def test_nobody_stands_there_as_somebody_else_of_the_course(cast, text):
    with pytest.raises((Conflict, BadInput)) as refused:
        choose(cast, cast.ruth, text)
    assert refused.value.code in {"nickname_of_another", "nickname_mixed"}


def test_ones_own_name_and_that_of_somebody_of_another_course_may_be_chosen(cast):
    assert choose(cast, cast.ruth, "ruth").name == "ruth"
    assert choose(cast, cast.ruth, "Lena").name == "Lena"


def test_a_name_stands_once_in_a_course_and_may_stand_in_another(cast):
    choose(cast, cast.ruth, "magpie")
    with pytest.raises(Conflict) as refused:
        choose(cast, cast.daniel, "Mag-Pie")
    assert refused.value.code == "nickname_taken"
    visit = cast.visit(cast.lena, cast.other_course)
    assert nickname_choose(visit=visit, owner=Owner(cast.lena), text="magpie").course == cast.other_course


def test_a_team_has_one_and_any_member_changes_it(cast):
    team = make_team(cast, cast.ruth, cast.daniel)
    choose(cast, cast.ruth, "the birds", team)
    choose(cast, cast.daniel, "two birds", team)
    choose(cast, cast.ruth, "alone")
    assert sorted(Nickname.objects.values_list("name", "team", "person")) == [
        ("alone", None, cast.ruth.pk), ("two birds", team.pk, None),
    ]  # fmt: skip


def test_the_staff_have_none(cast):
    with pytest.raises(Forbidden) as refused:
        choose(cast, cast.amit, "the boss")
    assert refused.value.code == "students_only"


def test_one_that_is_taken_down_is_chosen_by_nobody_again_and_its_owner_reads_why(cast):
    bad = choose(cast, cast.ruth, "rude word")
    nickname_take_down(visit=cast.visit(cast.amit), pk=bad.pk, reason="Choose one that is kind.")
    for person in (cast.ruth, cast.daniel):
        with pytest.raises(Conflict):
            choose(cast, person, "Rude Word")
    told = Notification.objects.get(kind="people", person=cast.ruth)
    assert "kind" in told.text
    assert not Notification.objects.filter(person=cast.daniel, kind="people").exists()
    assert choose(cast, cast.ruth, "kind word").pk != bad.pk
    with pytest.raises(NotHere):
        nickname_take_down(visit=cast.visit(cast.amit), pk=bad.pk, reason="again and again")


@pytest.mark.parametrize(
    ("reason", "code"), [("", "reason_missing"), ("no", "reason_too_short"), ("x" * 301, "reason_too_long")]
)
def test_it_is_taken_down_with_a_reason(cast, reason, code):
    bad = choose(cast, cast.ruth, "rude word")
    with pytest.raises(AppError) as refused:
        nickname_take_down(visit=cast.visit(cast.amit), pk=bad.pk, reason=reason)
    assert refused.value.code == code


def test_only_the_staff_of_the_course_take_one_down(cast):
    bad = choose(cast, cast.ruth, "rude word")
    with pytest.raises(Forbidden):
        nickname_take_down(visit=cast.visit(cast.daniel), pk=bad.pk, reason="I do not like it.")
    Nickname.objects.filter(pk=bad.pk).update(course=cast.other_course)
    with pytest.raises(NotHere):
        nickname_take_down(visit=cast.visit(cast.helen), pk=bad.pk, reason="Not of this course.")


def test_joined_accounts_keep_the_name_of_the_one_that_remains(cast):
    choose(cast, cast.ruth, "first")
    choose(cast, cast.daniel, "second")
    account_merge(winner=cast.ruth, loser=cast.daniel, by="helen@example.edu")
    assert Nickname.objects.standing().get(person=cast.ruth).name == "first"


@pytest.mark.django_db(transaction=True)
def test_two_who_choose_one_name_at_once_are_one_name(cast):
    people = [cast.ruth, cast.daniel, cast.sofia]
    found = at_once(lambda: choose(cast, people.pop(), "magpie").name, times=3)
    assert sorted(found) == ["magpie", "nickname_taken", "nickname_taken"]
