"""The rubric of an assignment on its own page: changed, looked at with everybody whose grade it changes, and applied as it was looked at."""

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from grading.course_file.placed import Placed
from grading.course_file.rubric import entries_of, entry_of, option_entry
from grading.forms.editing.rows import rearranged
from grading.forms.editing.rubric import RubricForm, with_items, with_option
from grading.grade_facts import items_of
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.rubric import Item
from grading.rubric_plan import RubricPlan, plan_rubric, rubric_sign
from grading.selectors import rubric as reading
from grading.selectors.assignments import assignment_get
from grading.services.rubric_editing import refused_in_rubric, rubric_change
from grading.views.editing import FORM_METHODS, INSTRUCTORS


@dataclass(frozen=True)
class Step:
    """Where the page stands. plan: what would happen, once the form can be read. is_done: it has. is_other: not what was looked at."""

    plan: RubricPlan | None = None
    is_done: bool = False
    is_other: bool = False
    status: int = 200


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    items, do, said = items_of(found), request.POST.get("do", ""), ""
    data: QueryDict | None = request.POST if request.method == "POST" else None
    if data is not None and do:
        data, said = _arranged(visit, found, items, data, do)
    keys = {item.key: [option.key for option in item.options] for item in items}
    form = RubricForm(entries_of(items), data, keys=keys, is_quiet=bool(do))
    step = _step(visit, found, form, request.POST) if data is not None and not do else Step()
    if step.is_done and step.plan is not None:
        messages.success(request, _done(found, step.plan))
        return redirect(grade_path(found, "rubric"))
    context = (
        reading.rubric_head(visit, found, items) | _form(form, items) | _base(request.POST, items, is_quiet=bool(do))
    )
    context |= {"step": step, "said": said} | (reading.preview_of(step.plan) if step.plan and step.plan.said else {})
    return render(request, "grading/rubric.html", context, status=step.status)


def _form(form: RubricForm, items: list[Item]) -> dict[str, Any]:
    """The form, each item with the options that it leaves out, and the items that it leaves out."""
    here = {row_key(item): [row_key(option) for option in item.options] for item in form}
    left = reading.absent(items, here)
    return {
        "form": form,
        "absent": left["items"],
        "rows": [{"item": item, "left": left["options"].get(row_key(item), [])} for item in form],
    }


def row_key(row: Any) -> str:
    return str(row["key"].value() or "")


def _base(sent: QueryDict, items: list[Item], *, is_quiet: bool) -> dict[str, Any]:
    """Of which rubric the form was made: whoever changed it meanwhile is told of before anything is applied."""
    now, base = rubric_sign(items), sent.get("base", "")
    is_overtaken = bool(base) and base != now and not is_quiet
    return {"base": base if is_quiet and base else now, "is_overtaken": is_overtaken}


def _arranged(visit: Visit, row: Assignment, items: list[Item], sent: QueryDict, do: str) -> tuple[QueryDict, str]:
    """The form after one of its buttons, and what to say about it."""
    act, _, what = do.partition(":")
    if act == "take":
        taken = reading.rubric_to_take(visit, row, sent.get("source", ""))
        if taken is None:
            return sent, "Choose first whose rubric is taken. Nothing was put in."
        return with_items(
            sent, taken[1]
        ), f"The rubric of {taken[0].short} stands in the form below. Nothing is applied yet."
    if act == "back":
        return _back(items, sent, what), ""
    return rearranged(sent, do), ""


def _back(items: list[Item], sent: QueryDict, what: str) -> QueryDict:
    """An item, or `item:option`, that comes back under its key as it was."""
    key, _, option = what.partition(":")
    item = next((one for one in items if one.key == key), None)
    if item is None:
        return sent
    if not option:
        return with_items(sent, [entry_of(item)])
    found = next((one for one in item.options if one.key == option), None)
    return with_option(sent, key, option_entry(replace(found, is_withdrawn=False))) if found else sent


def _step(visit: Visit, row: Assignment, form: RubricForm, sent: QueryDict) -> Step:
    """What the form means for everybody; or, where it was looked at, it is done."""
    if not form.is_valid():
        return Step(status=422)
    rubric = form.rubric()
    refused = refused_in_rubric(row, rubric)
    for one in refused:
        form.refuse(one)
    if refused:
        return Step(status=422)
    if sent.get("step") != "apply":
        return Step(plan_rubric(row, rubric))
    try:
        return Step(rubric_change(visit=visit, slug=row.slug, rubric=rubric, seen=sent.get("seen", "")), is_done=True)
    except Conflict as error:
        return Step(plan_rubric(row, rubric), is_other=True, status=error.http_status)
    except BadInput as error:
        form.refuse(Placed((), error.code, error.message))
        return Step(status=error.http_status)


def _done(row: Assignment, plan: RubricPlan) -> str:
    count, again = len(plan.totals), plan.again
    grades = f"{count} grade{'s' * (count != 1)} changed with it" if count else "No grade changed with it"
    told = ", and who sees another grade is told" if count and plan.is_visible else ""
    more = f". {again} {'go' if again != 1 else 'goes'} back to be graded" if again else ""
    return f"The rubric of {row.short} says this now. {grades}{told}{more}"
