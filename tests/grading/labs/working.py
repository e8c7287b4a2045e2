"""A lab from its entry in the course file to points: put into a course, published, handed in, measured by the real worker."""

from datetime import timedelta

from django.utils import timezone

from grading.labs.installing import lab_add
from grading.measuring import worker
from grading.models import Run
from grading.services.assignment_editing import assignment_publish
from hardware.models import Job
from tests.people import FakeUpload, hand_in


def published(cast, lab):
    """The lab in the cast's course, as an instructor gets it with a command and the button Publish."""
    lab_add(course=cast.course, lab=lab)
    return assignment_publish(visit=cast.visit(cast.helen), slug=lab.slug)


def measured(cast, assignment, *models):
    """One run for each (person, model), carried to its end by the worker in its sandbox."""
    runs = [hand_in(cast, person, FakeUpload(path.name, path), lab=assignment).runs.get() for person, path in models]
    for _ in runs:
        Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert worker.work_once("bench@test")
    return [Run.objects.select_related("result").get(pk=run.pk) for run in runs]


def lines_of(run):
    return {line["key"]: line for line in run.result.points}


def words_of(line):
    """All that explains a line: its arithmetic, or that of its conditions, and why it is open."""
    return " / ".join([line["arithmetic"], line["left_open"], *(part["arithmetic"] for part in line["parts"])]).replace("\u202f", " ")  # fmt: skip
