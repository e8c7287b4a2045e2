"""Rounds of feedback as students fill them, as staff watch them, and as a team reads what was said."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Avg, Count, Q

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models.feedback import FeedbackAnswer, FeedbackForm, FeedbackQuestion, FeedbackRound
from courseplatform.teams.models.teams import Membership, Team

# Fewer forms than this name their authors; a closed round shows what there is.
ENOUGH_FORMS = 3
SCALE_LEFT, SCALE_WIDTH = 6.0, 168.0


@dataclass
class Mean:
    """A question with its mean. `x`: its place on the drawing, whose scale goes from SCALE_LEFT to SCALE_LEFT + SCALE_WIDTH."""

    text: str
    low: str
    high: str
    mean: float
    count: int

    @property
    def shown(self) -> str:
        """One decimal, halves up, the same wherever it is written."""
        return str(Decimal(str(self.mean)).quantize(Decimal("0.1"), ROUND_HALF_UP))

    @property
    def x(self) -> str:
        return f"{SCALE_LEFT + (self.mean - 1) / 4 * SCALE_WIDTH:.1f}"


@dataclass
class Received:
    """What a team may read. `waiting`: forms that are in and not shown yet."""

    means: list[Mean] = field(default_factory=list)
    texts: list[dict[str, str]] = field(default_factory=list)
    forms: int = 0
    signed: int = 0
    waiting: int = 0

    @property
    def finding(self) -> str:
        if not self.means:
            return ""
        best, worst = max(self.means, key=lambda m: m.mean), min(self.means, key=lambda m: m.mean)
        if best.mean - worst.mean < 0.05:
            return f"All questions have the same mean, {best.shown} of 5."
        return f"Highest: {best.text.lower()}, {best.shown} of 5. Lowest: {worst.text.lower()}, {worst.shown}."


def round_get(visit: Visit, pk: int) -> FeedbackRound:
    """Raises NotHere for a round of another course."""
    found = FeedbackRound.objects.filter(course=visit.course, pk=pk).select_related("course").first()
    if found is None:
        raise NotHere("There is no such feedback round in this course.")
    return found


def presenting_get(round_: FeedbackRound, slug: str) -> Team:
    found = round_.presents.select_related("course").filter(slug=slug).first()
    if found is None:
        raise NotHere("This team does not present in this round.")
    return found


def round_rows(visit: Visit, now: datetime, team: Team | None) -> list[dict[str, Any]]:
    """Every round with the teams that this person speaks about, and which are done. Three queries."""
    rounds = list(FeedbackRound.objects.filter(course=visit.course).prefetch_related("presents"))
    done = {
        (round_, about)
        for round_, about in FeedbackForm.objects.filter(round__in=rounds, author=visit.person).values_list(
            "round", "team"
        )
    }
    rows = []
    for round_ in rounds:
        teams: list[dict[str, Any]] = [
            {"team": about, "is_done": (round_.pk, about.pk) in done}
            for about in round_.presents.all()
            if team is None or about.pk != team.pk
        ]
        rows.append(
            {"round": round_, "is_open": round_.is_open(now), "is_to_come": now < round_.opens_at, "teams": teams,
             "done": sum((round_.pk, item["team"].pk) in done for item in teams)}
        )  # fmt: skip
    return rows


def form_fields(
    round_: FeedbackRound, mine: FeedbackForm | None, typed: dict[str, str], errors: dict[str, str]
) -> list[dict[str, Any]]:
    """The questions with what was answered before or typed just now, and what is wrong with it."""
    answers = {answer.question_id: answer for answer in mine.answers.all()} if mine else {}
    rows = []
    for question in round_.questions.all():
        name, answer = f"q{question.pk}", answers.get(question.pk)
        before = str(answer.score or answer.text) if answer else ""
        value = typed.get(name, "") if typed else before
        rows.append(
            {"name": name, "question": question, "value": value, "error": errors.get(name, ""),
             "choices": [{"value": str(n), "chosen": value == str(n)} for n in range(1, 6)]}
        )  # fmt: skip
    return rows


def form_of(round_: FeedbackRound, team: Team, visit: Visit) -> FeedbackForm | None:
    found = FeedbackForm.objects.filter(round=round_, team=team, author=visit.person)
    return found.prefetch_related("answers").first()


def progress(round_: FeedbackRound, now: datetime) -> dict[str, Any]:
    """For staff: who has filled in how many of how many forms, and how many each team has. Five queries."""
    teams = list(round_.presents.order_by("name"))
    team_of = dict(
        Membership.objects.at(min(now, round_.closes_at)).filter(course=round_.course).values_list("person", "team")
    )
    done: dict[int, set[int]] = defaultdict(set)
    for author, about in round_.forms.filter(is_signed=False).values_list("author", "team"):
        done[author].add(about)
    students = Enrolment.objects.filter(course=round_.course, role=Role.STUDENT, is_active=True)
    keys = {team.pk for team in teams}
    people: list[dict[str, Any]] = []
    for row in students.select_related("person").order_by("person__name", "pk"):
        of = keys - {team_of.get(row.person_id, 0)}
        people.append({"name": row.person.name, "done": len(done[row.person_id] & of), "of": len(of)})
    forms: dict[int, int] = defaultdict(int)
    for written in done.values():
        for key in written:
            forms[key] += 1
    return {
        "people": people, "teams": [{"team": team, "forms": forms[team.pk]} for team in teams],
        "complete": sum(row["done"] >= row["of"] for row in people),
        "missing": [row for row in people if row["done"] < row["of"]],
    }  # fmt: skip


def received(team: Team, now: datetime, *, all_rounds_shown: bool = False) -> Received:
    """What was said about a team, without names. Four queries.

    Args:
        all_rounds_shown: for staff, who read before a round is closed.
    """
    counts = FeedbackForm.objects.filter(team=team, is_signed=False).values("round").annotate(n=Count("pk"))
    per_round = {row["round"]: row["n"] for row in counts}
    rounds = FeedbackRound.objects.filter(pk__in=FeedbackForm.objects.filter(team=team).values("round"))
    shown = {
        round_.pk
        for round_ in rounds
        if all_rounds_shown or now >= round_.closes_at or per_round.get(round_.pk, 0) >= ENOUGH_FORMS
    }
    found = Received(forms=sum(n for key, n in per_round.items() if key in shown))
    found.waiting = sum(per_round.values()) - found.forms
    found.means = _means(team, shown)
    # Signed notes name their author anyway, so nothing is waited for.
    answers = (
        FeedbackAnswer.objects.filter(form__team=team, question__kind=FeedbackQuestion.Kind.TEXT)
        .filter(Q(form__round__in=shown) | Q(form__is_signed=True))
        .exclude(text="")
        .select_related("form__author", "form__round")
    )
    # By the text itself, not by when it came: an order of arrival would tell who wrote what.
    for answer in sorted(answers, key=lambda a: (-a.form.round.held_on.toordinal(), a.form.is_signed, a.text)):
        who = answer.form.author.name if answer.form.is_signed else answer.form.round.title
        held = answer.form.round.held_on
        found.signed += answer.form.is_signed
        found.texts.append({"text": answer.text, "who": who, "day": f"{held:%a %b} {held.day}"})
    return found


def _means(team: Team, rounds: set[int]) -> list[Mean]:
    """One a question; the same words in two rounds are one question."""
    rows = (
        FeedbackAnswer.objects.filter(form__team=team, form__round__in=rounds, form__is_signed=False)
        .exclude(score=None)
        .values("question__text", "question__low", "question__high")
        .annotate(mean=Avg("score"), count=Count("pk"), place=Avg("question__position"))
        .order_by("place", "question__text")
    )
    return [
        Mean(row["question__text"], row["question__low"], row["question__high"], row["mean"], row["count"])
        for row in rows
    ]
