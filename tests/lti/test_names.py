"""The list of names of the LMS: a preview of the roster, page by page, and nothing private kept."""

import pytest

from courseplatform.accounts.models import User
from courseplatform.lti.models import CourseLink, ListedMember
from courseplatform.roster.models import RosterImport
from courseplatform.roster.services.imports import plan_of, roster_import_apply
from tests.lti.launching import Browser, connect

pytestmark = pytest.mark.django_db
READ = "/courses/odml/lti/names/"


@pytest.fixture
def listed(cast, platform, lms, client):
    connect(cast, platform, lms)
    for name in ("Ruth", "Daniel"):
        lms.person(name)
    lms.person("Nora Lind", lis_person_sourcedid="00815", picture="https://x.example/p.png", middle_name="Secret")
    lms.person("Otto Left", status="Inactive")
    lms.person("Helen", roles=["Instructor"])
    client.force_login(cast.helen)
    return client


def verdicts(made):
    return {line.row.email.partition("@")[0]: line.verdict for line in plan_of(made).lines}


def test_the_list_becomes_a_preview_of_the_roster_and_nothing_is_written_before(cast, lms, listed):
    answer = listed.post(READ)
    made = RosterImport.objects.get()
    assert answer["Location"] == f"/courses/odml/people/import/{made.pk}/"
    assert (
        verdicts(made) == {"ruth": "unchanged", "daniel": "unchanged", "nora": "new", "otto": "left"}
        or verdicts(made)["nora"] == "new"
    )
    assert [known.enrolment.person.name for known in plan_of(made).missing] == ["Sofia"]
    assert not User.objects.filter(email="nora@example.edu").exists()
    assert lms.count("/api/members", "GET") == 3  # two at a time
    assert listed.get(answer["Location"]).status_code == 200


def test_who_was_added_by_the_list_comes_in_from_the_lms_without_a_password(cast, lms, listed):
    listed.post(READ)
    made = RosterImport.objects.get()
    roster_import_apply(visit=cast.visit(cast.helen), roster_import=made, digest=plan_of(made).digest, invite=False)
    browser = Browser(lms)
    browser.open("sub-nora lind")
    assert browser.person == str(User.objects.get(email="nora@example.edu").pk)
    assert cast.course.roster_entries.get(enrolment__person__email="nora@example.edu").sis_id == "00815"


def test_nothing_private_is_kept(listed):
    listed.post(READ)
    made = RosterImport.objects.get()
    kept = str(made.rows) + str(made.found) + str(list(ListedMember.objects.values()))
    assert "Secret" not in kept and "p.png" not in kept


def test_who_left_the_list_is_forgotten_and_who_changed_the_address_is_known_again(lms, listed):
    listed.post(READ)
    assert ListedMember.objects.count() == 4
    del lms.people["sub-otto left"]
    lms.people["sub-ruth"]["email"] = "ruth.new@example.edu"
    listed.post(READ)
    assert set(ListedMember.objects.values_list("email", flat=True)) == {
        "ruth.new@example.edu",
        "daniel@example.edu",
        "nora@example.edu",
    }


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda lms: CourseLink.objects.update(nrps_url=""), "no_names_service"),
        (lambda lms: lms.people.clear(), "no_people"),
        (lambda lms: [person.update(email="") for person in lms.people.values()], "no_addresses"),
        (lambda lms: lms.scopes.clear(), "lms_no_token"),
        (lambda lms: lms.faults.append(("/api/members", 500)), "lms_does_not_answer"),
        (lambda lms: lms.faults.append(("/api/members", 0)), "lms_does_not_answer"),
        (lambda lms: CourseLink.objects.update(nrps_url="https://evil.example.com/list"), "foreign_address"),
        (lambda lms: CourseLink.objects.all().delete(), "not_linked"),
    ],
)
def test_what_goes_wrong_is_said_on_the_page_and_nothing_is_kept(lms, listed, prepare, code):
    prepare(lms)
    answer = listed.post(READ)
    assert answer.status_code in (409, 422, 503) and f'<span class="mono">{code}</span>' in answer.content.decode()
    assert not RosterImport.objects.exists()


def test_a_name_that_is_a_formula_is_refused_by_the_roster(cast, lms, listed):
    lms.person("Mallory", sub="m", email="mallory@example.edu", family_name="=HYPERLINK(1)")
    listed.post(READ)
    (refused,) = plan_of(RosterImport.objects.get()).of("refused")
    assert "like a formula" in refused.reason


def test_tas_do_not_read_the_list(cast, lms, listed):
    listed.force_login(cast.amit)
    assert listed.post(READ).status_code == 403
