"""The page of papers: the title is the answer; bounded queries; due dates and calendars; the course file; moves over all pairs."""

from itertools import product

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.core.errors import IllegalMove
from courseplatform.core.states import move
from courseplatform.courses.sections import nav_links
from courseplatform.notices.models import Notification
from courseplatform.seminar import demo
from courseplatform.seminar.course_file import papers_dump, papers_load
from courseplatform.seminar.models import Duty, Feedback, Highlight, Paper, PresentationSlot, Ranking, SlotPerson
from courseplatform.seminar.models.highlights import HIGHLIGHT_MOVES
from courseplatform.seminar.models.papers import PAPER_MOVES
from courseplatform.seminar.selectors.marks import calendar_entries, due_marks
from courseplatform.seminar.services.highlights import highlight_assign
from courseplatform.seminar.services.papers import PaperFacts, paper_propose
from tests.courseplatform.seminar.builders import make_paper, make_session, make_slot, make_students, open_round, put_in

pytestmark = pytest.mark.django_db
PAPERS = "/courses/odml/papers/"


def page_of(client, person, address=PAPERS):
    client.force_login(person)
    return client.get(address).content.decode()


def test_an_empty_course_teaches_what_will_be_here(client, cast):
    assert "No slot has been made yet" in page_of(client, cast.ruth)
    assert "You have no presentation yet" in page_of(client, cast.ruth)
    assert "Make slots" in page_of(client, cast.helen)


def test_ones_next_presentation_is_the_title(client, cast):
    slot = make_slot(cast.course, 5)
    put_in(slot, cast.ruth)
    put_in(slot, cast.daniel)
    page = page_of(client, cast.ruth)
    assert f"You present on {slot.session.held_on:%a %b} {slot.session.held_on.day}, in 5\u00a0days" in page
    assert "Green AI, with Daniel." in page
    assert "Present, 15 min and 5 of questions" in page


def test_without_a_presentation_the_review_and_then_the_order_is_the_title(client, cast):
    slot = make_slot(cast.course, 5)
    open_round(cast)
    assert "Rank the papers you would like to review" in page_of(client, cast.ruth)
    put_in(slot, cast.ruth, Duty.REVIEWER)
    assert "You review on" in page_of(client, cast.ruth)


def test_who_has_presented_reads_how_it_was(client, cast):
    put_in(make_slot(cast.course, -3), cast.ruth)
    page = page_of(client, cast.ruth)
    assert "You presented on" in page
    assert "Your points are not released yet." in page


def test_staff_read_what_waits_for_them(client, cast):
    paper_propose(visit=cast.visit(cast.ruth), facts=PaperFacts(title="P"))
    assert "1 proposal waits for your answer" in page_of(client, cast.helen)


def test_what_is_over_is_folded_until_it_is_asked_for(client, cast):
    make_slot(cast.course, -9, "Long ago")
    make_slot(cast.course, 9, "To come")
    page = page_of(client, cast.ruth)
    assert "Long ago" not in page
    assert "To come" in page
    assert "Long ago" in page_of(client, cast.ruth, f"{PAPERS}?past=1")


def test_only_mine_shows_only_mine(client, cast):
    put_in(make_slot(cast.course, 9, "Mine"), cast.ruth)
    make_slot(cast.course, 10, "Not mine")
    page = page_of(client, cast.ruth, f"{PAPERS}?mine=1")
    assert "Not mine" not in page.split('id="slots"')[1].split("In no slot")[0]


def test_feedback_of_the_room_is_owed_the_next_day(client, cast):
    slot = make_slot(cast.course, 0, session=make_session(cast.course, 0, starts_at="00:00", ends_at="00:01"))
    make_slot(cast.course, 0, "Second", session=slot.session)
    put_in(slot, cast.ruth)
    assert "0 of 2 given" in page_of(client, cast.daniel)
    assert "0 of 1 given" in page_of(client, cast.ruth)  # not of one's own
    Feedback.objects.create(slot=slot, person=cast.daniel, clarity=3, depth=3, good="x")
    assert "1 of 2 given" in page_of(client, cast.daniel)


