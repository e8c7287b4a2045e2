"""Two tabs, two instructors, at once: real threads on a real database."""

import threading

import pytest
from django.db import connection

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import Invitation
from courseplatform.roster.services.imports import plan_of, roster_import_apply
from courseplatform.roster.services.invitations import invitation_accept, invitations_send_missing
from courseplatform.roster.services.members import member_add, member_drop
from courseplatform.roster.services.merging import course_accounts_merge
from tests.courseplatform.roster.builders import csv_of, enrolment_of, read_in
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(*acts):
    """Each in a thread of its own, started together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(len(acts)), []

    def body(act):
        start.wait()
        try:
            found.append(act())
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == len(acts)
    return found


def test_two_instructors_who_drop_each_other_leave_one(cast):
    helen, ines = cast.visit(cast.helen), cast.visit(cast.ines)
    found = at_once(
        lambda: member_drop(visit=helen, enrolment=enrolment_of(cast, cast.ines)).pk,
        lambda: member_drop(visit=ines, enrolment=enrolment_of(cast, cast.helen)).pk,
    )
    assert found.count("last_instructor") == 1
    assert Enrolment.objects.filter(course=cast.course, role="instructor", is_active=True).count() == 1


def test_several_clicks_on_apply_apply_once(cast):
    roster = read_in(cast, csv_of(*(f"P{n}x,p{n}@example.edu,{1000 + n},A" for n in range(20))))
    digest, visit = plan_of(roster).digest, cast.visit(cast.helen)

    def apply():
        return roster_import_apply(visit=visit, roster_import=roster, digest=digest).status

    assert set(at_once(*[apply] * 5)) == {"applied"}
    assert User.objects.filter(email__startswith="p").count() == Invitation.objects.count() == 20


def test_two_imports_of_the_same_people_make_each_account_once(cast):
    text = csv_of(*(f"P{n}x,p{n}@example.edu,{1000 + n},A" for n in range(20)))
    visit = cast.visit(cast.helen)
    imports = [read_in(cast, text) for _ in range(3)]
    ready = [(found, plan_of(found).digest) for found in imports]
    found = at_once(*[
        lambda pair=pair: roster_import_apply(visit=visit, roster_import=pair[0], digest=pair[1]).status for pair in ready
    ])  # fmt: skip
    assert sorted(found) == ["applied", "stale_preview", "stale_preview"]
    assert User.objects.filter(email__startswith="p").count() == 20


def test_adding_one_person_in_two_tabs_is_one_account_and_one_enrolment(cast):
    visit = cast.visit(cast.helen)
    found = at_once(*[lambda: member_add(visit=visit, email="ana@example.edu", name="Ana", role="student").role] * 4)
    assert sorted(found) == ["already_here"] * 3 + ["student"]
    assert Invitation.objects.count() == 1


def test_a_link_opened_in_several_tabs_sets_one_password(cast):
    ana = member_add(visit=cast.visit(cast.helen), email="ana@example.edu", name="Ana", role="student")
    row = ana.invitations.get()

    class Form:
        def __init__(self, password):
            self.password = password

        def save(self):
            person = User.objects.get(pk=ana.person_id)
            person.set_password(self.password)
            person.save()

    found = at_once(
        *[lambda n=n: invitation_accept(invitation=row, form=Form(f"password {n}")).email for n in range(4)]
    )
    assert sorted(found) == ["ana@example.edu"] + ["invitation_used"] * 3


def test_inviting_everybody_in_two_tabs_invites_each_once(cast):
    for n in range(5):
        person = User.objects.create_user(email=f"p{n}@example.edu", name=f"P{n}x")
        Enrolment.objects.create(course=cast.course, person=person, role="student")
    visit = cast.visit(cast.helen)
    assert sorted(at_once(*[lambda: invitations_send_missing(visit=visit)] * 3)) == [0, 0, 5]


def test_joining_two_accounts_twice_at_once_joins_them_once(cast):
    second = member_add(visit=cast.visit(cast.helen), email="ruth2@example.edu", name="Ruth", role="student")
    visit = cast.visit(cast.helen)
    found = at_once(*[lambda: course_accounts_merge(visit=visit, one=cast.ruth, other=second.person).winner_id] * 3)
    assert sorted(map(str, found)) == sorted([str(cast.ruth.pk), "account_inactive", "account_inactive"])
    assert AccountMerge.objects.count() == 1
