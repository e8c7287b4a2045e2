"""Announcements: for whom, when, changed, withdrawn, told once."""

from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices.models import Announcement, AnnouncementMove, Notification
from courseplatform.notices.selectors.announcements import excerpt
from courseplatform.notices.services.announcements import (
    Draft,
    announcement_create,
    announcement_edit,
    announcement_withdraw,
    announcements_publish_due,
)
from courseplatform.notices.services.mail import mail_due
from tests.courseplatform.notices.builders import announce, at

pytestmark = pytest.mark.django_db


def told(announcement=None):
    return sorted(Notification.objects.values_list("person__email", flat=True))


def page(client, cast, person, path="announcements/"):
    client.logout()
    if person:
        client.force_login(person)
    return client.get(f"/courses/{cast.course.slug}/{path}")


@pytest.mark.parametrize(
    ("audience", "people"),
    [
        ("everybody", "amit daniel helen ines ruth sofia"),
        ("students", "daniel ruth sofia"),
        ("staff", "amit helen ines"),
    ],
)
def test_it_is_told_to_those_it_is_for(cast, audience, people):
    announce(cast, audience=audience)
    assert told() == [f"{name}@example.edu" for name in people.split()]


def test_who_has_left_is_not_told(cast):
    cast.course.enrolments.filter(person=cast.ruth).update(is_active=False)
    announce(cast)
    assert "ruth@example.edu" not in told()


def test_urgent_ones_are_of_a_kind_that_cannot_be_silenced(cast):
    announce(cast, is_urgent=True)
    assert set(Notification.objects.values_list("kind", "mail")) == {("urgent", "at_once")}


def test_a_double_click_makes_one(cast):
    key, visit = uuid4(), cast.visit(cast.helen)
    first, second = (announcement_create(visit=visit, draft=Draft("T", "x"), made_with=key) for _ in range(2))
    assert first == second and Announcement.objects.count() == 1 and len(told()) == 6


@pytest.mark.parametrize(("who", "sees"), [("ruth", True), ("amit", True), ("lena", False), ("oscar", False)])
def test_members_read_it_and_others_do_not(client, cast, who, sees):
    announce(cast)
    response = page(client, cast, getattr(cast, who))
    assert ("GHC 4307" in response.content.decode()) == sees
    assert response.status_code == (200 if sees else 404)


def test_staff_only_ones_are_not_shown_to_students(client, cast):
    made = announce(cast, title="Before you grade", audience="staff")
    assert "Before you grade" in page(client, cast, cast.amit).content.decode()
    assert "Before you grade" not in page(client, cast, cast.ruth).content.decode()
    assert page(client, cast, cast.ruth, f"announcements/{made.pk}/").status_code == 404


def test_visitors_of_a_public_course_read_what_is_marked_public(client, cast):
    cast.course.is_public = True
    cast.course.save()
    assert "No announcements at the moment" in page(client, cast, None).content.decode()
    announce(cast, title="For all", is_public=True)
    hidden = announce(cast, title="For members")
    html = page(client, cast, None).content.decode()
    assert "For all" in html and "For members" not in html
    assert page(client, cast, None, f"announcements/{hidden.pk}/").status_code == 404


def test_markdown_is_rendered_safely(client, cast):
    announce(cast, title="<i>t</i>", text="**bold** <script>alert(1)</script>")
    html = page(client, cast, cast.ruth).content.decode()
    assert "<strong>bold</strong>" in html and "<script>alert" not in html and "<i>t</i>" not in html


def later(cast, **facts):
    """Goes out on Nov 2, 2026 at 09:00 New York time, made the day before."""
    return announce(cast, now=at(date(2026, 11, 1), 12), goes_out_on=date(2026, 11, 2), goes_out_at=time(9), **facts)


def test_a_scheduled_one_waits_for_the_wall_of_the_course(cast):
    made = later(cast)
    assert announcements_publish_due(now=at(date(2026, 11, 2), 8, 59)) == 0
    assert announcements_publish_due(now=at(date(2026, 11, 2), 9)) == 1
    made.refresh_from_db()
    assert made.published_at.isoformat() == "2026-11-02T14:00:00+00:00"  # winter time by then
    assert announcements_publish_due(now=at(date(2026, 11, 2), 9, 1)) == 0
    assert len(told()) == 6 and AnnouncementMove.objects.get().by == "clock"


