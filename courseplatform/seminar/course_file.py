"""The part `papers` of the course file, in the order of the list. `date` is the day of the session in which a paper is read."""

from datetime import date
from typing import Any

from django.db import transaction

from courseplatform.core.states import move
from courseplatform.courses.course_file.registry import FilePart
from courseplatform.courses.course_file.words import count, day, line, link, listed, mapping
from courseplatform.courses.models import Course
from courseplatform.seminar.models import Paper, PaperMove, PresentationSlot
from courseplatform.seminar.models.papers import PAPER_MOVES
from courseplatform.seminar.services.papers import free_slug

KEYS = ("authors", "venue", "year", "kind", "topic", "url", "note")
PAPER = mapping(
    "A paper.",
    ("title",),
    title=line("Its title.", 300),
    authors=line("As the source writes them.", 1000),
    venue=line("Where it appeared: NeurIPS.", 120),
    year=count("The year.", 1900, 2200),
    kind=line("What the source calls it: Poster.", 80),
    topic=line("Its topic."),
    url=link("Its address."),
    date=day("The session in which it is read or shown."),
    note=line("What stands beside it.", 300),
)
BY = "course file"


def papers_dump(course: Course) -> list[dict[str, Any]]:
    """What stands on the list as staff made it, without empty keys. What students proposed is not part of a course file."""
    return [_dump(paper) for paper in Paper.objects.filter(course=course, status=Paper.Status.LISTED)]


def _dump(paper: Paper) -> dict[str, Any]:
    held = {key: getattr(paper, key) for key in ("title", *KEYS)}
    held["date"] = paper.wanted_on.isoformat() if paper.wanted_on else None
    return {key: held[key] for key in PAPER["properties"] if held[key]}


@transaction.atomic
def papers_load(course: Course, value: list[dict[str, Any]] | None) -> list[str]:
    """Make the list equal to `value`: a paper is known by its title, its place in the file is its place in the list.

    One title may stand twice (a poster and a talk of the same year): the first takes the first row.

    What is no longer in the file and nobody uses is deleted; what a slot, a proposal or a history knows is withdrawn. A paper that a
    student proposed stays as it is, and comes after those of the file.
    """
    left = list(Paper.objects.filter(course=course))
    wanted = value or []
    for position, item in enumerate(wanted):
        paper = next((row for row in left if row.title == item["title"]), None)
        if paper is None:
            paper = Paper(course=course, slug=free_slug(course, item["title"]), title=item["title"])
        else:
            left.remove(paper)
        for key in KEYS:
            setattr(paper, key, item.get(key) or (None if key == "year" else ""))
        paper.wanted_on, paper.position = _day(item.get("date")), position
        paper.save()
        if paper.status == Paper.Status.WITHDRAWN:
            move(paper, moves=PAPER_MOVES, to=Paper.Status.LISTED, by=BY, history=PaperMove)
    last = len(wanted)
    for paper in left:
        last += 1
        _leave(paper, last)
    return [
        f"{p.title} is no longer in the file; it is withdrawn and kept, because it is used."
        for p in left
        if p.status == Paper.Status.WITHDRAWN
    ]


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


PAPERS_PART = FilePart("papers", 500, listed(PAPER, "Papers."), papers_dump, papers_load)
