"""The `papers` of a course file: {title, authors, venue, year, url, topic, date}, in the order of the list. `date` is that of its session."""

from datetime import date
from typing import Any

from django.db import transaction

from courseplatform.core.states import move
from courseplatform.courses.models import Course
from courseplatform.seminar.models import Paper, PaperMove, PresentationSlot
from courseplatform.seminar.models.papers import PAPER_MOVES
from courseplatform.seminar.services.papers import free_slug

KEYS = ("authors", "venue", "year", "url", "topic")
BY = "course file"


def papers_dump(course: Course) -> list[dict[str, Any]]:
    """What stands on the list as staff made it, without empty keys. What students proposed is not part of a course file."""
    return [_dump(paper) for paper in Paper.objects.filter(course=course, status=Paper.Status.LISTED)]


def _dump(paper: Paper) -> dict[str, Any]:
    found: dict[str, Any] = {"title": paper.title} | {key: getattr(paper, key) for key in KEYS if getattr(paper, key)}
    return found | ({"date": paper.wanted_on} if paper.wanted_on else {})


@transaction.atomic
def papers_load(course: Course, value: list[dict[str, Any]]) -> None:
    """Make the list equal to `value`: a paper is known by its title, its place in the file is its place in the list.

    What is no longer in the file and nobody uses is deleted; what a slot, a proposal or a history knows is withdrawn. A paper that a
    student proposed stays as it is, and comes after those of the file.
    """
    known = {paper.title: paper for paper in Paper.objects.filter(course=course)}
    for position, item in enumerate(value):
        paper = known.pop(item["title"], None) or Paper(
            course=course, slug=free_slug(course, item["title"]), title=item["title"]
        )
        for key in KEYS:
            setattr(paper, key, item.get(key) or (None if key == "year" else ""))
        paper.wanted_on, paper.position = _day(item.get("date")), position
        paper.save()
        if paper.status == Paper.Status.WITHDRAWN:
            move(paper, moves=PAPER_MOVES, to=Paper.Status.LISTED, by=BY, history=PaperMove)
    last = len(value)
    for paper in known.values():
        last += 1
        _leave(paper, last)


def _leave(paper: Paper, position: int) -> None:
    Paper.objects.filter(pk=paper.pk).update(position=position)
    if paper.status != Paper.Status.LISTED:
        return
    if (
        PresentationSlot.objects.filter(paper=paper).exists()
        or paper.pdf
        or paper.moves.exists()
        or Paper.objects.filter(counter=paper).exists()
    ):
        move(
            paper,
            moves=PAPER_MOVES,
            to=Paper.Status.WITHDRAWN,
            by=BY,
            why="no longer in the course file",
            history=PaperMove,
        )
    else:
        paper.delete()


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) or value is None else date.fromisoformat(str(value))
