"""A roster file between preview and course: what it says, that it does exactly that, and that twice is once."""

import json

import pytest
from django.core import mail

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.roster.models import CourseSection, Invitation, RosterChange, RosterEntry, RosterImport
from courseplatform.roster.services.imports import plan_of, roster_import_apply
from courseplatform.roster.services.members import member_add, member_drop
from tests.courseplatform.roster.builders import (
    CANVAS,
    PEOPLE,
    apply_now,
    csv_of,
    enrolment_of,
    read_in,
    take_in,
    uploaded,
    verdicts,
)
from tests.people import make_user

pytestmark = pytest.mark.django_db
EVERYBODY = ("Ruth,ruth@example.edu,0001,A", "Daniel,daniel@example.edu,0002,A", "Sofia,sofia@example.edu,0003,B")


def roster_of(course):
    """All that an import may change, as values."""
    return [
        list(Enrolment.objects.filter(course=course).order_by("pk").values("person", "role", "is_active")),
        list(RosterEntry.objects.order_by("pk").values("sis_id", "login", "email", "registrar_name", "sections")),
        list(User.objects.order_by("pk").values("email", "name", "password")),
        RosterChange.objects.count(), Invitation.objects.count(), CourseSection.objects.count(), Notification.objects.count(),
    ]  # fmt: skip


def test_reading_a_file_writes_nothing_of_the_course(cast):
    before = roster_of(cast.course)
    found = read_in(cast, csv_of("Ana,ana@example.edu,0009,A", *EVERYBODY))
    assert verdicts(found) == ["new", "changed", "changed", "changed"]
    assert roster_of(cast.course) == before


def test_applying_makes_accounts_enrolments_sections_history_and_invitations(cast):
    found = take_in(cast, csv_of("Ana Silva,ana@example.edu,0009,A"))
    ana = Enrolment.objects.get(course=cast.course, person__email="ana@example.edu")
    assert (ana.person.name, ana.role, ana.person.has_usable_password()) == ("Ana Silva", "student", False)
    assert (ana.roster_entry.sis_id, ana.roster_entry.sections.get().name) == ("0009", "A")
    assert ana.roster_changes.get().why == f"import {found.pk}"
    assert ana.invitations.get().status == "pending"
    assert (found.status, found.result["new"], found.result["invited"]) == ("applied", 1, 1)


def test_applying_twice_adds_nothing(cast):
    found = take_in(cast, csv_of("Ana,ana@example.edu,0009,A", *EVERYBODY))
    before = roster_of(cast.course)
    again = roster_import_apply(visit=cast.visit(cast.helen), roster_import=found, digest="whatever")
    assert again.pk == found.pk
    assert roster_of(cast.course) == before


def test_the_same_file_again_changes_nothing(cast):
    text = csv_of("Ana,ana@example.edu,0009,A;B", *EVERYBODY)
    take_in(cast, text)
    before = roster_of(cast.course)
    found = read_in(cast, text)
    assert set(verdicts(found)) == {"unchanged"}
    apply_now(cast, found)
    assert roster_of(cast.course) == before


def test_our_own_export_imported_again_changes_nothing(cast, client):
    take_in(cast, csv_of("Ana Silva,ana@example.edu,0009,A;B", *EVERYBODY))
    client.force_login(cast.helen)
    exported = client.get("/courses/odml/people.csv").content
    assert set(verdicts(read_in(cast, exported))) <= {"unchanged", "staff", "changed"}
    changed = [line for line in plan_of(read_in(cast, exported)).lines if line.verdict == "changed"]
    assert {change.what for line in changed for change in line.changes} <= {"registrar_name"}


def test_a_preview_that_is_stale_is_refused_and_applies_nothing(cast):
    found = read_in(cast, csv_of("Ana,ana@example.edu,0009,A"))
    digest = plan_of(found).digest
    member_add(visit=cast.visit(cast.ines), email="ana@example.edu", name="Ana", role="student")
    before = roster_of(cast.course)
    with pytest.raises(Conflict) as caught:
        roster_import_apply(visit=cast.visit(cast.helen), roster_import=found, digest=digest)
    assert caught.value.code == "stale_preview"
    assert roster_of(cast.course) == before


def test_who_is_missing_stays_unless_ticked(cast):
    found = read_in(cast, csv_of(EVERYBODY[0]))
    missing = {known.enrolment.person for known in plan_of(found).missing}
    assert missing == {cast.daniel, cast.sofia}
    apply_now(cast, found, drop=[enrolment_of(cast, cast.sofia).pk])
    assert (enrolment_of(cast, cast.daniel).is_active, enrolment_of(cast, cast.sofia).is_active) == (True, False)


def test_a_tick_for_somebody_who_is_in_the_file_or_staff_or_elsewhere_drops_nobody(cast):
    found = read_in(cast, csv_of(EVERYBODY[0]))
    lena = Enrolment.objects.get(course=cast.other_course, person=cast.lena)
    apply_now(cast, found, drop=[enrolment_of(cast, p).pk for p in (cast.ruth, cast.helen, cast.amit)] + [lena.pk])
    assert not Enrolment.objects.filter(is_active=False).exists()


