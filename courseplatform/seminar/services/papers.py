"""Listing papers, proposing them, and answering proposals."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.core.leaving import file_leaves
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import Paper, PaperMove
from courseplatform.seminar.models.papers import PAPER_MOVES
from courseplatform.seminar.people import staff_of

MOST_OPEN_PROPOSALS = 5
TAKEN_WORDS = {"propose", "manage", "order", "export"}  # addresses beside those of the papers


@dataclass(frozen=True)
class PaperFacts:
    """What stands on the title page. `pdf` None: the file that is there stays."""

    title: str
    authors: str = ""
    venue: str = ""
    year: int | None = None
    url: str = ""
    topic: str = ""
    pdf: "UploadedFile[bytes] | None" = None


def free_slug(course: Course, title: str) -> str:
    """From the title, with a number behind it where another paper has that."""
    base = slugify(title)[:60].strip("-") or "paper"
    base = f"{base}-paper" if base in TAKEN_WORDS else base
    taken = set(Paper.objects.filter(course=course, slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))] if slug not in taken)


def _create(course: Course, facts: PaperFacts, **more: object) -> Paper:
    last = Paper.objects.filter(course=course).aggregate(last=Max("position"))["last"]
    paper = Paper(course=course, slug=free_slug(course, facts.title), position=(last or 0) + 1, **more)
    _lay(paper, facts)
    try:
        with transaction.atomic():
            paper.save(force_insert=True)
    except BaseException as error:
        _drop(paper)
        if isinstance(error, IntegrityError):
            raise Conflict("This paper was sent twice; the first one stands.", code="sent_twice") from error
        raise
    return paper


def _lay(paper: Paper, facts: PaperFacts) -> None:
    for name in ("title", "authors", "venue", "year", "url", "topic"):
        setattr(paper, name, getattr(facts, name))
    if facts.pdf is not None:
        paper.pdf.save("paper.pdf", facts.pdf, save=False)


def _drop(paper: Paper) -> None:
    """The file of a paper that was not recorded."""
    if paper.pdf:
        paper.pdf.storage.delete(str(paper.pdf.name))


@transaction.atomic
def paper_list(*, visit: Visit, facts: PaperFacts) -> Paper:
    """Staff put a paper on the list."""
    return _create(visit.course, facts, status=Paper.Status.LISTED)


@transaction.atomic
def paper_propose(*, visit: Visit, facts: PaperFacts, reason: str = "") -> Paper:
    """A student proposes a paper; staff are told. Raises Conflict (`same_title`, `too_many_proposals`)."""
    same = Paper.objects.filter(course=visit.course, title__iexact=facts.title).exclude(status=Paper.Status.WITHDRAWN)
    if same.visible_to(visit).exists():
        raise Conflict(
            "This paper is there already: it stands on the list, or you proposed it before.", code="same_title"
        )
    mine = Paper.objects.filter(course=visit.course, proposed_by=visit.person, status__in=Paper.OPEN)
    if mine.count() >= MOST_OPEN_PROPOSALS:
        raise Conflict(
            f"{MOST_OPEN_PROPOSALS} of your proposals wait for an answer. Withdraw one before you propose another.",
            code="too_many_proposals",
        )
    paper = _create(visit.course, facts, status=Paper.Status.PROPOSED, proposed_by=visit.person, reason=reason)
    PaperMove.objects.create(subject=paper, moved_from="", moved_to=paper.status, by=visit.by, why=reason[:300])
    _tell_staff(paper, f"{visit.person} proposes {paper.short}", 1)
    return paper


@transaction.atomic
def paper_change(*, visit: Visit, paper: Paper, facts: PaperFacts, reason: str = "") -> Paper:
    """Correct a paper. A student may do so while the proposal is open; after an offer of staff it is proposed again.

    Raises Conflict (`not_open`) for a student whose proposal was decided.
    """
    if not visit.is_staff and paper.status not in Paper.OPEN:
        raise Conflict("This proposal was decided; it can no longer be changed.", code="not_open")
    old = str(paper.pdf.name) if paper.pdf and facts.pdf is not None else None
    _lay(paper, facts)
    if not visit.is_staff:
        paper.reason = reason
    paper.save(update_fields=["title", "authors", "venue", "year", "url", "topic", "pdf", "reason"])
    if old:
        file_leaves(old)
    if not visit.is_staff and paper.status == Paper.Status.COUNTERED:
        _move(paper, Paper.Status.PROPOSED, visit.by, reason)
        _tell_staff(paper, f"{visit.person} proposes {paper.short} again", paper.moves.count())
    return paper


@transaction.atomic
def paper_answer(*, visit: Visit, paper: Paper, to: str, answer: str = "", counter: Paper | None = None) -> Paper:
    """Staff accept, decline or counter a proposal; the student is told. `to`: a status of Paper.

    Raises IllegalMove when somebody else answered first, Conflict (`no_counter`) for a counter without words.
    """
    if to == Paper.Status.COUNTERED and not (answer or counter):
        raise Conflict("Say what you would rather have, or choose a paper of the list.", code="no_counter")
    _move(paper, to, visit.by, answer, answer=answer, counter=counter)
    if paper.proposed_by:
        _tell(paper, [paper.proposed_by], f"{paper.short}: {ANSWERS[to]}", answer)
    return paper


ANSWERS: dict[str, str] = {
    Paper.Status.ACCEPTED: "your proposal is accepted",
    Paper.Status.DECLINED: "your proposal is declined",
    Paper.Status.COUNTERED: "the staff offer another one",
}


@transaction.atomic
def paper_withdraw(*, visit: Visit, paper: Paper) -> Paper:
    """Take a paper off the list, or one's own proposal back. Nothing is deleted. Raises Conflict (`paper_in_use`)."""
    if paper.slots.filter(is_withdrawn=False).exists():
        raise Conflict("A slot holds this paper. Give the slot another one first.", code="paper_in_use")
    return _move(paper, Paper.Status.WITHDRAWN, visit.by, "")


@transaction.atomic
def paper_restore(*, visit: Visit, paper: Paper) -> Paper:
    return _move(paper, Paper.Status.LISTED, visit.by, "")


def _move(paper: Paper, to: str, by: str, why: str, **changes: Any) -> Paper:
    return move(paper, moves=PAPER_MOVES, to=to, by=by, why=why, history=PaperMove, **changes)


def _tell_staff(paper: Paper, title: str, times: int) -> None:
    notification_send(
        course=paper.course, people=staff_of(paper.course), kind="paper", key=f"paper-{paper.pk}-proposed-{times}", title=title,
        text=escaped(paper.title), path=paper.get_absolute_url(),
    )  # fmt: skip


def _tell(paper: Paper, people: list[User], title: str, text: str) -> None:
    notification_send(
        course=paper.course, people=people, kind="paper", key=f"paper-{paper.pk}-answered-{paper.moves.count()}", title=title,
        text=escaped(text), path=paper.get_absolute_url(),
    )  # fmt: skip
