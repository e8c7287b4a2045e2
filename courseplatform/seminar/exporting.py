"""What the seminar adds to a person's export."""

from django.db.models import Q

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.seminar.models import Feedback, HighlightPerson, Paper, Ranking, Score, SlotPerson, Swap


def _seminar(person: User) -> Exported:
    """Scores once they are released, as on the page of papers."""
    swaps = Swap.objects.filter(Q(asker=person) | Q(asked=person)).order_by("asked_at")
    scores = Score.objects.filter(person=person, released_at__isnull=False)
    return Exported(
        {
            "presentations": rows(SlotPerson.objects.filter(person=person), "paper=slot__paper__title day=slot__session__held_on role part"),
            "preferences": rows(Ranking.objects.filter(person=person), "round order saved_at"),
            "papers_proposed": rows(Paper.objects.filter(proposed_by=person), "course=course__slug title authors url reason status answer made_at"),
            "swaps": rows(swaps, "role gives=give__paper__title gets=get__paper__title reason status asked_at answered_at"),
            "feedback_given": rows(Feedback.objects.filter(person=person), "paper=slot__paper__title clarity depth good better made_at changed_at"),
            "scores": rows(scores, "paper=slot__paper__title points out_of comment released_at"),
            "highlights": rows(HighlightPerson.objects.filter(person=person), "day=highlight__session__held_on"),
        }
    )  # fmt: skip


SECTION = ExportSection(
    "seminar", "your presentations, preferences, swaps and scores, and the feedback that you gave", 35, _seminar,
    frozenset({
        "seminar.SlotPerson.person", "seminar.Ranking.person", "seminar.Paper.proposed_by", "seminar.Swap.asker", "seminar.Swap.asked",
        "seminar.Feedback.person", "seminar.Score.person", "seminar.HighlightPerson.person",
    }),
)  # fmt: skip
