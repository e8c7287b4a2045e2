"""Hidden sets that instructors send: checked, stored where only this site reads them, and never given out again."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.text import slugify

from courseplatform.core.errors import BadInput, Conflict, NotHere, TooLarge, Unavailable
from courseplatform.core.leaving import file_leaves
from courseplatform.courses.access import Visit
from grading.handing_in.hand_in_rules import Upload
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.kept import PLACE, hidden_keep, hidden_unlink
from grading.ml_tasks.registry import USUAL
from grading.models.assignments import HiddenSet
from grading.services.course_log import change_log

log = structlog.get_logger(__name__)
MOST_BYTES = 256 << 20  # of the inputs: they are read through once while the page waits


def hidden_set_add(*, visit: Visit, title: str, inputs: Upload, labels: Upload | None, task: str = USUAL) -> HiddenSet:
    """Check and keep a hidden set of the course. Who sent it stands beside it and in the log.

    task: what the labels are for, of grading/ml_tasks/. labels: None where that task needs none.

    Raises BadInput (`missing`, and what grading/hidden_sets/facts.py refuses), TooLarge (`too_large`), Conflict (`same_set`), Unavailable.
    """
    if not title.strip():
        raise BadInput("Say what it is, as students will read it.", code="missing", details={"field": "title"})
    for name, upload in (("inputs", inputs), ("labels", labels)):
        if upload is not None and upload.size > MOST_BYTES:
            said = f"The {name} have {upload.size >> 20} MiB; a hidden set has at most {MOST_BYTES >> 20}. Send fewer inputs."
            raise TooLarge(said, details={"field": name})
    of_labels = None if labels is None else Path(labels.temporary_file_path())
    facts = hidden_facts(Path(inputs.temporary_file_path()), of_labels, task)
    labels_sha256 = "" if labels is None else labels.sha256
    slug = f"{slugify(title)[:48] or 'set'}-{inputs.sha256[:8]}"
    same = HiddenSet.objects.filter(
        inputs_sha256=inputs.sha256, labels_sha256=labels_sha256, course=visit.course
    ).first()
    if same is not None or HiddenSet.objects.filter(slug=slug).exists():
        said = f"These inputs are here already, as {same.title if same else slug}."
        raise Conflict(said, code="same_set", details={"field": "inputs"})
    kept = [(inputs, "inputs"), *([(labels, "labels")] if labels is not None else [])]
    names = [f"{slug}-{uuid4().hex[:12]}-{name}.npy" for _, name in kept]  # never those of another
    try:
        for (upload, _), name in zip(kept, names, strict=True):
            hidden_keep(Path(upload.temporary_file_path()), name)
        return _record(visit, title.strip(), slug, facts, (inputs.sha256, labels_sha256), names)
    except BaseException as error:
        _unlink(*names)  # nothing of half a set stays
        if isinstance(error, OSError):
            log.exception("hidden_set_not_stored")
            said = "Our disk cannot take the files now; nothing was kept. Try again soon."
            raise Unavailable(said, code="storage_failed") from error
        if isinstance(error, IntegrityError):
            raise Conflict(
                f"These inputs are here already, as {slug}.", code="same_set", details={"field": "inputs"}
            ) from error
        raise


@transaction.atomic
def hidden_set_remove(*, visit: Visit, slug: str) -> str:
    """Delete a set that this course sent and nothing measures on, with its files. Returns its title.

    Raises NotHere, also for a set that another course sent; Conflict (`set_in_use`).
    """
    row = HiddenSet.objects.select_for_update().filter(course=visit.course, slug=slug).first()
    if row is None:
        raise NotHere("This course has sent no such hidden set.")
    try:
        row.delete()
    except ProtectedError as error:
        said = f"{row.title} is what an assignment measures on, perhaps one that was withdrawn or is of another course. Choose another set there first."
        raise Conflict(said, code="set_in_use") from error
    change_log(visit=visit, sentence=f"The hidden set {row.title} ({slug}) was deleted.", is_told=False)
    log.info("hidden_set_removed", slug=slug, by=visit.by, course=visit.course.slug, sha256=row.inputs_sha256)
    for name in (row.inputs_file, row.labels_file):
        file_leaves(name, place=PLACE.key)
    return row.title


def _unlink(*names: str) -> None:
    for name in filter(None, names):
        try:
            hidden_unlink(name)
        except Unavailable:
            log.warning("hidden_set_stays", name=name)  # the store is away; the row is gone, so nothing measures on it


@transaction.atomic
def _record(
    visit: Visit, title: str, slug: str, facts: dict[str, Any], hashes: tuple[str, str], names: list[str]
) -> HiddenSet:
    """hashes: of inputs and labels, as the names; without labels the second is empty and there is one name."""
    row = HiddenSet.objects.create(
        slug=slug, title=title[:160], inputs_file=names[0], count=facts["count"],
        labels_file=names[1] if names[1:] else "", inputs_sha256=hashes[0], labels_sha256=hashes[1], facts=facts, course=visit.course, made_by=visit.by,
    )  # fmt: skip
    change_log(visit=visit, sentence=f"The hidden set {title} ({slug}) was sent.", is_told=False)
    log.info("hidden_set_added", slug=slug, by=visit.by, course=visit.course.slug, sha256=row.inputs_sha256)
    return row
