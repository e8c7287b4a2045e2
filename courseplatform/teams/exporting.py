"""What teams adds to a person's export."""

from django.db.models import Q

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.teams.models import (
    BoardRequest,
    FeedbackAnswer,
    LookingProfile,
    Membership,
    ProposalRevision,
    Slot,
    SlotBooking,
    TeamInvitation,
)


def _teams(person: User) -> Exported:
    """Feedback that the person gave. What they got belongs to who wrote it, and its page says of it what may be said."""
    asked = TeamInvitation.objects.filter(Q(person=person) | Q(made_by=person)).order_by("made_at", "pk")
    gave = FeedbackAnswer.objects.filter(form__author=person).order_by("form", "question__position")
    return Exported(
        {
            "memberships": rows(Membership.objects.filter(person=person), "course=course__slug team=team__name since_at until_at part"),
            "looking_for_a_team": rows(LookingProfile.objects.filter(person=person), "course=course__slug interests skills hours board is_shown changed_at"),
            "invitations": rows(asked, "team=team__name kind message status made_at answered_at"),
            "proposals_written": rows(
                ProposalRevision.objects.filter(made_by=person), "team=proposal__team__name number title suggestion inputs output text made_at"
            ),
            "boards_asked_for": rows(BoardRequest.objects.filter(made_by=person), "team=team__name made_at"),
            "slots_booked": rows(SlotBooking.objects.filter(booked_by=person), "team=team__name day=slot__day starts=slot__starts topic made_at cancelled_at"),
            "slots_offered": rows(Slot.objects.filter(staff=person), "course=course__slug kind day starts ends place is_cancelled"),
            "feedback_given": rows(gave, "round=form__round__title team=form__team__name signed=form__is_signed question=question__text score text"),
        }
    )  # fmt: skip


SECTION = ExportSection(
    "teams", "your teams, what you wrote for them, slots, and the feedback that you gave", 30, _teams,
    frozenset({
        "teams.Membership.person", "teams.LookingProfile.person", "teams.TeamInvitation.person", "teams.TeamInvitation.made_by",
        "teams.ProposalRevision.made_by", "teams.BoardRequest.made_by", "teams.SlotBooking.booked_by", "teams.Slot.staff", "teams.FeedbackForm.author",
    }),
)  # fmt: skip