def test_somebody_who_was_dropped_comes_back_by_the_file(cast):
    member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ruth))
    found = read_in(cast, csv_of(*EVERYBODY))
    assert verdicts(found)[0] == "returns"
    apply_now(cast, found)
    ruth = enrolment_of(cast, cast.ruth)
    assert (ruth.is_active, ruth.left_at) == (True, None)


def test_dropped_staff_do_not_come_back_by_a_file(cast):
    member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ines))
    assert verdicts(read_in(cast, csv_of("Ines,ines@example.edu,0009,A"), by=cast.amit)) == ["refused"]


def test_staff_in_the_file_keep_their_role(cast):
    take_in(cast, csv_of("Amit,amit@example.edu,0009,A"))
    assert enrolment_of(cast, cast.amit).role == "ta"


def test_a_changed_address_for_a_known_id_is_a_change_and_never_a_second_account(cast):
    take_in(cast, csv_of("Ana Silva,ana@example.edu,0009,A"))
    accounts = User.objects.count()
    found = read_in(cast, csv_of("Ana Silva,ana.silva@example.edu,0009,A"))
    (line,) = plan_of(found).lines
    assert [(c.what, c.old, c.new) for c in line.changes] == [("email", "ana@example.edu", "ana.silva@example.edu")]
    apply_now(cast, found)
    ana = Enrolment.objects.get(course=cast.course, roster_entry__sis_id="0009")
    assert (User.objects.count(), ana.person.email) == (accounts, "ana.silva@example.edu")
    assert sorted(ana.invitations.values_list("status", flat=True)) == ["pending", "withdrawn"]


def test_the_address_of_an_account_in_use_stays_and_the_registrars_is_noted_beside_it(cast, client):
    take_in(cast, csv_of(*EVERYBODY))
    client.force_login(cast.ruth)
    text = csv_of("Ruth,ruth.adeyemi@example.edu,0001,A")
    (line,) = plan_of(read_in(cast, text)).lines
    assert [c.what for c in line.changes] == ["registrar_email"]
    take_in(cast, text)
    cast.ruth.refresh_from_db()
    assert cast.ruth.email == "ruth@example.edu"
    assert enrolment_of(cast, cast.ruth).roster_entry.email == "ruth.adeyemi@example.edu"
    assert verdicts(read_in(cast, text)) == ["unchanged"]


def test_an_account_of_another_course_is_not_renamed_by_a_file(cast):
    take_in(cast, csv_of("Lena,lena@example.edu,0009,A"))
    User.objects.filter(pk=cast.lena.pk).update(password="!never")
    (line,) = plan_of(read_in(cast, csv_of("Lena,evil@example.edu,0009,A"))).lines
    assert [c.what for c in line.changes] == ["registrar_email"]


def test_somebody_with_an_account_elsewhere_is_enrolled_and_told_and_not_invited(cast):
    take_in(cast, csv_of("Lena,LENA@example.edu,0009,A"))
    lena = enrolment_of(cast, cast.lena)
    assert lena.is_active and not lena.invitations.exists()
    assert Notification.objects.get(person=cast.lena, course=cast.course).title.startswith("You are now in")


def test_an_address_and_an_id_of_two_people_are_refused(cast):
    take_in(cast, csv_of(*EVERYBODY))
    (line,) = plan_of(read_in(cast, csv_of("Ruth,ruth@example.edu,0002,A"))).lines
    assert (line.verdict, "Join the two first" in line.reason) == ("refused", True)


def test_an_id_that_lost_its_zeros_is_found(cast):
    take_in(cast, csv_of(*EVERYBODY))
    known, unknown = plan_of(read_in(cast, csv_of("Ruth,ruth@example.edu,1,A", "Daniel,d.park@example.edu,2,A"))).lines
    assert (known.verdict, "leading zeros" in known.notes[0]) == ("unchanged", True)
    assert (unknown.verdict, "0002" in unknown.reason) == ("refused", True)


def test_an_id_alone_finds_a_known_person_and_refuses_an_unknown_one(cast):
    take_in(cast, csv_of(*EVERYBODY))
    known, unknown = plan_of(read_in(cast, "Name,Student ID\nRuth,0001\nAna,0077\n")).lines
    assert (known.known.enrolment.person, unknown.verdict) == (cast.ruth, "refused")


def test_another_section_is_a_change_and_its_history_says_from_and_to(cast):
    take_in(cast, csv_of(*EVERYBODY))
    take_in(cast, csv_of("Ruth,ruth@example.edu,0001,b"))
    row = enrolment_of(cast, cast.ruth).roster_changes.first()
    assert (row.what, row.changed_from, row.changed_to) == ("sections", "A", "B")


