"""What people are told about, as data: the preferences page, the mails and `notification_send` read this table."""

from dataclasses import dataclass

from django.db import models


class MailChoice(models.TextChoices):
    AT_ONCE = "at_once", "Mail at once"
    DIGEST = "digest", "In the daily mail"
    SITE = "site", "Only on the site"


@dataclass(frozen=True)
class Kind:
    """explanation: what comes under it, for the preferences page. default: what holds until a person chooses.

    is_fixed: mail cannot be switched off.
    """

    name: str
    label: str
    explanation: str
    default: MailChoice = MailChoice.AT_ONCE
    is_fixed: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("urgent", "Urgent announcements", "What the staff mark as urgent: a class that does not meet, a deadline "
             "that moves. Always mailed at once.", is_fixed=True),
        Kind("account", "Your account", "An access token, a second factor, a new password or a sign-in from a new browser. Always mailed "
             "at once, so that you hear of what you did not do.", is_fixed=True),
        Kind("keeping", "What is deleted", "What leaves your course soon under its retention policy, and what became of a request to delete an "
             "account. Always mailed at once, so that nothing leaves unheard.", is_fixed=True),
        Kind("announcement", "Announcements", "What the staff write to the course."),
        Kind("schedule", "Schedule", "A session that moved, was cancelled or got another room.", MailChoice.DIGEST),
        Kind("team", "Team and project", "Invitations, proposals, slots with the staff, peer feedback."),
        Kind("hand_in", "Hand-ins", "The receipt of what you or your team handed in."),
        Kind("grade", "Grades", "Grades released or changed, regrade requests and their answers."),
        Kind("late_days", "Late days", "Late days given or taken back, extensions, excuses."),
        Kind("paper", "Papers", "Your presentation slot, swaps that wait for your answer, scores."),
        Kind("scribe", "Scribe notes", "Lectures you take notes of, requested changes, approval."),
        Kind("participation", "Participation", "Credit given or taken back, with its reason.", MailChoice.DIGEST),
        Kind("hardware", "Hardware", "What you asked to borrow, what is handed to you, and when it is due back."),
        Kind("people", "Course membership", "You were added to a course, changed section or role, or left it."),
        Kind("survey", "Surveys", "A survey opens, or closes soon and is not answered yet."),
    )
}  # fmt: skip