def test_students_do_not_see_what_is_scheduled(client, cast):
    day = timezone.localdate() + timedelta(days=3)
    made = announce(cast, title="Not yet", goes_out_on=day, goes_out_at=time(9))
    assert "Not yet" not in page(client, cast, cast.ruth).content.decode()
    assert page(client, cast, cast.ruth, f"announcements/{made.pk}/").status_code == 404
    assert "scheduled" in page(client, cast, cast.amit).content.decode()
    assert told() == []


@pytest.mark.parametrize("path", ["announcements/", ""])
def test_whoever_reads_publishes_what_is_due_without_a_worker(client, cast, path):
    made = announce(
        cast, title="Due by now", now=timezone.now() - timedelta(days=3), goes_out_on=timezone.localdate() - timedelta(days=1),
        goes_out_at=time(9),
    )  # fmt: skip
    assert made.status == "scheduled"
    assert "Due by now" in page(client, cast, cast.ruth, path).content.decode()
    assert len(told()) == 6


def test_an_edit_is_marked_and_reaches_those_not_mailed_yet(client, cast):
    made = announce(cast)
    mail_due()
    Notification.objects.filter(person=cast.ruth).update(mailed_at=None, mail_after=timezone.now())
    announcement_edit(
        visit=cast.visit(cast.amit), announcement=made, draft=Draft("Room again", "Back in DH."), revision=0
    )
    assert mail_due().sent == 1 and mail.outbox[-1].subject.endswith("Room again")
    html = page(client, cast, cast.ruth).content.decode()
    assert "Back in DH." in html and "edited" in html


def test_an_edit_may_be_mailed_again(cast):
    made = announce(cast)
    announcement_edit(
        visit=cast.visit(cast.helen), announcement=made, draft=Draft("New", "text"), revision=0, tell_again=True
    )
    assert Notification.objects.filter(person=cast.ruth).count() == 2


def test_audience_and_urgency_of_a_published_one_are_facts(cast):
    made = announce(cast)
    draft = Draft("T", "x", audience="staff", is_urgent=True)
    found = announcement_edit(visit=cast.visit(cast.helen), announcement=made, draft=draft, revision=0)
    assert (found.audience, found.is_urgent) == ("everybody", False)


