"""What our model says beside a reading that a team is about to add: the charge of a thousand inferences of its newest model on its board."""

from courseplatform.core import numbers
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_at
from grading.figures.board_rows import verdicts_of
from grading.models.runs import Result
from grading.points.modelled import modelled_of
from grading.selectors.team_energy import board_of

METRIC = "mah_per_1000_inferences"


def modelled_words(course: Course, team: Team) -> str:
    """A sentence, or empty where the team has no board of the course, no measured model, or nothing is modelled. Two queries at most."""
    board = board_of(course, team)
    if board is None:
        return ""
    runs = Result.objects.filter(
        run__submission__assignment__course=course, run__submission__person__in=members_at(team)
    )
    result = runs.select_related("run__submission__assignment").order_by("-made_at").first()
    verdict = verdicts_of(result.environment).get(board["slug"]) if result else None
    if result is None or verdict is None:
        return ""
    said = modelled_of(verdict, board["slug"], course.facts.get("budget"))
    if METRIC not in said.metrics:
        return ""
    low, high = said.intervals[METRIC]
    each = f"{numbers.milliamp_hours(said.metrics[METRIC])} ({numbers.between(low, high)})"
    lab = result.run.submission.assignment.short
    return (
        f"For scale: our model says {each} for 1 000 inferences of your newest model of {lab} on a {board['name']}: {said.how[METRIC]}. "
        "A reading is what you measured."
    )
