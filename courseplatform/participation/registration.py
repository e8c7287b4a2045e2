"""What participation registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.merging import decide, stay
from courseplatform.core.kept import quiet
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.models import STAFF, Course, Role
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.notices.hooks import on_survey_ended
from courseplatform.participation import auditing, exporting
from courseplatform.participation.hooks import hooks
from courseplatform.participation.models import Credit
from courseplatform.participation.selectors.people import home_section
from courseplatform.participation.services.surveys import survey_credits_grant
from courseplatform.teams.selectors.membership import teams_at


def team_names(course: Course) -> dict[int, str]:
    """What stands beside each name when credits are entered."""
    return {person: team.name for person, team in teams_at(course).items()}


def register_all() -> None:
    add_archive_part(
        page_files(
            "participation",
            74,
            {
                "participation/credits.csv": (
                    "participation:people_csv",
                    "who took part, and what it was worth",
                )
            },
        )
    )
    quiet(Credit)
    auditing.register()
    add_export_section(exporting.SECTION)
    decide("participation.Attendance.person", stay("a session is attended once"))
    hooks.add_labels(team_names)
    on_survey_ended(survey_credits_grant)
    registry.add_section(Section("participation", 40, "side", "participation/_section_home.html", home_section))
    registry.add_nav(
        NavLink(
            "Participation",
            "participation:mine",
            55,
            frozenset({Role.STUDENT}),
            key="r",
            owns=("participation:",),
            in_more=True,
        ),
        NavLink("Participation", "participation:entry", 45, STAFF, key="r", owns=("participation:",)),
    )