def test_an_edit_from_an_old_page_overwrites_nothing(client, cast):
    made = announce(cast)
    announcement_edit(visit=cast.visit(cast.amit), announcement=made, draft=Draft("Theirs", "their text"), revision=0)
    client.force_login(cast.helen)
    url = f"/courses/{cast.course.slug}/announcements/{made.pk}/edit/"
    response = client.post(url, {"title": "Mine", "text": "my text", "revision": "0"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "my text" in html and "their text" in html and 'name="revision" value="1"' in html
    made.refresh_from_db()
    assert made.title == "Theirs"
    assert client.post(url, {"title": "Mine", "text": "my text", "revision": "1"}).status_code == 302


def test_a_withdrawn_one_is_gone_for_readers_and_its_waiting_mails_stay_unsent(client, cast):
    made = announce(cast)
    announcement_withdraw(visit=cast.visit(cast.helen), announcement=made)
    assert mail_due().sent == 0
    assert "GHC 4307" not in page(client, cast, cast.ruth).content.decode()
    assert page(client, cast, cast.ruth, f"announcements/{made.pk}/").status_code == 404
    note = Notification.objects.get(person=cast.ruth)
    assert note.title == "Withdrawn: Room change" and "GHC" not in note.text
    assert "withdrawn" in page(client, cast, cast.amit).content.decode()


def test_withdrawing_one_leaves_others_whose_number_begins_alike(cast):
    first = announce(cast, title="First")
    other = Notification.objects.create(
        person=cast.ruth,
        course=cast.course,
        kind="announcement",
        key=f"{first.key}7",
        title="Other",
        path="/elsewhere/",
    )
    announcement_withdraw(visit=cast.visit(cast.helen), announcement=first)
    other.refresh_from_db()
    assert other.title == "Other"


def test_a_withdrawn_one_stays_withdrawn(cast):
    made = announce(cast)
    announcement_withdraw(visit=cast.visit(cast.helen), announcement=made)
    with pytest.raises(AppError) as refused:
        announcement_edit(visit=cast.visit(cast.helen), announcement=made, draft=Draft("T", "x"), revision=0)
    assert refused.value.code == "withdrawn"
    with pytest.raises(AppError) as refused:
        announcement_withdraw(visit=cast.visit(cast.helen), announcement=made)
    assert refused.value.code == "illegal_move"


def test_the_home_shows_pinned_and_recent_ones(client, cast):
    now = timezone.now()
    announce(cast, title="Old and pinned", now=now - timedelta(days=60), is_pinned=True)
    announce(cast, title="Old", now=now - timedelta(days=50))
    announce(cast, title="Fresh")
    html = page(client, cast, cast.ruth, "").content.decode()
    assert "Old and pinned" in html and "Fresh" in html and ">Old<" not in html


FORM = {"title": "Hello", "text": "We **meet**", "audience": "everybody", "when": "now"}


def test_the_form_publishes(client, cast):
    client.force_login(cast.amit)
    response = client.post(f"/courses/{cast.course.slug}/announcements/new/", FORM | {"made_with": str(uuid4())})
    made = Announcement.objects.get()
    assert response.url == made.get_absolute_url() and made.author == cast.amit and made.status == "published"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "Write a title"),
        ({"text": ""}, "Write what the course should know"),
        ({"title": "x" * 161}, "below 160"),
        ({"text": "x" * 20_001}, "longer than 20 000"),
        ({"when": "later"}, "Choose a day"),
        ({"when": "later", "goes_out_on": "soon", "goes_out_at": "09:00"}, "2026-10-31"),
        ({"when": "later", "goes_out_on": "2020-01-01", "goes_out_at": "09:00"}, "has passed"),
        ({"when": "later", "goes_out_on": "2996-01-01", "goes_out_at": "09:00"}, "Check the year"),
    ],
)
def test_what_is_wrong_stands_under_its_field_and_nothing_typed_is_lost(client, cast, change, sentence):
    client.force_login(cast.helen)
    response = client.post(f"/courses/{cast.course.slug}/announcements/new/", FORM | change)
    html = response.content.decode()
    assert response.status_code == 422 and sentence in html
    assert "We **meet**" in html or "text" in change
    assert not Announcement.objects.exists()


def test_a_preview_publishes_nothing(client, cast):
    client.force_login(cast.helen)
    response = client.post(f"/courses/{cast.course.slug}/announcements/new/", FORM | {"title": "", "preview": "1"})
    assert response.status_code == 200 and "<strong>meet</strong>" in response.content.decode()
    live = client.post(f"/courses/{cast.course.slug}/announcements/preview/", {"text": "# <b>x</b> *y*"})
    assert "<em>y</em>" in live.content.decode() and "<b>" not in live.content.decode()
    assert not Announcement.objects.exists()


def test_a_student_may_not_write(client, cast):
    client.force_login(cast.ruth)
    assert client.post(f"/courses/{cast.course.slug}/announcements/new/", FORM).status_code == 403


def test_another_courses_announcement_is_not_there(client, cast):
    made = announce(cast)
    client.force_login(cast.lena)
    assert client.get(f"/courses/{cast.other_course.slug}/announcements/{made.pk}/").status_code == 404


def test_the_list_makes_the_same_queries_for_many(client, cast, django_assert_max_num_queries):
    for n in range(3):
        announce(cast, title=f"T{n}")
    client.force_login(cast.ruth)
    url = f"/courses/{cast.course.slug}/announcements/"
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    Announcement.objects.bulk_create(
        Announcement(course=cast.course, title=f"M{n}", text="x" * 3000, status="published", published_at=timezone.now(),
                     made_with=uuid4(), author_name="H")
        for n in range(200)
    )  # fmt: skip
    with django_assert_max_num_queries(len(few)):
        html = client.get(url).content
    assert html.count(b"<article") == 20 and len(html) < 150_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In **GHC 4307**, at noon.\n\nBring boards.", "In GHC 4307, at noon. Bring boards."),
        ("First\n\n| a | b |\n|---|---|\n| 1 | 2 |", "First"),
        ("- one\n- two", "one two"),
        ("a < b & c", "a < b & c"),
        ("x" * 200, "x" * 159 + "…"),
    ],
)
def test_an_excerpt_is_plain_words_on_one_line(text, expected):
    assert excerpt(text) == expected
