"""What teams registers with the rooms below it when the app is ready, and its own blocks on its own page."""

from courseplatform.accounts.erasing import rows_go
from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.merging import decide, stay
from courseplatform.core.kept import quiet
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.models import STAFF, Role
from courseplatform.courses.retention_kinds import add_retention_source
from courseplatform.courses.retention_rows import rows_source
from courseplatform.courses.sections import NavLink, Section
from courseplatform.courses.sections import registry as course
from courseplatform.teams import auditing, exporting
from courseplatform.teams.models import LookingProfile, Membership, Team
from courseplatform.teams.sections import TeamSection
from courseplatform.teams.sections import registry as page
from courseplatform.teams.selectors import home, slots, team_page

PAGES = ("teams:",)


def register_all() -> None:
    add_archive_part(page_files("teams", 21, {"people/teams.csv": ("teams:csv", "teams and who was in them")}))
    quiet(Membership, Team)
    add_retention_source(
        "teams", rows_source("profile", lambda row: LookingProfile.objects.filter(course=row), "changed_at")
    )
    auditing.register()
    rows_go("teams.LookingProfile.person")
    add_export_section(exporting.SECTION)
    decide("teams.Membership.person", stay("nobody is in two teams of a course at once"))
    decide("teams.FeedbackForm.author", stay("one form for each team and round"))
    decide("teams.TeamInvitation.person", stay("an invitation of the same team is open already"))
    decide("teams.LookingProfile.person", stay("the remaining account looks already"))
    decide("teams.Slot.staff", stay("the same hour is offered already"))
    course.add_section(Section("our_team", 20, "side", "teams/_section_our_team.html", home.our_team))
    course.add_nav(
        NavLink("Team", "teams:mine", 50, frozenset({Role.STUDENT}), key="t", owns=PAGES),
        NavLink("Teams", "teams:index", 50, STAFF, key="t", owns=PAGES),
    )
    course.add_calendar_source(slots.calendar_entries)
    page.add_verdict(100, team_page.team_verdict)
    page.add_step_source(team_page.proposal_steps)
    page.add_step_source(team_page.slot_steps)
    page.add_section(TeamSection("board", 20, "side", "teams/_section_board.html", team_page.board_section, True))
    page.add_section(TeamSection("project", 20, "main", "teams/_section_project.html", team_page.project_section))
    page.add_section(TeamSection("slot", 30, "main", "teams/_section_slot.html", team_page.slot_section))
    page.add_section(TeamSection("feedback", 50, "main", "teams/_section_feedback.html", team_page.feedback_section))
