"""The list, proposals with their answers, PDFs, and what visitors see."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.core.leaving import STAYS, leaving_sweep
from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Paper
from courseplatform.seminar.services.papers import PaperFacts, paper_answer, paper_propose, paper_withdraw
from tests.courseplatform.seminar.builders import make_paper, make_slot, put_in

pytestmark = pytest.mark.django_db
PAPERS = "/courses/odml/papers/"
FORM = {
    "title": "Once-for-All",
    "authors": "Han Cai",
    "venue": "ICLR",
    "year": "2020",
    "url": "https://arxiv.org/abs/1908.09791",
    "topic": "",
    "reason": "It fits.",
}


def propose(client, cast, **more):
    client.force_login(cast.ruth)
    return client.post(f"{PAPERS}propose/", FORM | more)


def test_a_proposal_is_kept_for_staff_and_its_student_only(client, cast):
    assert propose(client, cast).status_code == 302
    paper = Paper.objects.get()
    assert (paper.status, paper.proposed_by, paper.year) == ("proposed", cast.ruth, 2020)
    assert client.get(paper.get_absolute_url()).status_code == 200
    client.force_login(cast.daniel)
    assert client.get(paper.get_absolute_url()).status_code == 404
    client.force_login(cast.amit)
    assert "It fits." in client.get(paper.get_absolute_url()).content.decode()
    assert {row.person for row in Notification.objects.all()} == {cast.helen, cast.ines, cast.amit}


def test_what_is_missing_is_said_under_its_field_and_nothing_is_lost(client, cast):
    response = propose(client, cast, title="", reason="", url="javascript:alert(1)")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Write the title as it is printed." in page
    assert "beginning with https" in page
    assert "Han Cai" in page
    assert Paper.objects.count() == 0


def test_the_same_paper_is_not_proposed_twice(client, cast):
    propose(client, cast)
    assert propose(client, cast, title="once-for-all").status_code == 422
    assert Paper.objects.count() == 1


def test_five_open_proposals_are_enough(cast):
    visit = cast.visit(cast.ruth)
    for number in range(5):
        paper_propose(visit=visit, facts=PaperFacts(title=f"Paper {number}"))
    with pytest.raises(Conflict) as caught:
        paper_propose(visit=visit, facts=PaperFacts(title="One more"))
    assert caught.value.code == "too_many_proposals"


@pytest.mark.parametrize(
    ("to", "words", "status"),
    [
        ("accepted", "", 302),
        ("declined", "", 422),
        ("declined", "Too long.", 302),
        ("countered", "", 422),
        ("countered", "Rather a newer one.", 302),
    ],
)
def test_staff_answer_and_the_student_is_told(client, cast, to, words, status):
    propose(client, cast)
    paper = Paper.objects.get()
    client.force_login(cast.helen)
    response = client.post(f"{paper.get_absolute_url()}answer/", {"to": to, "answer": words, "counter": ""})
    assert response.status_code == status
    paper.refresh_from_db()
    assert paper.status == (to if status == 302 else "proposed")
    assert Notification.objects.filter(person=cast.ruth).count() == (1 if status == 302 else 0)
    assert [row.moved_to for row in paper.moves.all()] == ["proposed"] + ([to] if status == 302 else [])


def test_a_countered_proposal_that_is_changed_is_proposed_again(client, cast):
    propose(client, cast)
    paper, other = Paper.objects.get(), make_paper(cast.course, "Another")
    paper_answer(visit=cast.visit(cast.helen), paper=paper, to="countered", counter=other)
    client.force_login(cast.ruth)
    assert "Another" in client.get(paper.get_absolute_url()).content.decode()
    client.post(f"{paper.get_absolute_url()}change/", FORM | {"title": "Once-for-All, second try"})
    paper.refresh_from_db()
    assert (paper.status, paper.title) == ("proposed", "Once-for-All, second try")


def test_a_decided_proposal_is_no_longer_the_students_to_change(client, cast):
    propose(client, cast)
    paper = Paper.objects.get()
    paper_answer(visit=cast.visit(cast.helen), paper=paper, to="accepted")
    client.force_login(cast.ruth)
    assert client.post(f"{paper.get_absolute_url()}change/", FORM).status_code == 404
    assert client.post(f"{paper.get_absolute_url()}withdraw/").status_code == 404


def test_two_answers_at_once_are_one(cast):
    paper = paper_propose(visit=cast.visit(cast.ruth), facts=PaperFacts(title="P"))
    mine, other = Paper.objects.get(pk=paper.pk), Paper.objects.get(pk=paper.pk)
    paper_answer(visit=cast.visit(cast.helen), paper=mine, to="accepted")
    with pytest.raises(Conflict) as caught:
        paper_answer(visit=cast.visit(cast.ines), paper=other, to="declined", answer="No.")
    assert caught.value.code == "lost_race"


def test_a_paper_in_a_slot_is_not_withdrawn(cast):
    slot = make_slot(cast.course)
    with pytest.raises(Conflict) as caught:
        paper_withdraw(visit=cast.visit(cast.helen), paper=slot.paper)
    assert caught.value.code == "paper_in_use"


def test_students_change_no_paper_of_the_list(client, cast):
    paper = make_paper(cast.course)
    client.force_login(cast.ruth)
    assert client.post(f"{paper.get_absolute_url()}change/", FORM).status_code == 404
    assert client.post(f"{paper.get_absolute_url()}answer/", {"to": "declined"}).status_code == 403


@pytest.mark.parametrize(("content", "status"), [(b"%PDF-1.7\n...", 302), (b"<html>%PD", 422), (b"", 422)])
def test_a_pdf_is_told_by_its_header(client, cast, content, status):
    response = propose(client, cast, pdf=SimpleUploadedFile("paper.pdf", content))
    assert response.status_code == status
    if status == 302:
        paper = Paper.objects.get()
        got = client.get(f"{paper.get_absolute_url()}pdf/")
        assert b"".join(got.streaming_content) == content
        assert got["Content-Disposition"].startswith("attachment")
        client.force_login(cast.daniel)
        assert client.get(f"{paper.get_absolute_url()}pdf/").status_code == 404


def test_a_pdf_that_is_too_large_is_refused(client, cast, monkeypatch):
    monkeypatch.setattr("courseplatform.seminar.pdfs.MOST_BYTES", 10)
    assert propose(client, cast, pdf=SimpleUploadedFile("p.pdf", b"%PDF-1.7 and more")).status_code == 422


def test_a_new_pdf_replaces_the_old_file(client, cast, django_capture_on_commit_callbacks, settings):
    propose(client, cast, pdf=SimpleUploadedFile("p.pdf", b"%PDF-1.7 one"))
    paper = Paper.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{paper.get_absolute_url()}change/", FORM | {"pdf": SimpleUploadedFile("p.pdf", b"%PDF-1.7 two")})
    leaving_sweep(now=timezone.now() + STAYS)
    (stored,) = (settings.MEDIA_ROOT / "papers").iterdir()
    assert stored.read_bytes() == b"%PDF-1.7 two"


def test_titles_that_are_addresses_of_ours_do_not_hide_them(client, cast):
    for title in ("Propose", "Manage", "Order", "Propose"):
        client.force_login(cast.helen)
        client.post(f"{PAPERS}propose/", {"title": title})
    assert sorted(Paper.objects.values_list("slug", flat=True)) == [
        "manage-paper",
        "order-paper",
        "propose-paper",
        "propose-paper-2",
    ]
    for paper in Paper.objects.all():
        assert client.get(paper.get_absolute_url()).status_code == 200


def test_visitors_read_the_list_of_a_public_course_with_days_and_no_names(client, cast):
    slot = make_slot(cast.course, 14, "Green AI")
    put_in(slot, cast.ruth)
    make_paper(
        cast.course, "Without a slot", wanted_on=date(2030, 3, 4), url="https://arxiv.org/abs/1907.10597", position=2
    )
    paper_propose(visit=cast.visit(cast.ruth), facts=PaperFacts(title="Not decided"))
    assert client.get(PAPERS).status_code == 302
    cast.course.is_public = True
    cast.course.save()
    page = client.get(PAPERS).content.decode()
    assert slot.begins_at.isoformat(timespec="minutes") in page
    assert '<time datetime="2030-03-04">Mon Mar 4</time>' in page
    assert "Roy Schwartz" in page
    assert "arXiv 1907.10597" in page
    assert "Ruth" not in page
    assert "Not decided" not in page


def test_a_hostile_title_is_text(client, cast):
    make_slot(cast.course, 14, make_paper(cast.course, "<script>alert(1)</script>", slug="x"))
    client.force_login(cast.ruth)
    page = client.get(PAPERS).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_tables_leave_as_csv_and_no_cell_is_a_formula(client, cast):
    make_slot(cast.course, 14, make_paper(cast.course, "=HYPERLINK(1)", slug="x"))
    client.force_login(cast.ruth)
    for name in ("papers.csv", "slots.csv"):
        assert "'=HYPERLINK" in client.get(f"{PAPERS}{name}").content.decode()
