"""The pages: to whom they show what, in how many queries, and what they never show."""

import re

import pytest
from django.utils import timezone

from courseplatform.courses.access import visit_of
from courseplatform.courses.sections import nav_links
from courseplatform.teams import demo, sections
from courseplatform.teams.models import FeedbackForm, LookingProfile, Membership, Slot, Team
from courseplatform.teams.selectors.home import our_team
from courseplatform.teams.selectors.index import looking_profiles
from courseplatform.teams.services.invitations import invitation_send, join_request_send
from courseplatform.teams.services.looking import looking_profile_save
from tests.courseplatform.teams.builders import make_round, make_slot, make_student, make_students, make_team, set_sizes

pytestmark = pytest.mark.django_db


def page(client, cast, path):
    return client.get(f"/courses/{cast.course.slug}/{path}")


def text_of(client, cast, path):
    return page(client, cast, path).content.decode()


def fill_course(cast, teams):
    """Teams of three and as many students who look."""
    people = make_students(cast, 3 * teams)
    rows = [Team(course=cast.course, name=f"Team {n:03d}", slug=f"team-{n:03d}") for n in range(teams)]
    Team.objects.bulk_create(rows)
    Membership.objects.bulk_create(
        Membership(team=rows[n // 3], course=cast.course, person=person, since_at=timezone.now(), begun_by="test")
        for n, person in enumerate(people)
    )
    seekers = make_students(cast, teams, "Seeker")
    LookingProfile.objects.bulk_create(
        LookingProfile(course=cast.course, person=person, interests="Speech") for person in seekers
    )


PAGES = [
    "teams/",
    "teams.csv",
    "teams/looking/",
    "teams/assign/",
    "teams/slots/",
    "teams/feedback/",
    "team/magpie/",
    "team/magpie/members/",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("teams", [1, 150])
def test_a_page_of_staff_takes_as_many_queries_for_600_people_as_for_five(
    cast, client, django_assert_max_num_queries, path, teams
):
    make_team(cast, "Magpie", cast.ruth)
    fill_course(cast, teams)
    client.force_login(cast.helen)
    with django_assert_max_num_queries(25):
        assert page(client, cast, path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "teams/", "teams/looking/", "teams/feedback/", "team/magpie/", "team/magpie/invite/", "team/magpie/slots/"],
)
@pytest.mark.parametrize("teams", [1, 150])
def test_a_page_of_students_takes_as_many_queries_for_600_people_as_for_five(
    cast, client, django_assert_max_num_queries, path, teams
):
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    fill_course(cast, teams)
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(36):
        assert page(client, cast, path).status_code == 200


def test_progress_of_a_round_is_bounded(cast, client, django_assert_max_num_queries):
    team = make_team(cast, "Magpie", cast.ruth)
    fill_course(cast, 100)
    sharing = make_round(cast, team, *Team.objects.all()[:20])
    students = [row.person for row in cast.course.enrolments.filter(role="student").select_related("person")[:100]]
    FeedbackForm.objects.bulk_create(
        FeedbackForm(round=sharing, team=team, author=person, made_at=timezone.now()) for person in students
    )
    client.force_login(cast.amit)
    with django_assert_max_num_queries(20):
        assert page(client, cast, f"teams/feedback/{sharing.pk}/").status_code == 200


def test_students_never_see_an_address(cast, client):
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    looking_profile_save(visit=cast.visit(cast.sofia), interests="Speech")
    client.force_login(cast.ruth)
    for path in (
        "teams/",
        "teams/looking/",
        "team/magpie/",
        "team/magpie/invite/",
        "team/magpie/proposal/",
        "team/magpie/slots/",
    ):
        assert not re.findall(r"[\w.]+@example\.edu", text_of(client, cast, path)), path


def test_mine_leads_to_ones_team_or_to_the_way_to_one(cast, client):
    team = make_team(cast, "Magpie", cast.ruth)
    for person, target in (
        (cast.ruth, team.get_absolute_url()),
        (cast.sofia, "/courses/odml/teams/"),
        (cast.amit, "/courses/odml/teams/"),
    ):
        client.force_login(person)
        assert page(client, cast, "teams/mine/").headers["Location"] == target


def test_classmates_see_the_project_and_not_its_inside(cast, client):
    team = make_team(cast, "Magpie", cast.ruth, project_title="Ten signs", board_choice="Raspberry Pi 4")
    make_slot(cast)
    client.force_login(cast.daniel)
    text = text_of(client, cast, "team/magpie/")
    assert "Ten signs" in text
    assert "Raspberry Pi 4" in text
    assert "Slot with the staff" not in text
    for path in ("proposal/", "slots/", "board/", "describe/", "leave/", "feedback/"):
        assert page(client, cast, f"team/{team.slug}/{path}").status_code == 404


def test_a_team_of_another_course_is_not_there(cast, client):
    Team.objects.create(course=cast.other_course, name="Wren", slug="wren")
    client.force_login(cast.ruth)
    assert page(client, cast, "team/wren/").status_code == 404


def test_a_slot_and_a_round_of_another_course_are_not_there(cast, client):
    slot = make_slot(cast)
    Slot.objects.update(course=cast.other_course)
    client.force_login(cast.helen)
    assert page(client, cast, f"teams/slots/{slot.pk}/").status_code == 404
    assert page(client, cast, "teams/feedback/999/").status_code == 404


def test_the_table_leaves_the_house_without_formulas(cast, client):
    make_team(cast, "=cmd|calc", cast.ruth, project_title="+1+1")
    client.force_login(cast.amit)
    row = text_of(client, cast, "teams.csv").splitlines()[1]
    assert row.startswith("'=cmd|calc,forming,1,Ruth,'+1+1")


def test_staff_filter_by_size_proposal_and_words(cast, client):
    set_sizes(cast, 2, 3)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    make_team(cast, "Heron", cast.sofia)
    client.force_login(cast.amit)

    def shown(query):
        return [name for name in ("Magpie", "Heron") if f">{name}</a>" in text_of(client, cast, f"teams/?{query}")]

    assert shown("size=small") == ["Heron"]
    assert shown("size=fits") == ["Magpie"]
    assert shown("search=sofia") == ["Heron"]
    assert shown("proposal=approved") == []
    assert shown("size=nonsense&sort=nonsense") == ["Magpie", "Heron"]


def test_what_people_write_is_text(cast, client):
    evil = "<script>alert(1)</script>"
    make_team(cast, f"M{evil}", cast.ruth, project_title=evil, summary=evil)
    client.force_login(cast.daniel)
    looking_profile_save(visit=cast.visit(cast.sofia), interests=evil)
    assert evil not in text_of(client, cast, "teams/") + text_of(client, cast, "teams/looking/")


def test_an_invitation_is_answered_on_the_page(cast, client):
    team = make_team(cast, "Magpie", cast.ruth)
    row = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel, message="Join us?")
    client.force_login(cast.daniel)
    assert "Join us?" in text_of(client, cast, "teams/")
    path = f"/courses/{cast.course.slug}/teams/invitations/{row.pk}/"
    assert client.post(path, {"answer": "perhaps"}).status_code == 422
    assert client.post(path, {"answer": "accept"}).status_code == 302
    assert client.post(path, {"answer": "accept"}).status_code == 409
    assert Membership.objects.filter(person=cast.daniel, until_at=None).count() == 1


def test_a_taken_name_is_said_under_the_field_with_everything_kept(cast, client):
    make_team(cast, "Magpie", cast.ruth)
    client.force_login(cast.daniel)
    answer = client.post(
        f"/courses/{cast.course.slug}/teams/new/", {"name": "Team MAGPIE", "summary": "Signs, ten of them"}
    )
    assert answer.status_code == 422
    assert "There is a team MAGPIE in this course already" in answer.content.decode()
    assert "Signs, ten of them" in answer.content.decode()


def test_staff_change_members_on_one_page(cast, client):
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    client.force_login(cast.helen)
    path = f"/courses/{cast.course.slug}/team/magpie/members/"
    assert client.post(f"{path}move/", {"person": cast.sofia.pk, "to": ""}).status_code == 422  # she is in no team
    team = Team.objects.get()
    assert client.post(f"{path}move/", {"person": cast.sofia.pk, "to": team.pk}).status_code == 302
    assert client.post(f"{path}split/", {"people": [cast.sofia.pk], "name": "Heron"}).status_code == 302
    heron = Team.objects.get(name="Heron")
    assert client.post(f"{path}merge/", {"into": heron.pk, "effective_on": "1800-01-01"}).status_code == 422
    assert client.post(f"{path}merge/", {"into": heron.pk}).status_code == 302
    assert client.post(f"{path}status/", {"to": "vanish"}).status_code == 422
    assert {row.team.name for row in Membership.objects.filter(until_at=None)} == {"Heron"}


def test_students_do_not_reach_the_pages_of_staff(cast, client):
    team = make_team(cast, "Magpie", cast.ruth)
    client.force_login(cast.ruth)
    for path in ("teams.csv", "teams/assign/", "teams/slots/", f"team/{team.slug}/members/"):
        assert page(client, cast, path).status_code == 403
    assert client.post(f"/courses/{cast.course.slug}/team/{team.slug}/proposal/decide/", {}).status_code == 403


def test_profiles_are_for_those_who_look_and_for_teams_with_room(cast):
    set_sizes(cast, 1, 2)
    looking_profile_save(visit=cast.visit(cast.sofia), interests="Speech")
    nora, now = make_student(cast, "Nora"), timezone.now()
    small, full = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel, nora)
    seen = [
        len(looking_profiles(cast.visit(who), now, team))
        for who, team in ((cast.ruth, small), (cast.daniel, full), (cast.sofia, None), (cast.amit, None))
    ]
    assert seen == [1, 0, 1, 1]


