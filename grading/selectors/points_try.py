"""What the page reads on which somebody tries what a lab would give."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from courseplatform.accounts.models import User
from courseplatform.core.by_value import ByValue
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit, asked_once
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.trial import Trial, tried
from grading.selectors.assignments import Attempt
from grading.spec import BenchSpec
from grading.spec.reader import MOST_NUMBER
from hardware.course_devices import profiles_of
from hardware.profiles import DeviceProfile

_drawn = ByValue[SafeString](most=500)
PREFIX = "try-"  # of the names in an address: metrics are one's own words


def trial_context(visit: Visit, assignment: Assignment, sent: Mapping[str, str]) -> dict[str, Any]:
    """The table of a trial for the visitor: where nothing is sent, it starts at their active attempt. One query."""
    if not assignment.takes_model or not assignment.bench_spec:
        return {}
    spec: BenchSpec = assignment.spec
    number, start = _own(visit, assignment)
    return {"trial": trial_of(spec, assignment, sent, start, device_profiles(visit)), "trial_start": number}


def trial_html(visit: Visit, assignment: Assignment, attempts: Iterable[Attempt]) -> SafeString:
    """The same as it stands on the page of the lab: alike for all who start alike, and drawn once for them. Empty where nothing can be moved.

    attempts: the visitor's.
    """
    if not assignment.takes_model or not assignment.bench_spec:
        return SafeString("")
    number, start = _own(visit, assignment) if any(one.is_active for one in attempts) else (None, {})
    device = device_profiles(visit).get(assignment.spec.device)
    facts = (assignment.bench_spec, number, start, device and device.name, visit.course.slug, assignment.slug)
    return _drawn.of(facts, lambda: _draw(visit, assignment, number, start))


def _draw(visit: Visit, assignment: Assignment, number: int | None, start: dict[str, float]) -> SafeString:
    trial = trial_of(assignment.spec, assignment, {}, start, device_profiles(visit))
    context = {"visit": visit, "assignment": assignment, "trial": trial, "trial_start": number}
    return render_to_string("grading/_try.html", context) if trial.has_sliders else SafeString("")


@asked_once
def device_profiles(visit: Visit) -> dict[str, DeviceProfile]:
    """Of the course, retired ones too: parts of one page ask alike."""
    return profiles_of(visit.course, with_retired=True)


def trial_of(
    spec: BenchSpec, assignment: Assignment, sent: Mapping[str, str], start: Mapping[str, float] | None = None,
    profiles: Mapping[str, DeviceProfile] | None = None,
) -> Trial:  # fmt: skip
    """sent: names with PREFIX, as the page sends them; what is no number is as if it were not sent."""
    found = {name.removeprefix(PREFIX): _number(text) for name, text in sent.items() if name.startswith(PREFIX)}
    values = {metric: value for metric, value in found.items() if value is not None}
    known = profiles_of(assignment.course, with_retired=True) if profiles is None and spec.device else profiles or {}
    profile = known.get(spec.device) if spec.device else None
    # A box that is not ticked sends nothing, so one that is always sent says whether the page was.
    fits = bool(sent.get(f"{PREFIX}fits")) or f"{PREFIX}sent" not in sent
    return tried(spec, values, start=start, fits=fits, device=profile.name if profile else "")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -MOST_NUMBER <= value <= MOST_NUMBER else None


OWN: Prepared[Any] = Prepared(
    lambda person, assignment: Result.objects.filter(
        run__submission__in=Submission.objects.of_person(User(pk=person)).filter(assignment=assignment, is_active=True)
    ).order_by("-made_at").values_list("run__submission__number", "metrics")[:1],
    person=int, assignment=int,
)  # fmt: skip


def _own(visit: Visit, assignment: Assignment) -> tuple[int | None, dict[str, float]]:
    """The visitor's active attempt that was measured: its number, and its metrics."""
    found = next(iter(OWN(person=visit.person.pk, assignment=assignment.pk)), None)
    if found is None:
        return None, {}
    return found[0], {name: float(value) for name, value in found[1].items() if isinstance(value, int | float)}
