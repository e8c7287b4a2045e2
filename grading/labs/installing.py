"""Puts labs into a course: their entries of courses/labs.yaml as drafts, and their hidden sets, which belong to the site."""

import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.models import Course, ScheduleChange
from grading.course_file.assignment_item import Item
from grading.course_file.assignment_starts import copied
from grading.course_file.item_check import refused_in_item
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.kept import hidden_folder, hidden_keep, hidden_unlink
from grading.labs.catalogue import LABS, Lab
from grading.models.assignments import Assignment, HiddenSet
from grading.services.assignment_rows import assignment_apply

COURSE_FILE = "labs.yaml"
BY = "manage.py labs"


@cache
def entries() -> dict[str, dict[str, Any]]:
    """The assignments of courses/labs.yaml by slug."""
    tree = read((Path(settings.BASE_DIR) / "courses" / COURSE_FILE).read_bytes()).tree
    return {item["slug"]: item for item in tree["assignments"]}


def hidden_sets_make() -> list[HiddenSet]:
    """All hidden sets of the labs, each made once for the whole site. Returns those that are new. Raises OSError."""
    one_of_each = {lab.hidden.slug: lab for lab in LABS}
    there = set(HiddenSet.objects.filter(slug__in=one_of_each).values_list("slug", flat=True))
    return [hidden_set_of(lab) for slug, lab in one_of_each.items() if slug not in there]


def hidden_set_of(lab: Lab) -> HiddenSet:
    """The hidden set of a lab; made where it is not there. Its files are readable by their owner only."""
    existing = HiddenSet.objects.filter(slug=lab.hidden.slug).first()
    if existing is not None:
        return existing
    folder = hidden_folder()
    with tempfile.TemporaryDirectory(prefix="labs-", dir=folder) as made:
        inputs, labels = lab.make_hidden(Path(made))
        facts = hidden_facts(inputs, labels, lab.hidden.task)
        names = [f"{lab.hidden.slug}-{path.name}" for path in (inputs, labels)]
        hashes = [sha256(path.read_bytes()).hexdigest() for path in (inputs, labels)]
        for path, name in zip((inputs, labels), names, strict=True):
            hidden_unlink(name)  # of a start that was cut off
            hidden_keep(path, name)
    return HiddenSet.objects.create(
        slug=lab.hidden.slug, title=lab.hidden.title, inputs_file=names[0], labels_file=names[1], count=facts["count"],
        inputs_sha256=hashes[0], labels_sha256=hashes[1], facts=facts, made_by=BY,
    )  # fmt: skip


@transaction.atomic
def lab_add(*, course: Course, lab: Lab) -> Assignment:
    """A draft of the lab in a course, after its other work and without dates, measured on the lab's hidden set.

    Raises Conflict (`twice`) where the course has an assignment of that name; BadInput where the course cannot have it.
    """
    course = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    if Assignment.objects.filter(course=course, slug=lab.slug).exists():
        said = f"{course.slug} has an assignment called {lab.slug} already; it was left as it is."
        raise Conflict(said, code="twice")
    hidden_set_of(lab)
    item: Item = copied(entries()[lab.slug], weeks=None)
    for refused in refused_in_item(item, course):
        raise BadInput(refused.sentence, code=refused.code)
    last = Assignment.objects.filter(course=course).aggregate(last=Max("position"))["last"]
    row = Assignment(course=course, slug=lab.slug)
    assignment_apply(row=row, item=item, position=0 if last is None else last + 1)
    said = f"{row.full_title} was put into the course, as a draft."
    ScheduleChange.objects.create(course=course, by=BY, sentence=said[:400], is_told=False)
    return row