def fill(slots, found, students):
    """Everybody presents, has ranked, and has given feedback."""
    SlotPerson.objects.bulk_create(
        SlotPerson(slot=slots[n % 20], person=person, role=Duty.PRESENTER) for n, person in enumerate(students)
    )
    Ranking.objects.bulk_create(
        Ranking(round=found, person=person, order=[slots[n % 20].pk]) for n, person in enumerate(students)
    )
    Feedback.objects.bulk_create(
        Feedback(slot=slots[-1], person=person, clarity=3, depth=3, good="x") for person in students
    )


def queries_of(client, cast, slots):
    """Address -> how many queries its page makes."""
    addresses = {
        cast.ruth: [PAPERS, f"{PAPERS}slots.csv", slots[0].get_absolute_url(), "/courses/odml/highlights/", "/courses/odml/", "/courses/odml/schedule/"],
        cast.helen: [PAPERS, f"{PAPERS}manage/", slots[0].get_absolute_url(), slots[-1].get_absolute_url(), "/courses/odml/highlights/"],
    }  # fmt: skip
    found = {}
    for person, paths in addresses.items():
        client.force_login(person)
        for path in paths:
            cache.clear()  # a look of the staff within ten minutes is not written again
            with CaptureQueriesContext(connection) as caught:
                assert client.get(path).status_code == 200
            found[person.name, path] = len(caught)
    return found


