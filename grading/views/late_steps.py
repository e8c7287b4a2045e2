"""Two steps on one page: fill in and look at whose cost changes, then apply the same values. Without a script."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.forms.late_days import add_refusal
from grading.models.assignments import Assignment
from grading.selectors.late_giving import names
from grading.services.late_trial import Trial, late_change_try

MOST_SHOWN = 200


@dataclass(frozen=True)
class Change:
    """What a filled-in form means. people: keys of those whom it concerns, None: everybody. whom: their names. said: what is given to them
    and why, for the preview; asked only once the change can be made."""

    act: Callable[[], object]
    values: Any
    people: Collection[int] | None = None
    whom: tuple[str, ...] = ()
    said: Callable[[], str] | None = None


@dataclass(frozen=True)
class Step:
    """Where a page stands. trial: None until something that can be taken is filled in."""

    trial: Trial | None = None
    change: Change | None = None
    status: int = 200

    @property
    def is_done(self) -> bool:
        return self.trial is not None and self.trial.is_done


def step_of(
    request: HttpRequest, visit: Visit, form: forms.Form, meaning: Callable[[], Change],
    refuse: Callable[[forms.Form, BadInput | Conflict], None] = add_refusal,
) -> Step:  # fmt: skip
    """Try what the form means, or apply it when it is what was seen. A refusal stands beside its field."""
    if request.method != "POST":
        return Step()
    if not form.is_valid():
        return Step(status=422)
    seen = request.POST.get("seen", "") if request.POST.get("step") == "apply" else ""
    try:
        change = meaning()
        trial = late_change_try(
            course=visit.course, act=change.act, values=change.values, people=change.people, seen=seen
        )
    except (BadInput, Conflict) as error:
        refuse(form, error)
        return Step(status=error.http_status)
    return Step(trial, change, 409 if trial.is_other else 200)


def preview_context(visit: Visit, step: Step) -> dict[str, Any]:
    """What `grading/_late_preview.html` shows."""
    if step.trial is None:
        return {"preview": None}
    changes, whom = step.trial.changes, step.change.whom if step.change else ()
    said = step.change.said if step.change else None
    work = dict(Assignment.objects.filter(course=visit.course).values_list("slug", "short")) if changes else {}
    return {
        "preview": {
            "rows": [(change, work.get(change.assignment, change.assignment)) for change in changes[:MOST_SHOWN]],
            "count": len(changes),
            "people": len({change.person.pk for change in changes}),
            "more": max(len(changes) - MOST_SHOWN, 0),
            "digest": step.trial.digest,
            "is_other": step.trial.is_other,
            "said": said() if said else f"For {names(whom)}." if whom else "",
        }
    }
