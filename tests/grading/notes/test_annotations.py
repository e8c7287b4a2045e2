"""Notes in a report: what may be written where, what is kept, and what two graders do at once."""

from uuid import uuid4

import pytest

from grading.models import Annotation, AnnotationVersion
from grading.services import annotations as services
from grading.services.annotations import annotation_edit, annotation_remove, annotation_restore
from tests.grading.grades.grades import refused, with_rubric
from tests.grading.notes.reports import BOX, note_in, report_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def piece(cast, tmp_path, data_dir):
    return report_of(cast, cast.ruth, tmp_path, pages=2)


def edit(cast, note, text, by=None, **more):
    return annotation_edit(
        visit=cast.visit(by or cast.amit), annotation=note, text=text, **{"revision": note.revision, **more}
    )


def test_notes_are_numbered_as_they_are_written_and_a_number_is_never_given_twice(cast, piece):
    first, second = note_in(cast, piece), note_in(cast, piece)
    annotation_remove(visit=cast.visit(cast.amit), annotation=second)
    third = note_in(cast, piece, kind="point", boxes=[[0.5, 0.5, 0.5, 0.5]], page=2)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert [row.number for row in Annotation.objects.standing()] == [1, 3]


def test_the_same_note_sent_twice_is_one(cast, piece):
    key = uuid4()
    assert note_in(cast, piece, entry_key=key) == note_in(cast, piece, entry_key=key, text="Said again.")
    assert Annotation.objects.get().text == "State the interval."


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("no_such_page", {"page": 0}),
        ("no_such_page", {"page": 3}),
        ("bad_place", {"kind": "drawing"}),
        ("bad_place", {"boxes": []}),
        ("bad_place", {"boxes": [[0.1, 0.2, 0.3]]}),
        ("bad_place", {"boxes": [[0.1, 0.2, 0.1, 0.3]]}),
        ("bad_place", {"boxes": [[-0.1, 0.2, 0.3, 0.4]]}),
        ("bad_place", {"boxes": [[0.1, 0.2, 0.3, 1.4]]}),
        ("bad_place", {"boxes": [[0.1, 0.2, float("nan"), 0.4]]}),
        ("bad_place", {"boxes": [[0.1, 0.2, float("inf"), 0.4]]}),
        ("bad_place", {"boxes": [BOX] * 101}),
        ("bad_place", {"kind": "point"}),
        ("bad_place", {"kind": "point", "boxes": [[0.5, 0.5, 0.5, 0.5]] * 2}),
        ("text_missing", {"text": " \n"}),
        ("text_missing", {"text": "\ud800"}),
        ("text_too_long", {"text": "x" * 2001}),
        ("no_such_item", {"item": "nothing"}),
    ],
)
def test_what_is_not_a_note_is_refused_with_a_code(cast, piece, code, facts):
    assert refused(lambda: note_in(cast, piece, **facts)) == code
    assert not Annotation.objects.exists()


def test_a_report_takes_a_bounded_number_of_notes(cast, piece, monkeypatch):
    monkeypatch.setattr(services, "MOST_NOTES", 2)
    first = note_in(cast, piece)
    note_in(cast, piece)
    assert refused(lambda: note_in(cast, piece)) == "too_many_notes"
    annotation_remove(visit=cast.visit(cast.amit), annotation=first)
    note_in(cast, piece)
    assert refused(lambda: annotation_restore(annotation=first)) == "too_many_notes"


def test_what_is_not_handed_in_takes_no_notes(cast, tmp_path, data_dir):
    piece = report_of(cast, cast.ruth, tmp_path, is_handed_in=False)
    assert refused(lambda: note_in(cast, piece)) == "not_handed_in"


def test_a_change_keeps_what_was_said_before(cast, piece):
    with_rubric(cast)
    note = note_in(cast, piece, item="report")
    edit(cast, note, "Add the interval.", by=cast.helen, item="plot")
    note.refresh_from_db()
    assert (note.text, note.item.key, note.revision, note.by) == ("Add the interval.", "plot", 2, "Amit")
    assert [(row.text, row.by) for row in AnnotationVersion.objects.all()] == [
        ("State the interval.", "Amit"),
        ("Add the interval.", "Helen"),
    ]
    assert refused(lambda: AnnotationVersion.objects.all().delete()) == "append_only"


def test_a_change_of_nothing_is_no_version(cast, piece):
    note = note_in(cast, piece)
    edit(cast, note, "State the interval.")
    assert AnnotationVersion.objects.count() == 1


def test_who_did_not_see_the_newest_words_does_not_replace_them(cast, piece):
    note = note_in(cast, piece)
    edit(cast, note, "By Helen.", by=cast.helen)
    assert refused(lambda: edit(cast, note, "By Amit.", revision=1)) == "note_changed"
    note.refresh_from_db()
    assert note.text == "By Helen."


def test_a_removed_note_takes_no_change_and_comes_back_with_its_number(cast, piece):
    note = note_in(cast, piece)
    for _ in range(2):
        annotation_remove(visit=cast.visit(cast.helen), annotation=note)
    assert refused(lambda: edit(cast, note, "Too late.")) == "note_removed"
    for _ in range(2):
        annotation_restore(annotation=note)
    assert Annotation.objects.standing().get().number == 1


def test_a_withdrawn_item_stays_where_it_was_named(cast, piece):
    with_rubric(cast)
    note = note_in(cast, piece, item="report")
    cast.lab.rubric.update(is_withdrawn=True)
    assert edit(cast, note, "Said anew.", item="report").item.key == "report"
    assert refused(lambda: edit(cast, note, "Again.", revision=2, item="plot")) == "no_such_item"


def test_a_note_is_changed_a_bounded_number_of_times(cast, piece, monkeypatch):
    """Whoever reads a report reads what its notes said before."""
    monkeypatch.setattr(services, "MOST_REVISIONS", 3)
    note, visit = note_in(cast, piece), cast.visit(cast.amit)
    for revision in (1, 2):
        note = services.annotation_edit(visit=visit, annotation=note, text=f"Words {revision}", revision=revision)
    assert services.annotation_edit(visit=visit, annotation=note, text="Words 2", revision=3).revision == 3
    assert refused(
        lambda: services.annotation_edit(visit=visit, annotation=note, text="More", revision=3)
    ) == "changed_too_often"  # fmt: skip