def test_pages_make_the_same_queries_for_5_and_for_600_people(client, cast):
    slots = [make_slot(cast.course, 10 + n // 2, f"Paper {n}") for n in range(20)]
    slots.append(make_slot(cast.course, -1, "Yesterday"))
    put_in(slots[0], cast.ruth)
    found = open_round(cast)
    fill(slots, found, make_students(cast.course, 2))
    few = queries_of(client, cast, slots)
    fill(slots, found, make_students(cast.course, 595, 2))
    assert queries_of(client, cast, slots) == few
    assert max(few.values()) < 46


def test_own_duties_are_due_dates_of_the_course(cast):
    slot = make_slot(cast.course, 9)
    put_in(slot, cast.ruth)
    open_round(cast)
    highlight_assign(visit=cast.visit(cast.helen), session=slot.session, people=[cast.ruth])
    now = timezone.now()
    marks = {mark.label: mark for mark in due_marks(cast.visit(cast.ruth), now)}
    assert set(marks) == {"Presentation", "Slides", "Lecture highlight"}  # the only slot to rank is in the own session
    assert marks["Presentation"].due_at == slot.begins_at
    assert [mark.label for mark in due_marks(cast.visit(cast.helen), now)] == ["Order of papers to review"]


def test_the_course_calendar_has_papers_a_persons_has_duties(cast):
    slot, empty = make_slot(cast.course, 9), make_slot(cast.course, 12, None)
    put_in(slot, cast.ruth)
    highlight = highlight_assign(visit=cast.visit(cast.helen), session=slot.session, people=[cast.ruth])
    shared = {entry.uid: entry for entry in calendar_entries(cast.course, None)}
    assert set(shared) == {f"slot-{slot.pk}"}
    assert shared[f"slot-{slot.pk}"].title == "Paper: Green AI"
    assert (shared[f"slot-{slot.pk}"].starts, shared[f"slot-{slot.pk}"].ends) == (slot.begins_at, slot.ends_at)
    mine = {entry.uid for entry in calendar_entries(cast.course, cast.ruth)}
    assert mine == {f"slot-{slot.pk}", f"slides-{slot.pk}", f"highlight-{highlight.pk}"}
    assert calendar_entries(cast.course, cast.oscar) == []
    slot.session.is_cancelled = True
    slot.session.save()
    assert calendar_entries(cast.course, cast.ruth)[0].is_cancelled
    assert empty.pk


def test_members_and_visitors_have_the_link_in_the_bar(cast):
    from courseplatform.courses.access import Reader

    for visit in (cast.visit(cast.ruth), cast.visit(cast.helen), Reader(cast.course)):
        assert "Papers" in [link["label"] for link in nav_links(visit, "seminar:slot")]
    assert next(link for link in nav_links(cast.visit(cast.ruth), "seminar:slot") if link["label"] == "Papers")[
        "is_current"
    ]


# -- the course file --

LIST = [
    {"title": "Green AI", "authors": "Roy Schwartz", "venue": "CACM", "year": 2020, "url": "https://arxiv.org/abs/1907.10597", "date": "2023-11-28"},
    {"title": "LoRA", "topic": "Fine-tuning"},
]  # fmt: skip


def test_what_is_loaded_is_dumped_again(cast):
    papers_load(cast.course, LIST)
    assert papers_dump(cast.course) == LIST
    papers_load(cast.course, LIST[::-1])
    assert papers_dump(cast.course) == LIST[::-1]
    assert Paper.objects.count() == 2


def test_a_change_in_the_file_changes_the_paper_and_keeps_its_address(cast):
    papers_load(cast.course, LIST)
    slug = Paper.objects.get(title="LoRA").slug
    papers_load(cast.course, [LIST[0], {"title": "LoRA", "venue": "ICLR", "year": 2022}])
    paper = Paper.objects.get(title="LoRA")
    assert (paper.slug, paper.venue, paper.year, paper.topic) == (slug, "ICLR", 2022, "")


def test_a_paper_in_use_that_leaves_the_file_is_withdrawn_and_comes_back(cast):
    papers_load(cast.course, LIST)
    slot = make_slot(cast.course, 9, Paper.objects.get(title="LoRA"))
    papers_load(cast.course, LIST[:1])
    assert Paper.objects.get(title="LoRA").status == "withdrawn"
    assert PresentationSlot.objects.get(pk=slot.pk).paper.title == "LoRA"
    assert papers_dump(cast.course) == LIST[:1]
    papers_load(cast.course, LIST)
    assert papers_dump(cast.course) == LIST


def test_one_that_nobody_uses_is_gone_and_proposals_stay(cast):
    papers_load(cast.course, LIST)
    paper_propose(visit=cast.visit(cast.ruth), facts=PaperFacts(title="Mine"))
    papers_load(cast.course, [])
    assert [(paper.title, paper.status) for paper in Paper.objects.all()] == [("Mine", "proposed")]
    assert papers_dump(cast.course) == []


# -- machines, over all pairs of states --


@pytest.mark.parametrize(("old", "new"), product(Paper.Status.values, Paper.Status.values))
def test_papers_move_as_their_table_says(cast, old, new):
    check_pair(make_paper(cast.course, status=old), PAPER_MOVES, old, new)


@pytest.mark.parametrize(("old", "new"), product(Highlight.Status.values, Highlight.Status.values))
def test_highlights_move_as_their_table_says(cast, old, new):
    check_pair(Highlight.objects.create(session=make_session(cast.course), status=old), HIGHLIGHT_MOVES, old, new)


def check_pair(row, moves, old, new):
    if new in moves.get(old, ()):
        assert move(row, moves=moves, to=new, by="test").status == new
    else:
        with pytest.raises(IllegalMove):
            move(row, moves=moves, to=new, by="test")


# -- the demo --


def test_the_demo_fills_every_page(client, cast):
    names = {
        "ruth.adeyemi": cast.ruth,
        "daniel.park": cast.daniel,
        "sofia.lindgren": cast.sofia,
        "helen.castell": cast.helen,
    }
    students = make_students(cast.course, 4)
    names |= dict(zip(("kenji.mori", "ana.silva", "tomas.novak", "leila.haddad"), students, strict=True))
    for name, person in names.items():
        person.email = f"{name}@example.edu"
        person.save()
    titles = (
        "Efficiency Benchmarking", "Compression I: Quantization", "Compression II: Pruning", "Architecture-specific tricks I: CNNs",
        "Architecture-specific tricks II: Transformers", "Efficient Training", "Parameter Efficient Fine-Tuning", "Project Hours", "Environmental Impacts",
    )  # fmt: skip
    for days, title in zip((-49, -35, -28, -21, -1, 13, 15, 20, 27), titles, strict=True):
        make_session(cast.course, days, title=title)
    demo.load(course=cast.course, people={person.email: person for person in names.values()}, now=timezone.now())
    assert PresentationSlot.objects.count() == 11
    for person in (cast.ruth, cast.sofia, cast.helen, students[1]):
        client.force_login(person)
        for path in (
            PAPERS,
            "/courses/odml/highlights/",
            "/courses/odml/",
            *[slot.get_absolute_url() for slot in PresentationSlot.objects.all()],
        ):
            assert client.get(path).status_code == 200
    assert "You present on" in page_of(client, cast.ruth)
    assert Notification.objects.filter(person=cast.sofia, title__contains="asks to swap").exists()
