"""What of surveys is recorded: answers are anonymous, who has answered is not."""

from courseplatform.audit.models import Act
from courseplatform.audit.registry import Read, audit


def register() -> None:
    audit.add_reads(
        Read("notices:survey_results", "Results of a survey"),
        Read("notices:survey_results_csv", "Results of a survey", Act.EXPORTED),
        Read("notices:survey_answered_csv", "Who has answered a survey", Act.EXPORTED),
    )
