"""The working text: nothing is lost, whoever writes at once; rounds never change."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core import markdown
from courseplatform.core.errors import AppError
from courseplatform.notices.models.notifications import Notification
from courseplatform.scribe import rendering
from courseplatform.scribe.errors import EditedMeanwhile
from courseplatform.scribe.models import NoteImage, NoteVersion, Origin, ScribeDuty, Status
from courseplatform.scribe.rendering import version_html
from courseplatform.scribe.selectors.duties import duties_of, late_badge
from courseplatform.scribe.services.drafts import Source, draft_import, draft_save, note_hand_in, text_keep
from courseplatform.scribe.services.images import image_add, image_remove
from tests.courseplatform.scribe.builders import TEXT, duty_of, handed_in, png, saved

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty(cast):
    return duty_of(cast, cast.ruth, cast.daniel)


def test_the_second_who_saves_sees_both_and_overwrites_nothing(cast, duty):
    draft_save(visit=cast.visit(cast.ruth), duty=duty, text="Ruth's", edition=0)
    with pytest.raises(EditedMeanwhile) as found:
        draft_save(visit=cast.visit(cast.daniel), duty=duty, text="Daniel's", edition=0)
    assert found.value.code == "edited_meanwhile"
    assert found.value.duty.text == "Ruth's"
    assert "Ruth saved" in found.value.message
    assert ScribeDuty.objects.get(pk=duty.pk).text == "Ruth's"


def test_a_text_that_another_scribe_replaces_is_kept(cast, duty):
    saved(cast, duty, "Ruth's")
    saved(cast, duty, "Daniel's", cast.daniel)
    kept = NoteVersion.objects.get(duty=duty)
    assert (kept.text, kept.by, kept.round) == ("Ruth's", cast.ruth, None)


def test_the_own_earlier_text_is_kept_when_it_was_chosen_against(cast, duty):
    saved(cast, duty, "first")
    saved(cast, duty, "second", keeps=True)
    assert NoteVersion.objects.get(duty=duty).text == "first"


def test_the_same_text_again_changes_nothing(cast, duty):
    saved(cast, duty, "a")
    assert draft_save(visit=cast.visit(cast.daniel), duty=duty, text="a\r\n".strip(), edition=0).edition == 1
    assert not NoteVersion.objects.exists()


def test_a_page_whose_answer_was_lost_may_save_again(cast, duty):
    tab = uuid4()
    draft_save(visit=cast.visit(cast.ruth), duty=duty, text="a", edition=0, tab=tab)
    row = draft_save(visit=cast.visit(cast.ruth), duty=duty, text="ab", edition=0, tab=tab)
    assert (row.text, row.edition) == ("ab", 2)
    with pytest.raises(EditedMeanwhile):
        draft_save(visit=cast.visit(cast.ruth), duty=duty, text="abc", edition=0, tab=uuid4())


def test_a_text_that_was_not_chosen_is_kept_once(cast, duty):
    for _ in range(2):
        text_keep(visit=cast.visit(cast.daniel), duty=duty, text="mine")
    assert NoteVersion.objects.get(duty=duty).by == cast.daniel


def test_handing_in_makes_a_round_and_tells_the_staff(cast, duty):
    version = handed_in(cast, duty)
    assert (version.round, version.text) == (1, TEXT)
    assert ScribeDuty.objects.get(pk=duty.pk).status == Status.HANDED_IN
    assert [(move.moved_from, move.moved_to) for move in duty.moves.all()] == [("draft", "handed_in")]
    told = Notification.objects.filter(key=f"scribe-{duty.pk}-round-1").values_list("person__name", flat=True)
    assert set(told) == {"Helen", "Ines", "Amit"}


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_not_handed_in(cast, duty, text):
    with pytest.raises(AppError) as found:
        handed_in(cast, duty, text)
    assert found.value.code == "empty_note"


def test_the_same_text_is_not_handed_in_twice(cast, duty):
    handed_in(cast, duty)
    with pytest.raises(AppError) as found:
        handed_in(cast, duty)
    assert found.value.code == "nothing_new"
    assert handed_in(cast, duty, TEXT + "more").round == 2


def test_what_somebody_saved_meanwhile_is_not_handed_in_unseen(cast, duty):
    row = saved(cast, duty, "a")
    saved(cast, duty, "b", cast.daniel)
    with pytest.raises(EditedMeanwhile):
        note_hand_in(visit=cast.visit(cast.ruth), duty=row, edition=row.edition)


@pytest.mark.parametrize(
    ("late", "word"),
    [(timedelta(seconds=-1), "on time"), (timedelta(), "on time"), (timedelta(hours=3), "3\u00a0h late")],
)
def test_lateness_counts_from_the_due_instant_to_the_first_round(cast, duty, late, word):
    handed_in(cast, duty, now=duty.due_at + late)
    handed_in(cast, duty, TEXT + "later", now=duty.due_at + timedelta(days=9))
    assert late_badge(duties_of(cast.course).get(pk=duty.pk)).word == word


def test_notes_are_due_a_week_after_the_session_and_follow_it(cast, duty):
    assert duty.due_day == duty.session.held_on + timedelta(days=7)
    assert f"{timezone.localtime(duty.due_at, cast.course.tz):%H:%M}" == "23:59"
    duty.session.held_on += timedelta(days=2)
    assert duty.due_day == duty.session.held_on + timedelta(days=7)


def test_the_course_file_says_when_work_is_due(cast):
    cast.course.facts = {"hand_in": {"due_clock": "17:00"}, "scribe": {"due_days": 3}}
    cast.course.save()
    duty = duty_of(cast)
    assert duty.due_day == duty.session.held_on + timedelta(days=3)
    assert f"{timezone.localtime(duty.due_at, cast.course.tz):%H:%M}" == "17:00"


# -- import -------------------------------------------------------------------------------------------------------------


def test_an_import_replaces_the_text_keeps_the_old_one_and_says_where_it_comes_from(cast, duty):
    saved(cast, duty, "typed")
    source = Source(Origin.PULL_REQUEST, 31, "4be27d1", "lecture05.md")
    draft_import(
        visit=cast.visit(cast.ruth), duty=duty, text="![x](fig/a.png)", source=source, images={"fig/a.png": png()}
    )
    row = ScribeDuty.objects.get(pk=duty.pk)
    assert (row.text, row.pull_request, row.commit) == ("![x](fig/a.png)", 31, "4be27d1")
    assert NoteVersion.objects.get(duty=duty).text == "typed"
    version = note_hand_in(visit=cast.visit(cast.ruth), duty=row, edition=row.edition)
    assert (version.pull_request, version.commit, version.origin) == (31, "4be27d1", "pull_request")
    assert "<img" in version.html


def test_an_import_with_a_bad_image_changes_nothing(cast, duty):
    saved(cast, duty, "typed")
    with pytest.raises(AppError):
        draft_import(
            visit=cast.visit(cast.ruth),
            duty=duty,
            text="new",
            source=Source(),
            images={"a.png": png(), "b.png": b"<html>"},
        )
    assert ScribeDuty.objects.get(pk=duty.pk).text == "typed"
    assert not NoteImage.objects.exists()


def test_a_text_that_is_edited_after_an_import_is_no_longer_that_commit(cast, duty):
    draft_import(visit=cast.visit(cast.ruth), duty=duty, text="a", source=Source(Origin.PULL_REQUEST, 31, "4be27d1"))
    assert saved(cast, duty, "ab").pull_request is None


# -- images and versions ------------------------------------------------------------------------------------------------


def test_a_later_image_of_the_same_name_changes_no_earlier_round(cast, duty):
    visit = cast.visit(cast.ruth)
    first = image_add(visit=visit, duty=duty, name="a.png", content=png(2, 2))
    version = handed_in(cast, duty, "# A\n\n![x](a.png)")
    second = image_add(visit=visit, duty=duty, name="./a.png", content=png(3, 3))
    NoteVersion.objects.filter(pk=version.pk).update(renderer=0)
    html = version_html(NoteVersion.objects.get(pk=version.pk))
    assert str(first.pk) in html
    assert str(second.pk) not in html
    assert str(second.pk) in handed_in(cast, duty, "# A\n\n![y](a.png)").html


def test_the_same_bytes_again_are_the_same_image(cast, duty):
    visit = cast.visit(cast.ruth)
    assert image_add(visit=visit, duty=duty, name="a.png", content=png()) == image_add(
        visit=visit, duty=duty, name="a.png", content=png()
    )
    assert NoteImage.objects.count() == 1


def test_an_image_that_was_taken_out_still_stands_in_its_round(cast, duty):
    image = image_add(visit=cast.visit(cast.ruth), duty=duty, name="a.png", content=png())
    version = handed_in(cast, duty, "![x](a.png)")
    image_remove(duty=duty, image=image)
    assert str(image.pk) in version_html(version)
    assert str(image.pk) not in handed_in(cast, duty, "![x](a.png) more").html


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../../../x.png", "https://example.org/a.png", "a" * 300])
def test_an_image_without_a_usable_name_is_refused(cast, duty, name):
    with pytest.raises(AppError) as found:
        image_add(visit=cast.visit(cast.ruth), duty=duty, name=name, content=png())
    assert found.value.code == "bad_image_name"


def test_the_name_of_an_image_never_reaches_the_disk(cast, duty, data_dir):
    image_add(visit=cast.visit(cast.ruth), duty=duty, name="fig/evil name.png", content=png())
    files = [path.name for path in (data_dir / "media").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert "evil" not in files[0]


def test_a_note_is_rendered_once_and_again_when_the_renderer_changed(cast, duty, monkeypatch):
    version = handed_in(cast, duty)
    assert version.renderer == markdown.RENDERER
    calls = []
    monkeypatch.setattr(rendering, "fill_version", lambda row: calls.append(row.pk) or setattr(row, "html", "new"))
    version_html(version)
    assert calls == []
    monkeypatch.setattr(rendering, "RENDERER", markdown.RENDERER + 1)
    assert version_html(NoteVersion.objects.get(pk=version.pk)) == "new"
    assert calls == [version.pk]
    assert NoteVersion.objects.get(pk=version.pk).html == "new"