def test_a_profile_leaves_the_board_when_its_author_has_a_team(cast):
    looking_profile_save(visit=cast.visit(cast.sofia), interests="Speech")
    make_team(cast, "Magpie", cast.sofia)
    assert looking_profiles(cast.visit(cast.amit), timezone.now(), None) == []
    assert LookingProfile.objects.count() == 1


def test_the_home_shows_ones_team(cast):
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    found = our_team(cast.visit(cast.ruth), timezone.now())
    assert (found["team"].name, found["others"]) == ("Magpie", ["Daniel"])
    assert our_team(cast.visit(cast.sofia), timezone.now())["team"] is None
    assert our_team(cast.visit(cast.amit), timezone.now()) is None


def test_a_course_without_projects_shows_no_team_on_its_home(cast):
    assert our_team(visit_of(cast.lena, cast.other_course.slug), timezone.now()) is None


def test_the_bar_leads_students_to_their_team_and_staff_to_all(cast):
    links = [
        [x["url_name"] for x in nav_links(cast.visit(who), "") if x["key"] == "t"] for who in (cast.ruth, cast.amit)
    ]
    assert links == [["teams:mine"], ["teams:index"]]


def test_other_apps_add_blocks_verdicts_and_steps(cast, client, monkeypatch):
    fresh = sections.TeamRegistry(
        list(sections.registry.sections), list(sections.registry.verdicts), list(sections.registry.step_sources)
    )
    monkeypatch.setattr(sections, "registry", fresh)
    now = timezone.now()
    fresh.add_verdict(10, lambda at: sections.Verdict("2 540 mAh are left"))
    fresh.add_step_source(lambda at: [sections.Step(now, "Stage 2 ends", state="todo")])
    fresh.add_section(sections.TeamSection("board", 1, "side", "teams/_section_board.html", lambda at: None))
    make_team(cast, "Magpie", cast.ruth)
    client.force_login(cast.ruth)
    text = text_of(client, cast, "team/magpie/")
    assert "2 540 mAh are left" in text
    assert "Stage 2 ends" in text
    assert "No board is chosen yet" not in text  # the block of this name was taken over


