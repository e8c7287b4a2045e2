"""What the apps above hear from here, without being known: each registers when it is ready."""

from collections.abc import Callable

from courseplatform.notices.models.surveys import Survey

# Called once when a survey that gives credit has ended, in that transaction, with the persons who have answered it. Not earlier: a credit
# written with each answer would give the answer's time away.
SurveyEnded = Callable[[Survey, set[int]], None]
survey_ended: list[SurveyEnded] = []


def on_survey_ended(listener: SurveyEnded) -> None:
    if listener not in survey_ended:
        survey_ended.append(listener)
