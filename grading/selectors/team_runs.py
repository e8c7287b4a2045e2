"""Measured runs of a team's members, for staff who want to see that the team's own board works."""

from courseplatform.teams.hooks import RunChoice
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_at
from grading.models.runs import Run
from hardware.models import Outcome

MOST = 12


def team_runs(team: Team) -> list[RunChoice]:
    """The newest runs of each member that came to a result, newest first, at most a dozen. Two queries."""
    members = [person.pk for person in members_at(team)]
    runs = (
        Run.objects.filter(
            submission__assignment__course=team.course_id, submission__person__in=members, outcome=Outcome.MEASURED
        )
        .select_related("submission__assignment__course", "submission__person")
        .order_by("-queued_at")[:MOST]
    )
    return [
        RunChoice(
            str(run.pk), f"{run.submission.assignment.short}, attempt {run.submission.number} of {run.submission.person}", run.get_absolute_url()
        )
        for run in runs
    ]  # fmt: skip