def test_a_file_without_sections_leaves_them(cast):
    take_in(cast, csv_of(*EVERYBODY))
    assert verdicts(read_in(cast, "Name,Email\nRuth,ruth@example.edu\n")) == ["unchanged"]


def test_no_cell_of_another_column_reaches_the_database_or_the_page(cast, client):
    client.force_login(cast.helen)
    text = "Name,Email,Citizenship,Visa,Hold\nAna,ana@example.edu,cell-of-citizenship,cell-of-visa,cell-of-hold\n"
    page = client.post(f"{PEOPLE}import/", {"file": uploaded(text)}, follow=True).content.decode()
    assert "cell-of-" not in page and "Citizenship" in page
    row = RosterImport.objects.get()
    assert "cell-of-" not in json.dumps([row.rows, row.found, row.file_name])


def test_from_the_upload_to_the_applied_page(cast, client):
    client.force_login(cast.helen)
    preview = client.post(f"{PEOPLE}import/", {"file": uploaded(CANVAS + '"Nobody, ",,,,,,,')}, follow=True)
    assert "Canvas gradebook" in preview.content.decode()
    address = preview.redirect_chain[0][0]
    done = client.post(f"{address}apply/", {"digest": preview.context["digest"], "invite": "on"}, follow=True)
    assert "The roster is applied" in done.content.decode()
    assert "Row 7: It has neither an e-mail address nor an ID." in " ".join(done.content.decode().split()).replace(
        ", Nobody", ""
    )
    assert Enrolment.objects.filter(course=cast.course, person__email="kenji@example.edu").exists()


def test_pasted_rows_are_read_like_a_file(cast, client):
    client.force_login(cast.amit)
    page = client.post(f"{PEOPLE}import/", {"text": "Name\tEmail\nAna\tana@example.edu\n"}, follow=True)
    assert "tab-separated" in page.content.decode()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [(b"Name,Section\nAna,A\n", 422, "no_identity_column"), (b"x" * (10 << 20), 413, "list_too_large"),
     (b"PK\x03\x04zip", 422, "excel_workbook"), (b"Name,Email\nA\x00,a@example.edu", 422, "nul")],
)  # fmt: skip
def test_a_bad_file_is_answered_on_the_form_and_nothing_is_kept(cast, client, data, status, code):
    client.force_login(cast.helen)
    answer = client.post(f"{PEOPLE}import/", {"file": uploaded(data), "mail_domain": "andrew.cmu.edu"})
    assert (answer.status_code, code in answer.content.decode()) == (status, True)
    assert 'value="andrew.cmu.edu"' in answer.content.decode()
    assert not RosterImport.objects.exists()


def test_neither_a_file_nor_rows_is_said_under_the_form(cast, client):
    client.force_login(cast.helen)
    answer = client.post(f"{PEOPLE}import/", {"mail_domain": "@no domain"})
    assert answer.status_code == 422
    assert "Choose a file" in answer.content.decode() and "Write a domain" in answer.content.decode()


def test_the_mail_domain_of_the_last_import_is_offered_again(cast, client):
    read_in(cast, csv_of(*EVERYBODY), mail_domain="andrew.example.edu")
    client.force_login(cast.helen)
    assert 'value="andrew.example.edu"' in client.get(f"{PEOPLE}import/").content.decode()


def test_a_stale_preview_shows_the_new_one(cast, client):
    found = read_in(cast, csv_of("Ana,ana@example.edu,0009,A"))
    client.force_login(cast.helen)
    answer = client.post(f"{PEOPLE}import/{found.pk}/apply/", {"digest": "of another day"})
    assert (answer.status_code, "Look at the new preview" in answer.content.decode()) == (409, True)
    assert not User.objects.filter(email="ana@example.edu").exists()


def test_an_import_of_another_course_is_not_there(cast, client):
    found = read_in(cast, csv_of(*EVERYBODY))
    Enrolment.objects.create(course=cast.other_course, person=cast.helen, role="instructor")
    client.force_login(cast.helen)
    assert client.get(f"/courses/tinyml/people/import/{found.pk}/").status_code == 404
    assert client.post(f"/courses/tinyml/people/import/{found.pk}/apply/").status_code == 404


@pytest.mark.parametrize("count", [5, 600])
def test_a_preview_and_its_application_take_few_queries_whatever_the_size(cast, count, django_assert_max_num_queries):
    text = csv_of(*(f"Person {n}x,p{n}@example.edu,{10000 + n},{'AB'[n % 2]}" for n in range(count)))
    found = read_in(cast, text)
    with django_assert_max_num_queries(14):
        plan_of(found)
    with django_assert_max_num_queries(60):
        apply_now(cast, found)
    assert set(verdicts(read_in(cast, text))) == {"unchanged"}
    assert len(mail.outbox) == 0  # mails leave by the task, after the commit


def test_a_switched_off_account_is_refused(cast):
    gone = make_user("Gone", is_active=False)
    (line,) = plan_of(read_in(cast, csv_of(f"Gone,{gone.email},0009,A"))).lines
    assert "switched off" in line.reason