def test_the_demo_makes_every_page_look_lived_in(cast, client):
    course, now = cast.course, timezone.now()
    names = ["ruth.adeyemi", "daniel.park", "sofia.lindgren", "kenji.mori", "ana.silva", "tomas.novak", "leila.haddad"]
    people = {f"{name}@example.edu": make_student(cast, name) for name in names}
    staff = {"amit.rosen@example.edu": cast.amit, "helen.castell@example.edu": cast.helen}
    demo.load(course=course, people=people | staff, now=now)
    client.force_login(people["ruth.adeyemi@example.edu"])
    text = text_of(client, cast, "team/magpie/")
    for words in ("proposal approved", "state the task and one number to reach", "Status slot in", "Feedback received"):
        assert words in text
    client.force_login(people["tomas.novak@example.edu"])
    assert "invites you to team" in text_of(client, cast, "teams/")


def test_who_asked_a_team_is_told_to_wait_and_who_is_invited_to_answer(client, cast):
    team = make_team(cast, "Heron", cast.daniel)
    join_request_send(visit=cast.visit(cast.ruth), team=team)
    invitation_send(visit=cast.visit(cast.daniel), team=team, person=cast.sofia)
    for person, said in (
        (cast.ruth, "The team you asked has not answered yet."),
        (cast.sofia, "Somebody waits for your"),
    ):
        client.force_login(person)
        assert said in text_of(client, cast, "teams/")
